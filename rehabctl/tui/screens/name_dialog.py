"""Asks for a name."""

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


class NameDialog(OwnDismiss, ModalScreen[str | None]):
    """One line that takes a name.

    Parameters
    ----------
    title
        What is named.
    note
        What the name is used for.
    """

    BINDINGS: ClassVar = [Binding("escape", "cancel", "Cancel", id="dialog.cancel")]

    def __init__(self, title: str, note: str) -> None:
        super().__init__()
        self._title = title
        self._note = note

    def compose(self) -> ComposeResult:
        """Lay out title, line and keys."""
        with Vertical(classes="dialog narrow"):
            yield Static(Content(self._title), classes="dialog-title")
            yield steady(Input(placeholder=self._note))
            yield Static(Content("enter: save   esc: cancel"), classes="dialog-hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return the name."""
        self.dismiss(event.value.strip() or None)

    def action_cancel(self) -> None:
        """Return nothing."""
        self.dismiss(None)
