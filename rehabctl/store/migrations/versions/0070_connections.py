"""Connections to the record systems of others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0070_connections"
down_revision = "0035_accounts"

TEXT_BY_BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "connection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("name", TEXT_BY_BYTES, nullable=False),
        sa.Column("settings", DOCUMENT, nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(name) <= 64", name=op.f("ck_connection_name_length")),
        sa.ForeignKeyConstraint(
            ["changed_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_connection_changed_by_clinic_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_connection_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("clinic_id", "name", name=op.f("uq_connection_clinic_id_name")),
    )


def downgrade() -> None:
    op.drop_table("connection")
