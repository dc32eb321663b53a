"""The lock: nothing of the panel stays on the screen."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from rehabctl.tui.context import PanelContext
from rehabctl.tui.messages import WorkFailed
from rehabctl.tui.screens.port_screen import PortScreen
from rehabctl.tui.widgets.filter_input import steady


class LockScreen(PortScreen[None], ModalScreen[None]):
    """Opaque, modal, and closed only by the right secret (or enter where there is none)."""

    is_lock = True
    BINDINGS: ClassVar = [Binding("enter", "open", "Unlock", id="lock.open")]

    class Answered(Message):
        """The secret was checked."""

        def __init__(self, opened: bool) -> None:
            super().__init__()
            self.opened = opened

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._needs_secret = context.data.unlock_needs_secret
        self._error = Static("", classes="dialog-error", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the lock; no patient data."""
        with Vertical(classes="dialog narrow"):
            yield Static(Content("Locked"), classes="dialog-title")
            if self._needs_secret:
                yield steady(Input(password=True, placeholder="Passphrase"))
            yield self._error
            hint = "enter: unlock" if self._needs_secret else "enter: go on"
            yield Static(Content(f"{hint}   ctrl+q: quit"), classes="dialog-hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Check the secret in a thread: deriving a key takes time."""
        secret, data = event.value, self.context.data
        event.input.value = ""
        self.in_thread(lambda: self.Answered(data.unlock(secret)), group="unlock")

    def on_lock_screen_answered(self, message: Answered) -> None:
        """Open, or say that it was wrong."""
        if message.opened:
            self.dismiss(None)
        else:
            self._error.update(Content("Wrong passphrase."))

    def work_failed(self, message: WorkFailed) -> None:
        """Say why it could not be checked."""
        self._error.update(Content(f"{message.what}. {message.next_step}."))

    def action_open(self) -> None:
        """Open without a secret where none is needed."""
        if not self._needs_secret:
            self.dismiss(None)
