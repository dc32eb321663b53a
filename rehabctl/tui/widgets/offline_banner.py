"""Says that the store is away and that what is shown is old; hidden while all is well."""

from __future__ import annotations

from datetime import datetime, tzinfo

from textual.content import Content
from textual.widgets import Static

from rehabctl.tui import cells


class OfflineBanner(Static):
    """One line in words and colour."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__("", markup=False)
        self._zone = zone
        self.display = False
        self._since: datetime | None = None

    @property
    def is_offline(self) -> bool:
        """Whether the last read failed."""
        return self._since is not None

    def show_offline(self, what: str, next_step: str, now: datetime) -> None:
        """Show since when reading fails; the first failure counts."""
        self._since = self._since or now
        text = f" Offline since {cells.clock(self._since, self._zone)}: {what}. {next_step}."
        self.update(Content(cells.clean(text)))
        self.display = True

    def show_online(self) -> None:
        """Hide the banner."""
        self._since = None
        self.display = False
