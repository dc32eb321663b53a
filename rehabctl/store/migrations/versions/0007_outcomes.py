"""Licence records, calls by staff, plans of care, and revisions of visits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_outcomes"
down_revision = "0006_worklist"


def upgrade() -> None:
    op.add_column("episode", sa.Column("pathway", sa.String(), nullable=True))
    op.add_column("episode", sa.Column("plan_ends_on", sa.Date(), nullable=True))
    op.add_column("episode", sa.Column("progress_report_on", sa.Date(), nullable=True))
    op.add_column("visit", sa.Column("revision", sa.Integer(), server_default="1", nullable=False))
    op.add_column("panel_row", sa.Column("plan_version", sa.String(), nullable=True))
    op.create_table(
        "prom_licence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("expires_on >= valid_from", name=op.f("ck_prom_licence_order")),
        sa.CheckConstraint("length(holder) <= 200", name=op.f("ck_prom_licence_holder_length")),
        sa.CheckConstraint(
            "length(reference) <= 200", name=op.f("ck_prom_licence_reference_length")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.id"], name=op.f("fk_prom_licence_clinic_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_prom_licence_recorded_by_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prom_licence")),
        sa.UniqueConstraint(
            "clinic_id",
            "instrument",
            "reference",
            name=op.f("uq_prom_licence_clinic_id_instrument_reference"),
        ),
    )
    op.create_table(
        "staff_call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('reached', 'concern', 'unreached_twice')",
            name=op.f("ck_staff_call_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_staff_call_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_call")),
    )
    op.create_index(
        op.f("ix_staff_call_patient_id_at"), "staff_call", ["patient_id", "at"], unique=False
    )


def downgrade() -> None:
    op.drop_table("staff_call")
    op.drop_table("prom_licence")
    op.drop_column("panel_row", "plan_version")
    op.drop_column("visit", "revision")
    op.drop_column("episode", "progress_report_on")
    op.drop_column("episode", "plan_ends_on")
    op.drop_column("episode", "pathway")
