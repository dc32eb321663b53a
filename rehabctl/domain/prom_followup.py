"""What follows from scores over time: change thresholds, due dates, licence records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from rehabctl.domain.prom import Direction


class ThresholdKind(StrEnum):
    """What a threshold of change stands for."""

    MDC = "mdc"
    """Minimal detectable change: smaller ones may be measurement error."""
    MCID = "mcid"
    """Minimal clinically important difference: the smallest change that patients value."""
    SCB = "scb"
    """Substantial clinical benefit, as a payer asks for."""


class ThresholdUnit(StrEnum):
    """In what a threshold is given."""

    POINTS = "points"
    PERCENT_OF_BASELINE = "percent_of_baseline"


@dataclass(frozen=True, slots=True)
class ChangeThreshold:
    """One published threshold of change. An instrument has many, never one."""

    id: str
    instrument: str
    scale: str
    kind: ThresholdKind
    value: Fraction
    unit: ThresholdUnit
    published_range: tuple[Fraction, Fraction] | None
    """Lowest and highest published value."""
    baseline: tuple[Fraction, Fraction] | None
    """The first scores for which the row holds; None means all."""
    condition: str
    """`any`, or the patients it was found in."""
    timepoint: str
    method: str
    is_default: bool
    """Chosen without being asked for by id."""
    effective_from: date
    source: str
    grade: str


class ChangeLabel(StrEnum):
    """What a change from one score to the next amounts to."""

    NO_DETECTABLE_CHANGE = "no_detectable_change"
    DETECTABLE = "detectable"
    """Better by at least the minimal detectable change."""
    CLINICALLY_IMPORTANT = "clinically_important"
    """Better by at least the larger of minimal detectable and minimal important change."""
    WORSE = "worse"
    """Worse by at least the minimal detectable change."""
    NOT_RATED = "not_rated"
    """No threshold is recorded that could tell."""


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """A change between two scores of one scale, with the rows that it was judged by."""

    instrument: str
    scale: str
    before: float
    after: float
    change: float
    change_percent: float | None
    """Of the first score; None when that is 0."""
    direction: Direction
    improvement: float
    """The change with its sign turned so that positive is better."""
    label: ChangeLabel
    clinically_important: bool
    """At least the larger of MDC and MCID, in either direction."""
    text: str
    mdc: ChangeThreshold | None
    mcid: ChangeThreshold | None
    scb: ChangeThreshold | None
    substantial_benefit: bool | None
    """Better by at least `scb`; None when no such row was asked for."""


@dataclass(frozen=True, slots=True)
class DueDay:
    """One planned questionnaire, in days from the pathway's anchor."""

    due_day: int
    opens_day: int
    closes_day: int
    superseded_day: int
    """From here on an answer no longer counts: the next one has opened."""


@dataclass(frozen=True, slots=True)
class Series:
    """Instruments that are asked for together on planned days."""

    instruments: tuple[str, ...]
    purpose: str
    days: tuple[DueDay, ...]
    repeat_days: int | None
    """With an interval the series goes on until discharge; `days` then holds the first one."""
    reminder_days: tuple[int, ...]
    """Days after the due day on which a reminder is sent."""


@dataclass(frozen=True, slots=True)
class Pathway:
    """When which instruments are due in one course of care."""

    slug: str
    name: str
    anchor: str
    """What day 0 is: `surgery` or `episode_start`."""
    conditions: tuple[str, ...]
    """Episodes of these conditions follow it unless another one is chosen."""
    change_condition: str
    """The patients by whose thresholds of change scores are judged."""
    series: tuple[Series, ...]
    effective_from: date
    source: str
    grade: str


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One questionnaire with its dates."""

    pathway: str
    purpose: str
    instrument: str
    due_on: date
    opens_on: date
    closes_on: date
    reminders_on: tuple[date, ...]
    superseded_on: date
    """From here on an answer no longer counts for this one."""


class OccurrenceState(StrEnum):
    """Where a planned questionnaire stands."""

    UPCOMING = "upcoming"
    OPEN = "open"
    OVERDUE = "overdue"
    """The window has closed; a late answer still counts."""
    COMPLETED = "completed"
    MISSED = "missed"
    """Superseded, or care ended."""


@dataclass(frozen=True, slots=True)
class OccurrenceStatus:
    """An occurrence as of one day."""

    occurrence: Occurrence
    state: OccurrenceState
    completed_on: date | None
    late: bool
    """Completed after its window closed."""
    reminder_due: bool


@dataclass(frozen=True, slots=True)
class LicenceRecord:
    """What a clinic noted about its right to use an instrument's wording."""

    instrument: str
    holder: str
    """The clinic or organisation that the licence was given to."""
    reference: str
    valid_from: date
    expires_on: date | None
    """Last day of validity; None means that it does not end."""


@dataclass(frozen=True, slots=True)
class SendDecision:
    """Whether an instrument may be sent to a patient, and why."""

    allowed: bool
    code: str
    reason: str
    record: LicenceRecord | None
