"""Finds one exercise of the library as you type."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from rehabctl.domain.exercise import Exercise
from rehabctl.tui import cells
from rehabctl.tui.context import PanelContext
from rehabctl.tui.messages import ExercisesFound
from rehabctl.tui.screens.port_screen import PortScreen
from rehabctl.tui.widgets.filter_input import steady

_MOST = 50
_TYPING_PAUSE_S = 0.12
_NAME_CELLS, _DOSE_CELLS, _REGION_CELLS = 40, 8, 10


class ExerciseSearch(PortScreen[str | None], ModalScreen[str | None]):
    """A line to type in and the exercises that match; the chosen one's slug is the answer.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    """

    BINDINGS: ClassVar = [
        Binding("escape", "cancel", "Cancel", id="dialog.cancel"),
        Binding("down", "to_list", "To the list", show=False),
    ]

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._typing: Timer | None = None
        self._input = steady(Input(placeholder="words: knee squat, TKR, step"))
        self._found = OptionList()
        self._text = ""

    def compose(self) -> ComposeResult:
        """Lay out line, matches and keys."""
        with Vertical(classes="dialog wide"):
            yield Static(Content("Add an exercise"), classes="dialog-title")
            yield self._input
            yield self._found
            hint = "enter: add the first   down: to the list   esc: cancel"
            yield Static(Content(hint), classes="dialog-hint")

    def on_mount(self) -> None:
        """List the library."""
        self._input.focus()
        self._search("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search after a short pause, so that a word is one question."""
        if self._typing is not None:
            self._typing.stop()
        text = event.value.strip()
        self._typing = self.set_timer(_TYPING_PAUSE_S, lambda: self._search(text))

    def _search(self, text: str) -> None:
        self._text, plans = text, self.context.data.plans

        def work() -> Message:
            return ExercisesFound(text, tuple(plans.search(text, _MOST)))

        self.in_thread(work, group="search")

    def on_exercises_found(self, message: ExercisesFound) -> None:
        """Show what matches what was typed last."""
        if message.text == self._text:
            self._found.clear_options()
            self._found.add_options([Option(_line(e), id=e.slug) for e in message.exercises])
            self._found.highlighted = 0 if message.exercises else None

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """Take the first match."""
        if self._found.option_count:
            self.dismiss(self._found.get_option_at_index(0).id)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the chosen one."""
        self.dismiss(event.option.id)

    def action_to_list(self) -> None:
        """Go from the line to the matches."""
        self._found.focus()

    def action_cancel(self) -> None:
        """Take none."""
        self.dismiss(None)


def _line(exercise: Exercise) -> Content:
    dose = exercise.dose
    approved = "" if exercise.approved else "draft"
    return Content.assemble(
        cells.fit(exercise.name, _NAME_CELLS),
        (f" {f'{dose.sets} x {dose.reps}':<{_DOSE_CELLS}}", "$muted"),
        (f"{cells.words(exercise.region):<{_REGION_CELLS}}", "$muted"),
        (approved, "$warning"),
    )
