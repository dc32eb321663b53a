"""The texts of the screens about visits: records in, styled lines out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING

from textual.content import Content

from rehabctl.domain.counting import counted
from rehabctl.domain.licence import Verdict
from rehabctl.domain.visit import Visit, VisitStatus
from rehabctl.tui import cells
from rehabctl.tui.widgets.section import Line

if TYPE_CHECKING:
    from rehabctl.billing.units import UnitResult
    from rehabctl.services.schedule_views import ScheduleLine
    from rehabctl.services.visit_sheet import JoinSheet

_LABEL_CELLS = 14
_SYMBOL = {
    VisitStatus.PLANNED: "○",
    VisitStatus.IN_PROGRESS: "▶",
    VisitStatus.COMPLETED: "●",
    VisitStatus.CANCELLED: "✕",
    VisitStatus.NO_SHOW: "✕",
}
_COLOUR = {
    VisitStatus.IN_PROGRESS: "$warning",
    VisitStatus.COMPLETED: "$success",
    VisitStatus.CANCELLED: "$muted",
    VisitStatus.NO_SHOW: "$muted",
}
_STATUS_CELLS, _TYPE_CELLS, _MRN_CELLS = 13, 19, 9
_GONE = (VisitStatus.CANCELLED, VisitStatus.NO_SHOW)


def fact(label: str, value: str, style: str = "") -> Line:
    """Return a line with a label."""
    return Line(
        Content.styled(f"{label:<{_LABEL_CELLS}}", "$muted"),
        Content.styled(cells.clean(value), style),
    )


def status(visit: Visit) -> str:
    """Return symbol and word of a visit's status."""
    return f"{_SYMBOL[visit.status]} {cells.words(visit.status.value)}"


