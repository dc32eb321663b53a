"""Connections to clearinghouses, and how far the handing over of a file went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033_claim_ports"
down_revision = "0017_foreign_records"

_KINDS = "kind IN ('clinic', 'provider', 'payer', 'fee'{})"
_STATES = "state IN ('prepared', {}'sent', 'applied', 'quarantined')"


def upgrade() -> None:
    with op.batch_alter_table("claim_file") as batch:
        batch.add_column(sa.Column("port", sa.String(), nullable=True))
        batch.add_column(sa.Column("remote_id", sa.String(), nullable=True))
        batch.add_column(sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True))
    _check(
        "claim_file", "ck_claim_file_state", _STATES.format("'staging', 'releasing', 'uncertain', ")
    )
    _check("billing_setting", "ck_billing_setting_kind", _KINDS.format(", 'port'"))


def downgrade() -> None:
    op.execute("DELETE FROM billing_setting WHERE kind = 'port'")
    op.execute(
        "UPDATE claim_file SET state = 'prepared' "
        "WHERE state IN ('staging', 'releasing', 'uncertain')"
    )
    _check("billing_setting", "ck_billing_setting_kind", _KINDS.format(""))
    _check("claim_file", "ck_claim_file_state", _STATES.format(""))
    with op.batch_alter_table("claim_file") as batch:
        for name in ("tried_at", "remote_id", "port"):
            batch.drop_column(name)


def _check(table: str, name: str, condition: str) -> None:
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(name), type_="check")
        batch.create_check_constraint(op.f(name), condition)
