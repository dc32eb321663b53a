"""Asks for a line or two of text and carries out what it is for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.widgets import Input

from rehabctl.tui.context import PanelContext
from rehabctl.tui.screens.dialogs import ActionDialog
from rehabctl.tui.widgets.filter_input import steady


class TextDialog(ActionDialog):
    """One or two lines; the dialog stays open until the action succeeded.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    title
        What is asked.
    lines
        What it is about.
    fields
        What stands in each line while it is empty.
    perform
        Takes the lines; blocks; raises `RehabctlError` when it is refused.
    start
        Text of the first line to begin with.
    """

    def __init__(
        self,
        context: PanelContext,
        title: str,
        lines: Sequence[str],
        fields: Sequence[str],
        perform: Callable[[Sequence[str]], None],
        start: str = "",
    ) -> None:
        super().__init__(context, title, lines, lambda _: perform(self._values()))
        self._inputs = [
            steady(Input(start if n == 0 else "", placeholder=text, select_on_focus=True))
            for n, text in enumerate(fields)
        ]

    def _values(self) -> list[str]:
        return [line.value.strip() for line in self._inputs]

    def compose_field(self) -> ComposeResult:
        """Return the lines."""
        yield from self._inputs

    def hint(self) -> str:
        """Return the line about keys."""
        more = "   tab: next line" if len(self._inputs) > 1 else ""
        return f"enter: do it{more}   esc: cancel"

    def on_mount(self) -> None:
        """Type at once."""
        self._inputs[0].focus()

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """Carry it out."""
        self.submit("")
