"""Questions to payers about a patient's cover, and what they answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034_coverage"
down_revision = "0040_cohort_outcomes"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "coverage_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("service_on", sa.Date(), nullable=False),
        sa.Column("trace_number", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("service_types", DOCUMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("port", sa.String(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", DOCUMENT, nullable=True),
        sa.Column("answer_sha256", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'active', 'inactive', 'unclear', 'refused')",
            name=op.f("ck_coverage_check_state"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_coverage_check_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage_check")),
        sa.UniqueConstraint(
            "clinic_id", "trace_number", name=op.f("uq_coverage_check_clinic_id_trace_number")
        ),
    )
    op.create_index(
        op.f("ix_coverage_check_patient_id_service_on"),
        "coverage_check",
        ["patient_id", "service_on"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("coverage_check")
