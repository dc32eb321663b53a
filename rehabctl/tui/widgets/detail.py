"""The part below a list that shows the line under the cursor in full."""

from __future__ import annotations

from rehabctl.tui.widgets.reader import Reader
from rehabctl.tui.widgets.section import Section


class Detail(Reader, can_focus=False):
    """Sections of a line; tab or `enter` goes in, the reading keys scroll, `esc` goes back."""

    def go_in(self) -> None:
        """Put the focus on the first section, so that the keys scroll."""
        for section in self.query(Section):
            section.focus()
            return

    def go_back(self) -> bool:
        """Put the focus back on the list; False when it was not in here."""
        focused = self.screen.focused
        if focused is None or self not in focused.ancestors:
            return False
        self.screen.focus_chain[0].focus()
        return True
