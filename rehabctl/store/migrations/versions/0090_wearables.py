"""Daily values of wearables, and heart-rate limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0090_wearables"
down_revision = "0085_hl7_queue"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SOURCES = "'apple-health', 'fitbit', 'google-health', 'health-connect', 'fhir'"
MEASURES = (
    "'steps', 'heart_rate_bpm', 'resting_heart_rate_bpm', 'sleep_h', 'walking_speed_m_s', "
    "'walking_step_length_m', 'walking_asymmetry_percent', 'double_support_percent', "
    "'walking_steadiness_percent', 'six_minute_walk_m', 'stair_ascent_speed_m_s'"
)


def upgrade() -> None:
    op.create_table(
        "daily_activity",
        *_owner_columns(),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=True),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("minutes_by_bpm", DOCUMENT, nullable=True),
        sa.Column("origin_sha256", sa.String(), nullable=False),
        sa.CheckConstraint(f"source IN ({SOURCES})", name=op.f("ck_daily_activity_source")),
        sa.CheckConstraint(f"measure IN ({MEASURES})", name=op.f("ck_daily_activity_measure")),
        sa.CheckConstraint("hours BETWEEN 0 AND 25", name=op.f("ck_daily_activity_hours")),
        *_owner_keys("daily_activity"),
        sa.UniqueConstraint(
            "patient_id",
            "source",
            "measure",
            "day",
            "recorded_at",
            "origin_sha256",
            name=op.f("uq_daily_activity_told_once"),
        ),
    )
    op.create_index(
        op.f("ix_daily_activity_patient_id_measure_day"),
        "daily_activity",
        ["patient_id", "measure", "day"],
    )
    op.create_table(
        "heart_rate_limit",
        *_owner_columns(),
        sa.Column("upper_bpm", sa.Integer(), nullable=True),
        sa.Column("target_low_bpm", sa.Integer(), nullable=True),
        sa.Column("target_high_bpm", sa.Integer(), nullable=True),
        sa.Column("beta_blocker", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.CheckConstraint(
                f"{name} BETWEEN 30 AND 250", name=op.f(f"ck_heart_rate_limit_{name}")
            )
            for name in ("upper_bpm", "target_low_bpm", "target_high_bpm")
        ),
        sa.CheckConstraint(
            "target_high_bpm > target_low_bpm", name=op.f("ck_heart_rate_limit_order")
        ),
        sa.ForeignKeyConstraint(
            ["set_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_heart_rate_limit_set_by_clinic_id"),
        ),
        *_owner_keys("heart_rate_limit"),
    )
    op.create_index(
        op.f("ix_heart_rate_limit_patient_id_set_at"), "heart_rate_limit", ["patient_id", "set_at"]
    )


def downgrade() -> None:
    op.drop_table("heart_rate_limit")
    op.drop_table("daily_activity")


def _owner_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    ]


def _owner_keys(name: str) -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f(f"fk_{name}_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    ]
