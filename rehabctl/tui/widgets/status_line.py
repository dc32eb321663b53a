"""The first line of a screen: what it shows, and how old that is."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from rehabctl.tui import cells

_OLD_AFTER_MINUTES = 5
_READING, _NOT_READ = "reading…", "not read"


class StatusLine(Widget):
    """Words on the left, the age of the data on the right."""

    COMPONENT_CLASSES: ClassVar = {"status--title", "status--note"}

    def __init__(self) -> None:
        super().__init__()
        self._texts = ("rehabctl", "", "")

    def show(self, title: str, note: str, age: str) -> None:
        """Set the line.

        Parameters
        ----------
        title
            The main fact.
        note
            Filter, order, marks.
        age
            When the data was read or recorded.
        """
        if (title, note, age) != self._texts:  # an unchanged line sends no bytes
            self._texts = (title, note, age)
            self.refresh()

    def show_failed(self, why: str = "") -> None:
        """Say that what was to be read was not; what was read before stays as old as it is.

        Parameters
        ----------
        why
            The reason: it stays when the notice about it has gone. Empty where a banner says it.
        """
        title, note, age = self._texts
        if age in (_READING, _NOT_READ):
            self.show(title, why or note, _NOT_READ)

    @property
    def has_failed(self) -> bool:
        """Whether nothing could be read so far."""
        return self._texts[2] == _NOT_READ

    def render_line(self, y: int) -> Strip:
        """Return the line, the note cut when it does not fit."""
        width = self.size.width
        title, note, age = self._texts
        left = f" {cells.clean(title)}"
        right = f"{age} "
        room = max(0, width - cell_len(left) - cell_len(right))
        note = cells.fit(f"  {note}" if note else "", max(0, room - 2)) + "  "[:room]
        return Strip(
            [
                Segment(left, self.get_component_rich_style("status--title")),
                Segment(note, self.get_component_rich_style("status--note")),
                Segment(right, self.rich_style),
            ],
        ).adjust_cell_length(width, self.rich_style)


def data_age(as_of: datetime | None, now: datetime, zone: tzinfo) -> str:
    """Return `as of 09:41`, and how long ago when that is more than a few minutes."""
    if as_of is None:
        return _READING
    minutes = int((now - as_of).total_seconds() // 60)
    old = f" ({cells.ago(as_of, now)} old)" if minutes >= _OLD_AFTER_MINUTES else ""
    return f"as of {cells.clock(as_of, zone)}{old}"
