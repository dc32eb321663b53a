"""Adherence: what was done of what was scheduled, over which weeks, at which time of day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rehabctl.clinic.patient_view import PatientView
from rehabctl.domain.facts import PatientFacts, SessionFact
from rehabctl.reference.rules import RuleTable


@dataclass(frozen=True, slots=True)
class WeekAdherence:
    """One programme week."""

    week: int
    """1 is the first week of the episode."""
    starts_on: date
    scheduled: int
    """Scheduled sessions whose grace day is over, or which were done."""
    completed: int
    """Those of the scheduled ones that were done."""
    sessions: int
    """All completed sessions, also those beyond the schedule."""

    @property
    def percent(self) -> float | None:
        """Share done; None where nothing was scheduled."""
        return percent(self.completed, self.scheduled)


@dataclass(frozen=True, slots=True)
class Adherence:
    """Adherence as of a day."""

    percent_7d: float | None
    percent_28d: float | None
    target_percent: float
    weeks: tuple[WeekAdherence, ...]
    missed_in_a_row: int
    first_missed_due: date | None
    sessions_per_week_slope: float | None
    """Change of sessions a week, per week, over the last full weeks; None with fewer than two."""
    time_of_day_resultant: float | None
    """1 always the same time, 0 any time; None with too few sessions."""
    skip_rate: float | None
    """Share of exercises skipped in the sessions of the last 7 days."""
    rule_versions: tuple[str, ...]


def percent(done: int, scheduled: int) -> float | None:
    """Return a share in percent, to one place; None of nothing."""
    return round(100.0 * done / scheduled, 1) if scheduled else None


def ols_slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the slope of the least-squares line; 0 where all x are equal."""
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((a - mean_x) ** 2 for a in x)
    if spread == 0:
        return 0.0
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread


def circular_resultant(minutes_of_day: Sequence[float]) -> float:
    """Return the length of the mean direction of times on a 24-hour clock, 0 to 1.

    23:30 and 00:30 lie an hour apart, which an ordinary variance would not see.
    """
    angles = [2 * math.pi * minutes / 1440 for minutes in minutes_of_day]
    n = len(angles)
    return math.hypot(sum(map(math.cos, angles)) / n, sum(map(math.sin, angles)) / n)


def skip_rate(sessions: Sequence[SessionFact]) -> float | None:
    """Return the share of exercises skipped within sessions; None without any."""
    skipped = [record.skipped for session in sessions for record in session.exercises]
    return sum(skipped) / len(skipped) if skipped else None


def minutes_of_day(view: PatientView, within_days: int) -> list[float]:
    """Return the local times of day of the completed sessions of the last days, in minutes."""
    local = (
        session.at.astimezone(view.zone)
        for session, day in zip(view.sessions, view.session_days, strict=True)
        if session.completed and 0 <= view.today - day < within_days
    )
    return [at.hour * 60 + at.minute + at.second / 60 for at in local]


def sessions_per_week(view: PatientView, weeks: int) -> list[int]:
    """Return completed sessions in each of the last weeks of seven days, oldest first.

    Weeks from before the start of the episode are left out.
    """
    first = view.episode_first_day
    counts: list[int] = []
    for back in range(weeks - 1, -1, -1):
        start = view.today - 7 * back - 6
        if first is None or start >= first:
            counts.append(sum(start <= day < start + 7 for day in view.done_days))
    return counts


def adherence(facts: PatientFacts, as_of: datetime, rules: RuleTable) -> Adherence:
    """Return everything that is told of a patient's adherence.

    Parameters
    ----------
    facts
        What is known of the patient at `as_of`.
    as_of
        The moment to look from.
    rules
        Grace, windows and target (`ADHERENCE`, `ENGAGEMENT_BANDS`).
    """
    view = PatientView.of(facts, as_of, rules)
    row, bands = view.rules["ADHERENCE"], view.rules["ENGAGEMENT_BANDS"]
    short, long = row.days("short_days"), row.days("long_days")
    counts = sessions_per_week(view, bands.days("slope_weeks"))
    times = minutes_of_day(view, bands.days("time_of_day_days"))
    recent = [
        session
        for session, day in zip(view.sessions, view.session_days, strict=True)
        if 0 <= view.today - day < bands.days("skip_days")
    ]
    return Adherence(
        percent_7d=percent(*view.completion(short)),
        percent_28d=percent(*view.completion(long)),
        target_percent=row.limits["target_percent"],
        weeks=_weeks(view),
        missed_in_a_row=len(view.missed),
        first_missed_due=date.fromordinal(view.missed[0]) if view.missed else None,
        sessions_per_week_slope=(
            ols_slope(range(len(counts)), counts) if len(counts) >= 2 else None
        ),
        time_of_day_resultant=(
            circular_resultant(times) if len(times) >= bands.days("time_of_day_sessions") else None
        ),
        skip_rate=skip_rate(recent),
        rule_versions=(row.version, bands.version),
    )


def _weeks(view: PatientView) -> tuple[WeekAdherence, ...]:
    first = view.episode_first_day
    if first is None:
        return ()
    weeks: list[WeekAdherence] = []
    for number, start in enumerate(range(first, view.today + 1, 7), start=1):
        done, scheduled = view.completion_between(start, start + 6)
        sessions = sum(start <= day < start + 7 for day in view.done_days)
        weeks.append(WeekAdherence(number, date.fromordinal(start), scheduled, done, sessions))
    return tuple(weeks)
