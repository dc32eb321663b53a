"""Pinned exercises and protocols, programmes, and what patients did."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from rehabctl.domain.patient import Side
from rehabctl.domain.programme import ProgrammeStatus
from rehabctl.domain.session import SessionSource
from rehabctl.store.column_types import ByteOrderedText, Document, UtcDateTime
from rehabctl.store.tables.base import (
    PatientOwned,
    Table,
    between,
    one_of,
    patient_owned,
    same_clinic,
    same_patient,
)


class _Pinned(Table):
    """One version of a library item, kept as it was when it was used."""

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    slug: str = Field(sa_type=ByteOrderedText)
    version: int
    name: str
    sha256: str
    content: dict[str, Any] = Field(sa_type=Document)
    created_at: datetime = Field(sa_type=UtcDateTime)


class Exercise(_Pinned, table=True):
    """One version of an exercise."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "slug", "version", "sha256"),
        UniqueConstraint("id", "clinic_id"),
    )


class Protocol(_Pinned, table=True):
    """One version of a protocol."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "slug", "version", "sha256"),
        UniqueConstraint("id", "clinic_id"),
    )


class Program(PatientOwned, table=True):
    """A patient's exercise programme."""

    __table_args__ = patient_owned(
        same_patient("episode_id", "episode"),
        same_clinic("protocol_id", "protocol"),
        one_of("status", ProgrammeStatus),
        CheckConstraint("revision >= 1", name="revision"),
        Index(None, "patient_id", "status"),
    )

    episode_id: UUID | None = None
    protocol_id: UUID | None = None
    phase: int | None = None
    status: str
    held_reason: str | None = None
    started_on: date
    ended_on: date | None = None
    notes: str | None = None
    revision: int


class Prescription(PatientOwned, table=True):
    """One exercise of a programme with its dose."""

    __table_args__ = patient_owned(
        same_patient("program_id", "program"),
        same_clinic("exercise_id", "exercise"),
        one_of("side", Side),
        between("sets", 1, 20),
        between("reps", 0, 200),
        between("hold_s", 0, 7200),
        between("rest_s", 0, 3600),
        between("per_week", 1, 70),
        Index(None, "program_id", "position"),
        Index(None, "patient_id"),
    )

    program_id: UUID
    exercise_id: UUID
    position: int
    sets: int
    reps: int
    hold_s: float
    rest_s: float
    per_week: int
    weekdays: list[int] = Field(sa_type=Document)
    side: str | None = None
    target_deg: float | None = None
    started_on: date | None = None
    ended_on: date | None = None
    notes: str | None = None


class ProgramHold(PatientOwned, table=True):
    """Days on which a programme stood still, both inclusive; no end means that it still does."""

    __table_args__ = patient_owned(
        same_patient("program_id", "program"),
        CheckConstraint("to_day >= from_day", name="order"),
        Index(None, "patient_id", "from_day"),
        identity=False,
    )

    program_id: UUID
    from_day: date
    to_day: date | None = None
    reason: str


class GateAnswer(PatientOwned, table=True):
    """What a clinician answered to a condition of a phase's gate; the newest one counts."""

    __table_args__ = patient_owned(
        same_patient("program_id", "program"),
        same_clinic("answered_by", "user_account"),
        Index(None, "program_id", "created_at"),
        Index(None, "patient_id"),
        identity=False,
    )

    program_id: UUID
    phase: str
    """Key of the phase."""
    predicate: str
    """Canonical text of the condition."""
    met: bool
    note: str | None = None
    answered_by: UUID


class ScheduledSession(PatientOwned, table=True):
    """A day on which a session was, or is, due. Days that have passed are never changed."""

    __table_args__ = patient_owned(
        same_patient("program_id", "program"),
        UniqueConstraint("program_id", "due_on", "ordinal"),
        Index(None, "patient_id", "due_on"),
        identity=False,
    )

    program_id: UUID
    due_on: date
    ordinal: int
    """1 for the first session of the day."""


class ProgramOpening(PatientOwned, table=True):
    """The patient opened the programme on a device."""

    __table_args__ = patient_owned(Index(None, "patient_id", "opened_at"), identity=False)

    opened_at: datetime = Field(sa_type=UtcDateTime)


class ExerciseSession(PatientOwned, table=True):
    """One exercise session."""

    __table_args__ = patient_owned(
        same_patient("program_id", "program"),
        UniqueConstraint("patient_id", "external_id"),
        one_of("source", SessionSource),
        between("pain_before", 0, 10),
        between("pain_during", 0, 10),
        between("pain_after", 0, 10),
        between("difficulty", 0, 10),
        CheckConstraint("completed_at >= started_at", name="order"),
        Index(None, "patient_id", "started_at"),
    )

    program_id: UUID | None = None
    source: str
    external_id: str
    entered_by: str
    scheduled_on: date | None = None
    started_at: datetime = Field(sa_type=UtcDateTime)
    completed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    pain_before: float | None = None
    pain_during: float | None = None
    pain_after: float | None = None
    difficulty: int | None = None
    notes: str | None = None


class SessionEntry(PatientOwned, table=True):
    """One exercise of a session, done or skipped."""

    __table_args__ = patient_owned(
        same_patient("session_id", "exercise_session"),
        same_patient("prescription_id", "prescription"),
        UniqueConstraint("session_id", "position"),
        Index(None, "patient_id"),
        between("pain_before", 0, 10),
        between("pain_after", 0, 10),
        between("difficulty", 0, 10),
        between("form_score", 0, 100),
        identity=False,
    )

    session_id: UUID
    position: int
    exercise: str
    done: bool
    prescription_id: UUID | None = None
    skip_reason: str | None = None
    reps_per_set: list[int] = Field(sa_type=Document)
    hold_s: float | None = None
    duration_s: float | None = None
    pain_before: float | None = None
    pain_after: float | None = None
    difficulty: int | None = None
    form_score: float | None = None
    notes: str | None = None


class JournalEntry(PatientOwned, table=True):
    """The patient's daily check-in."""

    __table_args__ = patient_owned(
        UniqueConstraint("patient_id", "external_id"),
        between("pain", 0, 10),
        between("sleep_quality", 0, 10),
        Index(None, "patient_id", "day"),
    )

    external_id: str
    day: date
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    entered_by: str
    pain: float | None = None
    sleep_quality: int | None = None
    symptoms: str | None = None
    red_flags: list[str] = Field(sa_type=Document)
