"""One patient's events as the rules read them on one day: sorted, in local days, plans applied."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import NamedTuple, Protocol, TypeVar
from zoneinfo import ZoneInfo

from rehabctl.clinic.local_days import day_number, day_start, next_crossing
from rehabctl.clinic.schedule_matching import match_schedule, missed_run
from rehabctl.domain.facts import (
    Episode,
    Extreme,
    Hold,
    JournalEntry,
    Measurement,
    PatientFacts,
    ScoreFact,
    SessionFact,
    StepsFact,
    SymmetryResult,
)
from rehabctl.reference.rules import RuleSet, RuleTable

_OLDEST_FIRST = attrgetter("at", "id")


class SeriesKey(NamedTuple):
    """What makes measurements comparable."""

    motion: str
    side: str
    extreme: Extreme
    method: str

    @property
    def subject(self) -> str:
        """What was measured, whichever the method: the key of alerts about it."""
        return f"{self.motion}:{self.side}:{self.extreme.value}"

    @property
    def label(self) -> str:
        """Motion and side in words: `Knee flexion left`."""
        side = "" if self.side == "both" else f" {self.side}"
        return f"{self.motion.replace('_', ' ').capitalize()}{side}"


class MotionSeries(NamedTuple):
    """Comparable measurements, oldest first, with their local days."""

    key: SeriesKey
    values: tuple[Measurement, ...]
    days: tuple[int, ...]


class StepSeries(NamedTuple):
    """Steps by one source, oldest first, with their days; one value a day."""

    source: str
    values: tuple[StepsFact, ...]
    days: tuple[int, ...]


class Rating(NamedTuple):
    """One pain rating, 0-10."""

    at: datetime
    id: str
    value: float


class _Event(Protocol):
    @property
    def at(self) -> datetime: ...
    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=_Event)


@dataclass(frozen=True, slots=True)
class PatientView:
    """A patient on one local day. Events of later days are left out (a device's clock may run on).

    Nothing here depends on the time of day, only on `today`.
    """

    facts: PatientFacts
    rules: RuleSet
    zone: ZoneInfo
    today: int
    """Number of the local day (proleptic Gregorian ordinal)."""
    sessions: tuple[SessionFact, ...]
    session_days: tuple[int, ...]
    done_days: tuple[int, ...]
    """Days of completed sessions, with repeats."""
    journal: tuple[JournalEntry, ...]
    journal_days: tuple[int, ...]
    series: tuple[MotionSeries, ...]
    scores: tuple[ScoreFact, ...]
    score_days: tuple[int, ...]
    symmetry: tuple[SymmetryResult, ...]
    symmetry_days: tuple[int, ...]
    steps: tuple[StepSeries, ...]
    due: tuple[int, ...]
    """Days of scheduled sessions, past and future, without those on hold or outside the episode."""
    matched: tuple[bool, ...]
    """For each of `due`: done in time."""
    missed: tuple[int, ...]
    """Due days missed in a row up to now."""
    grace_days: int
    later_day: int | None
    """The first day after today on which an event is recorded."""

    @classmethod
    def of(cls, facts: PatientFacts, as_of: datetime, rules: RuleTable) -> PatientView:
        """Look at a patient's facts as of a moment, under the rules in force on that day.

        Raises
        ------
        RehabctlError
            A rule has no row for that day.
        """
        zone = ZoneInfo(facts.time_zone)
        local = as_of.astimezone(zone)
        today = local.toordinal()
        in_force = rules.in_force(local.date())
        later: list[int] = []
        sessions, session_days = _sorted(facts.sessions, zone, today, later)
        journal, journal_days = _sorted(facts.journal, zone, today, later)
        series = _series(facts.measurements, zone, today, later)
        done = tuple(day for s, day in zip(sessions, session_days, strict=True) if s.completed)
        grace = in_force["ADHERENCE"].days("grace_days")
        due = _planned(facts.due_on, facts.holds, facts.episode)
        matched = tuple(match_schedule(due, done, grace))
        scores, score_days = _sorted(facts.scores, zone, today, later)
        symmetry, symmetry_days = _sorted(facts.symmetry, zone, today, later)
        steps = _step_series(facts.steps, today, later)
        return cls(
            facts=facts,
            rules=in_force,
            zone=zone,
            today=today,
            sessions=sessions,
            session_days=session_days,
            done_days=done,
            journal=journal,
            journal_days=journal_days,
            series=series,
            scores=scores,
            score_days=score_days,
            symmetry=symmetry,
            symmetry_days=symmetry_days,
            steps=steps,
            due=due,
            matched=matched,
            missed=missed_run(due, matched, today, grace),
            grace_days=grace,
            later_day=min(later, default=None),
        )

    def start_of(self, day: int) -> datetime:
        """Return the first moment of a local day in UTC."""
        return day_start(day, self.zone)

    def day_of(self, moment: datetime) -> int:
        """Return the local day of a moment."""
        return day_number(moment, self.zone)

    def next_crossing(self, days: Sequence[int], ages: Iterable[int]) -> int | None:
        """Return the next day on which an event reaches one of the ages."""
        return next_crossing(days, ages, self.today)

    @property
    def episode_first_day(self) -> int | None:
        """First day of the episode."""
        return self.facts.episode and self.facts.episode.started_on.toordinal()

    @property
    def days_since_surgery(self) -> int | None:
        """Days since surgery; None before it or without one."""
        episode = self.facts.episode
        if episode is None or episode.surgery_on is None:
            return None
        days = self.today - episode.surgery_on.toordinal()
        return days if days >= 0 else None

    @property
    def ended(self) -> bool:
        """Whether the episode is over."""
        episode = self.facts.episode
        return (
            episode is not None
            and episode.ended_on is not None
            and self.today > episode.ended_on.toordinal()
        )

    @property
    def held(self) -> bool:
        """Whether the programme stands still today."""
        return any(_held(hold, self.today) for hold in self.facts.holds)

    @property
    def next_settled_day(self) -> int | None:
        """The next day on which a scheduled session counts as missed if nothing is recorded."""
        settled = self.grace_days + 1
        position = bisect_right(self.due, self.today - settled)
        open_days = (
            day + settled
            for day, done in zip(self.due[position:], self.matched[position:], strict=True)
            if not done
        )
        return next(open_days, None)

    def completion(self, days: int) -> tuple[int, int]:
        """Return (done, scheduled) of the last days."""
        return self.completion_between(self.today - days + 1, self.today)

    def completion_between(self, first: int, last: int) -> tuple[int, int]:
        """Return (done, scheduled) of scheduled sessions between two days, both inclusive.

        A session of today or with an open grace day counts as scheduled only once it is done.
        """
        done = scheduled = 0
        for day, matched in zip(self.due, self.matched, strict=True):
            if first <= day <= last:
                done += matched
                scheduled += matched or day + self.grace_days < self.today
        return done, scheduled

    def ratings(self, limit: int) -> list[Rating]:
        """Return the newest pain ratings of sessions and journal, oldest first."""
        found: list[Rating] = []
        for events in (self.sessions, self.journal):
            taken = 0
            for event in reversed(events):
                if (value := event.pain) is not None:
                    found.append(Rating(event.at, event.id, value))
                    taken += 1
                    if taken == limit:
                        break
        found.sort()
        return found[-limit:]

    def plan_moments(self) -> list[int]:
        """Return the coming days on which a plan starts, ends or pauses, or a rule changes."""
        facts, days = self.facts, list[int]()
        for hold in facts.holds:
            days.append(hold.from_day.toordinal())
            if hold.to_day is not None:
                days.append(hold.to_day.toordinal() + 1)
        if (episode := facts.episode) is not None:
            days.append(episode.started_on.toordinal())
            if episode.ended_on is not None:
                days.append(episode.ended_on.toordinal() + 1)
        if self.rules.valid_until is not None:
            days.append(self.rules.valid_until.toordinal())
        if self.later_day is not None:
            days.append(self.later_day)
        return [day for day in days if day > self.today]


def _sorted(
    events: Sequence[E], zone: ZoneInfo, today: int, later: list[int]
) -> tuple[tuple[E, ...], tuple[int, ...]]:
    """Return events up to today with their days; the next one goes to `later`."""
    ordered = sorted(events, key=_OLDEST_FIRST)
    days = [event.at.astimezone(zone).toordinal() for event in ordered]
    while days and days[-1] > today:
        later.append(days.pop())
        ordered.pop()
    return tuple(ordered), tuple(days)


def _series(
    measurements: Sequence[Measurement], zone: ZoneInfo, today: int, later: list[int]
) -> tuple[MotionSeries, ...]:
    groups: dict[SeriesKey, tuple[list[Measurement], list[int]]] = {}
    ordered, days = _sorted(measurements, zone, today, later)
    for measurement, day in zip(ordered, days, strict=True):
        key = SeriesKey(
            measurement.motion, measurement.side, measurement.extreme, measurement.method
        )
        group = groups.get(key)
        if group is None:
            group = groups[key] = ([], [])
        group[0].append(measurement)
        group[1].append(day)
    return tuple(
        MotionSeries(key, tuple(values), tuple(days))
        for key, (values, days) in sorted(groups.items())
    )


def _step_series(
    steps: Sequence[StepsFact], today: int, later: list[int]
) -> tuple[StepSeries, ...]:
    newest: dict[tuple[str, int], StepsFact] = {}
    for fact in sorted(steps, key=attrgetter("recorded_at", "id")):
        newest[fact.source, fact.day.toordinal()] = fact
    later += [day for _, day in newest if day > today]
    groups: dict[str, list[tuple[int, StepsFact]]] = {}
    for (source, day), fact in sorted(newest.items(), key=lambda item: item[0]):
        if day <= today:
            groups.setdefault(source, []).append((day, fact))
    return tuple(
        StepSeries(source, tuple(f for _, f in found), tuple(day for day, _ in found))
        for source, found in groups.items()
    )


def _held(hold: Hold, day: int) -> bool:
    if day < hold.from_day.toordinal():
        return False
    return hold.to_day is None or day <= hold.to_day.toordinal()


def _planned(
    due_on: Sequence[date], holds: Sequence[Hold], episode: Episode | None
) -> tuple[int, ...]:
    due = sorted(day.toordinal() for day in due_on)
    if episode is not None:
        first = episode.started_on.toordinal()
        last = date.max.toordinal() if episode.ended_on is None else episode.ended_on.toordinal()
        due = [day for day in due if first <= day <= last]
    for hold in holds:
        due = [day for day in due if not _held(hold, day)]
    return tuple(due)
