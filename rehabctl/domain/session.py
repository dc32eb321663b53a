"""What patients do between visits: exercise sessions and the daily journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import PatientRef


class SessionSource(StrEnum):
    """Where a session was logged."""

    PATIENT_DEVICE = "patient_device"
    CLINIC = "clinic"
    RECORDING = "recording"
    """Known only from an analysed recording."""
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """One exercise of a session, done or skipped."""

    exercise: str
    """Slug."""
    done: bool
    prescription_id: UUID | None = None
    skip_reason: str | None = None
    reps_per_set: tuple[int, ...] = ()
    hold_s: float | None = None
    duration_s: float | None = None
    pain_before: float | None = None
    """0-10."""
    pain_after: float | None = None
    difficulty: int | None = None
    """0-10."""
    form_score: float | None = None
    """0-100."""
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class ExerciseSession:
    """One exercise session with its exercises, in the order in which they were done."""

    id: UUID
    patient: PatientRef
    source: SessionSource
    external_id: str
    """The device's own identifier; the same upload twice is one session."""
    entered_by: str
    """Who acted: `patient`, a caregiver's or a user's name for the record."""
    started_at: datetime
    programme_id: UUID | None = None
    scheduled_on: date | None = None
    completed_at: datetime | None = None
    pain_before: float | None = None
    pain_during: float | None = None
    pain_after: float | None = None
    difficulty: int | None = None
    notes: str | None = None
    entries: tuple[SessionEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """The patient's daily check-in."""

    id: UUID
    patient: PatientRef
    external_id: str
    day: date
    recorded_at: datetime
    entered_by: str
    pain: float | None = None
    sleep_quality: int | None = None
    """0-10, 10 is best."""
    symptoms: str | None = None
    red_flags: tuple[str, ...] = ()
    """Codes of the red-flag questions answered with yes."""
