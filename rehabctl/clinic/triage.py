"""Who needs a therapist first, and exactly why: one row of the worklist from one patient's facts.

The order is total and the same in every database: a row carries its rank as one whole number, and
patients of equal rank go by name and id. The row tells when it may change without a new event, so
that a sweep looks again only then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rehabctl.clinic.adherence import percent
from rehabctl.clinic.alerts import (
    AlertChange,
    assess,
    next_alert_moment,
    next_verdict_day,
    reconcile,
)
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.trends import pain_trend, rom_trends, rom_word
from rehabctl.clinic.worklist_tasks import Cause, next_due_day, next_task_day, tasks
from rehabctl.domain.facts import AlertState, AlertStatus, PatientFacts
from rehabctl.domain.triage import Reason, Tier
from rehabctl.reference.rules import RuleTable

_TIERS = tuple(Tier)
_MAX_OPEN = 999
_MAX_SECOND = 9_999_999_999


@dataclass(frozen=True, slots=True)
class PanelFacts:
    """What the worklist holds of one patient, beside her name and number.

    Fields that `WorklistRow` has too mean the same there.
    """

    tier: Tier
    reasons: tuple[Reason, ...]
    """Most urgent first."""
    rank_key: int
    """Ascending order of the worklist; at most 16 digits, so that it fits 64 bits."""
    last_session_at: datetime | None
    adherence_percent_28d: float | None
    pain_now: float | None
    pain_series: tuple[float, ...]
    pain_trend: str | None
    rom_trend: str | None
    open_alerts: int
    next_due: datetime | None
    next_change_at: datetime | None
    """Nothing above changes before this moment unless something is recorded; None: never."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A patient's alerts and row, brought up to date."""

    alerts: tuple[AlertState, ...]
    changes: tuple[AlertChange, ...]
    row: PanelFacts


def panel_row(
    facts: PatientFacts, alerts: Sequence[AlertState], as_of: datetime, rules: RuleTable
) -> PanelFacts:
    """Return a patient's row.

    Parameters
    ----------
    facts
        What is known of the patient at `as_of`.
    alerts
        The patient's alerts, reconciled with the facts as of `as_of` (`refresh` does both).
    as_of
        The moment to look from.
    rules
        The dated rules.
    """
    return _row(PatientView.of(facts, as_of, rules), alerts, as_of)


def refresh(
    facts: PatientFacts, existing: Sequence[AlertState], as_of: datetime, rules: RuleTable
) -> Refreshed:
    """Evaluate the rules, reconcile the stored alerts and build the row, in one look."""
    view = PatientView.of(facts, as_of, rules)
    evaluation = assess(view)
    reconciled = reconcile(existing, evaluation.findings, as_of, evaluation.judged)
    row = _row(view, reconciled.alerts, as_of)
    return Refreshed(reconciled.alerts, reconciled.changes, row)


def _row(view: PatientView, alerts: Sequence[AlertState], as_of: datetime) -> PanelFacts:
    open_alerts = [a for a in alerts if a.status is AlertStatus.OPEN]
    told = {alert.key for alert in open_alerts if alert.code == "LOW_CONFIDENCE"}
    causes = sorted(
        [*map(_alert_cause, open_alerts), *tasks(view, told)],
        key=lambda c: (
            _TIERS.index(c.tier),
            c.group == "engagement",
            -c.severity,
            c.detail,
            c.reason.since,
            c.reason.code,
            c.reason.text,
        ),
    )
    trend_row = view.rules["PAIN_TREND"]
    ratings = view.ratings(trend_row.days("ratings"))
    tier = causes[0].tier if causes else Tier.STABLE
    due = next_due_day(view)
    return PanelFacts(
        tier=tier,
        reasons=tuple(cause.reason for cause in causes),
        rank_key=_rank_key(tier, causes),
        last_session_at=view.sessions[-1].at if view.sessions else None,
        adherence_percent_28d=percent(*view.completion(view.rules["ADHERENCE"].days("long_days"))),
        pain_now=ratings[-1].value if ratings else None,
        pain_series=tuple(rating.value for rating in ratings),
        pain_trend=pain_trend(ratings, trend_row),
        rom_trend=rom_word(rom_trends(view)),
        open_alerts=len(open_alerts),
        next_due=None if due is None else view.start_of(due),
        next_change_at=_next_change_at(view, alerts, as_of, due),
    )


def _alert_cause(alert: AlertState) -> Cause:
    rank = alert.severity.rank
    tier = Tier.RED_FLAG if rank == 4 else Tier.DECLINING if rank > 1 else Tier.DUE
    reason = Reason(alert.code, alert.text, alert.opened_at)
    detail = -alert.level if alert.group == "task" else 0.0
    return Cause(reason, tier, rank, alert.group, detail, alert.unreviewed_since)


def _rank_key(tier: Tier, causes: Sequence[Cause]) -> int:
    """Return the place in the order: tier, clinical before engagement, severity, number, oldest.

    Severity, number of open alerts and the oldest fact that nobody has reviewed are those of the
    patient's own tier: a goal nearly met does not push a decline up.
    """
    top = [cause for cause in causes if cause.tier is tier]
    engagement_only = bool(top) and all(cause.group == "engagement" for cause in top)
    severity = max((cause.severity for cause in top), default=0)
    open_alerts = sum(cause.severity > 0 for cause in top)
    oldest = min((int(c.unreviewed_since.timestamp()) for c in top), default=_MAX_SECOND)
    key = _TIERS.index(tier)
    key = key * 10 + engagement_only
    key = key * 10 + (9 - severity)
    key = key * 1000 + (_MAX_OPEN - min(open_alerts, _MAX_OPEN))
    return key * (_MAX_SECOND + 1) + min(max(0, oldest), _MAX_SECOND)


def _next_change_at(
    view: PatientView, alerts: Sequence[AlertState], as_of: datetime, due: int | None
) -> datetime | None:
    day = min(_row_days(view, due), default=None)
    moments = [next_alert_moment(alerts, as_of), None if day is None else view.start_of(day)]
    return min((m for m in moments if m is not None), default=None)


def _row_days(view: PatientView, due: int | None) -> Iterator[int]:
    """Yield the coming days on which a verdict or a field of the row may change by itself."""
    leaving = view.rules["ADHERENCE"].days("long_days")
    candidates = (
        next_verdict_day(view),
        next_task_day(view),
        None if due is None else due + 1,
        view.next_settled_day,
        view.next_crossing(view.due, (leaving,)),
    )
    return (day for day in candidates if day is not None)
