"""How visits can be held, as an intake said; and the units of a visit that was held."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028_suitability"
down_revision = "0046_agreements"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "suitability_intake",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assessed_by", sa.Uuid(), nullable=False),
        sa.Column("falls_12_months", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("has_caregiver", sa.Boolean(), nullable=False),
        sa.Column("condition", sa.String(), nullable=True),
        sa.Column("weeks_post_op", sa.Integer(), nullable=True),
        sa.Column("payer", sa.String(), nullable=True),
        sa.Column("first_visit", sa.String(), nullable=False),
        sa.Column("later_visits", sa.String(), nullable=False),
        sa.Column("reasons", DOCUMENT, nullable=False),
        sa.Column("rules_version", sa.String(), nullable=False),
        sa.CheckConstraint(
            "device IN ('video', 'phone', 'none')", name=op.f("ck_suitability_intake_device")
        ),
        sa.CheckConstraint(
            "falls_12_months >= 0", name=op.f("ck_suitability_intake_falls_12_months")
        ),
        sa.CheckConstraint(
            "first_visit IN ('tele', 'hybrid', 'in_person')",
            name=op.f("ck_suitability_intake_first_visit"),
        ),
        sa.CheckConstraint(
            "later_visits IN ('tele', 'hybrid', 'in_person')",
            name=op.f("ck_suitability_intake_later_visits"),
        ),
        sa.ForeignKeyConstraint(
            ["assessed_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_suitability_intake_assessed_by_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["episode_id", "patient_id"],
            ["episode.id", "episode.patient_id"],
            name=op.f("fk_suitability_intake_episode_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_suitability_intake_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suitability_intake")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_suitability_intake_id_patient_id")),
    )
    op.create_index(
        op.f("ix_suitability_intake_episode_id_assessed_at"),
        "suitability_intake",
        ["episode_id", "assessed_at"],
    )
    op.create_index(op.f("ix_suitability_intake_patient_id"), "suitability_intake", ["patient_id"])
    op.add_column("visit", sa.Column("units", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("visit", "units")
    op.drop_index(op.f("ix_suitability_intake_patient_id"), "suitability_intake")
    op.drop_index(op.f("ix_suitability_intake_episode_id_assessed_at"), "suitability_intake")
    op.drop_table("suitability_intake")
