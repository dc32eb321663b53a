"""Patients, consents, courses of care and flags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_patients"
down_revision = "0001_clinic"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TEXT_BY_BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "patient",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("mrn", TEXT_BY_BYTES, nullable=False),
        sa.Column("given_name", sa.String(), nullable=False),
        sa.Column("middle_name", sa.String(), nullable=True),
        sa.Column("family_name", sa.String(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("sex", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("address1", sa.String(), nullable=True),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("postal_code", sa.String(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("payer", sa.String(), nullable=True),
        sa.Column("member_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "sex IN ('female', 'male', 'other', 'unknown')", name=op.f("ck_patient_sex")
        ),
        sa.CheckConstraint("status IN ('active', 'discharged')", name=op.f("ck_patient_status")),
        sa.CheckConstraint(
            "length(family_name) <= 100", name=op.f("ck_patient_family_name_length")
        ),
        sa.CheckConstraint("length(given_name) <= 100", name=op.f("ck_patient_given_name_length")),
        sa.CheckConstraint("length(mrn) <= 64", name=op.f("ck_patient_mrn_length")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_patient_clinic_id")),
        sa.ForeignKeyConstraint(
            ["therapist_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_patient_therapist_id_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient")),
        sa.UniqueConstraint("clinic_id", "mrn", name=op.f("uq_patient_clinic_id_mrn")),
        sa.UniqueConstraint(
            "id", "clinic_id", "therapist_id", name=op.f("uq_patient_id_clinic_id_therapist_id")
        ),
        sa.UniqueConstraint("id", "clinic_id", name=op.f("uq_patient_id_clinic_id")),
    )
    op.create_index(
        op.f("ix_patient_therapist_id_mrn"), "patient", ["therapist_id", "mrn"], unique=False
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("relationship", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("is_proxy", sa.Boolean(), nullable=False),
        sa.Column("scopes", DOCUMENT, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_contact_name_length")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_contact_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_contact_id_patient_id")),
    )
    op.create_index(op.f("ix_contact_patient_id"), "contact", ["patient_id"], unique=False)
    op.create_table(
        "episode",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("diagnosis", sa.String(), nullable=True),
        sa.Column("icd10", sa.String(), nullable=True),
        sa.Column("condition", sa.String(), nullable=True),
        sa.Column("surgery", sa.String(), nullable=True),
        sa.Column("surgery_date", sa.Date(), nullable=True),
        sa.Column("side", sa.String(), nullable=True),
        sa.Column("surgeon", sa.String(), nullable=True),
        sa.Column("precautions", DOCUMENT, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.CheckConstraint("side IN ('left', 'right', 'bilateral')", name=op.f("ck_episode_side")),
        sa.CheckConstraint(
            "status IN ('active', 'held', 'closed')", name=op.f("ck_episode_status")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_episode_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_episode")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_episode_id_patient_id")),
    )
    op.create_index(
        op.f("ix_episode_patient_id_started_on"),
        "episode",
        ["patient_id", "started_on"],
        unique=False,
    )
    op.create_table(
        "patient_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_patient_note_author_id_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_patient_note_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_note")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_patient_note_id_patient_id")),
    )
    op.create_index(
        op.f("ix_patient_note_patient_id_created_at"),
        "patient_note",
        ["patient_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("given_by_contact_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "scope IN ('video_recording', 'body_tracking', 'data_sharing', 'model_training')",
            name=op.f("ck_consent_scope"),
        ),
        sa.ForeignKeyConstraint(
            ["given_by_contact_id", "patient_id"],
            ["contact.id", "contact.patient_id"],
            name=op.f("fk_consent_given_by_contact_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_consent_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_consent_recorded_by_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_consent_id_patient_id")),
    )
    op.create_index(
        "uq_consent_active",
        "consent",
        ["patient_id", "scope"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "goal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("measure", sa.String(), nullable=True),
        sa.Column("side", sa.String(), nullable=True),
        sa.Column("baseline", sa.Float(), nullable=True),
        sa.Column("target", sa.Float(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.CheckConstraint("side IN ('left', 'right', 'bilateral')", name=op.f("ck_goal_side")),
        sa.CheckConstraint("status IN ('open', 'met', 'dropped')", name=op.f("ck_goal_status")),
        sa.CheckConstraint("term IN ('short', 'long')", name=op.f("ck_goal_term")),
        sa.ForeignKeyConstraint(
            ["episode_id", "patient_id"],
            ["episode.id", "episode.patient_id"],
            name=op.f("fk_goal_episode_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_goal_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goal")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_goal_id_patient_id")),
    )
    op.create_index(
        op.f("ix_goal_patient_id_status"), "goal", ["patient_id", "status"], unique=False
    )
    op.create_table(
        "patient_flag",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('precaution', 'contraindication', 'red_flag')",
            name=op.f("ck_patient_flag_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["episode_id", "patient_id"],
            ["episode.id", "episode.patient_id"],
            name=op.f("fk_patient_flag_episode_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_patient_flag_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_flag")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_patient_flag_id_patient_id")),
    )
    op.create_index(
        op.f("ix_patient_flag_patient_id_cleared_at"),
        "patient_flag",
        ["patient_id", "cleared_at"],
        unique=False,
    )
    op.create_table(
        "referral",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("referrer_name", sa.String(), nullable=False),
        sa.Column("referrer_npi", sa.String(), nullable=True),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("authorised_visits", sa.Integer(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.CheckConstraint("authorised_visits >= 0", name=op.f("ck_referral_authorised_visits")),
        sa.ForeignKeyConstraint(
            ["episode_id", "patient_id"],
            ["episode.id", "episode.patient_id"],
            name=op.f("fk_referral_episode_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_referral_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_referral_id_patient_id")),
    )
    op.create_index(op.f("ix_referral_patient_id"), "referral", ["patient_id"], unique=False)


def downgrade() -> None:
    op.drop_table("referral")
    op.drop_table("patient_flag")
    op.drop_table("goal")
    op.drop_table("consent")
    op.drop_table("patient_note")
    op.drop_table("episode")
    op.drop_table("contact")
    op.drop_table("patient")