def day_title(day: date, lines: Sequence[ScheduleLine]) -> Content:
    """Return the heading of a day: how much is booked."""
    booked = [line.visit for line in lines if line.visit.status not in _GONE]
    appointments = {visit.appointment_id or visit.id: visit for visit in booked}
    minutes = sum(
        int((v.planned_end_at - v.planned_start_at).total_seconds() // 60)
        for v in appointments.values()
    )
    what = "nothing booked"
    if booked:
        what = f"{counted(len(booked), 'visit')}, {minutes // 60} h {minutes % 60:02d} booked"
    return Content.assemble((f"{day:%a} {day.day} {day:%b %Y}", "bold $primary"), f"  {what}")


def row(line: ScheduleLine, zone: tzinfo, *, with_provider: bool) -> Content:
    """Return one visit in one line of fixed cells."""
    visit = line.visit
    start, end = (cells.clock(m, zone) for m in (visit.planned_start_at, visit.planned_end_at))
    kind = visit.appointment_type or visit.kind.value
    if line.group_size > 1:
        kind += f" {line.group_size}{' short' if line.is_short else ''}"
    who = f"{line.name}  ({line.provider})" if with_provider else line.name
    return Content.assemble(
        f"{start}-{end}  ",
        (cells.fit(status(visit), _STATUS_CELLS), _COLOUR.get(visit.status, "$foreground")),
        " ",
        cells.fit(cells.words(kind), _TYPE_CELLS),
        cells.fit(line.mrn, _MRN_CELLS),
        cells.clean(who),
    )


def booking(line: ScheduleLine, zone: tzinfo) -> str:
    """Return what is booked, for a question about it."""
    start = line.visit.planned_start_at.astimezone(zone)
    group = f", group of {line.group_size}" if line.group_size > 1 else ""
    return f"{line.mrn}  {line.name}  {start:%a} {start.day} {start:%b %H:%M}{group}"


def about(line: ScheduleLine, zone: tzinfo) -> list[Line]:
    """Return what is known of the visit under the cursor."""
    visit = line.visit
    start = visit.planned_start_at.astimezone(zone)
    lines = [
        fact("Visit", f"{line.mrn}  {line.name}", "bold"),
        fact("When", f"{start:%a} {start.day} {start:%b %H:%M %Z}, {status(visit)}"),
        fact("Provider", line.provider),
        fact("Expected in", visit.expected_state or "not known"),
    ]
    if visit.licence_checks:
        check = visit.licence_checks[-1]
        rests = ", ".join(check["basis"]) or "nothing"
        lines.append(
            fact("Licensure", f"{check['verdict']} at {cells.words(check['when'])}, on {rests}")
        )
        if check["override_by"]:
            lines.append(fact("Decided by", str(check["override_by"]), "$warning"))
    if line.is_short:
        text = f"{line.group_size} of at least {line.group_min}"
        lines.append(fact("Group", f"short: {text}", "$warning"))
    if visit.cancel_reason:
        lines.append(fact("Reason", visit.cancel_reason))
    return lines


def sheet(found: JoinSheet) -> list[Line]:
    """Return the head of the join sheet."""
    visit = found.visit
    lines = [
        fact("Status", status(visit), "bold"),
        fact("Here", f"{found.clinic_start:%Y-%m-%d %H:%M %Z}"),
        fact("There", f"{found.patient_start:%Y-%m-%d %H:%M %Z}"),
        fact("Phone", found.phone or "none on record"),
        fact("Patient is in", _where(visit)),
    ]
    ok = found.licence.verdict is Verdict.ALLOWED
    why = "; ".join(f"{r.code}: {r.text}" for r in found.licence.reasons)
    word = found.licence.verdict.value
    lines.append(fact("Licensure now", f"{word}. {why}" if why else word, "" if ok else "$error"))
    lines += [fact("Warning", reason.text, "$warning") for reason in found.licence.warnings]
    if visit.satisfaction is not None:
        lines.append(fact("Satisfaction", f"{visit.satisfaction} of 10"))
    return lines


def _where(visit: Visit) -> str:
    if visit.patient_state:
        return f"{visit.patient_state}, as told"
    return f"{visit.expected_state or 'not known'} expected; ask at the start"


def ladder(found: JoinSheet) -> list[Line]:
    """Return what is done when the call breaks; the step in force is marked."""
    spans = found.visit.channels
    now = spans[-1] if spans and spans[-1].until_at is None else None
    lines: list[Line] = []
    for step in found.steps:
        here = now is not None and step.is_in_force(now)
        mark = "▶ " if here else "  "
        lead = Content.styled(f"{mark}{step.channel:<{_LABEL_CELLS - 2}}", "bold" if here else "")
        lines.append(Line(lead, Content(cells.clean(step.text))))
    return lines


def units(visit: Visit, found: UnitResult | None, now: datetime, zone: tzinfo) -> list[Line]:
    """Return the running count: minutes and units by code."""
    if visit.started_at is None:
        return [fact("", "The count begins with the visit.", "$muted")]
    running = next((b for b in visit.blocks if b.ended_at is None), None)
    until = visit.ended_at or now
    minutes = int((until - visit.started_at).total_seconds() // 60)
    lines = [fact("Visit", f"{minutes} min since {cells.clock(visit.started_at, zone)}")]
    if found is not None:
        for line in found.lines:
            runs = running is not None and running.code == line.code
            text = f"{line.minutes:3d} min  {counted(line.units, 'unit')}"
            lines.append(
                fact(line.code, text + ("  running" if runs else ""), "bold" if runs else "")
            )
        total = f"{found.total_timed_minutes} min, {counted(found.total_timed_units, 'unit')}"
        lines.append(fact("Timed codes", total, "$primary"))
        lines += [fact("You choose", " or ".join(t.between), "$warning") for t in found.ties]
        lines.append(fact("Rule", found.rule_version, "$muted"))
    if not visit.blocks:
        lines.append(fact("", "No code is timed yet: o begins one.", "$muted"))
    return lines
