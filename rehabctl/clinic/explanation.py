"""Why a patient stands where she stands: every rule, its row, its limits and what it read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rehabctl.clinic.alert_rules import ALERT_RULES
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.trends import MotionTrend, rom_trends
from rehabctl.clinic.triage import PanelFacts, panel_row
from rehabctl.clinic.verdict import Scalar
from rehabctl.domain.facts import AlertState, PatientFacts
from rehabctl.reference.rules import RuleRow, RuleTable

_ROW_RULES = (
    "REVIEW_WAITING",
    "PROM_OVERDUE",
    "PLAN_OF_CARE_ENDING",
    "PROGRESS_REPORT_DUE",
    "ADHERENCE",
    "PAIN_TREND",
    "ROM_TREND",
)
"""Rules of the row that are no alerts."""


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """One rule on one day."""

    code: str
    key: str
    state: str
    """met, not met, not judged (too few facts) or switched off."""
    text: str | None
    """The reason where it is met."""
    inputs: Mapping[str, Scalar]
    limits: Mapping[str, float]
    options: Mapping[str, str]
    rule_version: str
    """Names the row, and the clinic's file where the row is the clinic's own."""
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
    told = [told for rule in ALERT_RULES for told in _alert_rule(view, rule.code)]
    told += [_row_rule(view.rules[code], row) for code in _ROW_RULES]
    return Explanation(
        as_of=as_of,
        day=date.fromordinal(view.today),
        row=row,
        alerts=tuple(alerts),
        rules=tuple(told),
        motions=rom_trends(view),
    )


def _alert_rule(view: PatientView, code: str) -> list[RuleExplanation]:
    row = view.rules[code]
    if not row.enabled:
        return [_explanation(row, "", "switched off", None, {})]
    rule = next(rule for rule in ALERT_RULES if rule.code == code)
    told = [
        _explanation(row, v.key, "met", v.finding.text, v.inputs)
        if v.finding is not None
        else _explanation(row, v.key, "not met", None, v.inputs)
        for v in rule.judge(view, row)
    ]
    return told or [_explanation(row, "", "not met" if rule.exhaustive else "not judged", None, {})]


def _row_rule(row: RuleRow, panel: PanelFacts) -> RuleExplanation:
    values: dict[str, dict[str, Scalar | None]] = {
        "ADHERENCE": {"adherence_percent_28d": panel.adherence_percent_28d},
        "PAIN_TREND": {"ratings_read": len(panel.pain_series), "word": panel.pain_trend},
        "ROM_TREND": {"word": panel.rom_trend},
    }
    inputs = {k: v for k, v in values.get(row.code, {}).items() if v is not None}
    texts = [reason.text for reason in panel.reasons if reason.code == row.code]
    if row.code in values:
        state = "met" if inputs else "not judged"
    else:
        state = "met" if texts else "not met"
    return _explanation(row, "", state if row.enabled else "switched off", _joined(texts), inputs)


def _joined(texts: Sequence[str]) -> str | None:
    return "; ".join(texts) if texts else None


def _explanation(
    row: RuleRow, key: str, state: str, text: str | None, inputs: Mapping[str, Scalar]
) -> RuleExplanation:
    return RuleExplanation(
        code=row.code,
        key=key,
        state=state,
        text=text,
        inputs=inputs,
        limits=row.limits,
        options=row.options,
        rule_version=row.version,
        source=row.source,
        grade=row.grade,
    )
