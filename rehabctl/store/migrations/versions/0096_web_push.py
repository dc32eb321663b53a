"""Web push: subscriptions of browsers, and the worker that delivers what is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0096_web_push"
down_revision = "0095_video_visits"

DUE = """
CREATE FUNCTION my_due_patients() RETURNS uuid[] LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, rehabctl, pg_temp
AS $$
  SELECT coalesce(array_agg(DISTINCT o.patient_id), '{}') FROM outbox o
  WHERE o.clinic_id = my_clinic('worker') AND o.state = 'queued'
    AND o.not_before <= now() + interval '1 hour' $$
"""
_CHANNELS = "channel IN ({})"


def upgrade() -> None:
    op.create_table(
        "push_subscription",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("p256dh", sa.String(), nullable=False),
        sa.Column("auth", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "length(endpoint) <= 2000", name=op.f("ck_push_subscription_endpoint_length")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_push_subscription_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_push_subscription_recorded_by_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscription")),
        sa.UniqueConstraint(
            "patient_id", "receiver", name=op.f("uq_push_subscription_patient_id_receiver")
        ),
    )
    _check(_CHANNELS.format("'sms', 'email', 'push'"))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(DUE)
        op.execute("ALTER FUNCTION my_due_patients() OWNER TO rehabctl_ops")
        op.execute("REVOKE ALL ON FUNCTION my_due_patients() FROM PUBLIC")
        op.execute(
            "GRANT SELECT (patient_id, clinic_id, state, not_before) ON outbox TO rehabctl_ops"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in ("patient", "contact", "visit", "outbox", "message_channel"):
            op.execute(f"DROP POLICY IF EXISTS worker_due ON {table}")
    op.drop_table("push_subscription")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION my_due_patients()")
        op.execute(
            "REVOKE SELECT (patient_id, clinic_id, state, not_before) ON outbox FROM rehabctl_ops"
        )
    op.execute("DELETE FROM message_channel WHERE channel = 'push'")
    _check(_CHANNELS.format("'sms', 'email'"))


def _check(condition: str) -> None:
    with op.batch_alter_table("message_channel") as batch:
        batch.drop_constraint(op.f("ck_message_channel_channel"), type_="check")
        batch.create_check_constraint(op.f("ck_message_channel_channel"), condition)
