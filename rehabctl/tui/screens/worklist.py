"""The worklist: who needs attention first, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, get_args

from textual.app import ComposeResult
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from rehabctl.domain.panel_row import PanelSort
from rehabctl.domain.triage import WorklistRow
from rehabctl.tui import cells, places
from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.messages import ListLoaded, PageLoaded, WorkFailed
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.care_screen import CareScreen
from rehabctl.tui.undo import UndoStep
from rehabctl.tui.widgets.column_header import ColumnHeader
from rehabctl.tui.widgets.filter_input import FilterInput
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.offline_banner import OfflineBanner
from rehabctl.tui.widgets.patient_table import PatientTable
from rehabctl.tui.widgets.status_line import StatusLine, data_age
from rehabctl.tui.worklist_pages import WorklistQuery, load_pages, read_page

_TYPING_PAUSE_S = 0.12
_RETRY_S = 5.0
_CLOCK_S = 30.0
_LIVE_DEPTH = 10_000
"""Rows from either end within which the list is read again by itself."""
_FIRST_VIEW = 60
_NO_PATIENTS = "No patients yet. Bring them in with: rehabctl import patients roster.csv"
_NOBODY_MATCHES = "Nobody matches the filter. Escape removes it."

SORT_TEXT: dict[PanelSort, str] = {
    "priority": "by priority",
    "name": "by name",
    "last_session": "by last session",
    "adherence": "by adherence",
    "pain": "by pain",
    "next_due": "by next due",
}


class WorklistScreen(CareScreen):
    """The panel's first screen."""

    BINDINGS: ClassVar = bindings("worklist", "care", "places")

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.worklist_query = WorklistQuery()
        self._counts: tuple[int, int] | None = None
        self._reading = False
        self._more_wanted: PatientTable.RowsWanted | None = None
        self._typing: Timer | None = None
        self._retry: Timer | None = None
        self._expected = 0
        self._status = StatusLine()
        self._banner = OfflineBanner(context.zone)
        self._filter = FilterInput()
        self.table = PatientTable(context.viewer())

    def compose(self) -> ComposeResult:
        """Lay out status, banner, titles, rows, filter and keys."""
        yield self._status
        yield self._banner
        yield ColumnHeader()
        yield self.table
        yield self._filter
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the first rows and keep the list fresh."""
        self.table.focus()
        self._show_status()
        self.read_list(expected=0)
        self.set_interval(self.context.refresh_s, self._live_refresh)
        self.set_interval(_CLOCK_S, self._tick)

    # -- reading -----------------------------------------------------------------------------

    def read_list(self, *, expected: int, follow: str | None = None) -> None:
        """Read the list anew; the old rows stay in view until the new ones are there.

        Parameters
        ----------
        expected
            Where the cursor is expected to be.
        follow
            Record number of the patient to keep under the cursor, wherever she went.
        """
        query, data, table = self.worklist_query, self.context.data, self.table
        top = table.scroll_offset.y
        first = max(0, expected - (table.cursor - top))
        height = max(_FIRST_VIEW, table.size.height)
        self._expected = expected
        self._reading = True
        self._more_wanted = None

        def work() -> Message:
            wanted = None if follow is None else (follow, expected)
            pages, place = load_pages(data, query, first, first + height, wanted)
            return ListLoaded(query, pages, place, follow)

        self.in_thread(work, group="list")

    def on_list_loaded(self, message: ListLoaded) -> None:
        """Show the new list."""
        if message.query != self.worklist_query:
            return
        self._online()
        if not message.query.text_filter:
            self._counts = (message.pages.need_attention, message.pages.total)
        self.table.viewer = self.context.viewer()
        self.table.empty_text = _NOBODY_MATCHES if message.query.text_filter else _NO_PATIENTS
        if message.place is None and message.follow is not None:
            self.notify(
                f"{cells.clean(message.follow)} has left this part of the list.", markup=False
            )
        place = self._expected if message.place is None else message.place
        self.table.show(message.pages, place)
        self._show_status()

    def on_patient_table_rows_wanted(self, message: PatientTable.RowsWanted) -> None:
        """Read one more page; only one is under way at a time."""
        if self._reading:
            self._more_wanted = message
            return
        pages, data = self.table.pages, self.context.data
        request = pages.next_request(message.first, message.last)
        if request is None or pages.as_of is None:
            return
        self._reading = True

        def work() -> Message:
            return PageLoaded(pages, request, read_page(data, pages.query, request))

        self.in_thread(work, group="list")

    def on_page_loaded(self, message: PageLoaded) -> None:
        """Take in the page, or read the list anew when it changed meanwhile."""
        if message.pages is not self.table.pages:
            return
        self._online()
        if message.pages.add(message.request, message.page):
            message.pages.forget_far(*self.table.view)
            self.table.rows_came()
        else:
            self.action_refresh_data()

    def _online(self) -> None:
        self._reading = False
        self._banner.show_online()
        wanted, self._more_wanted = self._more_wanted, None
        if wanted is not None:
            self.table.post_message(wanted)

    def work_failed(self, message: WorkFailed) -> None:
        """Go offline and try again later, or say what was refused."""
        self._reading = False
        if not message.is_offline:
            super().work_failed(message)
            return
        self._banner.show_offline(message.what, message.next_step, self.context.now())
        if self._retry is not None:
            self._retry.stop()
        self._retry = self.set_timer(_RETRY_S, self.action_refresh_data)

    def _live_refresh(self) -> None:
        table = self.table
        near = min(table.cursor, table.pages.total - table.cursor) <= _LIVE_DEPTH
        if self.is_on_top and near and not self._reading:
            self.action_refresh_data()

    def _tick(self) -> None:
        self._show_status()

    def _show_status(self) -> None:
        pages, query = self.table.pages, self.worklist_query
        title = "rehabctl"
        if self._counts is not None:
            verb = "needs" if self._counts[0] == 1 else "need"
            title = f"{self._counts[0]:,} of {self._counts[1]:,} {verb} you"
        notes: list[str] = []
        if query.text_filter:
            notes.append(f"“{query.text_filter}”: {pages.total:,}")
        if query.sort != "priority" or query.reverse:
            notes.append(SORT_TEXT[query.sort] + (", reversed" if query.reverse else ""))
        if self.table.marks:
            notes.append(f"{len(self.table.marks)} marked")
        age = data_age(pages.as_of, self.context.now(), self.context.zone)
        self._status.show(title, " · ".join(notes), age)

    # -- actions -----------------------------------------------------------------------------

    def action_refresh_data(self) -> None:
        """Read again; the cursor stays on its patient."""
        row = self.table.current
        self.read_list(expected=self.table.cursor, follow=None if row is None else row.mrn)

    def action_filter(self) -> None:
        """Show the filter line."""
        self._filter.display = True
        self._filter.focus()

    def action_focus_table(self) -> None:
        """Go from the filter line to the rows."""
        self.table.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as you type, with a short pause so that a word is one question."""
        if self._typing is not None:
            self._typing.stop()
        text = event.value.strip()
        self._typing = self.set_timer(_TYPING_PAUSE_S, lambda: self._set_filter(text))

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """Keep the filter and go to the rows."""
        self.table.focus()

    def _set_filter(self, text: str) -> None:
        if text == self.worklist_query.text_filter:
            return
        row = self.table.current
        self._change_query(replace(self.worklist_query, text_filter=text))
        if text or row is None or self.worklist_query != WorklistQuery():
            self.read_list(expected=0)
        else:  # back in the full list by priority, a patient's rank is her position
            self.read_list(expected=row.rank - 1, follow=row.mrn)

    def _change_query(self, query: WorklistQuery) -> None:
        self.worklist_query = query
        self._show_status()

    def action_sort(self) -> None:
        """Choose the order."""
        from rehabctl.tui.screens.dialogs import ChoiceDialog

        choices = [(sort, SORT_TEXT[sort]) for sort in get_args(PanelSort)]
        dialog = ChoiceDialog("Order of the worklist", choices, self.worklist_query.sort)
        app_of(self).push_screen(dialog, self._set_sort)

    def _set_sort(self, choice: str | None) -> None:
        for sort in get_args(PanelSort):
            if sort == choice and sort != self.worklist_query.sort:
                self._change_query(replace(self.worklist_query, sort=sort, reverse=False))
                self.read_list(expected=0)

    def action_views(self) -> None:
        """Choose, save or remove a named view."""
        from rehabctl.tui.screens.views_menu import open_menu

        open_menu(self)

    def show_view(self, query: WorklistQuery) -> None:
        """Show a filter and order; the filter line shows the filter."""
        with self._filter.prevent(Input.Changed):
            self._filter.value = query.text_filter
        self._filter.display = bool(query.text_filter)
        self._change_query(query)
        self.read_list(expected=0)

    def action_reverse(self) -> None:
        """Turn the order round."""
        query = self.worklist_query
        self._change_query(replace(query, reverse=not query.reverse))
        self.read_list(expected=0)

    def action_match(self, step: int) -> None:
        """Go to the next or previous patient that the filter keeps."""
        if self.worklist_query.text_filter:
            self.table.action_move(step)
        else:
            self.notify("No filter is set. Press / and type.", markup=False)

    def on_patient_table_marks_changed(self, message: PatientTable.MarksChanged) -> None:
        """Count the marks, and remember those before."""
        if (before := message.before) is not None:
            table = self.table

            def restore() -> None:
                table.set_marks(before, can_undo=False)

            self.context.undo.push(UndoStep("marks", restore, in_panel=True))
        self._show_status()

    def on_patient_table_opened(self, message: PatientTable.Opened) -> None:
        """Open the patient."""
        from rehabctl.tui.screens.patient import PatientScreen

        screen = PatientScreen(self.context, message.row, self.neighbour)
        app_of(self).push_screen(screen, lambda _: self.action_refresh_data())

    def action_open(self, name: str) -> None:
        """Open a screen about the current patient, or one about the whole clinic."""
        if name == places.WORKLIST:
            return
        place = places.find(name)
        if place.of_patient:
            super().action_open(name)
        else:
            app_of(self).push_screen(place.load()(self.context), self._place_left)

    def _place_left(self, wanted: str | None) -> None:
        """Go where the place was left for; the worklist may have changed meanwhile."""
        if wanted is None or wanted == places.WORKLIST:
            self.action_refresh_data()
        else:
            self.action_open(wanted)

    def neighbour(self, step: int) -> WorklistRow | None:
        """Move the cursor by a row and return that patient; None at the end of the list."""
        before = self.table.cursor
        self.table.action_move(step)
        return None if self.table.cursor == before else self.table.current

    def back_one_level(self) -> bool:
        """Remove the filter, then the marks."""
        if self._filter.display:
            self._filter.value = ""
            self._filter.display = False
            self.table.focus()
            self._set_filter("")
            return True
        if self.table.marks:
            self.table.set_marks(set())
            return True
        return False

    # -- actions on patients -------------------------------------------------------------------

    def care_targets(self) -> tuple[str, ...]:
        """Return the marked patients, or the one under the cursor."""
        if self.table.marks:
            return tuple(sorted(self.table.marks))
        current = self.care_current()
        return () if current is None else (current,)

    def care_current(self) -> str | None:
        """Return the patient under the cursor."""
        row = self.table.current
        return None if row is None else row.mrn

    def care_done(self, *, move_on: bool) -> None:
        """Read again; after a settled patient the cursor is on the one that followed her."""
        if move_on and not self.table.marks:
            self.table.action_move(1)
        elif move_on:
            self.table.set_marks(set(), can_undo=False)
        self.action_refresh_data()
