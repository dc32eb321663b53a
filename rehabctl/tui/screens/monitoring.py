"""Remote monitoring: what a month of each patient supports, lacks, and stands on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

from textual.content import Content

from rehabctl.domain.counting import counted
from rehabctl.services.monitoring_desk import MonitoredPatient
from rehabctl.tui import monitoring_text
from rehabctl.tui.columns import Viewer
from rehabctl.tui.context import PanelContext
from rehabctl.tui.help_text import HelpText
from rehabctl.tui.keymap import bindings
from rehabctl.tui.monitoring_messages import MonthRead
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.list_screen import ListScreen
from rehabctl.tui.widgets.section import Section


class MonitoringScreen(ListScreen[MonitoredPatient]):
    """Patients of a month above, codes and hashed records of the one under the cursor below.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    """

    BINDINGS: ClassVar = bindings("monitoring", "places")
    HELP_OF_LIST = HelpText(
        "Monitoring",
        "Who has data or logged time in the month: the window of 30 days that ends in it, or runs, "
        "with its days of those that the code of many days asks for, minutes and live contact of "
        "the month, and what to claim or what is lacking next. < and > change the month, f keeps "
        "those on which something can be done. rehabctl rtm log, attest and claim do the work.",
    )
    NOUN = "patient"
    WAITING = "waiting for somebody"
    NONE_YET = "Nobody has data or logged time in this month."
    ALL_WELL = "Nothing can be claimed or brought now. f shows all."

    def __init__(self, context: PanelContext) -> None:
        self._codes = Section("Codes", (), "What the month supports, and what each code lacks.")
        self._days = Section("Days", (), "Each day with data, and the hash of each record.")
        super().__init__(context, self._codes, self._days)
        self.month: str | None = None
        """As it was asked for; None is the current one."""
        self._shown_month = ""

    def name_of(self, line: MonitoredPatient) -> str:
        """Return the record number of a patient."""
        return line.mrn

    def waits(self, line: MonitoredPatient) -> bool:
        """Return whether something can be done."""
        return line.waits

    def heading(self) -> str:
        """Return the titles over the list."""
        return monitoring_text.heading()

    def row(self, line: MonitoredPatient, viewer: Viewer) -> Content:
        """Return a patient's month as one line."""
        return monitoring_text.row(line, viewer)

    def action_refresh_data(self) -> None:
        """Read the month again; the cursor stays on its patient."""
        port, month = self.context.data.monitoring, self.month
        self.in_thread(lambda: MonthRead(month, port.month(month)), group="monitoring")

    def on_month_read(self, message: MonthRead) -> None:
        """Show the month, if it is still the one that was asked for."""
        if message.wanted != self.month:
            return
        self._shown_month = message.month.month
        self.show_lines(message.month.patients)
        if message.month.more:
            text = f"{counted(message.month.more, 'more patient')}: rehabctl rtm list"
            self.notify(text, markup=False)

    def title_of_list(self) -> str:
        """Name the month that is shown."""
        return f"{self.HELP_OF_LIST.title} {self._shown_month}".rstrip()

    def read_current(self) -> None:
        """Show codes and days of the patient under the cursor."""
        line, viewer = self.current, self.context.viewer()
        self._codes.show(() if line is None else monitoring_text.codes(line, viewer))
        self._days.show(() if line is None else monitoring_text.days(line))

    # -- actions -------------------------------------------------------------------------------

    def action_month(self, step: int) -> None:
        """Show the month before or after."""
        if not self._shown_month:
            return
        first = date.fromisoformat(f"{self._shown_month}-01")
        other = first + timedelta(days=31) if step > 0 else first - timedelta(days=1)
        self.month = other.isoformat()[:7]
        self.action_refresh_data()

    def action_copy_command(self) -> None:
        """Copy the command that proves the month on paper."""
        if self.current is not None:
            app_of(self).copy_to_clipboard(
                f"rehabctl rtm evidence --patient {self.current.mrn} --month {self._shown_month} "
                "-o evidence.pdf"
            )
            self.notify("Copied the command that writes the evidence.", markup=False)
