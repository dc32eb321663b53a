"""The base of a place with a list above and the line under the cursor in full below."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rehabctl.domain.counting import counted
from rehabctl.tui.columns import Viewer
from rehabctl.tui.context import PanelContext
from rehabctl.tui.help_text import HelpText
from rehabctl.tui.messages import WorkFailed
from rehabctl.tui.screens.place_screen import PlaceScreen
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.line_list import LineList
from rehabctl.tui.widgets.offline_banner import OfflineBanner
from rehabctl.tui.widgets.section import Section
from rehabctl.tui.widgets.status_line import StatusLine, data_age

_RETRY_S = 5.0
T = TypeVar("T")


class ListScreen(PlaceScreen, Generic[T]):
    """List and detail over one port.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    """

    HELP_OF_LIST: ClassVar[HelpText]
    NOUN: ClassVar[str]
    """One line of the list, such as `kit`."""
    WAITING: ClassVar[str]
    """What is said of those that wait for somebody, such as `waiting for somebody`."""
    NONE_YET: ClassVar[str]
    ALL_WELL: ClassVar[str]

    def __init__(self, context: PanelContext, *sections: Section) -> None:
        super().__init__(context)
        self.lines: tuple[T, ...] = ()
        self.only_waiting = False
        self._retry: Timer | None = None
        self._status = StatusLine()
        self._banner = OfflineBanner(context.zone)
        self._list = LineList(self.HELP_OF_LIST)
        self._sections = sections

    @abstractmethod
    def name_of(self, line: T) -> str:
        """Return by what a line is known."""

    @abstractmethod
    def waits(self, line: T) -> bool:
        """Return whether somebody of the clinic has to do something."""

    def title_of_list(self) -> str:
        """Return what the status line names."""
        return self.HELP_OF_LIST.title

    @abstractmethod
    def heading(self) -> str:
        """Return the titles over the list."""

    @abstractmethod
    def row(self, line: T, viewer: Viewer) -> Content:
        """Return a line of the list."""

    @abstractmethod
    def action_refresh_data(self) -> None:
        """Read the list again, in a thread; `show_lines` takes what was read."""

    @abstractmethod
    def read_current(self) -> None:
        """Show the line under the cursor in full."""

    def compose(self) -> ComposeResult:
        """Lay out list and detail."""
        yield self._status
        yield self._banner
        yield Static(Content(f" {self.heading()}"), id="list-heading")
        with Vertical(id="list-body"):
            yield self._list
            with VerticalScroll(id="list-detail", can_focus=False):
                yield from self._sections
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the list."""
        self._list.focus()
        self._status.show(self.HELP_OF_LIST.title, "reading…", "")
        self.action_refresh_data()

    def show_lines(self, lines: tuple[T, ...]) -> None:
        """Show what was read; the cursor stays on its line."""
        self._banner.show_online()
        self.lines = lines
        self._show_list()

    def work_failed(self, message: WorkFailed) -> None:
        """Say that the store is away and try again, or what was refused."""
        if not message.is_offline:
            super().work_failed(message)
            return
        self._banner.show_offline(message.what, message.next_step, self.context.now())
        if self._retry is not None:
            self._retry.stop()
        self._retry = self.set_timer(_RETRY_S, self.action_refresh_data)

    @property
    def shown(self) -> tuple[T, ...]:
        """The lines in view."""
        return tuple(line for line in self.lines if self.waits(line) or not self.only_waiting)

    @property
    def current(self) -> T | None:
        """The line under the cursor."""
        place, shown = self._list.highlighted, self.shown
        return None if place is None or place >= len(shown) else shown[place]

    def _show_list(self) -> None:
        chosen = self._list.highlighted_option
        name = chosen.id if chosen else None
        viewer, shown = self.context.viewer(), self.shown
        names = [self.name_of(line) for line in shown]
        rows = [self.row(line, viewer) for line in shown]
        self._list.clear_options()
        self._list.add_options([Option(r, id=n) for r, n in zip(rows, names, strict=True)])
        if names:
            self._list.highlighted = names.index(name) if name in names else 0
        else:
            text = self.ALL_WELL if self.lines else self.NONE_YET
            self._list.add_option(Option(Content.styled(text, "$muted"), disabled=True))
        waiting = sum(self.waits(line) for line in self.lines)
        note = f"{waiting} of {counted(len(self.lines), self.NOUN)} {self.WAITING}"
        now = self.context.now()
        age = data_age(now, now, self.context.zone)
        self._status.show(self.title_of_list(), note if self.lines else "none yet", age)
        self.read_current()

    def on_option_list_option_highlighted(self, _: OptionList.OptionHighlighted) -> None:
        """Show the line under the cursor in full."""
        self.read_current()

    def action_waiting(self) -> None:
        """Show only what waits for somebody, or all again."""
        self.only_waiting = not self.only_waiting
        self._show_list()
