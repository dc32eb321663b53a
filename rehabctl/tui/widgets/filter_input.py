"""The filter line of the worklist; hidden while it is empty and not in use."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS
from textual.widgets import Input

from rehabctl.tui.help_text import HelpText


class FilterInput(Input):
    """Filters as you type: record number, name or reason."""

    BINDINGS: ClassVar = [
        Binding("enter", "submit", "To the list"),
        Binding("down", "screen.focus_table", "To the list", show=False),
        Binding("escape", "app.back", "Remove the filter"),
    ]
    help = HelpText(
        "Filter",
        "Keeps patients whose record number, name or reasons contain the text. Enter goes to the "
        "list and keeps the filter, escape removes it.",
    )

    def __init__(self) -> None:
        super().__init__(placeholder="record number, name or reason", compact=True)
        self.display = False
        steady(self)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Return whether a key is typed here; Textual knows no character of `/`, `+` and `-`."""
        return key in KEY_NAME_REPLACEMENTS.values() or super().check_consume_key(key, character)


def steady(line: Input) -> Input:
    """Return the line with a cursor that does not blink: blinking sends bytes twice a second."""
    line.cursor_blink = False
    return line
