"""The assessments of one patient, newest first; enter replays one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.content import Content
from textual.widgets import DataTable

from rehabctl.domain.patient_detail import AssessmentSummary
from rehabctl.tui.columns import Viewer
from rehabctl.tui.help_text import HelpText
from rehabctl.tui.keymap import bindings
from rehabctl.tui.patient_text import ASSESSMENT_COLUMNS, assessment_cells


class AssessmentTable(DataTable[Text], inherit_bindings=False):
    """A small table with a row cursor.

    Parameters
    ----------
    assessments
        What was measured.
    viewer
        Moment and zone.
    """

    BINDINGS: ClassVar = bindings("assessments")
    help = HelpText(
        "Assessments",
        "Measured recordings. Reps counts full repetitions and, with p, partial ones. Peak is the "
        "largest angle of a repetition, with the interval that holds the true value in 9 of 10 "
        "cases. Enter replays the recording.",
    )

    def __init__(self, assessments: Sequence[AssessmentSummary], viewer: Viewer) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, cell_padding=1)
        self._assessments = sorted(assessments, key=lambda a: a.at, reverse=True)
        self._viewer = viewer
        self.border_title = Content("Assessments")
        self.add_class("section")

    def on_mount(self) -> None:
        """Fill the table."""
        self.add_columns(*ASSESSMENT_COLUMNS)
        for item in self._assessments:
            texts = (Text(value, no_wrap=True) for value in assessment_cells(item, self._viewer))
            self.add_row(*texts, key=item.id)
