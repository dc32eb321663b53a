"""How `triage explain` reads: one row a rule for scripts, and a page for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any

from rehabctl.commands._render import cell
from rehabctl.domain.counting import counted

if TYPE_CHECKING:
    from rehabctl.clinic.explanation import Explanation, RuleExplanation

RULE_COLUMNS = (
    "rule", "about", "state", "text", "inputs", "limits", "row", "grade", "since", "source",
)  # fmt: skip
"""Of the rules behind a row of the worklist."""

_WIDTH = 80
_LABEL_WIDTH = 7
_NAME_WIDTH = 20
_SUFFIXES = {"deg": "deg", "percent": "%", "hours": "h"}
"""Units that names of limits end with, as they are written behind a number."""
_NEXT = {
    "REVIEW_WAITING": "review show {key}",
    "LOW_CONFIDENCE": "review show {key}",
    "MISSED": "engage check-in {mrn} --dry-run",
    "PROGRESSION_MET": "program show {mrn}",
    "REGRESSION_MET": "program show {mrn}",
    "PROM_OVERDUE": "prom due --patient {mrn}",
    "PROM_WORSE": "prom history {mrn}",
    "PLAN_OF_CARE_ENDING": "plan show {mrn}",
    "PROGRESS_REPORT_DUE": "note draft --patient {mrn} --kind progress",
    "ADHERENCE": "adherence show {mrn}",
    "ROM_BELOW_CURVE": "report trajectory --patient {mrn}",
    "TKR_FLEX_PROJECTION": "report trajectory --patient {mrn}",
}
"""Where a clinician looks further."""
_SESSIONS = "session list --patient {mrn}"
_OTHERS = {
    "met": "Also in the row",
    "not met": "Not met",
    "switched off": "Switched off",
}
"""Headings of the states of rules that give no reason."""


def rule_row(rule: RuleExplanation) -> dict[str, Any]:
    """Return one rule with the keys of `RULE_COLUMNS`.

    Parameters
    ----------
    rule
        The rule on the day.
    """
    return {
        "rule": rule.code,
        "about": rule.key,
        "state": rule.state,
        "text": rule.text,
        "since": rule.since,
        "inputs": _pairs(rule.inputs),
        "limits": _pairs({**rule.limits, **rule.options}),
        "row": rule.rule_version,
        "grade": rule.grade,
        "source": rule.source,
    }


def page(mrn: str, found: Explanation) -> str:
    """Return what holds with its evidence and where to look next, then the rest in short.

    Parameters
    ----------
    mrn
        The record number as it was typed.
    found
        What stands behind the patient's row.
    """
    reasons = [rule for rule in found.rules if rule.text is not None]
    acted_on = {(alert.code, alert.key) for alert in found.alerts}
    head = f"{mrn}: {found.row.tier.replace('_', ' ')}, on {found.day.isoformat()}"
    lines = [f"{head}, {counted(len(reasons), 'reason')}"]
    for rule in reasons:
        lines += ["", *_reason(rule, mrn, is_alert=(rule.code, rule.key) in acted_on)]
    for state, title in _OTHERS.items():
        if rest := [r for r in found.rules if r.text is None and r.state == state]:
            lines += ["", title]
            for rule in rest:
                lines += _line(_evidence(rule), rule.code, _NAME_WIDTH)
    if unknown := ", ".join(rule.code for rule in found.rules if rule.state == "not judged"):
        lines += ["", "Not judged, since too little is known", *_line(unknown)]
    return "\n".join(lines)


def _reason(rule: RuleExplanation, mrn: str, *, is_alert: bool) -> Iterator[str]:
    """Yield what, since when, the evidence, the rule and where to go from here."""
    yield from textwrap.wrap(rule.text or "", _WIDTH)
    where = f"rehabctl {_NEXT.get(rule.code, _SESSIONS).format(key=rule.key, mrn=mrn)}"
    facts = {
        "state": "not met any more; the alert stands" if rule.state == "stands" else "",
        "since": f"{rule.since.astimezone(UTC):%Y-%m-%d %H:%M}Z" if rule.since else "",
        "read": _words(rule.inputs),
        "limits": _words(_limits(rule)),
        "rule": f"{rule.rule_version} ({rule.grade}): {rule.source}",
        "look at": where,
        "act on": f"rehabctl alert list --patient {mrn}" if is_alert else "",
    }
    for label, text in facts.items():
        if text:
            yield from _line(text, label, _LABEL_WIDTH)


def _limits(rule: RuleExplanation) -> dict[str, Any]:
    """Return what was compared with; a rule about one of its options names it in what it read."""
    return {**rule.limits} if rule.key in rule.options else {**rule.limits, **rule.options}


def _evidence(rule: RuleExplanation) -> str:
    read, limits = _words(rule.inputs), _words(rule.limits)
    if rule.state == "met":
        return read
    return "; ".join(filter(None, (read, limits and f"limits: {limits}"))) or "none"


def _line(text: str, label: str = "", width: int = 0) -> list[str]:
    head = f"  {label:<{width}}  " if label else "  "
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _words(values: Mapping[str, Any]) -> str:
    """Return names and values as words: `within_days=14.0` is `within 14 days`."""
    return ", ".join(
        _phrase(key, value) for key, value in values.items() if value not in ("", None)
    )


def _phrase(key: str, value: object) -> str:
    *head, last = key.split("_")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return f"{' '.join([*head, last])} {cell(value)}"
    number = f"{round(value, 2):g}"
    if last in _SUFFIXES:
        return " ".join([*head, number, _SUFFIXES[last]])
    if last == "days":
        return " ".join([*head, number, "day" if value == 1 else "days"])
    return f"{' '.join([*head, last])} {number}"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items())
