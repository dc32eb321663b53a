"""What is prescribed: pinned exercises and protocols, programmes and their lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from rehabctl.domain.patient import PatientRef, Side


class ProgrammeStatus(StrEnum):
    """State of a programme."""

    ACTIVE = "active"
    HELD = "held"
    COMPLETED = "completed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class PinnedExercise:
    """One version of an exercise, kept as it was when it was prescribed."""

    id: UUID
    slug: str
    version: int
    name: str
    sha256: str
    """Of the canonical JSON of `content`."""
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PinnedProtocol:
    """One version of a protocol, kept as it was when it was assigned."""

    id: UUID
    slug: str
    version: int
    name: str
    sha256: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prescription:
    """One exercise of a programme with its dose."""

    id: UUID
    exercise_id: UUID
    """Of the pinned exercise."""
    exercise_slug: str
    exercise_version: int
    exercise_name: str
    position: int
    """Order in the programme, from 1."""
    sets: int
    reps: int
    hold_s: float
    rest_s: float
    per_week: int
    weekdays: tuple[int, ...] = ()
    """ISO weekdays (1 is Monday) of a fixed plan; empty means any `per_week` days."""
    side: Side | None = None
    target_deg: float | None = None
    """Replaces the exercise's own target."""
    started_on: date | None = None
    ended_on: date | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Programme:
    """A patient's exercise programme."""

    id: UUID
    patient: PatientRef
    started_on: date
    episode_id: UUID | None = None
    protocol_id: UUID | None = None
    phase: int | None = None
    status: ProgrammeStatus = ProgrammeStatus.ACTIVE
    held_reason: str | None = None
    ended_on: date | None = None
    notes: str | None = None
    revision: int = 1
    """Raised by every change, so that two people who edit at once get a conflict."""
    prescriptions: tuple[Prescription, ...] = ()
    created_at: datetime | None = None
    """Set by the store."""


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """What a clinician answered to one condition of a phase's gate. The newest answer counts."""

    phase: str
    """Key of the phase."""
    predicate: str
    """Canonical text of the condition."""
    met: bool
    answered_by: UUID
    """User of the clinic."""
    answered_at: datetime
    note: str | None = None
