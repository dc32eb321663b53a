"""Recordings, assessments, reviews and questionnaires."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005_measurement"
down_revision = "0004_programmes"

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TEXT_BY_BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "prom_response",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("instrument_version", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answers", DOCUMENT, nullable=False),
        sa.Column("result", DOCUMENT, nullable=False),
        sa.CheckConstraint(
            "side IN ('left', 'right', 'bilateral')", name=op.f("ck_prom_response_side")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_prom_response_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prom_response")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_prom_response_id_patient_id")),
        sa.UniqueConstraint(
            "patient_id", "external_id", name=op.f("uq_prom_response_patient_id_external_id")
        ),
    )
    op.create_index(
        op.f("ix_prom_response_patient_id_completed_at"),
        "prom_response",
        ["patient_id", "completed_at"],
        unique=False,
    )
    op.create_table(
        "prom_score",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("scale", sa.String(), nullable=False),
        sa.Column("rule_version", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("score_unrounded", sa.Float(), nullable=True),
        sa.Column("n_missing", sa.Integer(), nullable=False),
        sa.Column("higher_is_better", sa.Boolean(), nullable=False),
        sa.CheckConstraint("n_missing >= 0", name=op.f("ck_prom_score_n_missing")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_prom_score_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["response_id", "patient_id"],
            ["prom_response.id", "prom_response.patient_id"],
            name=op.f("fk_prom_score_response_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prom_score")),
        sa.UniqueConstraint("response_id", "scale", name=op.f("uq_prom_score_response_id_scale")),
    )
    op.create_index(
        op.f("ix_prom_score_patient_id_instrument_scale_completed_at"),
        "prom_score",
        ["patient_id", "instrument", "scale", "completed_at"],
        unique=False,
    )
    op.create_table(
        "recording",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("byte_count", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("exercise", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=True),
        sa.Column("stored", sa.Boolean(), nullable=False),
        sa.Column("keep_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('video', 'imu', 'keypoints')", name=op.f("ck_recording_kind")),
        sa.CheckConstraint("byte_count >= 0", name=op.f("ck_recording_byte_count")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_recording_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["session_id", "patient_id"],
            ["exercise_session.id", "exercise_session.patient_id"],
            name=op.f("fk_recording_session_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_recording_id_patient_id")),
        sa.UniqueConstraint("patient_id", "sha256", name=op.f("uq_recording_patient_id_sha256")),
    )
    op.create_index(op.f("ix_recording_keep_until"), "recording", ["keep_until"], unique=False)
    op.create_table(
        "keypoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("model_name", sa.String(), nullable=False),
        sa.Column("model_sha256", sa.String(), nullable=False),
        sa.Column("options_sha256", sa.String(), nullable=False),
        sa.Column("blob_sha256", sa.String(), nullable=False),
        sa.Column("frame_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("frame_count >= 0", name=op.f("ck_keypoints_frame_count")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_keypoints_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["recording_id", "patient_id"],
            ["recording.id", "recording.patient_id"],
            name=op.f("fk_keypoints_recording_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keypoints")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_keypoints_id_patient_id")),
        sa.UniqueConstraint(
            "recording_id",
            "model_sha256",
            "options_sha256",
            name=op.f("uq_keypoints_recording_id_model_sha256_options_sha256"),
        ),
    )
    op.create_index(op.f("ix_keypoints_patient_id"), "keypoints", ["patient_id"], unique=False)
    op.create_table(
        "movement_assessment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=True),
        sa.Column("keypoints_id", sa.Uuid(), nullable=True),
        sa.Column("prescription_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("exercise", sa.String(), nullable=False),
        sa.Column("exercise_version", sa.Integer(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("full_count", sa.Integer(), nullable=False),
        sa.Column("partial_count", sa.Integer(), nullable=False),
        sa.Column("input_sha256", sa.String(), nullable=False),
        sa.Column("model_name", sa.String(), nullable=True),
        sa.Column("model_sha256", sa.String(), nullable=False),
        sa.Column("parameters_sha256", sa.String(), nullable=False),
        sa.Column("algorithm_version", sa.String(), nullable=False),
        sa.Column("result", DOCUMENT, nullable=False),
        sa.CheckConstraint(
            "instrument IN ('camera', 'imu')", name=op.f("ck_movement_assessment_instrument")
        ),
        sa.CheckConstraint(
            "status IN ('good', 'limited', 'refused')", name=op.f("ck_movement_assessment_status")
        ),
        sa.CheckConstraint(
            "confidence BETWEEN 0 AND 1", name=op.f("ck_movement_assessment_confidence")
        ),
        sa.CheckConstraint(
            "full_count >= 0 AND partial_count >= 0", name=op.f("ck_movement_assessment_counts")
        ),
        sa.ForeignKeyConstraint(
            ["keypoints_id", "patient_id"],
            ["keypoints.id", "keypoints.patient_id"],
            name=op.f("fk_movement_assessment_keypoints_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_movement_assessment_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["prescription_id", "patient_id"],
            ["prescription.id", "prescription.patient_id"],
            name=op.f("fk_movement_assessment_prescription_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["recording_id", "patient_id"],
            ["recording.id", "recording.patient_id"],
            name=op.f("fk_movement_assessment_recording_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id", "patient_id"],
            ["exercise_session.id", "exercise_session.patient_id"],
            name=op.f("fk_movement_assessment_session_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement_assessment")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_movement_assessment_id_patient_id")),
        sa.UniqueConstraint(
            "patient_id",
            "input_sha256",
            "model_sha256",
            "parameters_sha256",
            "algorithm_version",
            name="uq_movement_assessment_input",
        ),
    )
    op.create_index(
        op.f("ix_movement_assessment_patient_id_measured_at"),
        "movement_assessment",
        ["patient_id", "measured_at"],
        unique=False,
    )
    op.create_table(
        "motion_result",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("motion", TEXT_BY_BYTES, nullable=False),
        sa.Column("side", TEXT_BY_BYTES, nullable=False),
        sa.Column("peak_deg", sa.Float(), nullable=True),
        sa.Column("uncertainty_deg", sa.Float(), nullable=True),
        sa.Column("interval_low_deg", sa.Float(), nullable=True),
        sa.Column("interval_high_deg", sa.Float(), nullable=True),
        sa.Column("extreme", sa.String(), nullable=False),
        sa.Column("min_deg", sa.Float(), nullable=True),
        sa.Column("max_deg", sa.Float(), nullable=True),
        sa.Column("rom_deg", sa.Float(), nullable=True),
        sa.Column("driving", sa.Boolean(), nullable=False),
        sa.CheckConstraint("extreme IN ('max', 'min')", name=op.f("ck_motion_result_extreme")),
        sa.ForeignKeyConstraint(
            ["assessment_id", "patient_id"],
            ["movement_assessment.id", "movement_assessment.patient_id"],
            name=op.f("fk_motion_result_assessment_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_motion_result_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_motion_result")),
        sa.UniqueConstraint(
            "assessment_id",
            "motion",
            "side",
            name=op.f("uq_motion_result_assessment_id_motion_side"),
        ),
    )
    op.create_index(
        op.f("ix_motion_result_patient_id_motion_side_measured_at"),
        "motion_result",
        ["patient_id", "motion", "side", "measured_at"],
        unique=False,
    )
    op.create_table(
        "review_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reasons", DOCUMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        sa.CheckConstraint(
            "decision IN ('accepted', 'adjusted', 'flagged')", name=op.f("ck_review_item_decision")
        ),
        sa.CheckConstraint("state IN ('open', 'done')", name=op.f("ck_review_item_state")),
        sa.ForeignKeyConstraint(
            ["assessment_id", "patient_id"],
            ["movement_assessment.id", "movement_assessment.patient_id"],
            name=op.f("fk_review_item_assessment_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_review_item_decided_by_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_review_item_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_item")),
        sa.UniqueConstraint("assessment_id", name=op.f("uq_review_item_assessment_id")),
        sa.UniqueConstraint("id", "patient_id", name=op.f("uq_review_item_id_patient_id")),
    )
    op.create_index(
        op.f("ix_review_item_patient_id_state"),
        "review_item",
        ["patient_id", "state"],
        unique=False,
    )
    op.create_index(
        op.f("ix_review_item_therapist_id_state_confidence"),
        "review_item",
        ["therapist_id", "state", "confidence"],
        unique=False,
    )
    op.create_table(
        "symmetry_result",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("measure", TEXT_BY_BYTES, nullable=False),
        sa.Column("motion", TEXT_BY_BYTES, nullable=False),
        sa.Column("left", sa.Float(), nullable=False),
        sa.Column("right", sa.Float(), nullable=False),
        sa.Column("detectable", sa.Boolean(), nullable=False),
        sa.Column("higher_is_better", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id", "patient_id"],
            ["movement_assessment.id", "movement_assessment.patient_id"],
            name=op.f("fk_symmetry_result_assessment_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_symmetry_result_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_symmetry_result")),
        sa.UniqueConstraint(
            "assessment_id",
            "measure",
            "motion",
            name=op.f("uq_symmetry_result_assessment_id_measure_motion"),
        ),
    )
    op.create_index(
        op.f("ix_symmetry_result_patient_id_measured_at"),
        "symmetry_result",
        ["patient_id", "measured_at"],
        unique=False,
    )
    op.create_table(
        "review_comment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("review_item_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at_s", sa.Float(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("marks", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_review_comment_author_id_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_review_comment_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["review_item_id", "patient_id"],
            ["review_item.id", "review_item.patient_id"],
            name=op.f("fk_review_comment_review_item_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_comment")),
    )
    op.create_index(
        op.f("ix_review_comment_patient_id"), "review_comment", ["patient_id"], unique=False
    )
    op.create_index(
        op.f("ix_review_comment_review_item_id_at_s"),
        "review_comment",
        ["review_item_id", "at_s"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("review_comment")
    op.drop_table("symmetry_result")
    op.drop_table("review_item")
    op.drop_table("motion_result")
    op.drop_table("movement_assessment")
    op.drop_table("keypoints")
    op.drop_table("recording")
    op.drop_table("prom_score")
    op.drop_table("prom_response")
