"""What clinicians answer to the gates of protocols."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_gate_answers"
down_revision = "0010_legal_hold"


def upgrade() -> None:
    op.create_table(
        "gate_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("predicate", sa.String(), nullable=False),
        sa.Column("met", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id", "patient_id"],
            ["program.id", "program.patient_id"],
            name=op.f("fk_gate_answer_program_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["answered_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_gate_answer_answered_by_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_gate_answer_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_answer")),
    )
    op.create_index(
        op.f("ix_gate_answer_program_id_created_at"),
        "gate_answer",
        ["program_id", "created_at"],
        unique=False,
    )
    op.create_index(op.f("ix_gate_answer_patient_id"), "gate_answer", ["patient_id"], unique=False)


def downgrade() -> None:
    op.drop_table("gate_answer")
