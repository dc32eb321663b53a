"""How clinicians saw single repetitions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_repetition_labels"
down_revision = "0007_outcomes"


def upgrade() -> None:
    op.create_table(
        "repetition_label",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("repetition", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("labelled_by", sa.Uuid(), nullable=False),
        sa.Column("labelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "label IN ('correct', 'compensated', 'incorrect')",
            name=op.f("ck_repetition_label_label"),
        ),
        sa.CheckConstraint("repetition >= 1", name=op.f("ck_repetition_label_repetition")),
        sa.ForeignKeyConstraint(
            ["assessment_id", "patient_id"],
            ["movement_assessment.id", "movement_assessment.patient_id"],
            name=op.f("fk_repetition_label_assessment_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["labelled_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_repetition_label_labelled_by_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_repetition_label_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repetition_label")),
        sa.UniqueConstraint(
            "assessment_id",
            "repetition",
            name=op.f("uq_repetition_label_assessment_id_repetition"),
        ),
    )
    op.create_index(
        op.f("ix_repetition_label_patient_id"), "repetition_label", ["patient_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("repetition_label")
