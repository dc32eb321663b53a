"""Monitoring time, attestations, periods that were claimed, and what is billed once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014_monitoring_claims"
down_revision = "0013_alert_undo"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ORDERED = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "device_attestation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("device_version", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("attested_by", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "length(attested_by) <= 200", name=op.f("ck_device_attestation_attested_by_length")
        ),
        sa.CheckConstraint("length(basis) <= 500", name=op.f("ck_device_attestation_basis_length")),
        sa.CheckConstraint(
            "length(device) <= 200", name=op.f("ck_device_attestation_device_length")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.id"], name=op.f("fk_device_attestation_clinic_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_device_attestation_recorded_by_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_attestation")),
        sa.UniqueConstraint(
            "clinic_id",
            "device",
            "device_version",
            "valid_from",
            name="uq_device_attestation_device",
        ),
    )
    op.create_table(
        "billing_slot",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("slot", ORDERED, nullable=False),
        sa.CheckConstraint("length(slot) > 0", name=op.f("ck_billing_slot_slot")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_billing_slot_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_slot")),
        sa.UniqueConstraint("clinic_id", "slot", name=op.f("uq_billing_slot_clinic_id_slot")),
    )
    op.create_index(op.f("ix_billing_slot_owner_id"), "billing_slot", ["owner_id"], unique=False)
    op.create_index(
        op.f("ix_billing_slot_patient_id"), "billing_slot", ["patient_id"], unique=False
    )
    op.create_table(
        "monitoring_claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("service_on", sa.Date(), nullable=False),
        sa.Column("lines", DOCUMENT, nullable=False),
        sa.Column("evidence", DOCUMENT, nullable=False),
        sa.Column("evidence_sha256", sa.String(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('supply', 'management', 'setup')", name=op.f("ck_monitoring_claim_kind")
        ),
        sa.ForeignKeyConstraint(
            ["claimed_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_monitoring_claim_claimed_by_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_monitoring_claim_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitoring_claim")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_monitoring_claim_id_patient_id")),
        sa.UniqueConstraint(
            "patient_id", "kind", "period", name=op.f("uq_monitoring_claim_patient_id_kind_period")
        ),
    )
    op.create_index(
        op.f("ix_monitoring_claim_patient_id_service_on"),
        "monitoring_claim",
        ["patient_id", "service_on"],
        unique=False,
    )
    op.create_table(
        "monitoring_minutes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("live_contact", sa.Boolean(), nullable=False),
        sa.CheckConstraint("minutes BETWEEN 1 AND 240", name=op.f("ck_monitoring_minutes_minutes")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_monitoring_minutes_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_monitoring_minutes_provider_id_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitoring_minutes")),
        sa.UniqueConstraint(
            "patient_id",
            "provider_id",
            "started_at",
            name=op.f("uq_monitoring_minutes_patient_id_provider_id_started_at"),
        ),
    )
    op.create_index(
        op.f("ix_monitoring_minutes_patient_id_started_at"),
        "monitoring_minutes",
        ["patient_id", "started_at"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("monitoring_minutes")
    op.drop_table("monitoring_claim")
    op.drop_table("billing_slot")
    op.drop_table("device_attestation")
