"""Sensor kits: where each is, its batteries, and certificates about to end."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.message import Message

from rehabctl.domain.kit import KitEventKind
from rehabctl.services.kits import KitDetail, KitLine
from rehabctl.tui import cells, kit_text
from rehabctl.tui.columns import Viewer
from rehabctl.tui.context import PanelContext
from rehabctl.tui.help_text import HelpText
from rehabctl.tui.keymap import bindings
from rehabctl.tui.kit_messages import KitMoved, KitRead, KitsListed
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.list_screen import ListScreen
from rehabctl.tui.widgets.section import Section


class KitsScreen(ListScreen[KitLine]):
    """The inventory above, the kit under the cursor below.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    """

    BINDINGS: ClassVar = bindings("kits", "places")
    HELP_OF_LIST = HelpText(
        "Kits",
        "Every kit with the lowest battery of its sensors, the day on which its first certificate "
        "ends, and what it needs before it goes out. f keeps only those that need something, b "
        "notes that a kit came back, c that it was cleaned, s calibrates a sensor. rehabctl kit "
        "does the rest.",
    )
    NOUN = "kit"
    WAITING = "needing something"
    NONE_YET = "No kits yet. Make one: rehabctl kit add KIT1 SERIAL"
    ALL_WELL = "No kit needs anything. f shows all."

    def __init__(self, context: PanelContext) -> None:
        self._needs = Section("Needs", (), "What has to be done before the kit goes out.")
        self._contents = Section("Contents", (), "Sensors and accessories with their state.")
        self._log = Section("Log", (), "What happened to the kit, newest first.")
        super().__init__(context, self._needs, self._contents, self._log)

    def name_of(self, line: KitLine) -> str:
        """Return the name on the label."""
        return line.kit

    def waits(self, line: KitLine) -> bool:
        """Return whether the kit needs something."""
        return bool(line.findings)

    def heading(self) -> str:
        """Return the titles over the list."""
        return kit_text.heading()

    def row(self, line: KitLine, viewer: Viewer) -> Content:
        """Return a kit as one line."""
        return kit_text.row(line, viewer)

    def action_refresh_data(self) -> None:
        """Read again; the cursor stays on its kit."""
        kits = self.context.data.kits
        self.in_thread(lambda: KitsListed(tuple(kits.report())), group="kits")

    def on_kits_listed(self, message: KitsListed) -> None:
        """Show the inventory."""
        self.show_lines(message.lines)

    def read_current(self) -> None:
        """Read the kit under the cursor."""
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

    def action_calibrate(self) -> None:
        """Ask which sensor and procedure, then record it with guidance."""
        from rehabctl.tui.screens.calibration import ask_and_calibrate

        ask_and_calibrate(self.context, app_of(self))

    def on_kit_moved(self, message: KitMoved) -> None:
        """Say it, and read again."""
        self.notify(f"{message.text}.", markup=False)
        self.action_refresh_data()
