"""A patient's own course beside published curves, where it is heading, and her goals."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from rehabctl.services.trajectories import TrajectoryReport
from rehabctl.tui import outcome_text
from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.messages import WorkFailed
from rehabctl.tui.outcome_messages import CourseLoaded
from rehabctl.tui.screens.port_screen import PortScreen
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.reader import Reader
from rehabctl.tui.widgets.section import Section
from rehabctl.tui.widgets.status_line import StatusLine, data_age

_HELP = (
    "● the newest value, ░ what published groups of patients reached by that day, ◇ the patient's "
    "own values drawn on along the logarithm of the day, with a 90 % bootstrap interval. Groups "
    "are no target; values of two methods never join."
)


class CourseScreen(PortScreen[None]):
    """One patient's course.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    mrn
        Whose.
    """

    BINDINGS: ClassVar = bindings("course")

    def __init__(self, context: PanelContext, mrn: str) -> None:
        super().__init__(context)
        self._mrn = mrn
        self.report: TrajectoryReport | None = None
        self._status = StatusLine()
        self._curves = Vertical(classes="course-curves")
        self._goals = Section("Goals", (), "How far each goal is from its baseline to its target.")

    def compose(self) -> ComposeResult:
        """Lay out curves above goals."""
        yield self._status
        with Reader(id="course-body"):
            yield self._curves
            yield self._goals
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the course."""
        self.query_one(Reader).focus()
        self._status.show(self._mrn, "course", "reading…")
        self.action_refresh_data()

    def action_refresh_data(self) -> None:
        """Read again."""
        data, mrn = self.context.data.outcomes, self._mrn

        def work() -> Message:
            return CourseLoaded(data.course(mrn))

        self.in_thread(work, group="course")

    async def on_course_loaded(self, message: CourseLoaded) -> None:
        """Show what was read."""
        self.report = report = message.report
        now = self.context.now()
        day = f"{report.condition}, day {report.days_since_surgery} after surgery"
        self._status.show(self._mrn, day, data_age(now, now, self.context.zone))
        measured = [found for found in report.curves if found.points]
        rest = [found for found in report.curves if not found.points]
        sections = [
            Section(found.curve.label, outcome_text.course(found), _HELP) for found in measured
        ]
        if rest:
            lines = [line for found in rest for line in outcome_text.course(found)]
            sections.append(Section("Curves without a value", lines, _HELP))
        await self._curves.remove_children()
        await self._curves.mount_all(sections)
        self._goals.show(outcome_text.goals(report.goals))

    def work_failed(self, message: WorkFailed) -> None:
        """Say why there is nothing, where it would stand."""
        self._status.show(self._mrn, "course", "")
        self._goals.show([outcome_text.fact("", f"{message.what}. {message.next_step}.", "$muted")])
