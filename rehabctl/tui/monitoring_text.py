"""The texts of the monitoring screen: evidence in, styled lines out."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from textual.content import Content

from rehabctl.services.monitoring_desk import MonitoredPatient
from rehabctl.tui import cells
from rehabctl.tui.columns import Viewer
from rehabctl.tui.widgets.section import Line

_COLUMNS = (("Patient", 18), ("Window", 17), ("Days", 5), ("Min", 4), ("Live", 4))


def heading() -> str:
    """Return the titles over the list."""
    return " ".join(cells.fit(title, width) for title, width in _COLUMNS) + " Next"


def row(line: MonitoredPatient, viewer: Viewer) -> Content:
    """Return a patient's month as one line of the list."""
    window = line.window
    ends = () if window is None else (window.first, window.last)
    values = (
        line.name,
        " - ".join(cells.day(one, viewer.now, viewer.zone) for one in ends) or cells.NONE,
        cells.NONE if window is None else f"{window.days}/{window.wanted}",
        str(line.evidence.minutes),
        "yes" if line.evidence.contact else "no",
    )
    shown = " ".join(
        cells.fit(value, width) for value, (_, width) in zip(values, _COLUMNS, strict=True)
    )
    return Content.assemble(
        " ", shown, " ", (cells.clean(_next(line)), "$warning" if line.waits else "$muted")
    )


def _next(line: MonitoredPatient) -> str:
    if line.claimable:
        return f"claim {' '.join(line.claimable)}"
    reachable = [gap for gap in line.gaps if gap.reachable]
    if reachable:
        return f"{reachable[0].code}: {reachable[0].missing}"
    return f"supported: {' '.join(line.supported)}" if line.supported else "nothing"


def codes(line: MonitoredPatient, viewer: Viewer) -> list[Line]:
    """Return what the month supports, and what each other code lacks."""
    lines = [
        Line(
            Content.styled(cells.fit(one.code or one.kind.value, 11), "bold"),
            Content(cells.clean(f"{one.status}: {one.why}")),
        )
        for one in line.evidence.supports
    ]
    for gap in line.gaps:
        until = cells.day(gap.until, viewer.now, viewer.zone)
        when = f"by {until}" if gap.reachable else f"until {until}: not enough time is left"
        words = Content.styled(
            f"lacks {gap.missing} {when}", "$warning" if gap.reachable else "$muted"
        )
        lines.append(Line(Content.styled(cells.fit(gap.code, 11), "bold"), words))
    lines += [Line(Content.styled("! ", "$warning"), Content(cells.clean(one))) for one in
              line.evidence.notices]  # fmt: skip
    return lines


def days(line: MonitoredPatient) -> list[Line]:
    """Return every day with data and the hashed records behind it, newest first."""
    zone = ZoneInfo(line.evidence.time_zone)
    found = [
        Line(
            Content.styled(f"{day.day.isoformat()} ", "bold" if number == 0 else "$muted"),
            Content.assemble(
                f"{record.recorded_at.astimezone(zone):%H:%M} {cells.words(record.kind.value)} ",
                (f"{record.sha256}", "$muted"),
            ),
        )
        for day in reversed(line.evidence.days)
        for number, record in enumerate(day.records)
    ]
    return found or [Line(Content(""), Content.styled("No day with data.", "$muted"))]
