"""The titles above the worklist, from the same layout as its rows."""

from __future__ import annotations

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from rehabctl.tui.columns import header, layout


class ColumnHeader(Widget):
    """One line of titles. Its scrollbar column stays blank."""

    def render_line(self, y: int) -> Strip:
        """Return the titles."""
        width = self.size.width
        text = header(layout(width - 1))
        return Strip([Segment(text.ljust(width), self.rich_style)], width)
