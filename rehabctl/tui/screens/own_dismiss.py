"""A screen that closes itself and never another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete
from textual.screen import Screen

from rehabctl.tui.safe_app import app_of

if TYPE_CHECKING:
    _Base = Screen[Any]
else:
    _Base = object  # a mixin: a second DOM class among the bases would hide the style of the first


class OwnDismiss(_Base):
    """Textual's `dismiss` pops whatever is on top: late work could close a dialog, or the lock.

    Here a screen that is covered waits until it is on top again, and a second `dismiss` is nothing.
    """

    _waiting_result: tuple[Any] | None = None

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close this screen, now or when it is on top again.

        Parameters
        ----------
        result
            Passed to the callback of `push_screen`.
        """
        app = app_of(self)
        if app.screen is self and len(app.screen_stack) > 1:
            return super().dismiss(result)
        self._waiting_result = (result,)
        return AwaitComplete()

    @property
    def is_ready(self) -> bool:
        """Whether the widgets are there: not before the first drawing, not while closing."""
        return self.is_mounted and self.is_attached and not self._closing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let no key act on a screen that is not there yet, or not any more."""
        return self.is_ready and super().check_action(action, parameters)

    def on_screen_resume(self) -> None:
        """Close if that was asked for meanwhile."""
        if self._waiting_result is not None:
            self.call_later(self._dismiss_now)

    def _dismiss_now(self) -> None:
        """Close with the waiting result; nothing is returned, because Textual would await it."""
        if self._waiting_result is not None:
            (result,) = self._waiting_result
            self._waiting_result = None
            self.dismiss(result)
