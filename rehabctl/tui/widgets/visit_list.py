"""Lists of the screens about visits: appointments by day, and the sections of a note."""

from __future__ import annotations

from typing import ClassVar

from textual.widgets import OptionList

from rehabctl.tui.help_text import HelpText
from rehabctl.tui.keymap import bindings


class VisitList(OptionList, inherit_bindings=False):
    """The appointments of some days, each day under a heading."""

    BINDINGS: ClassVar = bindings("list")
    help = HelpText(
        "Schedule",
        "What is booked, by start, in the clinic's time. A heading counts the visits of its day. "
        "○ is planned, ▶ runs, ● was held, ✕ was cancelled or missed. enter opens the check-in of "
        "the visit under the cursor; below stands what its booking rests on. b books, v moves and "
        "x cancels.",
    )


class SectionList(OptionList, inherit_bindings=False):
    """The sections of a note, with what is still missing."""

    BINDINGS: ClassVar = bindings("list")
    help = HelpText(
        "Sections of the note",
        "A section marked ‣ waits for words of yours: the draft holds measured facts only. enter "
        "or e writes them, S signs the whole note. A signed note stays as it is; a adds to it.",
    )
