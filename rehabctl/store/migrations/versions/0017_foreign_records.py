"""What other systems told, as its own text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_foreign_records"
down_revision = "0016_bookings"


def _told() -> list[sa.Column[object]]:
    return [
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("content_sha256", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "foreign_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *_told(),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_foreign_record_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_foreign_record")),
        sa.UniqueConstraint(
            "patient_id",
            "source",
            "kind",
            "external_id",
            name=op.f("uq_foreign_record_patient_id_source_kind_external_id"),
        ),
    )
    op.create_index(
        op.f("ix_foreign_record_clinic_id_source_kind_external_id"),
        "foreign_record",
        ["clinic_id", "source", "kind", "external_id"],
        unique=False,
    )
    op.create_table(
        "directory_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *_told(),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.id"], name=op.f("fk_directory_record_clinic_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_record")),
        sa.UniqueConstraint(
            "clinic_id",
            "source",
            "kind",
            "external_id",
            name=op.f("uq_directory_record_clinic_id_source_kind_external_id"),
        ),
    )


def downgrade() -> None:
    op.drop_table("directory_record")
    op.drop_table("foreign_record")
