"""Cohort reports: what is read of each course of care, and what is told of groups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class GroupBy(StrEnum):
    """By what a cohort is divided."""

    CONDITION = "condition"
    AGE = "age"
    SEX = "sex"
    PAYER = "payer"
    THERAPIST = "therapist"


class Stratum(StrEnum):
    """Where a patient started from on the instrument's scale: the risk stratum."""

    WORST_THIRD = "worst third"
    MIDDLE_THIRD = "middle third"
    BEST_THIRD = "best third"
    NO_BASELINE = "no baseline"


class Measure(StrEnum):
    """What a cohort report tells."""

    PATIENTS = "patients"
    CHANGE = "change"
    """Improvement from baseline to the last score, in points; more is better."""
    RESPONDERS = "responders"
    """Improved by at least the important change of the instrument."""
    ADHERENCE = "adherence"
    """Sessions done of sessions scheduled, at most all of them."""
    VISITS = "visits"
    COMPLETION = "completion"
    """Of closed courses of care: active to the end."""
    SATISFACTION = "satisfaction"
    """Answers after visits, 0 to 10, averaged within each patient first."""
    GOALS = "goals"
    """Goals met of goals set."""


SHARES = (Measure.RESPONDERS, Measure.COMPLETION)
"""Measures that count patients; the others are means."""


@dataclass(frozen=True, slots=True)
class CohortQuery:
    """Which courses of care, and by which instrument they are judged."""

    first: date
    """First day on which a course of care may have begun."""
    last: date
    instrument: str
    scale: str
    by: GroupBy = GroupBy.CONDITION
    condition: str | None = None
    payer: str | None = None


@dataclass(frozen=True, slots=True)
class CourseRow:
    """What the store holds of one course of care, before it is judged. Times are UTC days."""

    mrn: str
    condition: str | None
    age_years: int
    sex: str
    payer: str | None
    therapist: str
    started_on: date
    ended_on: date | None
    baseline: float | None
    latest: float | None
    higher_is_better: bool | None
    scheduled: int
    done: int
    visits: int
    last_active_on: date | None
    satisfaction: float | None
    goals: int
    goals_met: int


@dataclass(frozen=True, slots=True)
class CourseOutcome:
    """One course of care, reduced to what is told of groups. None: not known."""

    group: str
    stratum: Stratum
    improvement: float | None
    is_responder: bool | None
    adherence: float | None
    """0-1."""
    visits: int
    completed: bool | None
    satisfaction: float | None
    goals_met: float | None
    """0-1."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over the patients of one cell for whom a measure is known."""

    n: int
    hits: int = 0
    """Of measures that count patients."""
    total: float = 0.0
    squares: float = 0.0


CellKey = tuple[str | None, Stratum | None]
"""Group and stratum; (None, None) is everybody, (group, None) a group."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of a report."""

    measure: Measure
    n: int | None
    """Patients for whom it is known; None where hidden."""
    value: float | None
    """Mean, or percent of patients; None where hidden or nothing is known."""
    low: float | None = None
    """95 % interval."""
    high: float | None = None
    is_hidden: bool = False
    """Too few patients, or they would follow from the other cells."""


@dataclass(frozen=True, slots=True)
class CohortRow:
    """One line of a report."""

    group: str | None
    stratum: Stratum | None
    cells: tuple[Cell, ...]
