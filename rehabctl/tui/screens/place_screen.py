"""The base of a screen about the whole clinic: its key goes there, `1` and `esc` come back."""

from __future__ import annotations

from abc import abstractmethod

from rehabctl.tui import places
from rehabctl.tui.screens.port_screen import PortScreen
from rehabctl.tui.widgets.status_line import StatusLine


class PlaceScreen(PortScreen[str]):
    """Takes `bindings("places", ...)` and is announced as a `Place` that is not about one patient.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    """

    @abstractmethod
    def action_refresh_data(self) -> None:
        """Read again, in a thread."""

    def follow(self) -> None:
        """Read again now and then while this is in view: colleagues change the same records."""
        self.set_interval(self.context.refresh_s, self._read_if_seen)

    def _read_if_seen(self) -> None:
        if self.is_on_top and not self.query_one(StatusLine).has_failed:
            self.action_refresh_data()

    def action_open(self, name: str) -> None:
        """Leave for another place; the worklist opens it."""
        here = name != places.WORKLIST and isinstance(self, places.find(name).load())
        if not here and self.may_leave():
            self.dismiss(name)
