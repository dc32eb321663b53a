"""Insurance policies of patients, and what a payer decided on each line."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0080_policies"
down_revision = "0060_message_channels"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "insurance_policy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank", sa.String(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("relationship", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("group_number", sa.String(), nullable=False),
        sa.Column("insurance_type", sa.String(), nullable=False),
        sa.Column("subscriber", DOCUMENT, nullable=True),
        sa.CheckConstraint(
            "rank IN ('primary', 'secondary')", name=op.f("ck_insurance_policy_rank")
        ),
        sa.CheckConstraint(
            "relationship IN ('self', 'spouse', 'child', 'life-partner', 'other')",
            name=op.f("ck_insurance_policy_relationship"),
        ),
        sa.CheckConstraint(
            "(relationship = 'self') = (subscriber IS NULL)",
            name=op.f("ck_insurance_policy_subscriber"),
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_insurance_policy_valid_to")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_insurance_policy_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_insurance_policy")),
        sa.UniqueConstraint(
            "patient_id",
            "rank",
            "valid_from",
            name=op.f("uq_insurance_policy_patient_id_rank_valid_from"),
        ),
    )
    op.add_column("claim_posting", sa.Column("decision", DOCUMENT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("claim_posting") as batch:
        batch.drop_column("decision")
    op.drop_table("insurance_policy")
