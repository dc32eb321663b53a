"""A patient's alerts, each with what its rule read: acknowledge, snooze, assign, take back."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from rehabctl.domain.alert import AlertEvidence
from rehabctl.domain.counting import counted
from rehabctl.tui import alert_text, cells
from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.messages import AlertChoice, AlertsLoaded
from rehabctl.tui.screens.care_screen import CareScreen
from rehabctl.tui.widgets.alert_list import AlertList
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.section import Section
from rehabctl.tui.widgets.status_line import StatusLine, data_age

_NOTHING = "No alerts stand for this patient."


class AlertsScreen(CareScreen):
    """The alerts of one patient.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    mrn
        Whose.
    """

    BINDINGS: ClassVar = bindings("alerts", "care")

    def __init__(self, context: PanelContext, mrn: str) -> None:
        super().__init__(context)
        self._mrn = mrn
        self.alerts: tuple[AlertEvidence, ...] = ()
        self._status = StatusLine()
        self._list = AlertList()
        self._evidence = Section(
            "Evidence",
            (),
            "What the rule read, the limit of its dated row, where the row comes from, and what "
            "people did. A new fact that goes further opens an alert again.",
        )

    def compose(self) -> ComposeResult:
        """Lay out the list above or beside the evidence."""
        yield self._status
        with Vertical(id="alerts-body"):
            yield self._list
            with VerticalScroll(id="alert-evidence", can_focus=False):
                yield self._evidence
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the alerts."""
        self._list.focus()
        self._status.show(self._mrn, "alerts", "reading…")
        self.action_refresh_data()

    def action_refresh_data(self) -> None:
        """Read again."""
        data, mrn = self.context.data, self._mrn

        def work() -> Message:
            return AlertsLoaded(mrn, data.evidence(mrn))

        self.in_thread(work, group="alerts")

    def on_alerts_loaded(self, message: AlertsLoaded) -> None:
        """Show the alerts; the cursor stays on its alert."""
        before = self.current
        self.alerts = message.alerts
        self._list.clear_options()
        self._list.add_options([Option(alert_text.row(a), id=a.id) for a in self.alerts])
        ids = [alert.id for alert in self.alerts]
        if ids:
            kept = before is not None and before.id in ids
            self._list.highlighted = ids.index(before.id) if before and kept else 0
        open_ones = sum(a.state.status.value == "open" for a in self.alerts)
        now = self.context.now()
        age = data_age(now, now, self.context.zone)
        self._status.show(self._mrn, counted(open_ones, "open alert"), age)
        self._show_evidence()

    @property
    def current(self) -> AlertEvidence | None:
        """The alert under the cursor."""
        place = self._list.highlighted
        return None if place is None or place >= len(self.alerts) else self.alerts[place]

    def on_option_list_option_highlighted(self, _: OptionList.OptionHighlighted) -> None:
        """Show the evidence of the alert under the cursor."""
        self._show_evidence()

    def _show_evidence(self) -> None:
        alert = self.current
        lines = (
            [alert_text.nothing(_NOTHING)]
            if alert is None
            else alert_text.evidence(alert, self.context.viewer())
        )
        self._evidence.show(lines)

    # -- actions -------------------------------------------------------------------------------

    def care_targets(self) -> tuple[str, ...]:
        """Return this patient."""
        return (self._mrn,)

    def gather(self, action: str) -> None:
        """Act on the alert under the cursor."""
        if (alert := self.current) is not None:
            severity = cells.words(alert.state.severity.value)
            line = f"{self._mrn}  {severity}: {alert.state.text}"
            self.ask(action, AlertChoice((alert.id,), (line,), "1 alert"))

    def care_done(self, *, move_on: bool) -> None:
        """Read again."""
        self.action_refresh_data()
