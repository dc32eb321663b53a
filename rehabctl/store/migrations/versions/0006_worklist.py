"""Alerts and the worklist."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006_worklist"
down_revision = "0005_measurement"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TEXT_BY_BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", TEXT_BY_BYTES, nullable=False),
        sa.Column("key", TEXT_BY_BYTES, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("rule_version", sa.String(), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("close_after_days", sa.Integer(), nullable=True),
        sa.Column("reopens_on", sa.String(), nullable=False),
        sa.Column("unreviewed_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unmet_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handled_level", sa.Float(), nullable=True),
        sa.Column("handled_severity", sa.String(), nullable=True),
        sa.Column("handled_by", sa.String(), nullable=True),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assigned_to", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "handled_severity IN ('info', 'medium', 'high', 'red_flag')",
            name=op.f("ck_alert_handled_severity"),
        ),
        sa.CheckConstraint(
            "severity IN ('info', 'medium', 'high', 'red_flag')", name=op.f("ck_alert_severity")
        ),
        sa.CheckConstraint(
            "status IN ('open', 'acknowledged', 'snoozed', 'closed')", name=op.f("ck_alert_status")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_alert_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_alert_id_patient_id")),
        sa.UniqueConstraint(
            "patient_id",
            "code",
            "key",
            "opened_at",
            name=op.f("uq_alert_patient_id_code_key_opened_at"),
        ),
    )
    op.create_index(
        "uq_alert_not_closed",
        "alert",
        ["patient_id", "code", "key"],
        unique=True,
        sqlite_where=sa.text("status <> 'closed'"),
        postgresql_where=sa.text("status <> 'closed'"),
    )
    op.create_table(
        "alert_action",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('acknowledge', 'snooze', 'assign')", name=op.f("ck_alert_action_kind")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_alert_action_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_action")),
    )
    op.create_index(
        op.f("ix_alert_action_patient_id_at"), "alert_action", ["patient_id", "at"], unique=False
    )
    op.create_table(
        "panel_row",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("rank_key", TEXT_BY_BYTES, nullable=False),
        sa.Column("reasons", DOCUMENT, nullable=False),
        sa.Column("last_session_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("adherence_percent_28d", sa.Float(), nullable=True),
        sa.Column("pain_now", sa.Float(), nullable=True),
        sa.Column("pain_series", DOCUMENT, nullable=False),
        sa.Column("pain_trend", sa.String(), nullable=True),
        sa.Column("rom_trend", sa.String(), nullable=True),
        sa.Column("open_alerts", sa.Integer(), nullable=False),
        sa.Column("next_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sort_name", TEXT_BY_BYTES, nullable=False),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("next_change_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rules_version", sa.String(), nullable=False),
        sa.CheckConstraint(
            "tier IN ('red_flag', 'declining', 'due', 'stable')", name=op.f("ck_panel_row_tier")
        ),
        sa.CheckConstraint("pain_now BETWEEN 0 AND 10", name=op.f("ck_panel_row_pain_now")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_panel_row_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_panel_row")),
    )
    op.create_index(
        op.f("ix_panel_row_clinic_id_rank_key_sort_name_patient_id"),
        "panel_row",
        ["clinic_id", "rank_key", "sort_name", "patient_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_panel_row_clinic_id_tier"), "panel_row", ["clinic_id", "tier"], unique=False
    )
    op.create_index(
        op.f("ix_panel_row_next_change_at"), "panel_row", ["next_change_at"], unique=False
    )
    op.create_index(
        op.f("ix_panel_row_therapist_id_rank_key_sort_name_patient_id"),
        "panel_row",
        ["therapist_id", "rank_key", "sort_name", "patient_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_panel_row_therapist_id_tier"), "panel_row", ["therapist_id", "tier"], unique=False
    )


def downgrade() -> None:
    op.drop_table("panel_row")
    op.drop_table("alert_action")
    op.drop_table("alert")
