"""The alerts of one patient, one line each."""

from __future__ import annotations

from rehabctl.tui.help_text import HelpText
from rehabctl.tui.widgets.line_list import LineList

_HELP = HelpText(
    "Alerts",
    "Every alert that stands, open ones first. The evidence of the one under the cursor is "
    "shown beside it. a acknowledges it with a comment, z snoozes it, A gives it to a "
    "colleague, u takes the last action back.",
)


class AlertList(LineList):
    """A list with a cursor; open alerts come first, the most severe on top."""

    def __init__(self) -> None:
        super().__init__(_HELP)
