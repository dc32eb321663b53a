"""Writing a note or a comment. What was typed stays a draft until it is saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import TextArea

from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.screens.dialogs import ActionDialog


class NoteEditor(ActionDialog):
    """A text area. `escape` keeps the text as a draft; saving removes the draft.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    title
        Whom or what the text is about.
    draft_key
        Under which name the draft is kept.
    perform
        Saves the text; blocks. None: the text stays a draft for a later decision.
    start
        Text to begin with; None begins with the draft.
    """

    BINDINGS: ClassVar = [
        *bindings("editor"),
        Binding("escape", "cancel", "Keep as a draft", id="dialog.cancel"),
    ]

    def __init__(
        self,
        context: PanelContext,
        title: str,
        draft_key: str,
        perform: Callable[[str], None] | None,
        start: str | None = None,
    ) -> None:
        super().__init__(context, title, (), perform or (lambda _: None))
        self._draft_key = draft_key
        self._draft_before = context.drafts.get(draft_key)
        self._start = (self._draft_before or "") if start is None else start
        self._saves = perform is not None
        self._area = TextArea(self._start, soft_wrap=True, tab_behavior="focus")

    def compose_field(self) -> ComposeResult:
        """Return the text area."""
        self._area.cursor_blink = False  # a blinking cursor sends bytes twice a second
        self._area.cursor_location = self._area.document.end
        yield self._area

    def hint(self) -> str:
        """Return the line about keys."""
        return "ctrl+s: save   esc: keep as a draft" if self._saves else "ctrl+s or esc: keep"

    def on_mount(self) -> None:
        """Write at once."""
        self._area.focus()

    def on_text_area_changed(self, _: TextArea.Changed) -> None:
        """Keep the draft at every key, so that a lock or a failure loses nothing."""
        self.keep_draft()

    def keep_draft(self) -> None:
        """Keep what stands in the text area now: change messages may still be on their way."""
        text = self._area.text
        draft = self._draft_before if text == self._start else text
        if draft and draft.strip():
            self.context.drafts[self._draft_key] = draft
        else:
            self.context.drafts.pop(self._draft_key, None)

    def action_cancel(self) -> None:
        """Close; the text stays a draft."""
        self.keep_draft()
        super().action_cancel()

    def action_save(self) -> None:
        """Save what was written, or keep it for the decision."""
        text = self._area.text.strip()
        if not self._saves:
            self.action_cancel()
        elif text:
            self.submit(text)

    def succeeded(self) -> None:
        """Drop the draft: it is stored."""
        self.context.drafts.pop(self._draft_key, None)
