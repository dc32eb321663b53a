"""The texts of the kit screen: kits in, styled lines out."""

from __future__ import annotations

from datetime import date, datetime

from textual.content import Content

from rehabctl.domain.kit import KitItem, KitItemStatus
from rehabctl.services.kits import KitDetail, KitLine
from rehabctl.tui import cells
from rehabctl.tui.columns import Viewer
from rehabctl.tui.widgets.section import Line

_COLUMNS = (
    ("Kit", 9), ("State", 10), ("Patient", 9), ("Due back", 9), ("Battery", 8), ("Certified", 10),
)  # fmt: skip


def heading() -> str:
    """Return the titles over the list."""
    return " ".join(cells.fit(title, width) for title, width in _COLUMNS) + " Needs"


def row(line: KitLine, viewer: Viewer) -> Content:
    """Return a kit as one line of the list: what it needs is written out, not coloured alone."""
    battery = cells.number(line.battery_percent_min, " %")
    values = (
        line.kit,
        cells.words(line.status.value),
        line.patient or cells.NONE,
        _day(line.due_back_on, viewer),
        battery,
        _day(line.certificate_until, viewer),
    )
    shown = " ".join(
        cells.fit(value, width) for value, (_, width) in zip(values, _COLUMNS, strict=True)
    )
    needs = "; ".join(cells.clean(finding.text) for finding in line.findings)
    return Content.assemble(
        " ", shown, " ", (needs or "nothing", "$warning" if needs else "$muted")
    )


def _day(when: date | None, viewer: Viewer) -> str:
    return cells.NONE if when is None else cells.day(when, viewer.now, viewer.zone)


def contents(detail: KitDetail, viewer: Viewer) -> list[Line]:
    """Return each sensor and accessory with its state, battery and firmware."""
    if not detail.items:
        return [Line(Content(""), Content.styled("The kit is empty.", "$muted"))]
    return [_item(item, viewer) for item in detail.items]


def _item(item: KitItem, viewer: Viewer) -> Line:
    parts = [item.segment, item.model, item.firmware and f"firmware {item.firmware}"]
    if item.battery_percent is not None:
        parts.append(f"{item.battery_percent} %{_seen(item.battery_at, viewer)}")
    good = item.status is KitItemStatus.GOOD
    told = ", ".join(cells.clean(part) for part in parts if part)
    return Line(
        Content(cells.fit(item.serial, 15) + " "),
        Content.assemble(
            ("" if good else f"{item.status.value}  ", "$warning"), told or "accessory"
        ),
    )


def _seen(when: datetime | None, viewer: Viewer) -> str:
    return "" if when is None else f" {cells.ago(when, viewer.now)} ago"


def needs(detail: KitDetail) -> list[Line]:
    """Return what has to be done before the kit goes out."""
    if not detail.line.findings:
        return [Line(Content(""), Content.styled("Nothing: it can go out.", "$success"))]
    return [
        Line(Content.styled("• ", "$warning"), Content(cells.clean(finding.text)))
        for finding in detail.line.findings
    ]


def log(detail: KitDetail, viewer: Viewer) -> list[Line]:
    """Return what happened to the kit, newest first."""
    lines: list[Line] = []
    for event in detail.events:
        when = cells.day_time(event.at, viewer.now, viewer.zone)
        what = " ".join(filter(None, (cells.words(event.kind.value), event.serial, event.comment)))
        body = Content.assemble(cells.clean(what), (f"  {cells.clean(event.actor)}", "$muted"))
        lines.append(Line(Content.styled(f"{when:<14}", "$muted"), body))
    return lines or [Line(Content(""), Content.styled("Nothing yet.", "$muted"))]
