"""Columns of the worklist: what each shows, how wide it is, and which give way first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache

from rich.cells import cell_len

from rehabctl.domain.triage import WorklistRow
from rehabctl.tui import cells

MARK_CELLS = 2
"""Cursor and mark, before the first column."""
_REASON_MIN = 16
_GROWTH = (("Name", 18), ("Reason", 40), ("Name", 26), ("Reason", 84))
"""Which columns take spare width, in this order, and up to what."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """The moment and the time zone that relative times are told for."""

    now: datetime
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    title: str
    width: int
    text: Callable[[WorklistRow, int, Viewer], str]
    right: bool = False


def _reason(row: WorklistRow, width: int, _: Viewer) -> str:
    """Return as many reasons as fit, and the count of those that do not."""
    texts = [cells.clean(reason.text) for reason in row.reasons]
    for shown in range(len(texts), 0, -1):
        more = f" +{len(texts) - shown}" if shown < len(texts) else ""
        line = "; ".join(texts[:shown])
        if cell_len(line) + len(more) <= width:
            return line + more
    if not texts:
        return ""
    more = f" +{len(texts) - 1}" if len(texts) > 1 else ""
    return cells.fit(texts[0], width - len(more)) + more


def _pain(row: WorklistRow, width: int, _: Viewer) -> str:
    return cells.pain(row, width - 3)


_TIER = Column("Priority", 11, lambda r, _, __: cells.tier(r.tier))
_MRN = Column("MRN", 8, lambda r, _, __: r.mrn)
_NAME = Column("Name", 12, lambda r, _, __: r.name)
_REASON = Column("Reason", _REASON_MIN, _reason)
_LAST = Column("Last", 4, lambda r, _, v: cells.ago(r.last_session_at, v.now), right=True)
_ADHERENCE = Column(
    "Adh.", 4, lambda r, _, __: cells.number(r.adherence_percent_28d, "%"), right=True
)
_PAIN = Column("Pain", 10, _pain, right=True)
_ROM = Column("ROM", 11, lambda r, _, __: cells.trend(r.rom_trend))
_ALERTS = Column("Alerts", 6, lambda r, _, __: str(r.open_alerts or "·"), right=True)
_DUE = Column("Due", 8, lambda r, _, v: cells.due(r.next_due, v.now, v.zone))

_ORDER = (_TIER, _MRN, _NAME, _REASON, _LAST, _ADHERENCE, _PAIN, _ROM, _ALERTS, _DUE)
_FIRST_TO_GO = (_DUE, _LAST, _ROM)
"""In a narrow terminal; the patient screen has them all."""


@lru_cache(maxsize=4)  # asked for every row that is drawn
def layout(width: int) -> tuple[Column, ...]:
    """Return the columns that fit; spare width goes to reason, name and pain.

    Parameters
    ----------
    width
        Terminal cells for the whole row.
    """
    shown = list(_ORDER)
    gone = iter(_FIRST_TO_GO)
    while _room(shown, width) < 0 and (column := next(gone, None)) is not None:
        shown.remove(column)
    spare = max(0, _room(shown, width))
    widths = {column.title: column.width for column in shown}
    for title, most in _GROWTH:
        more = min(spare, max(0, most - widths[title]))
        widths[title] += more
        spare -= more
    return tuple(Column(c.title, widths[c.title], c.text, c.right) for c in shown)


def _room(columns: list[Column], width: int) -> int:
    return width - MARK_CELLS - sum(c.width for c in columns) - (len(columns) - 1)


def header(columns: tuple[Column, ...]) -> str:
    """Return the line of titles."""
    titles = (cells.fit(c.title, c.width, right=c.right) for c in columns)
    return " " * MARK_CELLS + " ".join(titles)


def row_parts(row: WorklistRow, columns: tuple[Column, ...], viewer: Viewer) -> tuple[str, str]:
    """Return the tier cell and the rest of a row as text of fixed width."""
    texts = [cells.fit(c.text(row, c.width, viewer), c.width, right=c.right) for c in columns]
    return texts[0], " " + " ".join(texts[1:])
