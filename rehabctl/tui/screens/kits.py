"""Sensor kits: where each is, its batteries, and certificates about to end."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rehabctl.domain.kit import KitEventKind
from rehabctl.services.kits import KitDetail, KitLine
from rehabctl.tui import cells, kit_text
from rehabctl.tui.context import PanelContext
from rehabctl.tui.help_text import HelpText
from rehabctl.tui.keymap import bindings
from rehabctl.tui.kit_messages import KitMoved, KitRead, KitsListed
from rehabctl.tui.messages import WorkFailed
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.place_screen import PlaceScreen
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.line_list import LineList
from rehabctl.tui.widgets.offline_banner import OfflineBanner
from rehabctl.tui.widgets.section import Section
from rehabctl.tui.widgets.status_line import StatusLine, data_age

_HELP = HelpText(
    "Kits",
    "Every kit with the lowest battery of its sensors, the day on which its first certificate "
    "ends, and what it needs before it goes out. f keeps only those that need something, b notes "
    "that a kit came back, c that it was cleaned. rehabctl kit does the rest.",
)
_NONE = "No kits yet. Make one: rehabctl kit add KIT1 SERIAL"
_ALL_WELL = "No kit needs anything. f shows all."
_RETRY_S = 5.0


class KitsScreen(PlaceScreen):
    """The inventory above, the kit under the cursor below.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    """

    BINDINGS: ClassVar = bindings("kits", "places")

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.lines: tuple[KitLine, ...] = ()
        self.only_needy = False
        self._retry: Timer | None = None
        self._status = StatusLine()
        self._banner = OfflineBanner(context.zone)
        self._list = LineList(_HELP)
        self._needs = Section("Needs", (), "What has to be done before the kit goes out.")
        self._contents = Section("Contents", (), "Sensors and accessories with their state.")
        self._log = Section("Log", (), "What happened to the kit, newest first.")

    def compose(self) -> ComposeResult:
        """Lay out list and detail."""
        yield self._status
        yield self._banner
        yield Static(Content(f" {kit_text.heading()}"), id="kit-heading")
        with Vertical(id="kits-body"):
            yield self._list
            with VerticalScroll(id="kit-detail", can_focus=False):
                yield from (self._needs, self._contents, self._log)
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the inventory."""
        self._list.focus()
        self._status.show("Kits", "reading…", "")
        self.action_refresh_data()

    def action_refresh_data(self) -> None:
        """Read again; the cursor stays on its kit."""
        kits = self.context.data.kits
        self.in_thread(lambda: KitsListed(tuple(kits.report())), group="kits")

    def on_kits_listed(self, message: KitsListed) -> None:
        """Show the inventory."""
        self._banner.show_online()
        self.lines = message.lines
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
    def shown(self) -> tuple[KitLine, ...]:
        """The kits in view."""
        return tuple(line for line in self.lines if line.findings or not self.only_needy)

    @property
    def current(self) -> KitLine | None:
        """The kit under the cursor."""
        place, shown = self._list.highlighted, self.shown
        return None if place is None or place >= len(shown) else shown[place]

    def _show_list(self) -> None:
        name = self._list.highlighted_option.id if self._list.highlighted_option else None
        viewer, shown = self.context.viewer(), self.shown
        self._list.clear_options()
        self._list.add_options([Option(kit_text.row(k, viewer), id=k.kit) for k in shown])
        names = [line.kit for line in shown]
        if names:
            self._list.highlighted = names.index(name) if name in names else 0
        else:
            text = _ALL_WELL if self.lines else _NONE
            self._list.add_option(Option(Content.styled(text, "$muted"), disabled=True))
        needy = sum(bool(line.findings) for line in self.lines)
        now = self.context.now()
        note = f"{needy} of {cells.plural(len(self.lines), 'kit')} need something"
        note = note if self.lines else "none yet"
        self._status.show("Kits", note, data_age(now, now, self.context.zone))
        self._read_current()

    def on_option_list_option_highlighted(self, _: OptionList.OptionHighlighted) -> None:
        """Read the kit under the cursor."""
        self._read_current()

    def _read_current(self) -> None:
        line, kits = self.current, self.context.data.kits
        if line is None:
            self._show(None)
        else:
            name = line.kit
            self.in_thread(lambda: KitRead(kits.show(name)), group="kit")

    def on_kit_read(self, message: KitRead) -> None:
        """Show the kit, if the cursor is still on it."""
        if self.current is not None and self.current.kit == message.detail.line.kit:
            self._show(message.detail)

    def _show(self, detail: KitDetail | None) -> None:
        viewer = self.context.viewer()
        self._needs.show(() if detail is None else kit_text.needs(detail))
        self._contents.show(() if detail is None else kit_text.contents(detail, viewer))
        self._log.show(() if detail is None else kit_text.log(detail, viewer))

    # -- actions -------------------------------------------------------------------------------

    def action_needy(self) -> None:
        """Show only kits that need something, or all again."""
        self.only_needy = not self.only_needy
        self._show_list()

    def action_step(self, name: str) -> None:
        """Note that the kit came back, or was cleaned, after asking: the log is never changed."""
        from rehabctl.tui.screens.dialogs import ConfirmDialog

        line, kind, kits = self.current, KitEventKind(name), self.context.data.kits
        if line is None:
            return
        kit = line.kit

        def work() -> Message:
            kits.move(kit, kind)
            return KitMoved(f"{kit}: {kind.value}")

        def answered(yes: bool | None) -> None:
            if yes:
                self.in_thread(work, group="move")

        question = f"Note that {cells.clean(kit)} was {kind.value}? The log keeps it."
        app_of(self).push_screen(ConfirmDialog(question), answered)

    def on_kit_moved(self, message: KitMoved) -> None:
        """Say it, and read again."""
        self.notify(f"{message.text}.", markup=False)
        self.action_refresh_data()
