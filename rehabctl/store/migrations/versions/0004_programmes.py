"""Pinned exercises, programmes and sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_programmes"
down_revision = "0003_visits"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TEXT_BY_BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "exercise",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("slug", TEXT_BY_BYTES, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", DOCUMENT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_exercise_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exercise")),
        sa.UniqueConstraint(
            "clinic_id",
            "slug",
            "version",
            "sha256",
            name=op.f("uq_exercise_clinic_id_slug_version_sha256"),
        ),
        sa.UniqueConstraint("id", "clinic_id", name=op.f("uq_exercise_id_clinic_id")),
    )
    op.create_table(
        "protocol",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("slug", TEXT_BY_BYTES, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", DOCUMENT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_protocol_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocol")),
        sa.UniqueConstraint(
            "clinic_id",
            "slug",
            "version",
            "sha256",
            name=op.f("uq_protocol_clinic_id_slug_version_sha256"),
        ),
        sa.UniqueConstraint("id", "clinic_id", name=op.f("uq_protocol_id_clinic_id")),
    )
    op.create_table(
        "journal_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("pain", sa.Float(), nullable=True),
        sa.Column("sleep_quality", sa.Integer(), nullable=True),
        sa.Column("symptoms", sa.String(), nullable=True),
        sa.Column("red_flags", DOCUMENT, nullable=False),
        sa.CheckConstraint("pain BETWEEN 0 AND 10", name=op.f("ck_journal_entry_pain")),
        sa.CheckConstraint(
            "sleep_quality BETWEEN 0 AND 10", name=op.f("ck_journal_entry_sleep_quality")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_journal_entry_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entry")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_journal_entry_id_patient_id")),
        sa.UniqueConstraint(
            "patient_id", "external_id", name=op.f("uq_journal_entry_patient_id_external_id")
        ),
    )
    op.create_index(
        op.f("ix_journal_entry_patient_id_day"),
        "journal_entry",
        ["patient_id", "day"],
        unique=False,
    )
    op.create_table(
        "program_opening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_program_opening_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program_opening")),
    )
    op.create_index(
        op.f("ix_program_opening_patient_id_opened_at"),
        "program_opening",
        ["patient_id", "opened_at"],
        unique=False,
    )
    op.create_table(
        "program",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=True),
        sa.Column("protocol_id", sa.Uuid(), nullable=True),
        sa.Column("phase", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("held_reason", sa.String(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'held', 'completed', 'stopped')", name=op.f("ck_program_status")
        ),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_program_revision")),
        sa.ForeignKeyConstraint(
            ["episode_id", "patient_id"],
            ["episode.id", "episode.patient_id"],
            name=op.f("fk_program_episode_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_program_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id", "clinic_id"],
            ["protocol.id", "protocol.clinic_id"],
            name=op.f("fk_program_protocol_id_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_program_id_patient_id")),
    )
    op.create_index(
        op.f("ix_program_patient_id_status"), "program", ["patient_id", "status"], unique=False
    )
    op.create_table(
        "exercise_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("scheduled_on", sa.Date(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pain_before", sa.Float(), nullable=True),
        sa.Column("pain_during", sa.Float(), nullable=True),
        sa.Column("pain_after", sa.Float(), nullable=True),
        sa.Column("difficulty", sa.Integer(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.CheckConstraint(
            "source IN ('patient_device', 'clinic', 'recording', 'import')",
            name=op.f("ck_exercise_session_source"),
        ),
        sa.CheckConstraint("completed_at >= started_at", name=op.f("ck_exercise_session_order")),
        sa.CheckConstraint(
            "difficulty BETWEEN 0 AND 10", name=op.f("ck_exercise_session_difficulty")
        ),
        sa.CheckConstraint(
            "pain_after BETWEEN 0 AND 10", name=op.f("ck_exercise_session_pain_after")
        ),
        sa.CheckConstraint(
            "pain_before BETWEEN 0 AND 10", name=op.f("ck_exercise_session_pain_before")
        ),
        sa.CheckConstraint(
            "pain_during BETWEEN 0 AND 10", name=op.f("ck_exercise_session_pain_during")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_exercise_session_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["program_id", "patient_id"],
            ["program.id", "program.patient_id"],
            name=op.f("fk_exercise_session_program_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exercise_session")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_exercise_session_id_patient_id")),
        sa.UniqueConstraint(
            "patient_id", "external_id", name=op.f("uq_exercise_session_patient_id_external_id")
        ),
    )
    op.create_index(
        op.f("ix_exercise_session_patient_id_started_at"),
        "exercise_session",
        ["patient_id", "started_at"],
        unique=False,
    )
    op.create_table(
        "prescription",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("exercise_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sets", sa.Integer(), nullable=False),
        sa.Column("reps", sa.Integer(), nullable=False),
        sa.Column("hold_s", sa.Float(), nullable=False),
        sa.Column("rest_s", sa.Float(), nullable=False),
        sa.Column("per_week", sa.Integer(), nullable=False),
        sa.Column("weekdays", DOCUMENT, nullable=False),
        sa.Column("side", sa.String(), nullable=True),
        sa.Column("target_deg", sa.Float(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.CheckConstraint(
            "side IN ('left', 'right', 'bilateral')", name=op.f("ck_prescription_side")
        ),
        sa.CheckConstraint("hold_s BETWEEN 0 AND 7200", name=op.f("ck_prescription_hold_s")),
        sa.CheckConstraint("per_week BETWEEN 1 AND 70", name=op.f("ck_prescription_per_week")),
        sa.CheckConstraint("reps BETWEEN 0 AND 200", name=op.f("ck_prescription_reps")),
        sa.CheckConstraint("rest_s BETWEEN 0 AND 3600", name=op.f("ck_prescription_rest_s")),
        sa.CheckConstraint("sets BETWEEN 1 AND 20", name=op.f("ck_prescription_sets")),
        sa.ForeignKeyConstraint(
            ["exercise_id", "clinic_id"],
            ["exercise.id", "exercise.clinic_id"],
            name=op.f("fk_prescription_exercise_id_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_prescription_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["program_id", "patient_id"],
            ["program.id", "program.patient_id"],
            name=op.f("fk_prescription_program_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescription")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_prescription_id_patient_id")),
    )
    op.create_index(
        op.f("ix_prescription_patient_id"), "prescription", ["patient_id"], unique=False
    )
    op.create_index(
        op.f("ix_prescription_program_id_position"),
        "prescription",
        ["program_id", "position"],
        unique=False,
    )
    op.create_table(
        "program_hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("to_day >= from_day", name=op.f("ck_program_hold_order")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_program_hold_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["program_id", "patient_id"],
            ["program.id", "program.patient_id"],
            name=op.f("fk_program_hold_program_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program_hold")),
    )
    op.create_index(
        op.f("ix_program_hold_patient_id_from_day"),
        "program_hold",
        ["patient_id", "from_day"],
        unique=False,
    )
    op.create_table(
        "scheduled_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_scheduled_session_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["program_id", "patient_id"],
            ["program.id", "program.patient_id"],
            name=op.f("fk_scheduled_session_program_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_session")),
        sa.UniqueConstraint(
            "program_id",
            "due_on",
            "ordinal",
            name=op.f("uq_scheduled_session_program_id_due_on_ordinal"),
        ),
    )
    op.create_index(
        op.f("ix_scheduled_session_patient_id_due_on"),
        "scheduled_session",
        ["patient_id", "due_on"],
        unique=False,
    )
    op.create_table(
        "session_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("exercise", sa.String(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("prescription_id", sa.Uuid(), nullable=True),
        sa.Column("skip_reason", sa.String(), nullable=True),
        sa.Column("reps_per_set", DOCUMENT, nullable=False),
        sa.Column("hold_s", sa.Float(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("pain_before", sa.Float(), nullable=True),
        sa.Column("pain_after", sa.Float(), nullable=True),
        sa.Column("difficulty", sa.Integer(), nullable=True),
        sa.Column("form_score", sa.Float(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.CheckConstraint("difficulty BETWEEN 0 AND 10", name=op.f("ck_session_entry_difficulty")),
        sa.CheckConstraint(
            "form_score BETWEEN 0 AND 100", name=op.f("ck_session_entry_form_score")
        ),
        sa.CheckConstraint("pain_after BETWEEN 0 AND 10", name=op.f("ck_session_entry_pain_after")),
        sa.CheckConstraint(
            "pain_before BETWEEN 0 AND 10", name=op.f("ck_session_entry_pain_before")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_session_entry_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["prescription_id", "patient_id"],
            ["prescription.id", "prescription.patient_id"],
            name=op.f("fk_session_entry_prescription_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id", "patient_id"],
            ["exercise_session.id", "exercise_session.patient_id"],
            name=op.f("fk_session_entry_session_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_entry")),
        sa.UniqueConstraint(
            "session_id", "position", name=op.f("uq_session_entry_session_id_position")
        ),
    )
    op.create_index(
        op.f("ix_session_entry_patient_id"), "session_entry", ["patient_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("session_entry")
    op.drop_table("scheduled_session")
    op.drop_table("program_hold")
    op.drop_table("prescription")
    op.drop_table("exercise_session")
    op.drop_table("program")
    op.drop_table("program_opening")
    op.drop_table("journal_entry")
    op.drop_table("protocol")
    op.drop_table("exercise")
