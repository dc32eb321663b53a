"""The raw events of one patient, from which alerts, trends and the worklist are computed.

Nothing here is a conclusion. Every event says when it happened (`at`) and when the clinic came to
know of it (`recorded_at`: a device may upload a session days later). Times are aware UTC; plain
dates are days in the clinic's time zone. Tuples may come in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar


class Extreme(StrEnum):
    """Which end of a motion was measured: the better direction follows from it."""

    MAX = "max"
    """The largest angle; more is better."""
    MIN = "min"
    """The smallest angle of a motion towards extension; less is better."""


class ExerciseRecord(NamedTuple):
    """One exercise of a session."""

    exercise: str
    skipped: bool = False
    repetitions: tuple[int, ...] = ()
    """Repetitions of each set."""
    pain: float | None = None
    """Pain during the exercise, 0-10."""
    form_score: float | None = None
    """0-100, where an instrument measured it."""


class SessionFact(NamedTuple):
    """One exercise session that was started. Pain is rated 0-10."""

    id: str
    at: datetime
    recorded_at: datetime
    completed: bool
    exercises: tuple[ExerciseRecord, ...] = ()
    pain_before: float | None = None
    pain_during: float | None = None
    pain_after: float | None = None
    difficulty: int | None = None

    @property
    def pain(self) -> float | None:
        """The rating that stands for the session: after it, else during, else before."""
        if self.pain_after is not None:
            return self.pain_after
        return self.pain_before if self.pain_during is None else self.pain_during

    @property
    def worst_pain(self) -> float | None:
        """The highest rating of the session."""
        ratings = (self.pain_before, self.pain_during, self.pain_after)
        return max((r for r in ratings if r is not None), default=None)


class JournalEntry(NamedTuple):
    """One daily journal entry."""

    id: str
    at: datetime
    recorded_at: datetime
    pain: float | None = None
    red_flags: tuple[str, ...] = ()
    """Codes of the red-flag questions that were answered with yes."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One extreme of one motion, by whichever instrument."""

    id: str
    at: datetime
    recorded_at: datetime
    exercise: str | None
    motion: str
    """In the contract's vocabulary, for example `knee_flexion`."""
    side: str
    """left, right or both."""
    value_deg: float
    uncertainty_deg: float | None
    """Half-width of the 90 % interval."""
    method: str
    """Instrument, model version and correction version: values of two methods never join."""
    extreme: Extreme = Extreme.MAX
    full_count: int = 0
    partial_count: int = 0
    status: str = "good"
    """good or limited: a refused measurement has no value."""


@dataclass(frozen=True, slots=True)
class SymmetryResult:
    """Left against right in one test."""

    id: str
    at: datetime
    recorded_at: datetime
    measure: str
    """For example `rom` or `hop_distance`."""
    motion: str
    left: float
    right: float
    method: str
    higher_is_better: bool = True
    detectable: bool = True
    """False within the method's own left-right noise."""


@dataclass(frozen=True, slots=True)
class ScoreFact:
    """One score of one questionnaire scale, higher or lower being better."""

    id: str
    at: datetime
    recorded_at: datetime
    instrument: str
    scale: str
    score: float
    higher_is_better: bool
    important_change: float | None = None
    """The larger of the minimal detectable and the minimal important change, where known."""
    side: str | None = None
    """Scores of two sides never join."""
    rule_version: str = ""
    """Of the scoring: scores of two rules never join."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One measured recording and whether a clinician has looked at it."""

    id: str
    at: datetime
    recorded_at: datetime
    exercise: str
    full_count: int
    partial_count: int
    peak_deg: float | None
    interval_deg: tuple[float, float] | None
    confidence: float
    status: str
    """good, limited or refused."""
    reviewed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """A measurable goal. `measure` is a motion, `pain`, or `<instrument>:<scale>`."""

    id: str
    set_at: datetime
    measure: str
    baseline: float
    target: float
    side: str | None = None
    unit: str = ""

    @property
    def higher_is_better(self) -> bool:
        """Whether the goal lies above the value it started from."""
        return self.target > self.baseline


@dataclass(frozen=True, slots=True)
class ScoreDue:
    """A planned questionnaire. Without a window it is due until the plan changes."""

    instrument: str
    due_on: date
    opens_on: date | None = None
    """An answer counts from here on."""
    closes_on: date | None = None
    """Last day of the window; later answers are late."""
    superseded_on: date | None = None
    """From here on it is no longer asked for."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Days on which the programme stood still, both inclusive; None has not ended."""

    from_day: date
    to_day: date | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """One course of care."""

    started_on: date
    ended_on: date | None = None
    condition: str | None = None
    """Key of the recovery curves and surgical rules, for example `TKR`."""
    surgery_on: date | None = None
    side: str | None = None
    """The involved side: left or right."""
    pathway: str | None = None
    """Chosen schedule of questionnaires; None is the condition's own."""

    def weeks_post_op(self, on: date) -> int | None:
        """Return completed weeks since surgery; None before it or without one."""
        if self.surgery_on is None or on < self.surgery_on:
            return None
        return (on - self.surgery_on).days // 7


@dataclass(frozen=True, slots=True)
class PlanOfCare:
    """The dates that a plan of care runs by."""

    ends_on: date | None
    treatment_days: tuple[date, ...] = ()
    last_progress_report_on: date | None = None


@dataclass(frozen=True, slots=True)
class StepsFact:
    """Steps of one day, as one source told them at one moment; the newest of a day counts."""

    id: str
    day: date
    """In the patient's time zone."""
    recorded_at: datetime
    source: str
    """Values of two sources never join."""
    steps: float
    hours: int | None
    """Hours of the day with a record; None: not told."""
    is_whole: bool
    """Whether the day had ended and was read whole."""


