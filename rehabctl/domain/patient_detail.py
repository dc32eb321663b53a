"""What the patient screen and `patient show` read: one patient with trends and assessments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from rehabctl.domain.triage import Reason, WorklistRow


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One measurement of a trend."""

    at: datetime
    value: float
    uncertainty: float | None
    method: str
    """Instrument and model version; points of different methods are never joined unmarked."""


@dataclass(frozen=True, slots=True)
class ReferenceBand:
    """What published cohorts reached over the time of a trend, along calendar time."""

    limits: tuple[tuple[datetime, float, float], ...]
    """Time, lower and upper end."""
    source: str
    """Whom it was measured on, by cohort."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A measured series, oldest first."""

    measure: str
    """For example `knee_flexion`, or `pain`."""
    side: str | None
    unit: str
    points: tuple[TrendPoint, ...]
    target: float | None
    higher_is_better: bool
    note: str = ""
    """What the change since the first result of the same method amounts to, with its source."""
    important_at: float | None = None
    """The value at which that change is the smallest that patients value (MCID)."""
    band: ReferenceBand | None = None


@dataclass(frozen=True, slots=True)
class AssessmentSummary:
    """One stored movement assessment in a line."""

    id: str
    at: datetime
    exercise: str
    status: str
    """good, limited or refused."""
    confidence: float
    full: int
    partial: int
    side: str | None
    best_peak_deg: float | None
    interval_deg: tuple[float, float] | None
    compensations: tuple[str, ...]
    feedback: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EpisodeSummary:
    """The active course of care."""

    diagnosis: str | None
    side: str | None
    surgery_date: date | None
    weeks_post_op: int | None
    precautions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertSummary:
    """One open alert with its evidence."""

    id: str
    severity: str
    """info, medium, high or red_flag."""
    reason: Reason
    rule_version: str
    state: str
    """open, acknowledged, snoozed or closed."""


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One exercise session at home."""

    at: datetime
    completed: int
    planned: int
    pain_before: float | None
    pain_after: float | None
    difficulty: int | None
    notes: str | None


@dataclass(frozen=True, slots=True)
class ProgramLine:
    """One prescribed exercise of the running programme."""

    exercise: str
    name: str
    sets: int
    reps: int
    hold_s: float
    per_week: int
    target_deg: float | None
    approved: bool


@dataclass(frozen=True, slots=True)
class AppointmentSummary:
    """One booked contact."""

    at: datetime
    what: str
    status: str
    provider: str
    """Login."""


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """One message."""

    at: datetime
    author: str
    """patient, contact, or a login."""
    text: str
    is_unread: bool


@dataclass(frozen=True, slots=True)
class NoteSummary:
    """One note: short, or the clinical note of a visit."""

    at: datetime
    author: str
    """Login."""
    kind: str
    state: str | None
    """draft or signed; a short note has none."""
    text: str


@dataclass(frozen=True, slots=True)
class ConsentSummary:
    """One consent in force."""

    scope: str
    granted_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class PatientDetail:
    """Everything the patient screen shows."""

    row: WorklistRow
    birth_date: date | None
    sex: str | None
    state: str | None
    """Home state (two letters)."""
    phone: str | None
    email: str | None
    language: str | None
    time_zone: str | None
    episode: EpisodeSummary | None
    trends: tuple[Trend, ...]
    assessments: tuple[AssessmentSummary, ...]
    sessions: tuple[SessionSummary, ...]
    alerts: tuple[AlertSummary, ...]
    program: tuple[ProgramLine, ...]
    appointments: tuple[AppointmentSummary, ...]
    """Those to come by start, then those that were, newest first."""
    messages: tuple[MessageSummary, ...]
    """Newest first."""
    notes: tuple[NoteSummary, ...]
    """Newest first."""
    consents: tuple[ConsentSummary, ...]
    as_of: datetime
