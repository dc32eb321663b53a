"""Why a patient stands where she stands: every rule, its row, its limits and what it read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rehabctl.clinic.alert_rules import ALERT_RULES, AlertRule
from rehabctl.clinic.alerts import closing_moment
from rehabctl.clinic.local_days import iso
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.trends import MotionTrend, rom_trends
from rehabctl.clinic.triage import PanelFacts, panel_row
from rehabctl.clinic.verdict import Scalar, Verdict
from rehabctl.clinic.worklist_tasks import task_verdicts
from rehabctl.domain.facts import AlertState, AlertStatus, PatientFacts
from rehabctl.reference.rules import RuleRow, RuleTable

_TASKS = ("REVIEW_WAITING", "PROM_OVERDUE", "PLAN_OF_CARE_ENDING", "PROGRESS_REPORT_DUE")
_STATES = ("met", "stands", "not met", "not judged", "switched off")


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """One rule on one day."""

    code: str
    key: str
    state: str
    """met, stands (an open alert whose rule is not met any more), not met, not judged (too few
    facts) or switched off."""
    text: str | None
    """The reason where it is met."""
    since: datetime | None
    """Time of the fact that made it true."""
    inputs: Mapping[str, Scalar]
    limits: Mapping[str, float]
    options: Mapping[str, str]
    rule_version: str
    """Names the row, and the clinic's file where the row is the clinic's own."""
    effective_from: date
    """From when on the row holds."""
    source: str
    grade: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything behind one row of the worklist."""

    as_of: datetime
    day: date
    """The day at the clinic, which decides about rows and windows."""
    row: PanelFacts
    alerts: tuple[AlertState, ...]
    rules: tuple[RuleExplanation, ...]
    """What holds first."""
    motions: tuple[MotionTrend, ...]


def explain(
    facts: PatientFacts, alerts: Sequence[AlertState], as_of: datetime, rules: RuleTable
) -> Explanation:
    """Return every input, rule row and limit behind a patient's row.

    Parameters
    ----------
    facts
        What is known of the patient at `as_of`.
    alerts
        The patient's alerts, reconciled as of `as_of`.
    as_of
        The moment to look from.
    rules
        The dated rules.
    """
    view = PatientView.of(facts, as_of, rules)
    row = panel_row(facts, alerts, as_of, rules)
    told = [told for rule in ALERT_RULES for told in _alert_rule(view, rule)]
    known = {(rule.code, rule.key) for rule in told if rule.state == "met"}
    open_alerts = [a for a in alerts if a.status is AlertStatus.OPEN]
    told += [_standing(view, a) for a in open_alerts if (a.code, a.key) not in known]
    told += _tasks(view, {a.key for a in open_alerts if a.code == "LOW_CONFIDENCE"})
    told += _fields(view, row)
    motions = rom_trends(view)
    told += _motions(view, motions)
    return Explanation(
        as_of=as_of,
        day=date.fromordinal(view.today),
        row=row,
        alerts=tuple(alerts),
        rules=tuple(sorted(told, key=lambda rule: _STATES.index(rule.state))),
        motions=motions,
    )


def _alert_rule(view: PatientView, rule: AlertRule) -> list[RuleExplanation]:
    row = view.rules[rule.code]
    if not row.enabled:
        return [_explanation(row, "switched off")]
    told = [_of_verdict(verdict) for verdict in rule.judge(view, row)]
    return told or [_explanation(row, "not met" if rule.exhaustive else "not judged")]


def _of_verdict(verdict: Verdict) -> RuleExplanation:
    if (found := verdict.finding) is None:
        return _explanation(verdict.row, "not met", verdict.key, verdict.inputs)
    return _explanation(
        verdict.row, "met", verdict.key, verdict.inputs, text=found.text, since=found.since
    )


def _standing(view: PatientView, alert: AlertState) -> RuleExplanation:
    """Return why an alert is open although its rule is not met today."""
    closes_at = closing_moment(alert)
    inputs: dict[str, Scalar] = {
        "level": alert.level,
        "judged_by": alert.rule_version,
        "not_met_since": "not judged since" if not alert.unmet_since else _time(alert.unmet_since),
        "closes_at": "when a person acts or new facts come" if not closes_at else _time(closes_at),
    }
    row = view.rules[alert.code]
    return _explanation(row, "stands", alert.key, inputs, text=alert.text, since=alert.opened_at)


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _tasks(view: PatientView, told: Collection[str]) -> list[RuleExplanation]:
    found = [_of_verdict(verdict) for verdict in task_verdicts(view, told)]
    silent = {*_TASKS} - {task.code for task in found}
    return found + [
        _explanation(row, "not met" if row.enabled else "switched off")
        for row in (view.rules[code] for code in _TASKS if code in silent)
    ]


def _fields(view: PatientView, panel: PanelFacts) -> list[RuleExplanation]:
    """Return what the adherence and the trend of pain in the row were read from."""
    row = view.rules["ADHERENCE"]
    days = row.days("long_days")
    done, scheduled = view.completion(days)
    adherence: dict[str, Scalar] = {
        "done": done,
        "scheduled": scheduled,
        "from": iso(view.today - days + 1),
        "to": iso(view.today),
    }
    if panel.adherence_percent_28d is not None:
        adherence["adherence_percent_28d"] = panel.adherence_percent_28d
    trend = view.rules["PAIN_TREND"]
    ratings = view.ratings(trend.days("ratings"))
    pain: dict[str, Scalar] = {"ratings_read": len(ratings)}
    if ratings:
        pain["first_on"] = iso(view.day_of(ratings[0].at))
        pain["last_on"] = iso(view.day_of(ratings[-1].at))
        pain["values"] = " ".join(f"{rating.value:g}" for rating in ratings)
    if panel.pain_trend is not None:
        pain["word"] = panel.pain_trend
    return [
        _explanation(row, "met" if scheduled else "not judged", inputs=adherence),
        _explanation(trend, "met" if panel.pain_trend else "not judged", inputs=pain),
    ]


def _motions(view: PatientView, motions: Sequence[MotionTrend]) -> list[RuleExplanation]:
    row = view.rules["ROM_TREND"]
    told = [
        _explanation(
            row,
            "met",
            motion.key.subject,
            {
                "word": motion.word,
                "change_deg": motion.change_deg,
                "detectable_change_deg": motion.detectable_change_deg,
                "values": motion.values,
                "method": motion.key.method,
            },
        )
        for motion in motions
    ]
    return told or [_explanation(row, "not judged")]


def _explanation(
    row: RuleRow,
    state: str,
    key: str = "",
    inputs: Mapping[str, Scalar] | None = None,
    *,
    text: str | None = None,
    since: datetime | None = None,
) -> RuleExplanation:
    return RuleExplanation(
        code=row.code,
        key=key,
        state=state,
        text=text,
        since=since,
        inputs=inputs or {},
        limits=row.limits,
        options=row.options,
        rule_version=row.version,
        effective_from=row.effective_from,
        source=row.source,
        grade=row.grade,
    )
