"""A list of one line each with a cursor, by the same keys everywhere."""

from __future__ import annotations

from typing import ClassVar

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
