"""The base of every screen that reads or acts through the port."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from textual.message import Message
from textual.screen import Screen, ScreenResultType
from textual.timer import Timer
from textual.worker import Worker

from rehabctl.domain.errors import BusyError, RehabctlError, UnavailableError
from rehabctl.services.crash_log import record_crash
from rehabctl.tui.context import PanelContext
from rehabctl.tui.messages import WorkFailed
from rehabctl.tui.safe_app import app_of, failure_of
from rehabctl.tui.screens.own_dismiss import OwnDismiss
from rehabctl.tui.widgets.detail import Detail
from rehabctl.tui.widgets.status_line import StatusLine

_RETRY_S = 5.0


class PortScreen(OwnDismiss, Screen[ScreenResultType]):
    """Runs port calls in threads; their results and failures come back as messages.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    """

    is_lock: ClassVar[bool] = False
    """Whether this is the lock, over which nothing is shown."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__()
        self.context = context
        self._turns: ThreadPoolExecutor | None = None
        self._retry: Timer | None = None

    @property
    def is_on_top(self) -> bool:
        """Whether no other screen, dialog or lock lies over this one."""
        return app_of(self).screen is self

    def in_thread(self, work: Callable[[], Message], *, group: str) -> None:
        """Run blocking work; a newer one of the same group makes an older one's result stale.

        Parameters
        ----------
        work
            Called in a thread; returns the message to post. It touches no widget.
        group
            Name of the kind of work.
        """

        def body() -> None:
            try:
                message = work()
            except RehabctlError as error:
                offline = isinstance(error, UnavailableError | BusyError)
                message = WorkFailed(error.what, error.next_step, offline)
            self.post_message(message)

        self.run_worker(body, thread=True, group=group, exclusive=True, exit_on_error=False)

    def in_turn(self, work: Callable[[], Message], *, group: str) -> None:
        """Run blocking work after all earlier work in turn: what was pressed last is stored last.

        Parameters
        ----------
        work
            Called in a thread; returns the message to post. It touches no widget.
        group
            Name of the kind of work.
        """
        if self._turns is None:
            self._turns = ThreadPoolExecutor(max_workers=1)
        self.in_thread(self._turns.submit(work).result, group=group)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Turn an unexpected failure into a message with a log id; the panel goes on."""
        if (error := failure_of(event)) is not None:
            line = record_crash(error).removeprefix("rehabctl: error: ")
            what, _, next_step = line.partition(". ")
            self.post_message(WorkFailed(what, next_step.rstrip("."), is_offline=False))

    def on_work_failed(self, message: WorkFailed) -> None:
        """Pass on to `work_failed`: Textual would call an overridden handler of every class."""
        self.work_failed(message)

    def work_failed(self, message: WorkFailed) -> None:
        """Say what failed; what was never read does not go on being read."""
        for line in self.query(StatusLine):
            line.show_failed(f"{message.what}. {message.next_step}.")
        self.notify(
            f"{message.what}. {message.next_step}.", severity="error", markup=False, timeout=8
        )

    def try_again(self, read: Callable[[], None]) -> None:
        """Read again in a while: the store was away.

        Parameters
        ----------
        read
            Starts the work.
        """
        if self._retry is not None:
            self._retry.stop()
        self._retry = self.set_timer(_RETRY_S, read)

    def keep_draft(self) -> None:
        """Put typed text that is not saved among the drafts."""

    def may_leave(self) -> bool:
        """Return whether the screen may close; False when it asks first what becomes of changes."""
        return True

    def back_one_level(self) -> bool:
        """Undo one level inside this screen (a filter, marks); False when there is none."""
        return any(detail.go_back() for detail in self.query(Detail))
