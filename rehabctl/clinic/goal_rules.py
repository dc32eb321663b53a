"""How far a patient is on the way to her goals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rehabctl.clinic.local_days import iso
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.report_rules import score_series
from rehabctl.clinic.verdict import Verdict, met, unmet
from rehabctl.domain.facts import Extreme, Goal
from rehabctl.reference.rules import RuleRow


@dataclass(frozen=True, slots=True)
class GoalProgress:
    """The newest value of a goal's measure."""

    goal: Goal
    latest: float
    at: datetime
    known_at: datetime
    percent: float
    """Share of the way from baseline to target; over 100 is past it."""


def goal_progress(view: PatientView, goal: Goal) -> GoalProgress | None:
    """Return how far a goal is; None without a value since it was set, or without a way to go."""
    newest = _newest(view, goal)
    if newest is None or goal.target == goal.baseline:
        return None
    value, at, known_at = newest
    share = (value - goal.baseline) / (goal.target - goal.baseline)
    return GoalProgress(goal, value, at, known_at, round(100.0 * share, 1))


def _newest(view: PatientView, goal: Goal) -> tuple[float, datetime, datetime] | None:
    if goal.measure == "pain":
        needed = view.rules["GOAL_NEAR"].days("pain_ratings")
        ratings = [r for r in view.ratings(needed) if r.at >= goal.set_at]
        if len(ratings) < needed:
            return None
        mean = sum(r.value for r in ratings) / len(ratings)
        return round(mean, 1), ratings[-1].at, ratings[-1].at
    if ":" in goal.measure:
        instrument, _, scale = goal.measure.partition(":")
        scored = [
            scores[-1]
            for (*named, side), scores in score_series(view).items()
            if named == [instrument, scale] and side in (goal.side or side, "")
        ]
        newest = max(
            (s for s in scored if s.at >= goal.set_at), key=lambda s: (s.at, s.id), default=None
        )
        return None if newest is None else (newest.score, newest.at, newest.recorded_at)
    extreme = Extreme.MAX if goal.higher_is_better else Extreme.MIN
    candidates = [
        series.values[-1]
        for series in view.series
        if series.key.motion == goal.measure
        and series.key.extreme is extreme
        and series.key.side in (goal.side or series.key.side, "both")
        and series.values[-1].at >= goal.set_at
    ]
    if not candidates:
        return None
    latest = max(candidates, key=lambda m: (m.at, m.id))
    return latest.value_deg, latest.at, latest.recorded_at


def goal_near(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Look for goals that are nearly met."""
    for goal in sorted(view.facts.goals, key=lambda g: g.id):
        progress = goal_progress(view, goal)
        if progress is None:
            continue
        day = view.day_of(progress.at)
        inputs = {
            "measure": " ".join(goal.measure.replace("_", " ").split(":")).capitalize()
            + (f" {goal.side}" if goal.side else ""),
            "target": goal.target,
            "unit": f" {goal.unit}" if goal.unit else "",
            "latest": progress.latest,
            "day": iso(day),
            "progress_percent": progress.percent,
            "baseline": goal.baseline,
        }
        near = row.limits["at_least_percent"] <= progress.percent < 100.0
        if near and view.today - day <= row.limits["within_days"]:
            yield met(
                row,
                goal.id,
                inputs,
                since=progress.at,
                known_at=progress.known_at,
                level=1.0,
            )
        else:
            yield unmet(row, goal.id, inputs)


def goal_near_moments(view: PatientView, row: RuleRow) -> int | None:
    """Return when a goal's newest value grows too old."""
    days = sorted(
        view.day_of(progress.at)
        for goal in view.facts.goals
        if (progress := goal_progress(view, goal)) is not None
    )
    return view.next_crossing(days, (row.days("within_days") + 1,))
