"""Recordings, keypoints, movement assessments and the review queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from rehabctl.domain.facts import Extreme
from rehabctl.domain.recording import RecordingKind
from rehabctl.domain.review import RepetitionLabel as Label
from rehabctl.domain.review import ReviewDecision
from rehabctl.domain.review_item import ReviewState
from rehabctl.store.column_types import ByteOrderedText, Document, UtcDateTime
from rehabctl.store.tables.base import (
    PatientOwned,
    between,
    one_of,
    patient_owned,
    same_clinic,
    same_patient,
)


class Recording(PatientOwned, table=True):
    """One recording; its bytes lie in the blob store."""

    __table_args__ = patient_owned(
        same_patient("session_id", "exercise_session"),
        UniqueConstraint("patient_id", "sha256"),
        one_of("kind", RecordingKind),
        CheckConstraint("byte_count >= 0", name="byte_count"),
        Index(None, "keep_until"),
    )

    session_id: UUID | None = None
    kind: str
    sha256: str
    byte_count: int
    duration_s: float | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    exercise: str
    device: str | None = None
    stored: bool
    keep_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Keypoints(PatientOwned, table=True):
    """Keypoints of one recording by one model with one set of options."""

    __table_args__ = patient_owned(
        same_patient("recording_id", "recording"),
        UniqueConstraint("recording_id", "model_sha256", "options_sha256"),
        CheckConstraint("frame_count >= 0", name="frame_count"),
        Index(None, "patient_id"),
    )

    recording_id: UUID
    model_name: str
    model_sha256: str
    options_sha256: str
    blob_sha256: str
    frame_count: int


class MovementAssessment(PatientOwned, table=True):
    """What was measured on one recording, with its provenance."""

    __table_args__ = patient_owned(
        same_patient("recording_id", "recording"),
        same_patient("keypoints_id", "keypoints"),
        same_patient("prescription_id", "prescription"),
        same_patient("session_id", "exercise_session"),
        UniqueConstraint(
            "patient_id",
            "input_sha256",
            "model_sha256",
            "parameters_sha256",
            "algorithm_version",
            name="uq_movement_assessment_input",
        ),
        one_of("status", ("good", "limited", "refused")),
        one_of("instrument", ("camera", "imu")),
        between("confidence", 0, 1),
        CheckConstraint("full_count >= 0 AND partial_count >= 0", name="counts"),
        Index(None, "patient_id", "measured_at"),
    )

    recording_id: UUID | None = None
    keypoints_id: UUID | None = None
    prescription_id: UUID | None = None
    session_id: UUID | None = None
    exercise: str
    exercise_version: int
    measured_at: datetime = Field(sa_type=UtcDateTime)
    instrument: str
    status: str
    confidence: float
    full_count: int
    partial_count: int
    input_sha256: str
    model_name: str | None = None
    model_sha256: str
    parameters_sha256: str
    algorithm_version: str
    result: dict[str, Any] = Field(sa_type=Document)


class MotionResult(PatientOwned, table=True):
    """One motion of one side in one assessment, as trends read it."""

    __table_args__ = patient_owned(
        same_patient("assessment_id", "movement_assessment"),
        UniqueConstraint("assessment_id", "motion", "side"),
        one_of("extreme", Extreme),
        Index(None, "patient_id", "motion", "side", "measured_at"),
        identity=False,
    )

    assessment_id: UUID
    measured_at: datetime = Field(sa_type=UtcDateTime)
    motion: str = Field(sa_type=ByteOrderedText)
    side: str = Field(sa_type=ByteOrderedText)
    peak_deg: float | None = None
    uncertainty_deg: float | None = None
    interval_low_deg: float | None = None
    interval_high_deg: float | None = None
    extreme: str
    min_deg: float | None = None
    max_deg: float | None = None
    rom_deg: float | None = None
    driving: bool


class SymmetryResult(PatientOwned, table=True):
    """Left against right in one assessment."""

    __table_args__ = patient_owned(
        same_patient("assessment_id", "movement_assessment"),
        UniqueConstraint("assessment_id", "measure", "motion"),
        Index(None, "patient_id", "measured_at"),
        identity=False,
    )

    assessment_id: UUID
    measured_at: datetime = Field(sa_type=UtcDateTime)
    measure: str = Field(sa_type=ByteOrderedText)
    motion: str = Field(sa_type=ByteOrderedText)
    left: float
    right: float
    detectable: bool
    higher_is_better: bool


class ReviewItem(PatientOwned, table=True):
    """One assessment that waits for a clinician, or that she has looked at."""

    __table_args__ = patient_owned(
        same_patient("assessment_id", "movement_assessment"),
        same_clinic("decided_by", "user_account"),
        UniqueConstraint("assessment_id"),
        one_of("state", ReviewState),
        one_of("decision", ReviewDecision),
        Index(None, "therapist_id", "state", "confidence"),
        Index(None, "patient_id", "state"),
    )

    assessment_id: UUID
    confidence: float
    queued_at: datetime = Field(sa_type=UtcDateTime)
    reasons: list[str] = Field(sa_type=Document)
    state: str
    decision: str | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    comment: str | None = None


class ReviewComment(PatientOwned, table=True):
    """A remark at one moment of a recording."""

    __table_args__ = patient_owned(
        same_patient("review_item_id", "review_item"),
        same_clinic("author_id", "user_account"),
        Index(None, "review_item_id", "at_s"),
        Index(None, "patient_id"),
        identity=False,
    )

    review_item_id: UUID
    author_id: UUID
    at_s: float
    body: str
    marks: list[dict[str, Any]] = Field(sa_type=Document)
    """Joint, angle or free marks drawn on the frame."""


class RepetitionLabel(PatientOwned, table=True):
    """One repetition of an assessment as a clinician saw it."""

    __table_args__ = patient_owned(
        same_patient("assessment_id", "movement_assessment"),
        same_clinic("labelled_by", "user_account"),
        UniqueConstraint("assessment_id", "repetition"),
        one_of("label", Label),
        CheckConstraint("repetition >= 1", name="repetition"),
        Index(None, "patient_id"),
        identity=False,
    )

    assessment_id: UUID
    repetition: int
    label: str
    labelled_by: UUID
    labelled_at: datetime = Field(sa_type=UtcDateTime)
