"""Licences, working hours, plans of care, notes, and what visits keep of their booking."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016_bookings"
down_revision = "0015_claims"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(reason) <= 200", name=op.f("ck_absence_reason_length")),
        sa.CheckConstraint("until_at > from_at", name=op.f("ck_absence_order")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_absence_clinic_id")),
        sa.ForeignKeyConstraint(
            ["user_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_absence_user_id_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index(
        op.f("ix_absence_user_id_from_at"), "absence", ["user_id", "from_at"], unique=False
    )
    op.create_table(
        "provider_slot",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("slot_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.id"], name=op.f("fk_provider_slot_clinic_id")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_provider_slot_provider_id_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("provider_id", "slot_at", name=op.f("pk_provider_slot")),
    )
    op.create_index(
        op.f("ix_provider_slot_appointment_id"), "provider_slot", ["appointment_id"], unique=False
    )
    op.create_table(
        "provider_licence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("profession", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("is_home", sa.Boolean(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('licence', 'privilege')", name=op.f("ck_provider_licence_kind")
        ),
        sa.CheckConstraint(
            "profession IN ('pt', 'pta')", name=op.f("ck_provider_licence_profession")
        ),
        sa.CheckConstraint(
            "status IN ('active', 'inactive', 'disciplined')",
            name=op.f("ck_provider_licence_status"),
        ),
        sa.CheckConstraint("expires_on >= issued_on", name=op.f("ck_provider_licence_order")),
        sa.CheckConstraint("length(number) <= 100", name=op.f("ck_provider_licence_number_length")),
        sa.CheckConstraint("length(source) <= 200", name=op.f("ck_provider_licence_source_length")),
        sa.CheckConstraint("length(state) <= 2", name=op.f("ck_provider_licence_state_length")),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.id"], name=op.f("fk_provider_licence_clinic_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_provider_licence_user_id_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_licence")),
        sa.UniqueConstraint(
            "clinic_id",
            "user_id",
            "profession",
            "kind",
            "state",
            name=op.f("uq_provider_licence_clinic_id_user_id_profession_kind_state"),
        ),
    )
    op.create_table(
        "working_hours",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("until_minute", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "from_minute BETWEEN 0 AND 1440", name=op.f("ck_working_hours_from_minute")
        ),
        sa.CheckConstraint("until_minute > from_minute", name=op.f("ck_working_hours_order")),
        sa.CheckConstraint(
            "until_minute BETWEEN 0 AND 1440", name=op.f("ck_working_hours_until_minute")
        ),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_working_hours_weekday")),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.id"], name=op.f("fk_working_hours_clinic_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_working_hours_user_id_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_working_hours")),
    )
    op.create_index(
        op.f("ix_working_hours_user_id_weekday"),
        "working_hours",
        ["user_id", "weekday"],
        unique=False,
    )
    op.create_table(
        "waitlist_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("appointment_type", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("earliest_on", sa.Date(), nullable=True),
        sa.Column("latest_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.CheckConstraint(
            "status IN ('waiting', 'booked', 'removed')", name=op.f("ck_waitlist_entry_status")
        ),
        sa.CheckConstraint("latest_on >= earliest_on", name=op.f("ck_waitlist_entry_order")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_waitlist_entry_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waitlist_entry")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_waitlist_entry_id_patient_id")),
    )
    op.create_index(
        op.f("ix_waitlist_entry_clinic_id_status"),
        "waitlist_entry",
        ["clinic_id", "status"],
        unique=False,
    )
    op.create_index(
        op.f("ix_waitlist_entry_patient_id"), "waitlist_entry", ["patient_id"], unique=False
    )
    op.create_table(
        "authorisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=True),
        sa.Column("units", sa.Integer(), nullable=True),
        sa.CheckConstraint("expires_on >= starts_on", name=op.f("ck_authorisation_order")),
        sa.CheckConstraint("units >= 0", name=op.f("ck_authorisation_units")),
        sa.CheckConstraint("visits >= 0", name=op.f("ck_authorisation_visits")),
        sa.ForeignKeyConstraint(
            ["episode_id", "patient_id"],
            ["episode.id", "episode.patient_id"],
            name=op.f("fk_authorisation_episode_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_authorisation_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorisation")),
        sa.UniqueConstraint(
            "episode_id", "number", name=op.f("uq_authorisation_episode_id_number")
        ),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_authorisation_id_patient_id")),
    )
    op.create_index(
        op.f("ix_authorisation_patient_id"), "authorisation", ["patient_id"], unique=False
    )
    op.create_table(
        "plan_of_care",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("diagnosis", sa.String(), nullable=False),
        sa.Column("long_term_goals", DOCUMENT, nullable=False),
        sa.Column("treatment_type", sa.String(), nullable=False),
        sa.Column("amount", sa.String(), nullable=False),
        sa.Column("frequency", sa.String(), nullable=False),
        sa.Column("duration_weeks", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("is_initial", sa.Boolean(), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=False),
        sa.Column("credentials", sa.String(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transmitted_on", sa.Date(), nullable=True),
        sa.Column("transmitted_to", sa.String(), nullable=True),
        sa.Column("transmission_proof", sa.String(), nullable=True),
        sa.Column("certified_on", sa.Date(), nullable=True),
        sa.Column("certification", sa.String(), nullable=True),
        sa.Column("certified_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "certification IN ('countersigned', 'order_on_file')",
            name=op.f("ck_plan_of_care_certification"),
        ),
        sa.CheckConstraint("duration_weeks > 0", name=op.f("ck_plan_of_care_duration_weeks")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_plan_of_care_order")),
        sa.ForeignKeyConstraint(
            ["episode_id", "patient_id"],
            ["episode.id", "episode.patient_id"],
            name=op.f("fk_plan_of_care_episode_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_plan_of_care_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["signed_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_plan_of_care_signed_by_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_of_care")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_plan_of_care_id_patient_id")),
    )
    op.create_index(
        op.f("ix_plan_of_care_patient_id_starts_on"),
        "plan_of_care",
        ["patient_id", "starts_on"],
        unique=False,
    )
    op.create_table(
        "clinical_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("for_day", sa.Date(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("addendum_to", sa.Uuid(), nullable=True),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.Uuid(), nullable=True),
        sa.Column("signer_name", sa.String(), nullable=True),
        sa.Column("credentials", sa.String(), nullable=True),
        sa.Column("content_sha256", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('daily', 'progress', 'discharge', 'authorisation', 'addendum')",
            name=op.f("ck_clinical_note_kind"),
        ),
        sa.CheckConstraint(
            "status = 'draft' OR (signed_at IS NOT NULL AND signed_by IS NOT NULL "
            "AND content_sha256 IS NOT NULL)",
            name=op.f("ck_clinical_note_signature"),
        ),
        sa.CheckConstraint("status IN ('draft', 'signed')", name=op.f("ck_clinical_note_status")),
        sa.ForeignKeyConstraint(
            ["addendum_to", "patient_id"],
            ["clinical_note.id", "clinical_note.patient_id"],
            name=op.f("fk_clinical_note_addendum_to_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["author_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_clinical_note_author_id_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["episode_id", "patient_id"],
            ["episode.id", "episode.patient_id"],
            name=op.f("fk_clinical_note_episode_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_clinical_note_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["signed_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_clinical_note_signed_by_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["visit_id", "patient_id"],
            ["visit.id", "visit.patient_id"],
            name=op.f("fk_clinical_note_visit_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinical_note")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_clinical_note_id_patient_id")),
    )
    op.create_index(
        op.f("ix_clinical_note_patient_id_for_day"),
        "clinical_note",
        ["patient_id", "for_day"],
        unique=False,
    )
    op.add_column("visit", sa.Column("appointment_type", sa.String(), nullable=True))
    op.add_column("visit", sa.Column("appointment_id", sa.Uuid(), nullable=True))
    op.add_column("visit", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.add_column("visit", sa.Column("time_zone", sa.String(), nullable=True))
    op.add_column("visit", sa.Column("expected_state", sa.String(), nullable=True))
    op.add_column(
        "visit", sa.Column("licence_checks", DOCUMENT, server_default="[]", nullable=False)
    )
    op.add_column("visit", sa.Column("satisfaction", sa.Integer(), nullable=True))
    op.add_column(
        "visit", sa.Column("buffer_min", sa.Integer(), server_default="0", nullable=False)
    )
    op.create_index(op.f("ix_visit_appointment_id"), "visit", ["appointment_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_visit_appointment_id"), table_name="visit")
    op.drop_column("visit", "buffer_min")
    op.drop_column("visit", "satisfaction")
    op.drop_column("visit", "licence_checks")
    op.drop_column("visit", "expected_state")
    op.drop_column("visit", "time_zone")
    op.drop_column("visit", "series_id")
    op.drop_column("visit", "appointment_id")
    op.drop_column("visit", "appointment_type")
    op.drop_table("clinical_note")
    op.drop_table("plan_of_care")
    op.drop_table("authorisation")
    op.drop_table("waitlist_entry")
    op.drop_table("working_hours")
    op.drop_table("provider_licence")
    op.drop_table("provider_slot")
    op.drop_table("absence")
