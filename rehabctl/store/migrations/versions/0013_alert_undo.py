"""What a person did with an alert can be taken back."""

from __future__ import annotations

from alembic import op

revision = "0013_alert_undo"
down_revision = "0012_kits"

_NAME = "ck_alert_action_kind"
_BEFORE = "kind IN ('acknowledge', 'snooze', 'assign')"
_AFTER = "kind IN ('acknowledge', 'snooze', 'assign', 'undo')"


def upgrade() -> None:
    _replace_check(_AFTER)


def downgrade() -> None:
    op.execute("DELETE FROM alert_action WHERE kind = 'undo'")
    _replace_check(_BEFORE)


def _replace_check(condition: str) -> None:
    with op.batch_alter_table("alert_action") as batch:
        batch.drop_constraint(op.f(_NAME), type_="check")
        batch.create_check_constraint(op.f(_NAME), condition)