class AlertSeverity(StrEnum):
    """How urgent an alert is, least first."""

    INFO = "info"
    MEDIUM = "medium"
    HIGH = "high"
    RED_FLAG = "red_flag"

    @property
    def rank(self) -> int:
        """1 (info) to 4 (red flag)."""
        return _SEVERITY_RANK[self]


_SEVERITY_RANK = {severity: n for n, severity in enumerate(AlertSeverity, start=1)}


class AlertStatus(StrEnum):
    """Where an alert stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    """A person has dealt with it: off the worklist until a new fact goes further."""
    SNOOZED = "snoozed"
    CLOSED = "closed"
    """Its rule was not met for long enough. Only time and facts close an alert."""


@dataclass(frozen=True, slots=True)
class AlertState:
    """One stored alert. (`code`, `key`, `opened_at`) identifies it within its patient."""

    code: str
    key: str
    """What it is about beside the code: a motion and side, an exercise, a question; or empty."""
    opened_at: datetime
    """Time of the fact that made it true."""
    status: AlertStatus
    severity: AlertSeverity
    group: str
    """clinical, engagement, progress or task."""
    text: str
    rule_version: str
    level: float
    """How far the facts go, in the rule's unit; more is worse."""
    known_at: datetime
    """When the clinic came to know of the newest fact behind it."""
    close_after_days: int | None
    """Days without the condition until it closes by itself; None: only a person closes it."""
    reopens_on: str
    """`new`: on any new fact that meets the rule; `worse`: on one that goes further than seen."""
    unreviewed_since: datetime
    """Time of the oldest fact that nobody has acknowledged."""
    unmet_since: datetime | None = None
    """Since when the condition has not been met; None while it is."""
    handled_at: datetime | None = None
    """When a person last acknowledged or snoozed it."""
    handled_level: float | None = None
    handled_severity: AlertSeverity | None = None
    handled_by: str | None = None
    snoozed_until: datetime | None = None
    assigned_to: str | None = None
    closed_at: datetime | None = None


class AlertActionKind(StrEnum):
    """What a person does with an alert."""

    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    ASSIGN = "assign"
    UNDO = "undo"
    """Takes back the newest action on the same alerts that still stands."""


@dataclass(frozen=True, slots=True)
class AlertAction:
    """What a person did with the alerts of one code and key."""

    at: datetime
    kind: AlertActionKind
    code: str
    key: str
    by: str
    until: datetime | None = None
    """End of a snooze."""
    assignee: str | None = None


class _Recorded(Protocol):
    @property
    def recorded_at(self) -> datetime: ...


R = TypeVar("R", bound=_Recorded)


def _known(events: tuple[R, ...], moment: datetime) -> tuple[R, ...]:
    return tuple(event for event in events if event.recorded_at <= moment)


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """Everything that is known of one patient at one moment."""

    patient_id: str
    time_zone: str
    """IANA zone of the clinic, by which days are counted."""
    known_since: datetime | None = None
    """When the clinic entered the patient; None: with the first event."""
    episode: Episode | None = None
    sessions: tuple[SessionFact, ...] = ()
    due_on: tuple[date, ...] = ()
    """Days with a scheduled session, past and future; a day with two sessions stands twice."""
    holds: tuple[Hold, ...] = ()
    opened_at: tuple[datetime, ...] = ()
    """When the patient opened the programme on a device."""
    journal: tuple[JournalEntry, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    symmetry: tuple[SymmetryResult, ...] = ()
    scores: tuple[ScoreFact, ...] = ()
    scores_due: tuple[ScoreDue, ...] = ()
    goals: tuple[Goal, ...] = ()
    reviews: tuple[ReviewItem, ...] = ()
    plan_of_care: PlanOfCare | None = None
    alert_actions: tuple[AlertAction, ...] = ()
    steps: tuple[StepsFact, ...] = ()

    def known_at(self, moment: datetime) -> PatientFacts:
        """Return what the clinic knew at an earlier moment.

        Plans (schedule, episode, plan of care) are taken as they are now: rules judge only those
        of their days that have passed.
        """
        reviews = tuple(
            replace(r, reviewed_at=None) if r.reviewed_at and r.reviewed_at > moment else r
            for r in _known(self.reviews, moment)
        )
        return replace(
            self,
            sessions=_known(self.sessions, moment),
            opened_at=tuple(at for at in self.opened_at if at <= moment),
            journal=_known(self.journal, moment),
            measurements=_known(self.measurements, moment),
            symmetry=_known(self.symmetry, moment),
            scores=_known(self.scores, moment),
            goals=tuple(goal for goal in self.goals if goal.set_at <= moment),
            reviews=reviews,
            alert_actions=tuple(a for a in self.alert_actions if a.at <= moment),
            steps=_known(self.steps, moment),
        )

    def recorded_moments(self, after: datetime | None = None) -> tuple[datetime, ...]:
        """Return the distinct moments at which something became known, oldest first.

        Parameters
        ----------
        after
            Leaves out moments up to this one.
        """
        moments = {goal.set_at for goal in self.goals} | set(self.opened_at)
        if self.known_since is not None:
            moments.add(self.known_since)
        moments.update(action.at for action in self.alert_actions)
        moments.update(r.reviewed_at for r in self.reviews if r.reviewed_at)
        for events in (
            self.sessions,
            self.journal,
            self.measurements,
            self.symmetry,
            self.scores,
            self.reviews,
            self.steps,
        ):
            moments.update(event.recorded_at for event in events)
        return tuple(sorted(m for m in moments if after is None or m > after))
