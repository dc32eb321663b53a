"""What patients pay themselves, and rows of the sliding scale."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035_accounts"
down_revision = "0034_coverage"

_KINDS = "kind IN ('clinic', 'provider', 'payer', 'fee', 'port'{})"
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _check_kinds(", 'scale'")
    op.create_table(
        "account_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("entry_key", sa.String(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reverses_id IS NOT NULL)",
            name=op.f("ck_account_entry_reverses"),
        ),
        sa.CheckConstraint(
            "kind IN ('charge', 'payment', 'write_off', 'refund', 'reversal')",
            name=op.f("ck_account_entry_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_account_entry_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id", "patient_id"],
            ["account_entry.id", "account_entry.patient_id"],
            name=op.f("fk_account_entry_reverses_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_entry")),
        sa.UniqueConstraint(
            "clinic_id", "entry_key", name=op.f("uq_account_entry_clinic_id_entry_key")
        ),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_account_entry_id_patient_id")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_account_entry_reverses_id")),
    )
    op.create_index(
        op.f("ix_account_entry_patient_id_entered_on"),
        "account_entry",
        ["patient_id", "entered_on"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("account_entry")
    op.execute("DELETE FROM billing_setting WHERE kind = 'scale'")
    _check_kinds("")


def _check_kinds(more: str) -> None:
    with op.batch_alter_table("billing_setting") as batch:
        batch.drop_constraint(op.f("ck_billing_setting_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_billing_setting_kind"), _KINDS.format(more))
