"""A scrolling area with the reading keys of the keymap."""

from __future__ import annotations

from typing import ClassVar

from textual.containers import VerticalScroll

from rehabctl.tui.help_text import HelpText
from rehabctl.tui.keymap import bindings


class Reader(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Scrolls by line, page and end."""

    BINDINGS: ClassVar = bindings("reader")
    help = HelpText("Reading", "What does not fit is scrolled by line, by page, or to an end.")

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=lines, animate=False)

    def action_scroll_page(self, direction: int) -> None:
        """Scroll by a screen."""
        self.scroll_relative(y=direction * max(1, self.size.height - 1), animate=False)

    def action_scroll_edge(self, direction: int) -> None:
        """Scroll to the top (-1) or the bottom (1)."""
        self.scroll_to(y=0 if direction < 0 else self.max_scroll_y, animate=False)
