"""An app base that shows and logs no traceback, no local variables and no patient data.

Textual prints a traceback with local variables when something fails: names and birth dates would
end on the terminal and in its scroll-back. Here a failure becomes one line with a log id.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast

from rich.text import Text
from textual.app import App, SystemCommand
from textual.dom import DOMNode
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from rehabctl.services.crash_log import record_crash

_ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def app_of(node: DOMNode) -> App[None]:
    """Return the app around a node, with its type (Textual leaves it open)."""
    return cast("App[None]", node.app)  # pyright: ignore[reportUnknownMemberType]


def failure_of(event: Worker.StateChanged) -> BaseException | None:
    """Return what a worker failed with, if it did."""
    worker = cast("Worker[object]", event.worker)  # pyright: ignore[reportUnknownMemberType]
    return worker.error if event.state is WorkerState.ERROR else None


class SafeApp(App[None]):
    """Every failure ends in `record_crash`; the tests fail if a Textual upgrade moves the seams."""

    def _handle_exception(self, error: Exception) -> None:
        """Leave with one line, whatever failed (Textual's own would print local variables)."""
        self._return_code = 1
        if self._exception is None:
            self._exception = error  # raised again by `run_test`, never printed
            self._exception_event.set()  # pyright: ignore[reportUnknownMemberType]
        self._exit_renderables.append(Text(record_crash(error)))
        self._close_messages_no_wait()

    def panic(self, *renderables: object) -> None:
        """Leave with one line; what Textual wanted to print may hold what is on the screen."""
        self._handle_exception(RuntimeError("panic"))

    def on_load(self) -> None:
        """Take over what asyncio would print about a task that nobody awaited, and the signals."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_loop_error)
        for number in _ENDS:
            with suppress(NotImplementedError, RuntimeError, ValueError):  # not on this system
                loop.add_signal_handler(number, self._on_end, number)

    def _on_end(self, number: int) -> None:
        """Leave the terminal empty and as it was, and delete decrypted films."""
        self.exit(return_code=128 + number)

    def _on_loop_error(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            record_crash(error)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show a failed worker of the app as one line; the panel goes on."""
        if (error := failure_of(event)) is not None:
            self.notify(record_crash(error), severity="error", markup=False)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Leave out Textual's screenshot: it would write patients to a file in plain text."""
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)
        yield SystemCommand("Quit", "Close the panel", self.action_quit)
