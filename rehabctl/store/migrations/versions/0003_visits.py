"""Visits and messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_visits"
down_revision = "0002_patients"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "message_thread",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_message_thread_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_thread")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_message_thread_id_patient_id")),
    )
    op.create_index(
        op.f("ix_message_thread_patient_id_last_message_at"),
        "message_thread",
        ["patient_id", "last_message_at"],
        unique=False,
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("author_user_id", sa.Uuid(), nullable=True),
        sa.Column("author_contact_id", sa.Uuid(), nullable=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "direction IN ('to_patient', 'from_patient', 'internal')",
            name=op.f("ck_message_direction"),
        ),
        sa.ForeignKeyConstraint(
            ["author_contact_id", "patient_id"],
            ["contact.id", "contact.patient_id"],
            name=op.f("fk_message_author_contact_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["author_user_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_message_author_user_id_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_message_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["thread_id", "patient_id"],
            ["message_thread.id", "message_thread.patient_id"],
            name=op.f("fk_message_thread_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_message_id_patient_id")),
    )
    op.create_index(op.f("ix_message_patient_id"), "message", ["patient_id"], unique=False)
    op.create_index(
        op.f("ix_message_thread_id_sent_at"), "message", ["thread_id", "sent_at"], unique=False
    )
    op.create_table(
        "visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("planned_start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("supervisor_id", sa.Uuid(), nullable=True),
        sa.Column("patient_state", sa.String(), nullable=True),
        sa.Column("location_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("live_contact", sa.Boolean(), nullable=False),
        sa.Column("cancel_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('evaluation', 're_evaluation', 'treatment', 'check_in', "
            "'group', 'rtm_review')",
            name=op.f("ck_visit_kind"),
        ),
        sa.CheckConstraint(
            "status IN ('planned', 'in_progress', 'completed', 'cancelled', 'no_show')",
            name=op.f("ck_visit_status"),
        ),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_visit_order")),
        sa.CheckConstraint(
            "planned_end_at > planned_start_at", name=op.f("ck_visit_planned_order")
        ),
        sa.ForeignKeyConstraint(
            ["episode_id", "patient_id"],
            ["episode.id", "episode.patient_id"],
            name=op.f("fk_visit_episode_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_visit_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_visit_provider_id_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["supervisor_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_visit_supervisor_id_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_visit_id_patient_id")),
    )
    op.create_index(
        op.f("ix_visit_patient_id_planned_start_at"),
        "visit",
        ["patient_id", "planned_start_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_visit_provider_id_planned_start_at"),
        "visit",
        ["provider_id", "planned_start_at"],
        unique=False,
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("payload", DOCUMENT, nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'sent', 'failed', 'cancelled')", name=op.f("ck_outbox_state")
        ),
        sa.ForeignKeyConstraint(
            ["message_id", "patient_id"],
            ["message.id", "message.patient_id"],
            name=op.f("fk_outbox_message_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_outbox_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("clinic_id", "dedupe_key", name=op.f("uq_outbox_clinic_id_dedupe_key")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_outbox_id_patient_id")),
    )
    op.create_index(op.f("ix_outbox_patient_id"), "outbox", ["patient_id"], unique=False)
    op.create_index(
        op.f("ix_outbox_state_not_before"), "outbox", ["state", "not_before"], unique=False
    )
    op.create_table(
        "visit_block",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("one_to_one", sa.Boolean(), nullable=False),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_visit_block_order")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_visit_block_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["visit_id", "patient_id"],
            ["visit.id", "visit.patient_id"],
            name=op.f("fk_visit_block_visit_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_block")),
    )
    op.create_index(op.f("ix_visit_block_patient_id"), "visit_block", ["patient_id"], unique=False)
    op.create_index(
        op.f("ix_visit_block_visit_id_started_at"),
        "visit_block",
        ["visit_id", "started_at"],
        unique=False,
    )
    op.create_table(
        "visit_channel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "channel IN ('video', 'audio', 'phone', 'in_person')",
            name=op.f("ck_visit_channel_channel"),
        ),
        sa.CheckConstraint("until_at >= from_at", name=op.f("ck_visit_channel_order")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_visit_channel_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["visit_id", "patient_id"],
            ["visit.id", "visit.patient_id"],
            name=op.f("fk_visit_channel_visit_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_channel")),
    )
    op.create_index(
        op.f("ix_visit_channel_patient_id"), "visit_channel", ["patient_id"], unique=False
    )
    op.create_index(
        op.f("ix_visit_channel_visit_id_from_at"),
        "visit_channel",
        ["visit_id", "from_at"],
        unique=False,
    )
    op.create_table(
        "visit_participant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('patient', 'provider', 'supervisor', 'assistant', "
            "'caregiver', 'interpreter')",
            name=op.f("ck_visit_participant_role"),
        ),
        sa.ForeignKeyConstraint(
            ["contact_id", "patient_id"],
            ["contact.id", "contact.patient_id"],
            name=op.f("fk_visit_participant_contact_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_visit_participant_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_visit_participant_user_id_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["visit_id", "patient_id"],
            ["visit.id", "visit.patient_id"],
            name=op.f("fk_visit_participant_visit_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_participant")),
    )
    op.create_index(
        op.f("ix_visit_participant_patient_id"), "visit_participant", ["patient_id"], unique=False
    )
    op.create_index(
        op.f("ix_visit_participant_visit_id"), "visit_participant", ["visit_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("visit_participant")
    op.drop_table("visit_channel")
    op.drop_table("visit_block")
    op.drop_table("outbox")
    op.drop_table("visit")
    op.drop_table("message")
    op.drop_table("message_thread")
