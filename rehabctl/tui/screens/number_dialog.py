"""Asks for one number."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from rehabctl.tui.screens.own_dismiss import OwnDismiss
from rehabctl.tui.widgets.filter_input import steady


class NumberDialog(OwnDismiss, ModalScreen[float | None]):
    """One line that takes a number.

    Parameters
    ----------
    title
        What the number is.
    value
        What it is now.
    """

    BINDINGS: ClassVar = [Binding("escape", "cancel", "Cancel", id="dialog.cancel")]

    def __init__(self, title: str, value: float | None) -> None:
        super().__init__()
        self._title = title
        start = "" if value is None else f"{value:g}"
        self._input = steady(Input(start, type="number", select_on_focus=True))

    def compose(self) -> ComposeResult:
        """Lay out title, line and keys."""
        with Vertical(classes="dialog narrow"):
            yield Static(Content(self._title), classes="dialog-title")
            yield self._input
            yield Static(Content("enter: set   esc: cancel"), classes="dialog-hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return the number; what is none is left to be corrected."""
        try:
            self.dismiss(float(event.value))
        except ValueError:
            self._input.focus()

    def action_cancel(self) -> None:
        """Return nothing."""
        self.dismiss(None)
