"""The note of a visit: measured facts in sections, the clinician's words, the signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from rehabctl.clinic.note_check import Section as NoteSection
from rehabctl.clinic.note_check import sections_of
from rehabctl.clinic.note_content import CLINICIAN
from rehabctl.domain.counting import counted
from rehabctl.services.notes import NoteView
from rehabctl.tui import cells
from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.port_screen import PortScreen
from rehabctl.tui.visit_messages import NoteLoaded
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.section import Line, Section
from rehabctl.tui.widgets.status_line import StatusLine
from rehabctl.tui.widgets.visit_list import SectionList

_WAITS, _WRITTEN = "‣ write", "  "
_MARK_CELLS = 9


class VisitNoteScreen(PortScreen[None]):
    """The daily note of one visit.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    visit_id
        Of a visit that was held.
    """

    BINDINGS: ClassVar = bindings("visit-note")

    def __init__(self, context: PanelContext, visit_id: str) -> None:
        super().__init__(context)
        self._visit_id = visit_id
        self.view: NoteView | None = None
        self.sections: tuple[NoteSection, ...] = ()
        self._status = StatusLine()
        self._list = SectionList()
        self._text = Section("Text", (), "The text of the section under the cursor.")

    def compose(self) -> ComposeResult:
        """Lay out the sections above the text of one."""
        yield self._status
        with Vertical(id="visit-note-body"):
            yield self._list
            with VerticalScroll(id="visit-note-text", can_focus=False):
                yield self._text
        yield KeyBar()

    def on_mount(self) -> None:
        """Read or draft the note."""
        self._list.focus()
        self._status.show("Note", "", "reading…")
        self.action_refresh_data()

    def action_refresh_data(self) -> None:
        """Read again."""
        data, wanted = self.context.data.visits, self._visit_id
        self.in_thread(lambda: NoteLoaded(data.note(wanted)), group="note")

    def on_note_loaded(self, message: NoteLoaded) -> None:
        """Show the sections; the cursor goes to the first that waits for words."""
        self.view = view = message.view
        added = tuple(
            NoteSection(f"Addendum {n}", tuple(one.body.splitlines()))
            for n, one in enumerate(view.addenda, start=1)
        )
        found = [s for s in sections_of(view.note.body) if s.title or not s.is_empty]
        self.sections = (*found, *added)
        before = self._list.highlighted
        self._list.clear_options()
        for section in self.sections:
            mark = _WAITS if self._waits(section) else _WRITTEN
            self._list.add_option(
                Option(
                    Content.assemble(
                        (f"{mark:<{_MARK_CELLS}}", "bold $warning"),
                        cells.clean(section.title or "Head"),
                    )
                )
            )
        waiting = [n for n, section in enumerate(self.sections) if self._waits(section)]
        last = max(0, len(self.sections) - 1)
        self._list.highlighted = waiting[0] if waiting else min(before or 0, last)
        self._show_state(view, len(waiting))
        self._show_text()

    def _show_state(self, view: NoteView, waiting: int) -> None:
        note = view.note
        title = f"{view.mrn}  {note.kind.value} note"
        if note.signed_at is None:
            state = f"draft, {counted(waiting, 'section')} to write" if waiting else "draft"
            self._status.show(title, state, "not signed")
            return
        when = cells.day_time(note.signed_at, self.context.now(), self.context.zone)
        fits = "" if view.signature_valid else ", but the text is not the one that was signed"
        who = f"signed by {note.signer_name}, {note.credentials}"
        self._status.show(title, who + fits, f"{when}, after {_length(view.seconds_to_sign)}")

    @staticmethod
    def _waits(section: NoteSection) -> bool:
        return any(CLINICIAN in line for line in section.lines)

    @property
    def current(self) -> NoteSection | None:
        """The section under the cursor."""
        place = self._list.highlighted
        return None if place is None or place >= len(self.sections) else self.sections[place]

    def on_option_list_option_highlighted(self, _: OptionList.OptionHighlighted) -> None:
        """Show the text of the section under the cursor."""
        self._show_text()

    def _show_text(self) -> None:
        section = self.current
        shown = () if section is None else section.lines
        self._text.border_title = Content(cells.clean(section.title or "Head") if section else "")
        self._text.show([Line(Content(""), Content(cells.clean(line))) for line in shown])

    # -- writing and signing -----------------------------------------------------------------------

    def on_option_list_option_selected(self, _: OptionList.OptionSelected) -> None:
        """Write the section under the cursor."""
        self.action_write()

    def action_write(self) -> None:
        """Write your own words into the section under the cursor."""
        view, section = self.view, self.current
        if view is None or section is None or not section.title:
            return
        if view.note.signed_at is not None:
            self.notify("The note is signed and stays as it is. a adds to it.", markup=False)
            return
        data, note_id, title = self.context.data.visits, str(view.note.id), section.title
        key = f"visit-note:{note_id}:{title}"
        # words take the place of the mark; where none stands, of the whole section
        start = None
        if key not in self.context.drafts and not self._waits(section):
            start = "\n".join(section.lines).strip()
        self._edit(title, key, lambda text: data.write(note_id, title, text), start)

    def _edit(
        self, title: str, key: str, perform: Callable[[str], None], start: str | None
    ) -> None:
        from rehabctl.tui.screens.note_editor import NoteEditor

        def saved(done: bool | None) -> None:
            if done:
                self.action_refresh_data()

        editor = NoteEditor(self.context, cells.clean(title), key, perform, start)
        app_of(self).push_screen(editor, saved)

    def action_sign(self) -> None:
        """Sign the note with your credentials: from then on it stays as it is."""
        view = self.view
        if view is None:
            return
        if view.note.signed_at is not None:
            self.notify("The note is signed already.", markup=False)
            return
        if view.findings:
            first = view.findings[0]
            self.notify(f"{first.section or 'Note'}: {first.text}.", markup=False)
            return
        data, context, note_id = self.context.data.visits, self.context, str(view.note.id)

        def perform(values: Sequence[str]) -> None:
            data.sign(note_id, values[0])
            context.credentials = values[0]

        from rehabctl.tui.screens.text_dialog import TextDialog

        dialog = TextDialog(
            context,
            "Sign this note",
            ("It is locked with its hash, the time, your name and your credentials.",),
            ("your credentials, such as PT, DPT",),
            perform,
            start=context.credentials,
        )
        app_of(self).push_screen(dialog, lambda done: self._signed(done, "Signed."))

    def _signed(self, done: bool | None, text: str) -> None:
        if done:
            self.notify(text, markup=False)
            self.action_refresh_data()

    def action_addendum(self) -> None:
        """Add to a signed note."""
        view = self.view
        if view is None:
            return
        if view.note.signed_at is None:
            self.notify("Only a signed note takes an addendum: e writes a draft.", markup=False)
            return
        data, note_id = self.context.data.visits, str(view.note.id)
        credentials = self.context.credentials or view.note.credentials or ""
        key = f"visit-note:{note_id}:addendum"
        self._edit("Addendum", key, lambda text: data.add(note_id, text, credentials), None)


def _length(seconds: int | None) -> str:
    if seconds is None:
        return cells.NONE
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest:02d} s"
