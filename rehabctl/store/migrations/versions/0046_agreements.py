"""Agreements with vendors, and switched-on integrations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046_agreements"
down_revision = "0033_claim_ports"

TEXT_BY_BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "agreement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("vendor", TEXT_BY_BYTES, nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("file_sha256", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("expires_on >= signed_on", name=op.f("ck_agreement_dates")),
        sa.CheckConstraint("length(file_sha256) = 64", name=op.f("ck_agreement_file_sha256")),
        sa.CheckConstraint("length(vendor) <= 64", name=op.f("ck_agreement_vendor_length")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_agreement_clinic_id")),
        sa.ForeignKeyConstraint(
            ["recorded_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_agreement_recorded_by_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint(
            "clinic_id",
            "vendor",
            "signed_on",
            "file_sha256",
            name=op.f("uq_agreement_clinic_id_vendor_signed_on_file_sha256"),
        ),
    )
    op.create_table(
        "integration_switch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("name", TEXT_BY_BYTES, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(name) <= 64", name=op.f("ck_integration_switch_name_length")),
        sa.ForeignKeyConstraint(
            ["changed_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_integration_switch_changed_by_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.id"], name=op.f("fk_integration_switch_clinic_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration_switch")),
        sa.UniqueConstraint("clinic_id", "name", name=op.f("uq_integration_switch_clinic_id_name")),
    )


def downgrade() -> None:
    op.drop_table("integration_switch")
    op.drop_table("agreement")
