"""The alerts of one patient, one line each."""

from __future__ import annotations

from typing import ClassVar

from textual.widgets import OptionList

from rehabctl.tui.help_text import HelpText
from rehabctl.tui.keymap import bindings


class AlertList(OptionList, inherit_bindings=False):
    """A list with a cursor; open alerts come first, the most severe on top."""

    BINDINGS: ClassVar = bindings("list")
    help = HelpText(
        "Alerts",
        "Every alert that stands, open ones first. The evidence of the one under the cursor is "
        "shown beside it. a acknowledges it with a comment, z snoozes it, A gives it to a "
        "colleague, u takes the last action back.",
    )
