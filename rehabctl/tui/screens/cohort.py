"""The outcomes of a cohort: a year's courses of care by group and baseline."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.message import Message

from rehabctl.domain.cohort import GroupBy
from rehabctl.services.cohorts import CohortReport, CohortRequest
from rehabctl.tui import outcome_text
from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.messages import WorkFailed
from rehabctl.tui.outcome_messages import CohortLoaded
from rehabctl.tui.screens.place_screen import PlaceScreen
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.reader import Reader
from rehabctl.tui.widgets.section import Section
from rehabctl.tui.widgets.status_line import StatusLine, data_age

INSTRUMENTS = ("nprs", "koos-jr", "hoos-jr", "quickdash", "odi", "ndi", "lefs")
_HELP = (
    "Courses of care that began in the year, one a patient. Change: improvement in points with its "
    "95 % interval. Resp.: improved by the important change. Adher.: sessions done of scheduled. "
    "Compl.: closed courses active to the end. Thirds: where patients started on the scale."
)


class CohortScreen(PlaceScreen):
    """A cohort.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    """

    BINDINGS: ClassVar = bindings("cohort", "places")

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        year = context.now().astimezone(context.zone).year
        self.request = CohortRequest(instrument=INSTRUMENTS[0], year=year)
        self.report: CohortReport | None = None
        self._status = StatusLine()
        self._table = Section("Outcomes", (), _HELP)

    def compose(self) -> ComposeResult:
        """Lay out the table."""
        yield self._status
        with Reader(id="cohort-body"):
            yield self._table
        yield KeyBar()

    def on_mount(self) -> None:
        """Read this year."""
        self.query_one(Reader).focus()
        self.action_refresh_data()

    def action_year(self, step: int) -> None:
        """Show another year."""
        self._ask(replace(self.request, year=(self.request.year or 0) + step))

    def action_by(self) -> None:
        """Make groups of something else."""
        kinds = tuple(GroupBy)
        self._ask(replace(self.request, by=kinds[(kinds.index(self.request.by) + 1) % len(kinds)]))

    def action_instrument(self) -> None:
        """Judge by another questionnaire."""
        place = INSTRUMENTS.index(self.request.instrument) + 1
        after = INSTRUMENTS[place % len(INSTRUMENTS)]
        self._ask(replace(self.request, instrument=after))

    def action_refresh_data(self) -> None:
        """Read again."""
        self._ask(self.request)

    def _ask(self, request: CohortRequest) -> None:
        self.request = request
        self._status.show("Cohort", self._words(), "reading…")
        data = self.context.data.outcomes

        def work() -> Message:
            return CohortLoaded(request, data.cohort(request))

        self.in_thread(work, group="cohort")

    def _words(self) -> str:
        return f"{self.request.year}, {self.request.instrument}, by {self.request.by.value}"

    def on_cohort_loaded(self, message: CohortLoaded) -> None:
        """Show the cohort that is asked for now."""
        if message.request != self.request:
            return
        self.report = message.report
        now = self.context.now()
        self._status.show("Cohort", self._words(), data_age(now, now, self.context.zone))
        self._table.show(outcome_text.cohort_lines(message.report))

    def work_failed(self, message: WorkFailed) -> None:
        """Say why there is nothing, where it would stand."""
        self.report = None
        self._status.show("Cohort", self._words(), "")
        self._table.show([outcome_text.fact("", f"{message.what}. {message.next_step}.", "$muted")])
