"""Milestones worth a word of praise, never on a day on which something is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from rehabctl.clinic.goal_rules import goal_progress
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.report_rules import score_series
from rehabctl.domain.facts import AlertSeverity, AlertState, AlertStatus


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something a patient has reached."""

    key: str
    """Names it once and for all, so that it is told once."""
    text: str
    rule_version: str


def reached(view: PatientView) -> tuple[Milestone, ...]:
    """Return every milestone that a patient's facts show."""
    return (*_sessions(view), *_streaks(view), *_goals(view), *_scores(view))


def to_celebrate(
    view: PatientView, told: Collection[str], alerts: Iterable[AlertState]
) -> tuple[Milestone, ...]:
    """Return the milestones to tell today.

    Parameters
    ----------
    view
        The patient.
    told
        Keys of milestones that were told before.
    alerts
        The patient's alerts. On a day on which a high one or a red flag is or was open, nothing
        is told: it waits for a better day.
    """
    if grave_today(view, alerts):
        return ()
    return tuple(milestone for milestone in reached(view) if milestone.key not in told)


def grave_today(view: PatientView, alerts: Iterable[AlertState]) -> bool:
    """Return whether a high alert or a red flag is, or was, open today."""
    return any(_grave(view, alert) for alert in alerts)


def _grave(view: PatientView, alert: AlertState) -> bool:
    if alert.severity.rank < AlertSeverity.HIGH.rank:
        return False
    if alert.status in (AlertStatus.OPEN, AlertStatus.SNOOZED):
        return True
    ended_at = alert.closed_at or alert.handled_at
    return ended_at is not None and view.day_of(ended_at) == view.today


def _sessions(view: PatientView) -> Iterator[Milestone]:
    row = view.rules["MILESTONE_SESSIONS"]
    count = len(view.done_days)
    for step in row.steps:
        if row.enabled and step.holds(count):
            text = row.text.format(count=step.limit)
            yield Milestone(f"sessions:{step.limit:g}", text, row.version)


@dataclass(frozen=True, slots=True)
class Streak:
    """Runs of scheduled days that were done."""

    longest: int
    current: int
    frozen_on: date | None
    """The missed day of the current run that was forgiven."""


def longest_streak(view: PatientView) -> int:
    """Return the longest run of scheduled days that were done; see `streak`."""
    return streak(view).longest


def streak(view: PatientView) -> Streak:
    """Return the longest and the current run of scheduled days that were done.

    Days without a scheduled session neither count nor break a run. One missed day is forgiven
    when none was in the days before it (`freeze_days`); it does not count either. A day whose
    grace is not over breaks nothing.
    """
    freeze_days = view.rules["MILESTONE_STREAK"].days("freeze_days")
    days: dict[int, bool] = {}
    for day, done in zip(view.due, view.matched, strict=True):
        if done or day + view.grace_days < view.today:
            days[day] = days.get(day, True) and done
    best = run = 0
    frozen_on: int | None = None
    forgiven: int | None = None
    for day, done in sorted(days.items()):
        if done:
            run += 1
            best = max(best, run)
        elif run and (frozen_on is None or day - frozen_on >= freeze_days):
            frozen_on = forgiven = day
        else:
            run, forgiven = 0, None
    return Streak(best, run, None if forgiven is None else date.fromordinal(forgiven))


def _streaks(view: PatientView) -> Iterator[Milestone]:
    row = view.rules["MILESTONE_STREAK"]
    longest = longest_streak(view)
    for step in row.steps:
        if row.enabled and step.holds(longest):
            text = row.text.format(count=step.limit)
            yield Milestone(f"streak:{step.limit:g}", text, row.version)


def _goals(view: PatientView) -> Iterator[Milestone]:
    row = view.rules["MILESTONE_ROM"]
    for goal in sorted(view.facts.goals, key=lambda g: g.id):
        progress = goal_progress(view, goal)
        if row.enabled and progress is not None and progress.percent >= 100.0:
            text = row.text.format(
                measure=goal.measure.replace("_", " ").capitalize(),
                target=goal.target,
                unit=f" {goal.unit}" if goal.unit else "",
            )
            yield Milestone(f"goal:{goal.id}", text, row.version)


def _scores(view: PatientView) -> Iterator[Milestone]:
    row = view.rules["MILESTONE_PROM"]
    for (instrument, scale, side), scores in sorted(score_series(view).items()):
        change = scores[-1].score - scores[0].score
        if not scores[-1].higher_is_better:
            change = -change
        limit = scores[-1].important_change
        if row.enabled and limit is not None and change >= limit:
            text = row.text.format(instrument=instrument, scale=scale, change=change)
            key = ":".join(part for part in ("score", instrument, scale, side) if part)
            yield Milestone(key, text, row.version)
