"""Texts of single values: words beside every symbol, numbers beside every bar, fixed cell widths.

Foreign text (names, notes) may hold control or escape characters; `clean` is applied to all of it
before it reaches the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo

from rich.cells import cell_len, set_cell_size

from rehabctl.domain.triage import Tier, WorklistRow

NONE = "-"
"""Shown where nothing was recorded."""

TIER_SYMBOL = {Tier.RED_FLAG: "▲", Tier.DECLINING: "▼", Tier.DUE: "●", Tier.STABLE: "·"}
TIER_WORD = {
    Tier.RED_FLAG: "red flag",
    Tier.DECLINING: "declining",
    Tier.DUE: "due",
    Tier.STABLE: "stable",
}
TREND_SYMBOL = {"improving": "↑", "rising": "↑", "steady": "→", "declining": "↓", "falling": "↓"}
_BARS = "▁▂▃▄▅▆▇█"
_PAIN_MAX = 10.0


def clean(text: str) -> str:
    """Replace control characters, so that stored text cannot steer the terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "·" for c in text)


def clean_lines(text: str) -> str:
    """Clean text of several lines; the line breaks stay."""
    return "\n".join(clean(line) for line in text.splitlines())


def align_tabs(text: str) -> str:
    """Write tab-separated lines as columns, two spaces apart; other lines stay."""
    rows = [line.split("\t") for line in text.splitlines()]
    widths: dict[int, int] = {}
    for row in rows:
        for i, cell in enumerate(row[:-1]):
            widths[i] = max(widths.get(i, 0), cell_len(clean(cell)))
    return "\n".join(
        "".join(fit(cell, widths[i] + 2) for i, cell in enumerate(row[:-1])) + clean(row[-1])
        for row in rows
    )


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Cut or pad to a width in terminal cells (a Chinese character takes two)."""
    text = clean(text)
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + "…" if width > 0 else ""
    padding = " " * (width - length)
    return padding + text if right else text + padding


def tier(value: Tier) -> str:
    """Return symbol and word of a tier."""
    return f"{TIER_SYMBOL[value]} {TIER_WORD[value]}"


def trend(word: str | None) -> str:
    """Return symbol and word of a trend."""
    return NONE if word is None else f"{TREND_SYMBOL.get(word, ' ')} {word}"


def sparkline(values: Sequence[float], width: int) -> str:
    """Draw the last values on the fixed scale of pain (0 to 10), one character each."""
    top = len(_BARS) - 1
    shown = values[-width:] if width else ()
    return "".join(_BARS[round(min(max(v / _PAIN_MAX, 0.0), 1.0) * top)] for v in shown)


def number(value: float | None, unit: str = "", digits: int = 0) -> str:
    """Return a rounded number with its unit."""
    return NONE if value is None else f"{value:.{digits}f}{unit}"


def pain(row: WorklistRow, bars: int) -> str:
    """Return the pain sparkline, right-aligned, and the latest number beside it."""
    if row.pain_now is None:
        return fit(NONE, bars + 3, right=True)
    return f"{sparkline(row.pain_series, bars):>{bars}} {row.pain_now:2.0f}"


def ago(then: datetime | None, now: datetime) -> str:
    """Return how long ago, in the largest unit that fits (`3h`, `2d`, `5w`)."""
    if then is None:
        return NONE
    minutes = max(0, int((now - then).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes}m"
    if minutes < 24 * 60:
        return f"{minutes // 60}h"
    days = minutes // (24 * 60)
    return f"{days}d" if days < 21 else f"{days // 7}w"


def due(when: datetime | None, now: datetime, zone: tzinfo) -> str:
    """Return when something is due, by calendar day of the viewer."""
    if when is None:
        return NONE
    days = (when.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days == 0:
        return "today"
    return f"in {days}d" if days > 0 else f"{-days}d late"


def clock(when: datetime, zone: tzinfo) -> str:
    """Return the viewer's time of day."""
    return f"{when.astimezone(zone):%H:%M}"


def day(when: datetime | date, now: datetime, zone: tzinfo) -> str:
    """Return a calendar day of the viewer (`12 May`), with the year when it is not this one."""
    local = when.astimezone(zone) if isinstance(when, datetime) else when
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    return f"{local.day} {local:%b}{year}"


def day_time(when: datetime, now: datetime, zone: tzinfo) -> str:
    """Return day and time of the viewer."""
    return f"{day(when, now, zone)} {clock(when, zone)}"


def words(slug: str) -> str:
    """Return a slug or a motion as words (`knee_flexion` -> `knee flexion`)."""
    return clean(slug.replace("_", " ").replace("-", " "))


def with_side(text: str, side: str | None) -> str:
    """Return `text, left` where a side is known."""
    return text if side is None else f"{text}, {side}"


def interval(limits: tuple[float, float] | None) -> str:
    """Return an interval in degrees (`90.6 to 101.6`)."""
    return NONE if limits is None else f"{limits[0]:.1f} to {limits[1]:.1f}"
