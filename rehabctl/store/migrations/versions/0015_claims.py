"""Claims, what happened to them, their files, postings, and what billing was told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015_claims"
down_revision = "0014_monitoring_claims"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ORDERED = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "billing_setting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('clinic', 'provider', 'payer', 'fee')", name=op.f("ck_billing_setting_kind")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.id"], name=op.f("fk_billing_setting_clinic_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_setting")),
        sa.UniqueConstraint(
            "clinic_id",
            "kind",
            "key",
            "valid_from",
            name=op.f("uq_billing_setting_clinic_id_kind_key_valid_from"),
        ),
    )
    op.create_table(
        "claim_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("control_number", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_claim_file_direction")),
        sa.CheckConstraint(
            "state IN ('prepared', 'sent', 'applied', 'quarantined')",
            name=op.f("ck_claim_file_state"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_claim_file_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_file")),
        sa.UniqueConstraint(
            "clinic_id", "control_number", name=op.f("uq_claim_file_clinic_id_control_number")
        ),
        sa.UniqueConstraint(
            "clinic_id",
            "direction",
            "sha256",
            name=op.f("uq_claim_file_clinic_id_direction_sha256"),
        ),
    )
    op.create_index(
        op.f("ix_claim_file_clinic_id_state"), "claim_file", ["clinic_id", "state"], unique=False
    )
    op.create_table(
        "claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("control_number", sa.String(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("service_on", sa.Date(), nullable=False),
        sa.Column("total_cents", sa.Integer(), nullable=False),
        sa.Column("frequency", sa.String(), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("payer_reference", sa.String(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.Column("document_sha256", sa.String(), nullable=False),
        sa.CheckConstraint("frequency IN ('1', '7', '8')", name=op.f("ck_claim_frequency")),
        sa.CheckConstraint(
            "state IN ('draft', 'ready', 'submitted', 'rejected', 'accepted', 'denied', "
            "'posted', 'corrected')",
            name=op.f("ck_claim_state"),
        ),
        sa.CheckConstraint("total_cents >= 0", name=op.f("ck_claim_total_cents")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_claim_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id", "patient_id"],
            ["claim.id", "claim.patient_id"],
            name=op.f("fk_claim_replaces_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint(
            "clinic_id", "control_number", name=op.f("uq_claim_clinic_id_control_number")
        ),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_claim_id_patient_id")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_claim_replaces_id")),
    )
    op.create_index(op.f("ix_claim_clinic_id_state"), "claim", ["clinic_id", "state"], unique=False)
    op.create_index(
        op.f("ix_claim_patient_id_service_on"), "claim", ["patient_id", "service_on"], unique=False
    )
    op.create_table(
        "claim_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("codes", DOCUMENT, nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'ready', 'submitted', 'rejected', 'accepted', 'denied', "
            "'posted', 'corrected')",
            name=op.f("ck_claim_event_state"),
        ),
        sa.ForeignKeyConstraint(
            ["claim_id", "patient_id"],
            ["claim.id", "claim.patient_id"],
            name=op.f("fk_claim_event_claim_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_claim_event_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_event")),
    )
    op.create_index(
        op.f("ix_claim_event_claim_id_at"), "claim_event", ["claim_id", "at"], unique=False
    )
    op.create_index(op.f("ix_claim_event_patient_id"), "claim_event", ["patient_id"], unique=False)
    op.create_table(
        "claim_posting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("payer_id", sa.String(), nullable=False),
        sa.Column("trace_number", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("charged_cents", sa.Integer(), nullable=False),
        sa.Column("paid_cents", sa.Integer(), nullable=False),
        sa.Column("patient_cents", sa.Integer(), nullable=False),
        sa.Column("adjustments", DOCUMENT, nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id", "patient_id"],
            ["claim.id", "claim.patient_id"],
            name=op.f("fk_claim_posting_claim_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_claim_posting_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_posting")),
        sa.UniqueConstraint(
            "claim_id",
            "payer_id",
            "trace_number",
            "sequence",
            name=op.f("uq_claim_posting_claim_id_payer_id_trace_number_sequence"),
        ),
    )
    op.create_index(
        op.f("ix_claim_posting_patient_id"), "claim_posting", ["patient_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("claim_posting")
    op.drop_table("claim_event")
    op.drop_table("claim")
    op.drop_table("claim_file")
    op.drop_table("billing_setting")
