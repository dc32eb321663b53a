"""The schedule by day and week: what is booked, and what each booking rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from rehabctl.domain.local_time import local_moment
from rehabctl.domain.visit import VisitStatus
from rehabctl.services.schedule_views import ScheduleLine
from rehabctl.tui import cells, visit_text
from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.place_screen import PlaceScreen
from rehabctl.tui.screens.text_dialog import TextDialog
from rehabctl.tui.visit_messages import ScheduleLoaded
from rehabctl.tui.widgets.detail import Detail
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.section import Section
from rehabctl.tui.widgets.status_line import StatusLine, data_age
from rehabctl.tui.widgets.visit_list import VisitList

_OVERRIDE = "Why you decide what cannot be verified; usually empty"


class ScheduleScreen(PlaceScreen):
    """What is booked on a day or in a week.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    """

    BINDINGS: ClassVar = bindings("schedule", "places")

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.days = 1
        self.is_everybody = False
        self.first = self._today()
        self.lines: tuple[ScheduleLine, ...] = ()
        self._status = StatusLine()
        self._list = VisitList()
        self._about = Section(
            "Booking",
            (),
            "What the booking of the visit under the cursor rests on: where the patient is "
            "expected, and the check of licensure with the licences that it found.",
        )

    def compose(self) -> ComposeResult:
        """Lay out the list above what is known of one visit."""
        yield self._status
        with Vertical(id="schedule-body"):
            yield self._list
            with Detail(id="schedule-about"):
                yield self._about
        yield KeyBar()

    def on_mount(self) -> None:
        """Read today."""
        self._list.focus()
        self._status.show("Schedule", "", "reading…")
        self.action_refresh_data()
        self.follow()

    def _today(self) -> date:
        return self.context.now().astimezone(self.context.data.visits.zone).date()

    def action_refresh_data(self) -> None:
        """Read again."""
        data = self.context.data.visits
        first, days, everybody = self.first, self.days, self.is_everybody

        def work() -> Message:
            lines = data.listed(first, days, everybody=everybody)
            return ScheduleLoaded(first, days, everybody, tuple(lines))

        self.in_thread(work, group="schedule")

    def on_schedule_loaded(self, message: ScheduleLoaded) -> None:
        """Show the days that are asked for now; the cursor stays on its visit."""
        asked = (self.first, self.days, self.is_everybody)
        if (message.first, message.days, message.everybody) != asked:
            return
        before = self.current
        self.lines = message.lines
        self._list.clear_options()
        zone = self.context.data.visits.zone
        for n in range(self.days):
            day = self.first + timedelta(days=n)
            mine = [
                line
                for line in self.lines
                if line.visit.planned_start_at.astimezone(zone).date() == day
            ]
            self._list.add_option(Option(visit_text.day_title(day, mine), disabled=True))
            for line in mine:
                text = visit_text.row(line, zone, with_provider=self.is_everybody)
                self._list.add_option(Option(text, id=str(line.visit.id)))
        self._place_cursor(before)
        span = "week" if self.days > 1 else "day"
        whose = "everybody" if self.is_everybody else "mine"
        now = self.context.now()
        note = f"{span}, {whose}, {zone}"
        self._status.show("Schedule", note, data_age(now, now, self.context.zone))
        self._show_about()

    def _place_cursor(self, before: ScheduleLine | None) -> None:
        ids = [str(line.visit.id) for line in self.lines]
        wanted = None if before is None else str(before.visit.id)
        if wanted not in ids:
            # the first that is not over: what a therapist looks for in the morning
            now = self.context.now()
            ahead = (str(li.visit.id) for li in self.lines if li.visit.planned_end_at > now)
            wanted = next(ahead, ids[0] if ids else None)
        self._list.highlighted = None if wanted is None else self._list.get_option_index(wanted)

    @property
    def current(self) -> ScheduleLine | None:
        """The visit under the cursor."""
        place = self._list.highlighted
        option = None if place is None else self._list.get_option_at_index(place)
        if option is None:
            return None
        return next((line for line in self.lines if str(line.visit.id) == option.id), None)

    def on_option_list_option_highlighted(self, _: OptionList.OptionHighlighted) -> None:
        """Show what is known of the visit under the cursor."""
        self._show_about()

    def _show_about(self) -> None:
        line = self.current
        if line is None:
            nothing = "Nothing is booked here. b books a visit."
            self._about.show([visit_text.fact("", nothing, "$muted")])
        else:
            self._about.show(visit_text.about(line, self.context.data.visits.zone))

    # -- moving --------------------------------------------------------------------------------

    def action_span(self, days: int) -> None:
        """Show one day, or the week around it from its Monday."""
        day = self.first
        if (line := self.current) is not None:
            zone = self.context.data.visits.zone
            day = line.visit.planned_start_at.astimezone(zone).date()
        self.days = days
        self.first = day - timedelta(days=day.weekday()) if days > 1 else day
        self.action_refresh_data()

    def action_turn(self, step: int) -> None:
        """Go on by a day or week, or back."""
        self.first += timedelta(days=step * self.days)
        self.action_refresh_data()

    def action_today(self) -> None:
        """Show today, or this week."""
        today = self._today()
        self.first = today - timedelta(days=today.weekday()) if self.days > 1 else today
        self.action_refresh_data()

    def action_everybody(self) -> None:
        """Show one's own visits, or everybody's."""
        self.is_everybody = not self.is_everybody
        self.action_refresh_data()

    # -- changing ------------------------------------------------------------------------------

    def action_book(self) -> None:
        """Book an appointment with oneself."""
        data, day = self.context.data.visits, self.first

        def perform(values: Sequence[str]) -> None:
            mrn, start, type_key, override = values
            data.book(mrn, local_moment(start, day, data.zone), type_key, override)

        fields = (
            "Record number",
            f"Start in {data.zone}, like {day} 09:30 or 09:30",
            "Appointment type; empty: what the intake says",
            _OVERRIDE,
        )
        self._ask("Book", (), fields, perform)

    def action_move(self) -> None:
        """Move the appointment under the cursor."""
        line, data = self.current, self.context.data.visits
        if line is None or not self._is_to_come(line):
            return
        visit_id, start = str(line.visit.id), line.visit.planned_start_at.astimezone(data.zone)

        def perform(values: Sequence[str]) -> None:
            text, override = values
            data.move(visit_id, local_moment(text, start.date(), data.zone), override)

        fields = (f"Start in {data.zone}", _OVERRIDE)
        lines = (visit_text.booking(line, data.zone),)
        self._ask("Move to another time", lines, fields, perform, f"{start:%Y-%m-%d %H:%M}")

    def action_cancel_visit(self) -> None:
        """Cancel the visit under the cursor."""
        line, data = self.current, self.context.data.visits
        if line is None or not self._is_to_come(line):
            return
        visit_id = str(line.visit.id)
        lines = (visit_text.booking(line, data.zone),)
        self._ask(
            "Cancel the visit", lines, ("Why",), lambda values: data.cancel(visit_id, values[0])
        )

    def _is_to_come(self, line: ScheduleLine) -> bool:
        if line.visit.status is VisitStatus.PLANNED:
            return True
        self.notify("Only a planned visit can be moved or cancelled.", markup=False)
        return False

    def _ask(
        self,
        title: str,
        lines: Sequence[str],
        fields: Sequence[str],
        perform: Callable[[Sequence[str]], None],
        start: str = "",
    ) -> None:
        dialog = TextDialog(self.context, title, lines, fields, perform, start)
        app_of(self).push_screen(dialog, lambda _: self.action_refresh_data())

    def action_copy_id(self) -> None:
        """Copy the identifier through the terminal, for the command line."""
        if (line := self.current) is not None:
            app_of(self).copy_to_clipboard(str(line.visit.id))
            self.notify(f"Copied the visit of {cells.clean(line.mrn)}.", markup=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open the check-in of a visit."""
        if event.option.id is not None:
            from rehabctl.tui.screens.check_in import CheckInScreen

            screen = CheckInScreen(self.context, event.option.id)
            app_of(self).push_screen(screen, lambda _: self.action_refresh_data())
