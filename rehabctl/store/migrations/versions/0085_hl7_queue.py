"""HL7 v2 messages that wait for their receiver."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0085_hl7_queue"
down_revision = "0080_policies"

TEXT_BY_BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "hl7_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destination", TEXT_BY_BYTES, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("control_id", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('oru', 'mdm', 'dft')", name=op.f("ck_hl7_message_kind")),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'done', 'dead', 'dropped')",
            name=op.f("ck_hl7_message_state"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_hl7_message_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hl7_message")),
        sa.UniqueConstraint(
            "clinic_id",
            "destination",
            "control_id",
            name=op.f("uq_hl7_message_clinic_id_destination_control_id"),
        ),
    )
    op.create_index(
        op.f("ix_hl7_message_clinic_id_state_destination_queued_at"),
        "hl7_message",
        ["clinic_id", "state", "destination", "queued_at"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("hl7_message")
