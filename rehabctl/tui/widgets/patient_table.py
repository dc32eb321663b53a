"""The worklist: draws only the lines in view, so that a million rows cost the same as fifty.

A cursor move repaints two lines in few segments, because every segment costs bytes on a slow
connection. Rows that are not loaded yet are asked for with `RowsWanted` and drawn when they come.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from rehabctl.domain.triage import Tier, WorklistRow
from rehabctl.tui.cells import fit
from rehabctl.tui.columns import MARK_CELLS, Viewer, layout, row_parts
from rehabctl.tui.help_text import HelpText
from rehabctl.tui.keymap import bindings
from rehabctl.tui.worklist_pages import WorklistPages

_MARK = "✓"
_CURSOR = ">"


class PatientTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Patients by priority, with a cursor and marks.

    Parameters
    ----------
    viewer
        Moment and zone for relative times.
    """

    BINDINGS: ClassVar = bindings("table")
    COMPONENT_CLASSES: ClassVar = {
        "table--cursor",
        "table--marked",
        "table--loading",
        *(f"table--{tier.value}" for tier in Tier),
    }
    help = HelpText(
        "Worklist",
        "Patients in order of priority, with the first reason for it. ▲ red flag, ▼ declining, "
        "● due, · stable. Pain shows up to the last seven ratings on a scale from 0 to 10 and "
        "the newest as a number. Adh. is the share of planned sessions done in 28 days. Alerts "
        "counts open alerts. A wider terminal shows more columns.",
    )

    cursor: reactive[int] = reactive(0, repaint=False)
    """Position of the selected row. Not a repaint of all: `watch_cursor` repaints two lines."""

    @dataclass
    class Opened(Message):
        """A row was chosen."""

        row: WorklistRow

    @dataclass
    class MarksChanged(Message):
        """The set of marked patients changed."""

        before: frozenset[str] | None
        """The marks before it, to which undo returns; None: an action used them up."""

    @dataclass
    class RowsWanted(Message):
        """Rows in or near view are not loaded."""

        first: int
        last: int

        def can_replace(self, message: Message) -> bool:
            """Only the newest view counts."""
            return isinstance(message, PatientTable.RowsWanted)

    def __init__(self, viewer: Viewer, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.viewer = viewer
        self.pages = WorklistPages()
        self.marks: set[str] = set()
        self._last_mark: int | None = None
        self.empty_text = ""
        """Said in place of rows when there are none."""

    # -- rows ------------------------------------------------------------------------------

    @property
    def current(self) -> WorklistRow | None:
        """The row under the cursor, or None while it is not loaded."""
        return self.pages.row(self.cursor)

    @property
    def view(self) -> tuple[int, int]:
        """First and last position in view."""
        top = self.scroll_offset.y
        return top, top + max(1, self.scrollable_content_region.height) - 1

    def show(self, pages: WorklistPages, cursor: int) -> None:
        """Replace the rows; the cursor row keeps its line on the screen where that is possible.

        Parameters
        ----------
        pages
            The new rows.
        cursor
            Where the cursor is in them.
        """
        line = self.cursor - self.scroll_offset.y
        self.pages = pages
        self._last_mark = None
        self.set_reactive(PatientTable.cursor, max(0, min(cursor, pages.total - 1)))
        self.virtual_size = Size(0, pages.total)
        self.scroll_to(y=self.cursor - line, animate=False, force=True)
        self._keep_in_view()
        self.rows_came()

    def rows_came(self) -> None:
        """Draw after more rows of the same list were loaded."""
        self.refresh()
        self._ask_for_rows()

    def _ask_for_rows(self) -> None:
        first, last = self.view
        height = last - first + 1
        low, high = first - height, last + height
        if self.pages.next_request(low, high) is not None:
            self.post_message(self.RowsWanted(low, high))

    # -- drawing ---------------------------------------------------------------------------

    def on_resize(self) -> None:
        """Keep the cursor in view. Behind a dialog this comes late: rows ask for the width."""
        self._keep_in_view()
        self._ask_for_rows()

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen."""
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if index >= self.pages.total:
            text = self.empty_text if index == 0 else ""
            return Strip([Segment(fit(f"  {text}", width), self._part("table--loading"))], width)
        row = self.pages.row(index)
        pointer = _CURSOR if index == self.cursor else " "
        if row is None:
            text = f"{pointer}  …".ljust(width)
            return Strip([Segment(text, self._part("table--loading"))], width)
        return Strip(self._segments(row, pointer, width), width)

    def _segments(self, row: WorklistRow, pointer: str, width: int) -> list[Segment]:
        marked = row.mrn in self.marks
        lead = pointer + (_MARK if marked else " ")
        columns = layout(width)
        tier, rest = row_parts(row, columns, self.viewer)
        used = MARK_CELLS + sum(c.width for c in columns) + len(columns) - 1
        rest += " " * (width - used)
        if pointer == _CURSOR:
            return [Segment(lead + tier + rest, self._part("table--cursor"))]
        tier_style = self._part(f"table--{row.tier.value}")
        rest_style = self._part("table--marked") if marked else self.rich_style
        if row.tier is Tier.STABLE and not marked:
            return [Segment(lead + tier + rest, tier_style)]
        return [Segment(lead + tier, tier_style), Segment(rest, rest_style)]

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(name)

    def watch_cursor(self, old: int, new: int) -> None:
        """Scroll the cursor into view and repaint the two lines that changed."""
        first, last = self.view
        if first <= old <= last and first <= new <= last:
            self._refresh_row(old)
            self._refresh_row(new)
        else:
            self._keep_in_view()
            self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ask for the rows that came into view."""
        super().watch_scroll_y(old_value, new_value)
        self._ask_for_rows()

    def _keep_in_view(self) -> None:
        first, last = self.view
        height = last - first + 1
        if self.cursor < first:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor > last:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    # -- actions ---------------------------------------------------------------------------

    def _go(self, index: int) -> None:
        self.cursor = max(0, min(self.pages.total - 1, index))

    def action_move(self, step: int) -> None:
        """Move the cursor by rows."""
        self._go(self.cursor + step)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a screen."""
        first, last = self.view
        self._go(self.cursor + direction * max(1, last - first))

    def action_jump_first(self) -> None:
        """Go to the first row."""
        self._go(0)

    def action_jump_last(self) -> None:
        """Go to the last row."""
        self._go(self.pages.total - 1)

    def action_open(self) -> None:
        """Open the patient under the cursor."""
        if (row := self.current) is not None:
            self.post_message(self.Opened(row))

    def action_mark(self) -> None:
        """Mark or unmark the row under the cursor and go on to the next."""
        if (row := self.current) is not None:
            before = frozenset(self.marks)
            self.marks = {*before} ^ {row.mrn}
            self._last_mark = self.cursor
            self._refresh_row(self.cursor)
            self.post_message(self.MarksChanged(before))
            self.action_move(1)

    def action_mark_range(self) -> None:
        """Mark all loaded rows from the last mark to the cursor."""
        start = self.cursor if self._last_mark is None else self._last_mark
        low, high = sorted((start, self.cursor))
        rows = (self.pages.row(i) for i in range(low, high + 1))
        self.set_marks(self.marks | {row.mrn for row in rows if row is not None})
        self._last_mark = self.cursor

    def action_mark_all(self) -> None:
        """Mark every loaded row, or remove all marks when every one is marked."""
        loaded = self.pages.loaded_mrns()
        self.set_marks(set() if loaded <= self.marks else self.marks | loaded)

    def set_marks(self, marks: Set[str], *, can_undo: bool = True) -> None:
        """Replace the marks.

        Parameters
        ----------
        marks
            Record numbers.
        can_undo
            Whether undo returns to the marks before.
        """
        before = frozenset(self.marks) if can_undo else None
        self.marks = set(marks)
        self.refresh()
        self.post_message(self.MarksChanged(before))

    def _refresh_row(self, index: int) -> None:
        width = self.scrollable_content_region.width  # not the scrollbar: it costs bytes
        self.refresh(Region(0, index - self.view[0], width, 1))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the clicked row; a second click opens it."""
        index = event.y + self.scroll_offset.y
        if index < self.pages.total:
            self._go(index)
            if event.chain > 1:
                self.action_open()
