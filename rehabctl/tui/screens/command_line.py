"""The `:` line. What is typed here runs as a `rehabctl` command."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from rehabctl.tui.screens.own_dismiss import OwnDismiss
from rehabctl.tui.widgets.filter_input import steady


class CommandLine(OwnDismiss, ModalScreen[str | None]):
    """One input line at the bottom."""

    BINDINGS: ClassVar = [Binding("escape", "cancel", "Cancel", id="dialog.cancel")]

    def compose(self) -> ComposeResult:
        """Lay out the line."""
        with Horizontal(id="command-line"):
            yield Static(Content("rehabctl "), id="command-prompt")
            yield steady(Input(placeholder="for example: triage list --format plain", compact=True))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return the line, without the program's own name if that was typed."""
        line = event.value.strip()
        self.dismiss(line.removeprefix("rehabctl ").strip() or None)

    def action_cancel(self) -> None:
        """Return nothing."""
        self.dismiss(None)
