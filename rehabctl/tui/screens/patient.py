"""One patient: why she is on the list, how she is doing, and what was measured."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import DataTable

from rehabctl.domain.patient_detail import PatientDetail, Trend
from rehabctl.domain.triage import WorklistRow
from rehabctl.tui import cells, patient_record_text, patient_text
from rehabctl.tui.columns import Viewer
from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.messages import PatientLoaded, WorkFailed
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.care_screen import CareScreen
from rehabctl.tui.widgets.assessment_table import AssessmentTable
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.offline_banner import OfflineBanner
from rehabctl.tui.widgets.section import Section, TextBlock
from rehabctl.tui.widgets.status_line import StatusLine, data_age

_FRAME_CELLS = 3
"""Padding of a section and the scroll bar."""

Neighbour = Callable[[int], WorklistRow | None]


class PatientScreen(CareScreen):
    """The patient's page.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    row
        The line of the worklist that was opened: shown until the rest is there.
    neighbour
        Returns the next (1) or previous (-1) patient of the worklist.
    """

    BINDINGS: ClassVar = bindings("patient", "care")

    def __init__(self, context: PanelContext, row: WorklistRow, neighbour: Neighbour) -> None:
        super().__init__(context)
        self._row = row
        self._neighbour = neighbour
        self.detail: PatientDetail | None = None
        self._status = StatusLine()
        self._banner = OfflineBanner(context.zone)
        self._body = VerticalScroll(id="body", can_focus=True)

    def compose(self) -> ComposeResult:
        """Lay out title, body and keys."""
        yield self._status
        yield self._banner
        yield self._body
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the patient."""
        self._body.focus()
        self._show_status()
        self.read_patient()

    # -- reading -----------------------------------------------------------------------------

    def read_patient(self) -> None:
        """Read the patient in a thread, and import the charts there too: they need numpy."""
        mrn, data = self._row.mrn, self.context.data

        def work() -> Message:
            import_module("rehabctl.tui.widgets.trend_chart")
            return PatientLoaded(data.patient(mrn))

        self.in_thread(work, group="patient")

    async def on_patient_loaded(self, message: PatientLoaded) -> None:
        """Show the patient; an answer about one that was left meanwhile is dropped."""
        if message.detail.row.mrn != self._row.mrn or not self.is_ready:
            return
        self._banner.show_online()
        self.detail = message.detail
        self._row = message.detail.row
        self._show_status()
        body = self._body
        place = body.scroll_y
        with app_of(self).batch_update():
            await body.remove_children()
            if not body.is_attached:  # the panel was left meanwhile
                return
            await body.mount(Horizontal(*self._columns(message.detail), id="columns"))
        body.scroll_to(y=place, animate=False)

    def work_failed(self, message: WorkFailed) -> None:
        """Show that the store is away, or what was refused."""
        if message.is_offline:
            self._status.show_failed()
            banner = self._banner
            banner.show_offline(message.what, message.next_step, self.context.now())
            self.try_again(self.action_refresh_data)
        else:
            super().work_failed(message)

    def _show_status(self) -> None:
        detail = self.detail
        as_of = None if detail is None else detail.as_of
        age = data_age(as_of, self.context.now(), self.context.zone)
        title = f"{self._row.mrn}  {self._row.name}"
        self._status.show(title, cells.tier(self._row.tier), age)

    # -- laying out ----------------------------------------------------------------------------

    def _columns(self, detail: PatientDetail) -> tuple[Widget, Widget]:
        viewer = self.context.viewer()
        care = Vertical(
            _named("summary", Section(
                "Summary", patient_text.summary(detail, viewer),
                "Who this is and where the course of care stands.",
            )),
            Section(
                "Reasons", patient_text.reasons(detail, viewer),
                "Why the patient stands where she stands in the worklist: facts with their "
                "numbers, the limit of the rule, and since when.",
            ),
            Section(
                "Alerts", patient_text.alerts(detail, viewer),
                "Alerts with their evidence and the version of the rules that raised them. "
                "a acknowledges the open ones with a comment, z snoozes them.",
            ),
            _named("programme", Section(
                "Programme", patient_text.programme(detail, self._care_room()),
                "The prescribed exercises. A draft waits for approval.",
            )),
            _named("record", Section(
                "Appointments", patient_record_text.appointments(detail, viewer),
                "Those to come first, then those that were. rehabctl schedule books and moves.",
            )),
            Section(
                "Messages", patient_record_text.messages(detail, viewer),
                "The newest first. rehabctl message show reads a whole thread and marks it as "
                "read; rehabctl message send answers.",
            ),
            Section(
                "Notes", patient_record_text.notes(detail, viewer),
                "Short notes (e writes one) and the clinical notes of visits, newest first. "
                "rehabctl note show prints one whole.",
            ),
            Section(
                "Consents", patient_record_text.consents(detail, viewer),
                "What the patient has agreed to and not taken back.",
            ),
            id="care",
        )  # fmt: skip
        measured = Vertical(
            _named("trends", self._trends(detail)),
            _named("assessments", _assessments(detail, viewer)),
            _named("sessions", Section(
                "Sessions", patient_text.sessions(detail, viewer),
                "Sessions done at home: exercises done of those planned, pain before and after "
                "(0 to 10), felt effort, and what the patient wrote.",
            )),
            id="measured",
        )  # fmt: skip
        return care, measured

    def _care_room(self) -> int:
        """Return the cells of a line on the left, as `panel.tcss` shares the width."""
        width = app_of(self).size.width
        return (width * 5 // 13 if self.has_class("-wide") else width) - _FRAME_CELLS

    def _trends(self, detail: PatientDetail) -> Widget:
        """Return angles as full charts, and pain and adherence side by side below them."""
        blocks: list[Widget] = []
        small: list[Widget] = []
        for trend in detail.trends:
            (blocks if trend.unit == "deg" else small).append(self._trend(trend))
        measured = {trend.measure for trend in detail.trends}
        if "pain" not in measured:
            blocks.append(TextBlock([patient_text.pain(detail)]))
        if "adherence" not in measured:
            blocks.append(TextBlock([patient_text.adherence(detail)]))
        pairs = [
            Horizontal(*small[i : i + 2], classes="small-trends") for i in range(0, len(small), 2)
        ]
        box = Vertical(*blocks, *pairs, classes="section")
        box.border_title = Content("Trends")
        return box

    def _trend(self, trend: Trend) -> Widget:
        from rehabctl.tui.widgets.trend_chart import MARKERS, TrendChart

        viewer = self.context.viewer()
        block: list[Widget] = [TextBlock([patient_text.trend_line(trend, viewer)])]
        if len(trend.points) > 1:
            block.append(TrendChart(trend, viewer.zone))
            if trend.band is not None:
                block.append(TextBlock([patient_text.band(trend.band)]))
            if legend := patient_text.methods(trend, MARKERS):
                block.append(TextBlock(legend))
        return Vertical(*block, classes="trend")

    # -- actions -------------------------------------------------------------------------------

    def action_refresh_data(self) -> None:
        """Read again."""
        self.read_patient()

    def action_neighbour(self, step: int) -> None:
        """Show the next or previous patient of the worklist."""
        row = self._neighbour(step)
        if row is None:
            self.notify("No further patient in the list.", markup=False)
            return
        self._row, self.detail = row, None
        self._body.scroll_to(y=0, animate=False)
        self._show_status()
        self.read_patient()

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self._body.scroll_relative(y=lines, animate=False)

    def action_scroll_page(self, direction: int) -> None:
        """Scroll by a screen."""
        body = self._body
        body.scroll_relative(y=direction * max(1, body.size.height - 1), animate=False)

    def action_scroll_edge(self, direction: int) -> None:
        """Scroll to the top (-1) or the bottom (1)."""
        body = self._body
        body.scroll_to(y=0 if direction < 0 else body.max_scroll_y, animate=False)

    def action_section(self, name: str) -> None:
        """Bring a section to the top and put the focus there."""
        for section in self.query(f"#{name}"):
            section.scroll_visible(top=True, animate=False)
            if section.focusable:
                section.focus(scroll_visible=False)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the replay of the chosen assessment."""
        if event.row_key.value is not None:
            self.open_review(event.row_key.value)

    # -- actions on the patient ------------------------------------------------------------------

    def care_targets(self) -> tuple[str, ...]:
        """Return this patient."""
        return (self._row.mrn,)

    def care_done(self, *, move_on: bool) -> None:
        """Read the patient again; she stays on the screen."""
        self.read_patient()


def _assessments(detail: PatientDetail, viewer: Viewer) -> Widget:
    if detail.assessments:
        return AssessmentTable(detail.assessments, viewer)
    told = "What cameras and sensors measured. enter on one of them replays it."
    return Section("Assessments", patient_text.nothing("Nothing was measured yet."), told)


def _named(name: str, widget: Widget) -> Widget:
    widget.id = name
    return widget
