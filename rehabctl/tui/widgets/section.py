"""One titled block of the patient screen: lines with a lead, wrapped under themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from rehabctl.tui.help_text import HelpText


class Line(NamedTuple):
    """One line of a section. What does not fit goes on below the body, not below the lead."""

    lead: Content
    body: Content


class Section(Widget, can_focus=True):
    """A title on a rule, and lines below it.

    Parameters
    ----------
    title
        Shown on the rule, and by F1.
    lines
        What it says.
    help_text
        What F1 says.
    """

    def __init__(self, title: str, lines: Sequence[Line], help_text: str) -> None:
        super().__init__(classes="section")
        self._lines = tuple(lines)
        self.border_title = Content(title)
        self.help = HelpText(title, help_text)

    def show(self, lines: Sequence[Line]) -> None:
        """Replace the lines."""
        self._lines = tuple(lines)
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines at this width."""
        return len(wrap_lines(self._lines, width))

    def render(self) -> Content:
        """Return the lines at the current width."""
        return Content("\n").join(wrap_lines(self._lines, self.content_size.width))


class TextBlock(Section, can_focus=False):
    """The same without a title of its own, inside another section."""

    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__("", lines, "")
        self.remove_class("section")


def wrap_lines(lines: Sequence[Line], width: int) -> list[Content]:
    """Wrap each body to the width that its lead leaves.

    Parameters
    ----------
    lines
        What to wrap.
    width
        Cells of the whole.
    """
    wrapped: list[Content] = []
    for lead, body in lines:
        indent = lead.cell_length
        first, *rest = body.wrap(max(8, width - indent)) or [Content("")]
        wrapped.append(Content.assemble(lead, first))
        wrapped += [Content.assemble(" " * indent, line) for line in rest]
    return wrapped
