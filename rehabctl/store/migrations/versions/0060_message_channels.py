"""The ways by which patients and contacts allow the clinic to reach them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0060_message_channels"
down_revision = "0070_connections"


def upgrade() -> None:
    op.create_table(
        "message_channel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("opted_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opted_out_by", sa.String(), nullable=True),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("ck_message_channel_channel")),
        sa.CheckConstraint(
            "opted_out_by IN ('staff', 'stop', 'carrier')",
            name=op.f("ck_message_channel_opted_out_by"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_message_channel_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_message_channel_recorded_by_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_channel")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_message_channel_id_patient_id")),
        sa.UniqueConstraint(
            "patient_id",
            "receiver",
            "channel",
            name=op.f("uq_message_channel_patient_id_receiver_channel"),
        ),
    )
    op.create_index(
        op.f("ix_message_channel_clinic_id_channel"),
        "message_channel",
        ["clinic_id", "channel"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("message_channel")
