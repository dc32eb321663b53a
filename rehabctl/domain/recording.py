"""Recordings, the keypoints made from them, and the assessments as they are stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from rehabctl.domain.facts import Extreme
from rehabctl.domain.patient import PatientRef


class RecordingKind(StrEnum):
    """What was recorded."""

    VIDEO = "video"
    IMU = "imu"
    KEYPOINTS = "keypoints"
    """Keypoints of another program, without the video."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording. The bytes lie in the blob store under `sha256`, when they were kept."""

    id: UUID
    patient: PatientRef
    kind: RecordingKind
    sha256: str
    """Of the plain bytes."""
    byte_count: int
    recorded_at: datetime
    exercise: str
    """Slug."""
    duration_s: float | None = None
    session_id: UUID | None = None
    device: str | None = None
    """Serial number of a sensor, or the camera's name."""
    stored: bool = False
    """Whether the bytes are in the blob store."""
    keep_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeypointsFile:
    """Keypoints of one recording by one model with one set of options."""

    id: UUID
    patient: PatientRef
    recording_id: UUID
    model_name: str
    model_sha256: str
    options_sha256: str
    blob_sha256: str
    frame_count: int


@dataclass(frozen=True, slots=True)
class MotionResult:
    """One motion of one side in one assessment: what trends are made of."""

    motion: str
    side: str
    peak_deg: float | None
    """The best repetition's peak; for a motion that does not drive the count, its extreme."""
    uncertainty_deg: float | None
    """Half-width of the 90 % interval around the peak."""
    interval_deg: tuple[float, float] | None = None
    """The 90 % interval around the peak."""
    extreme: Extreme = Extreme.MAX
    """Which end of the motion the peak is."""
    min_deg: float | None = None
    max_deg: float | None = None
    rom_deg: float | None = None
    driving: bool = False
    """Whether repetitions were counted by this motion."""


@dataclass(frozen=True, slots=True)
class SymmetryPair:
    """Left against right in one assessment."""

    measure: str
    motion: str
    left: float
    right: float
    detectable: bool
    """False within the method's own left-right noise."""
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class StoredAssessment:
    """A movement assessment with its provenance. The four hashes are its idempotency key."""

    id: UUID
    patient: PatientRef
    exercise: str
    exercise_version: int
    measured_at: datetime
    """When the movement was recorded."""
    status: str
    """good, limited or refused."""
    confidence: float
    full_count: int
    partial_count: int
    instrument: str
    """camera or imu."""
    input_sha256: str
    model_sha256: str
    parameters_sha256: str
    algorithm_version: str
    result: dict[str, Any]
    """The contract's JSON of the assessment."""
    motions: tuple[MotionResult, ...] = ()
    symmetry: tuple[SymmetryPair, ...] = ()
    model_name: str | None = None
    recording_id: UUID | None = None
    keypoints_id: UUID | None = None
    prescription_id: UUID | None = None
    session_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class MotionPoint:
    """One point of a trend, with what made it."""

    assessment_id: UUID
    at: datetime
    exercise: str
    status: str
    motion: str
    side: str
    peak_deg: float | None
    uncertainty_deg: float | None
    extreme: Extreme
    driving: bool
    method: str
    """Instrument, model and algorithm version; points of different methods are not one trend."""
