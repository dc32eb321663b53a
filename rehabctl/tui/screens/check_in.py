"""A visit from check-in to close: licensure, channel, timed codes with their running units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message

from rehabctl.domain.visit import REDUCED, Channel, VisitStatus
from rehabctl.services.visit_sheet import JoinSheet
from rehabctl.tui import cells, visit_text
from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.port_screen import PortScreen
from rehabctl.tui.visit_messages import SheetLoaded, UnitsCounted, VisitChanged
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.reader import Reader
from rehabctl.tui.widgets.section import Section
from rehabctl.tui.widgets.status_line import StatusLine, data_age

_COUNT_EVERY_S = 15.0
_RESCHEDULED = "rescheduled"
_PICTURE = "picture"
_CHANNELS = tuple((channel.value, cells.words(channel.value)) for channel in Channel)


class CheckInScreen(PortScreen[None]):
    """One visit.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    visit_id
        Its identifier.
    """

    BINDINGS: ClassVar = bindings("visit")

    def __init__(self, context: PanelContext, visit_id: str) -> None:
        super().__init__(context)
        self._visit_id = visit_id
        self.sheet: JoinSheet | None = None
        self._status = StatusLine()
        self._visit = Section(
            "Visit",
            (),
            "Times, where the patient is, and whether you may treat her there as of now. At the "
            "start ask where she is now: the address on record does not count.",
        )
        self._ladder = Section(
            "When the call breaks",
            (),
            "What is done in turn. ▶ marks the channel in force. f takes the next step and notes "
            "the time.",
        )
        self._units = Section(
            "Units so far",
            (),
            "Minutes and units of every timed code by the total-time rule, counted up to now. "
            "o times a code from now on; the code before ends there.",
        )

    def compose(self) -> ComposeResult:
        """Lay out sheet and count beside, or above, what is done when the call breaks."""
        yield self._status
        with (
            Reader(id="visit-body"),
            Horizontal(id="visit-columns"),
        ):
            yield Vertical(self._visit, self._units, id="visit-sheet")
            yield Vertical(self._ladder, id="visit-ladder")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the visit, and count along."""
        self.query_one(Reader).focus()
        self._status.show("Visit", "", "reading…")
        self.action_refresh_data()
        self.set_interval(_COUNT_EVERY_S, self.count)

    # -- reading -------------------------------------------------------------------------------

    def action_refresh_data(self) -> None:
        """Read again."""
        data, wanted = self.context.data.visits, self._visit_id
        self.in_thread(lambda: SheetLoaded(data.sheet(wanted)), group="visit")

    def on_sheet_loaded(self, message: SheetLoaded) -> None:
        """Show the visit, and count its units."""
        self.sheet = found = message.sheet
        kind = cells.words(found.visit.appointment_type or found.visit.kind.value)
        now = self.context.now()
        title = f"{found.mrn}  {kind}"
        age = data_age(now, now, self.context.zone)
        self._status.show(title, visit_text.status(found.visit), age)
        self._visit.show(visit_text.sheet(found))
        self._ladder.show(visit_text.ladder(found))
        self._show_units(None)
        self.count()

    def count(self) -> None:
        """Count the units up to now; what is done is read from no store and stands in no log."""
        if self.sheet is None or self.sheet.visit.started_at is None:
            return
        data, visit, now = self.context.data.visits, self.sheet.visit, self.context.now()
        self.in_thread(lambda: UnitsCounted(visit.revision, data.units(visit, now)), group="units")

    def on_units_counted(self, message: UnitsCounted) -> None:
        """Show the count of the visit in view."""
        if self.sheet is not None and self.sheet.visit.revision == message.revision:
            self._show_units(message)

    def _show_units(self, message: UnitsCounted | None) -> None:
        if self.sheet is not None:
            counted = None if message is None else message.units
            zone = self.context.data.visits.zone
            self._units.show(visit_text.units(self.sheet.visit, counted, self.context.now(), zone))

    # -- what happens in the visit ---------------------------------------------------------------

    def action_start(self) -> None:
        """Start it: by which channel, and where the patient says that she is."""
        if self._is(VisitStatus.PLANNED, "Only a planned visit starts."):
            self._choose("By which channel does it begin?", Channel.VIDEO, self._ask_state)

    def _ask_state(self, channel: Channel) -> None:
        data, wanted = self.context.data.visits, self._visit_id

        def perform(values: Sequence[str]) -> None:
            data.start(wanted, channel, values[0], values[1])

        self._ask(
            "Ask where the patient is now",
            ("Two letters, such as CO. Licensure is checked for there.",),
            ("state", "only when you decide what was not verified: why"),
            perform,
            "The visit has begun.",
        )

    def action_channel(self) -> None:
        """Go on by another channel."""
        if self.sheet is not None and self._is_running():
            spans = self.sheet.visit.channels
            now = spans[-1].channel if spans else Channel.VIDEO
            self._choose("Go on by which channel?", now, self._switch)

    def _switch(self, channel: Channel, picture: str | None = None) -> None:
        data, wanted = self.context.data.visits, self._visit_id
        how = f"{cells.words(channel.value)}, with a smaller picture" if picture else channel.value
        self._do(lambda: data.switch(wanted, channel, picture), f"Now by {cells.words(how)}.")

    def action_fallback(self) -> None:
        """Take the step after the channel in force."""
        if self.sheet is None or not self._is_running():
            return
        steps, spans = self.sheet.steps, self.sheet.visit.channels
        now = next((n for n, s in enumerate(steps) if spans and s.is_in_force(spans[-1])), -1)
        following = steps[now + 1] if now + 1 < len(steps) else None
        if following is not None and following.channel != _RESCHEDULED:
            picture = REDUCED if following.rung == _PICTURE else None
            self._switch(Channel(following.channel), picture)
            return
        last = next((s for s in steps if s.channel == _RESCHEDULED), None)
        text = "There is no further step." if last is None else f"{last.text} End it first with x."
        self.notify(cells.clean(text), markup=False, timeout=8)

    def action_code(self) -> None:
        """Time a procedure code from now on."""
        if not self._is_running():
            return
        data, wanted = self.context.data.visits, self._visit_id
        self._ask(
            "Time a procedure code from now on",
            ("The code before ends here.",),
            ("five digits or capitals, such as 97110",),
            lambda values: data.begin_code(wanted, values[0]),
            "The code is timed.",
        )

    def action_stop(self) -> None:
        """End the visit, with the channel and the code that still run, after asking."""
        if not self._is_running():
            return
        from rehabctl.tui.screens.dialogs import ConfirmDialog

        data, wanted = self.context.data.visits, self._visit_id
        done = "The visit has ended. v: satisfaction, e: the note."

        def answered(yes: bool | None) -> None:
            if yes:
                self._do(lambda: data.stop(wanted), done)

        question = "End the visit now? It does not begin again."
        app_of(self).push_screen(ConfirmDialog(question), answered)

    def action_rate(self) -> None:
        """Keep the patient's answer to how satisfied she was."""
        if self._is(VisitStatus.COMPLETED, "The visit was not held yet."):
            data, wanted = self.context.data.visits, self._visit_id
            self._ask(
                "How satisfied was the patient?",
                ("0 is not at all, 10 is completely.",),
                ("0 to 10",),
                lambda values: data.rate(wanted, values[0]),
                "The answer is kept.",
            )

    def action_note(self) -> None:
        """Draft, write and sign the note of the visit."""
        if self._is(VisitStatus.COMPLETED, "End the visit first: x."):
            from rehabctl.tui.screens.visit_note import VisitNoteScreen

            screen = VisitNoteScreen(self.context, self._visit_id)
            app_of(self).push_screen(screen, lambda _: self.action_refresh_data())

    # -- helpers ---------------------------------------------------------------------------------

    def _is(self, wanted: VisitStatus, otherwise: str) -> bool:
        if self.sheet is None:
            return False
        if self.sheet.visit.status is not wanted:
            self.notify(otherwise, markup=False)
            return False
        return True

    def _is_running(self) -> bool:
        return self._is(VisitStatus.IN_PROGRESS, "The visit does not run: s starts it.")

    def _choose(self, title: str, now: Channel, then: Callable[[Channel], None]) -> None:
        from rehabctl.tui.screens.dialogs import ChoiceDialog

        def chosen(value: str | None) -> None:
            if value is not None:
                then(Channel(value))

        app_of(self).push_screen(ChoiceDialog(title, _CHANNELS, now.value), chosen)

    def _ask(
        self,
        title: str,
        lines: Sequence[str],
        fields: Sequence[str],
        perform: Callable[[Sequence[str]], None],
        done: str,
    ) -> None:
        from rehabctl.tui.screens.text_dialog import TextDialog

        def answered(success: bool | None) -> None:
            if success:
                self.post_message(VisitChanged(done))

        dialog = TextDialog(self.context, title, lines, fields, perform)
        app_of(self).push_screen(dialog, answered)

    def _do(self, act: Callable[[], None], done: str) -> None:
        def work() -> Message:
            act()
            return VisitChanged(done)

        self.in_thread(work, group="act")

    def on_visit_changed(self, message: VisitChanged) -> None:
        """Say what was done, and show the visit as it is now."""
        self.notify(message.text, markup=False)
        self.action_refresh_data()
