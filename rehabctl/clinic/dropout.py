"""The engagement risk score: points, not a probability, with every contribution in the open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import stdev

from rehabctl.clinic.adherence import (
    circular_resultant,
    minutes_of_day,
    ols_slope,
    sessions_per_week,
    skip_rate,
)
from rehabctl.clinic.patient_view import PatientView
from rehabctl.domain.facts import PatientFacts
from rehabctl.reference.rules import RuleSet, RuleTable

LABEL = "engagement risk score, not a probability"
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class EngagementFeatures:
    """What the score reads. None: not enough was recorded, which gives no points."""

    freq_slope: float | None = None
    """Change of sessions a week, per week, over the last four weeks."""
    completion: float | None = None
    """Share of scheduled sessions done in 7 days, 0-1."""
    miss_run: float | None = None
    time_of_day: float | None = None
    """Circular resultant of the times of day, 0-1."""
    pain_slope: float | None = None
    """Points a week over the last 14 days."""
    pain_fluct: float | None = None
    """Standard deviation of pain over the last 14 days."""
    skip: float | None = None
    """Share of exercises skipped in 7 days, 0-1."""
    first_week: float | None = None
    """Sessions in the first 7 days; None once the programme is no longer young."""
    contact: float | None = None
    """Days since the programme was last opened."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """Points of one feature."""

    feature: str
    text: str
    value: float | None
    points: int
    limit: str | None
    """The step that held, such as `<= -0.5`."""
    rule_version: str


@dataclass(frozen=True, slots=True)
class EngagementScore:
    """The score with all its contributions."""

    points: int
    band: str
    """low, moderate or high."""
    label: str
    contributions: tuple[Contribution, ...]
    rule_version: str

    def as_points(self) -> Mapping[str, int]:
        """Return points by feature."""
        return {c.feature: c.points for c in self.contributions}


def score_features(features: EngagementFeatures, rules: RuleSet) -> EngagementScore:
    """Score features by the points tables in force.

    Parameters
    ----------
    features
        What is known of the patient.
    rules
        Rows `ENGAGEMENT_*`: each names its feature; the first step that holds gives the points.
    """
    contributions: list[Contribution] = []
    for row in rules.rows.values():
        if not row.code.startswith("ENGAGEMENT_") or not row.steps:
            continue
        feature = row.options["feature"]
        value: float | None = getattr(features, feature)
        step = None
        if value is not None and row.enabled:
            step = next((s for s in row.steps if s.holds(value)), None)
        contributions.append(
            Contribution(
                feature=feature,
                text=row.text,
                value=value,
                points=step.points if step else 0,
                limit=f"{step.op} {step.limit:g}" if step else None,
                rule_version=row.version,
            )
        )
    contributions.sort(key=lambda c: (-c.points, c.feature))
    total = sum(c.points for c in contributions)
    bands = rules["ENGAGEMENT_BANDS"]
    band = "low"
    if total >= bands.limits["high_from"]:
        band = "high"
    elif total >= bands.limits["moderate_from"]:
        band = "moderate"
    return EngagementScore(total, band, LABEL, tuple(contributions), bands.version)


def engagement_features(view: PatientView) -> EngagementFeatures:
    """Read the features of a running programme from a patient's view."""
    bands = view.rules["ENGAGEMENT_BANDS"]
    counts = sessions_per_week(view, bands.days("slope_weeks"))
    times = minutes_of_day(view, bands.days("time_of_day_days"))
    done, scheduled = view.completion(view.rules["ADHERENCE"].days("short_days"))
    pain_days, pain = _recent_pain(view, bands.days("pain_days"))
    enough_pain = len(pain) >= bands.days("pain_ratings")
    recent = [
        session
        for session, day in zip(view.sessions, view.session_days, strict=True)
        if view.today - day < bands.days("skip_days")
    ]
    return EngagementFeatures(
        freq_slope=ols_slope(range(len(counts)), counts) if len(counts) >= 2 else None,
        completion=done / scheduled if scheduled else None,
        miss_run=len(view.missed),
        time_of_day=(
            circular_resultant(times) if len(times) >= bands.days("time_of_day_sessions") else None
        ),
        pain_slope=7.0 * ols_slope(pain_days, pain) if enough_pain else None,
        pain_fluct=stdev(pain) if enough_pain else None,
        skip=skip_rate(recent),
        first_week=_first_week(view),
        contact=_days_since_opened(view),
    )


def _recent_pain(view: PatientView, within_days: int) -> tuple[list[float], list[float]]:
    """Return days and pain of the sessions of the last days."""
    rated = [
        (session.at.timestamp() / _DAY_S, pain)
        for session, day in zip(view.sessions, view.session_days, strict=True)
        if view.today - day < within_days and (pain := session.pain) is not None
    ]
    zero = rated[0][0] if rated else 0.0
    return [day - zero for day, _ in rated], [pain for _, pain in rated]


def _first_week(view: PatientView) -> int | None:
    row, first = view.rules["ENGAGEMENT_FIRST_WEEK"], view.episode_first_day
    if first is None:
        return None
    programme_day = view.today - first + 1
    span = row.days("first_days")
    # in the first week itself there is nothing to count yet
    if not span < programme_day <= row.limits["until_programme_day"]:
        return None
    return sum(first <= day < first + span for day in view.done_days)


def _days_since_opened(view: PatientView) -> int | None:
    opened = [day for at in view.facts.opened_at if (day := view.day_of(at)) <= view.today]
    opened += [*view.session_days[-1:], *view.journal_days[-1:]]
    if not opened:
        return None if (first := view.episode_first_day) is None else max(0, view.today - first)
    return view.today - max(opened)


def engagement_score(
    facts: PatientFacts, as_of: datetime, rules: RuleTable
) -> EngagementScore | None:
    """Return a patient's score; None without a programme, while it is held and after its end.

    Parameters
    ----------
    facts
        What is known of the patient at `as_of`.
    as_of
        The moment to look from.
    rules
        The dated rules.
    """
    view = PatientView.of(facts, as_of, rules)
    if view.ended or view.held or not view.due:
        return None
    return score_features(engagement_features(view), view.rules)
