"""Appointments, messages, notes and consents of the patient screen: a detail in, lines out."""

from __future__ import annotations

from textual.content import Content

from rehabctl.domain.patient_detail import PatientDetail
from rehabctl.tui import cells
from rehabctl.tui.columns import Viewer
from rehabctl.tui.widgets.section import Line

_WHEN_CELLS = 14
_WHO_CELLS = 10
_TEXT_MOST = 240
"""Characters of a message or note: the rest is a command away."""


def _nothing(text: str) -> list[Line]:
    return [Line(Content(""), Content.styled(text, "$muted"))]


def _short(text: str) -> str:
    """Return a text on one line, cut where it is long."""
    line = " / ".join(cells.clean(part).strip() for part in text.splitlines() if part.strip())
    return line if len(line) <= _TEXT_MOST else f"{line[:_TEXT_MOST]}…"


def _when(text: str) -> Content:
    return Content.styled(f"{text:<{_WHEN_CELLS}}", "$muted")


def appointments(detail: PatientDetail, viewer: Viewer) -> list[Line]:
    """Return the booked contacts; what is over is muted and says how it went."""
    if not detail.appointments:
        return _nothing("No appointments.")
    lines: list[Line] = []
    for item in detail.appointments:
        style = "" if item.at >= viewer.now else "$muted"
        what = f"{cells.words(item.what)}  {cells.words(item.status)}  {cells.clean(item.provider)}"
        when = cells.day_time(item.at, viewer.now, viewer.zone)
        lines.append(Line(_when(when), Content.styled(what, style)))
    return lines


def messages(detail: PatientDetail, viewer: Viewer) -> list[Line]:
    """Return the newest messages, with who wrote them and whether they were read."""
    if not detail.messages:
        return _nothing("No messages.")
    return [
        Line(
            _when(cells.day_time(item.at, viewer.now, viewer.zone)),
            Content.assemble(
                (cells.fit(item.author, _WHO_CELLS), "$muted"),
                ("unread  " if item.is_unread else "", "$warning"),
                _short(item.text),
            ),
        )
        for item in detail.messages
    ]


def notes(detail: PatientDetail, viewer: Viewer) -> list[Line]:
    """Return the newest notes; a clinical note says whether it is signed."""
    if not detail.notes:
        return _nothing("No notes.")
    lines: list[Line] = []
    for item in detail.notes:
        state = "" if item.state is None else f"{cells.words(item.kind)}, {item.state}  "
        body = Content.assemble(
            (cells.fit(item.author, _WHO_CELLS), "$muted"),
            (state, "$warning" if item.state == "draft" else "$success"),
            _short(item.text),
        )
        lines.append(Line(_when(cells.day_time(item.at, viewer.now, viewer.zone)), body))
    return lines


def consents(detail: PatientDetail, viewer: Viewer) -> list[Line]:
    """Return the consents in force, since when and until when."""
    if not detail.consents:
        return _nothing("No consent is in force.")
    lines: list[Line] = []
    for item in detail.consents:
        until = item.expires_at
        ends = "" if until is None else f", until {cells.day(until, viewer.now, viewer.zone)}"
        since = cells.day(item.granted_at, viewer.now, viewer.zone)
        body = Content.assemble(cells.words(item.scope), (f"  since {since}{ends}", "$muted"))
        lines.append(Line(Content(""), body))
    return lines
