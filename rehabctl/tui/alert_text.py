"""The texts of the alert screen: evidence in, styled lines out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from textual.content import Content

from rehabctl.domain.alert import AlertEvidence
from rehabctl.tui import cells
from rehabctl.tui.columns import Viewer
from rehabctl.tui.widgets.section import Line

SEVERITY_COLOUR = {"red_flag": "$tier-red-flag", "high": "$tier-declining"}
_LABEL_CELLS = 14
_SEVERITY_CELLS = 9
_STATE_CELLS = 13


def row(alert: AlertEvidence) -> Content:
    """Return an alert as one line of the list."""
    state = alert.state
    colour = SEVERITY_COLOUR.get(state.severity.value, "$foreground")
    severity = cells.fit(cells.words(state.severity.value), _SEVERITY_CELLS)
    return Content.assemble(
        (severity, f"bold {colour}"),
        " ",
        (cells.fit(state.status.value, _STATE_CELLS), "$muted"),
        " ",
        cells.clean(state.text),
    )


def evidence(alert: AlertEvidence, viewer: Viewer) -> list[Line]:
    """Return everything behind an alert: what the rule read, its limits, and who acted."""
    state = alert.state
    lines = [
        _fact("Reason", state.text, "bold"),
        _fact("Severity", cells.words(state.severity.value)),
        _fact("Since", _when(state.opened_at, viewer)),
        _fact("State", state.status.value),
    ]
    if state.snoozed_until is not None:
        lines.append(_fact("Snoozed until", _when(state.snoozed_until, viewer)))
    if state.handled_by and state.handled_at is not None:
        lines.append(_fact("Handled by", f"{state.handled_by}, {_when(state.handled_at, viewer)}"))
    if state.assigned_to:
        lines.append(_fact("Assigned to", state.assigned_to, "$accent"))
    lines += [_fact("Rule today", alert.verdict or "not judged")]
    lines += _pairs("Read", alert.inputs, viewer) + _pairs("Limit", alert.limits, viewer)
    rule = f"{state.code}, version {state.rule_version}"
    lines.append(_fact("Rule", rule + (f", grade {alert.grade}" if alert.grade else "")))
    if alert.source:
        lines.append(_fact("Source", alert.source, "$muted"))
    return lines


def _pairs(label: str, values: Mapping[str, object], viewer: Viewer) -> list[Line]:
    return [
        _fact(label if i == 0 else "", f"{cells.words(name)}: {_value(value, viewer)}")
        for i, (name, value) in enumerate(values.items())
    ]


def _value(value: object, viewer: Viewer) -> str:
    if isinstance(value, datetime | date):
        return cells.day(value, viewer.now, viewer.zone)
    if isinstance(value, float):
        return f"{value:.4g}"
    return cells.NONE if value is None else str(value)


def _when(when: datetime, viewer: Viewer) -> str:
    return cells.day_time(when, viewer.now, viewer.zone)


def _fact(label: str, value: str, style: str = "") -> Line:
    return Line(
        Content.styled(f"{label:<{_LABEL_CELLS}}", "$muted"),
        Content.styled(cells.clean(value), style),
    )


def nothing(text: str) -> Line:
    """Return the line of an empty list."""
    return Line(Content(""), Content.styled(text, "$muted"))
