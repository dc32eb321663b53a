"""Rooms of video visits, what was recorded in them, and a channel's reduced picture."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0095_video_visits"
down_revision = "0090_wearables"

_SERVICES = "service IN ('livekit', 'jitsi', 'daily')"


def upgrade() -> None:
    op.add_column("visit_channel", sa.Column("picture", sa.String(), nullable=True))
    op.create_table(
        "video_room",
        *_owner(),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("room", sa.String(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recording", sa.Boolean(), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *_keys("video_room"),
        sa.UniqueConstraint("visit_id", "room", name=op.f("uq_video_room_visit_id_room")),
    )
    op.create_index(op.f("ix_video_room_patient_id"), "video_room", ["patient_id"])
    op.create_table(
        "visit_recording",
        *_owner(),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("remote_id", sa.String(), nullable=False),
        sa.Column("room", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("recording_id", sa.Uuid(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        *_keys("visit_recording"),
        sa.CheckConstraint(
            "decision IN ('accepted', 'adjusted', 'flagged')",
            name=op.f("ck_visit_recording_decision"),
        ),
        sa.ForeignKeyConstraint(
            ["recording_id", "patient_id"],
            ["recording.id", "recording.patient_id"],
            name=op.f("fk_visit_recording_recording_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_visit_recording_decided_by_clinic_id"),
        ),
        sa.UniqueConstraint(
            "clinic_id",
            "service",
            "remote_id",
            name=op.f("uq_visit_recording_clinic_id_service_remote_id"),
        ),
    )
    for column in ("patient_id", "visit_id", "recording_id"):
        op.create_index(op.f(f"ix_visit_recording_{column}"), "visit_recording", [column])


def _owner() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    ]


def _keys(table: str) -> list[sa.Constraint]:
    return [
        sa.CheckConstraint(_SERVICES, name=op.f(f"ck_{table}_service")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f(f"fk_{table}_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["visit_id", "patient_id"],
            ["visit.id", "visit.patient_id"],
            name=op.f(f"fk_{table}_visit_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def downgrade() -> None:
    op.drop_table("visit_recording")
    op.drop_table("video_room")
    op.drop_column("visit_channel", "picture")
