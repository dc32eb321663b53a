"""A list of one line each with a cursor, by the same keys everywhere."""

from __future__ import annotations

from typing import ClassVar

from textual._widget_navigation import Direction
from textual.widgets import OptionList

from rehabctl.tui.help_text import HelpText
from rehabctl.tui.keymap import bindings


class LineList(OptionList, inherit_bindings=False):
    """Lines that do not wrap.

    Parameters
    ----------
    help_text
        What F1 says.
    """

    BINDINGS: ClassVar = bindings("list")

    def __init__(self, help_text: HelpText) -> None:
        super().__init__()
        self.help = help_text

    def _move_page(self, direction: Direction) -> None:
        """Stay while new lines wait for their layout: Textual fails in a list without room."""
        if (self.highlighted or 0) in self._index_to_line:
            super()._move_page(direction)
