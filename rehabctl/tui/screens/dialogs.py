"""Small dialogs. One that acts stays open until the action succeeded: nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from rehabctl.tui.cells import clean_lines
from rehabctl.tui.context import PanelContext
from rehabctl.tui.messages import ActionDone, WorkFailed
from rehabctl.tui.screens.own_dismiss import OwnDismiss
from rehabctl.tui.screens.port_screen import PortScreen
from rehabctl.tui.widgets.filter_input import steady

_SNOOZE_HOUR = 6
_LINES_IN_VIEW = 3
"""More may need paging at 80x24."""
_SNOOZE_CHOICES = ((1, "until tomorrow"), (3, "for 3 days"), (7, "for a week"), (14, "for 2 weeks"))


class ActionDialog(PortScreen[bool], ModalScreen[bool]):
    """A question whose answer is carried out in a thread; a failure is shown and can be retried.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    title
        What will be done.
    lines
        What it is about: the evidence.
    perform
        Does it; blocks; raises `RehabctlError` when it is refused.
    """

    BINDINGS: ClassVar = [
        Binding("escape", "cancel", "Cancel", id="dialog.cancel"),
        Binding("pagedown", "read_on(1)", "Read on", priority=True, show=False),
        Binding("pageup", "read_on(-1)", "Read back", priority=True, show=False),
    ]

    def __init__(
        self,
        context: PanelContext,
        title: str,
        lines: Sequence[str],
        perform: Callable[[str], None],
    ) -> None:
        super().__init__(context)
        self._title = title
        self._lines = tuple(lines)
        self._perform = perform
        self._busy = False
        self._error = Static("", classes="dialog-error", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out title, evidence, the field, the error and the keys."""
        with Vertical(classes="dialog"):
            yield Static(Content(self._title), classes="dialog-title")
            if self._lines:
                with VerticalScroll(classes="dialog-lines", can_focus=False):
                    yield Static(Content(clean_lines("\n".join(self._lines))))
            yield from self.compose_field()
            yield self._error
            more = "   pgdn: read on" if len(self._lines) > _LINES_IN_VIEW else ""
            yield Static(Content(self.hint() + more), classes="dialog-hint")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the paging keys to the field where there is no evidence to page through."""
        if action == "read_on" and not self._lines:
            return False
        return super().check_action(action, parameters)

    def action_read_on(self, direction: int) -> None:
        """Show more of the evidence; the field keeps the focus."""
        for lines in self.query(".dialog-lines"):
            lines.scroll_relative(y=direction * max(1, lines.size.height - 1), animate=False)

    def compose_field(self) -> ComposeResult:
        """Return the widget that takes the answer."""
        yield from ()

    def hint(self) -> str:
        """Return the line about keys."""
        return "enter: do it   esc: cancel"

    def submit(self, value: str) -> None:
        """Carry it out; a second press while it runs does nothing."""
        if self._busy:
            return
        self._busy = True
        self._say("Working…")

        def work() -> Message:
            self._perform(value)
            return ActionDone()

        self.in_thread(work, group="action")

    def on_action_done(self, _: ActionDone) -> None:
        """Close with success."""
        self.succeeded()
        self.dismiss(True)

    def succeeded(self) -> None:
        """Tidy up after success."""

    def work_failed(self, message: WorkFailed) -> None:
        """Show why not, and stay."""
        self._busy = False
        self._say(f"{message.what}. {message.next_step}.")

    def _say(self, text: str) -> None:
        self._error.update(Content(text))

    def action_cancel(self) -> None:
        """Close without doing it; not while it is being done, so that it is not done twice."""
        if not self._busy:
            self.dismiss(False)


class AcknowledgeDialog(ActionDialog):
    """Asks for the comment of an acknowledgement."""

    def compose_field(self) -> ComposeResult:
        """Return the comment line."""
        yield steady(Input(placeholder="Comment: what you saw and decided"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Acknowledge with this comment."""
        self.submit(event.value.strip())


class SnoozeDialog(ActionDialog):
    """Asks until when. Choices end in the morning of the viewer's calendar day."""

    def __init__(
        self,
        context: PanelContext,
        title: str,
        lines: Sequence[str],
        perform: Callable[[datetime], None],
    ) -> None:
        super().__init__(
            context, title, lines, lambda value: perform(datetime.fromisoformat(value))
        )

    def compose_field(self) -> ComposeResult:
        """Return the choices."""
        yield OptionList(*(Option(text, id=str(days)) for days, text in _SNOOZE_CHOICES))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Snooze until the morning of the chosen day."""
        local = self.context.now().astimezone(self.context.zone)
        morning = local.replace(hour=_SNOOZE_HOUR, minute=0, second=0, microsecond=0)
        until = morning + timedelta(days=int(event.option.id or 1))
        self.submit(until.isoformat())


class AssignDialog(ActionDialog):
    """Asks which colleague gets the alerts."""

    def __init__(
        self,
        context: PanelContext,
        title: str,
        lines: Sequence[str],
        perform: Callable[[str], None],
        *,
        colleagues: Sequence[str],
    ) -> None:
        super().__init__(context, title, lines, perform)
        self._colleagues = tuple(colleagues)

    def compose_field(self) -> ComposeResult:
        """Return the colleagues."""
        yield OptionList(*(Option(Content(login), id=login) for login in self._colleagues))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Assign to the chosen one."""
        self.submit(event.option.id or "")


class ChoiceDialog(OwnDismiss, ModalScreen[str | None]):
    """Asks for one of a few choices.

    Parameters
    ----------
    title
        The question.
    choices
        Value and text of each.
    current
        Value that is in force now; None when nothing is.
    wide
        Whether the choices are long.
    """

    BINDINGS: ClassVar = [Binding("escape", "cancel", "Cancel", id="dialog.cancel")]

    def __init__(
        self,
        title: str,
        choices: Sequence[tuple[str, str]],
        current: str | None,
        *,
        wide: bool = False,
    ) -> None:
        super().__init__()
        self._width = "wide" if wide else "narrow"
        self._title = title
        self._choices = tuple(choices)
        self._current = current

    def compose(self) -> ComposeResult:
        """Lay out the choices."""
        with Vertical(classes=f"dialog {self._width}"):
            yield Static(Content(self._title), classes="dialog-title")
            yield OptionList(
                *(
                    Option(f"{'✓' if value == self._current else ' '} {text}", id=value)
                    for value, text in self._choices
                )
            )
            yield Static(Content("enter: choose   esc: cancel"), classes="dialog-hint")

    def on_mount(self) -> None:
        """Start on the choice in force."""
        values = [value for value, _ in self._choices]
        place = 0 if self._current is None else values.index(self._current)
        self.query_one(OptionList).highlighted = place

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Return the choice."""
        self.dismiss(event.option.id)

    def action_cancel(self) -> None:
        """Return nothing."""
        self.dismiss(None)


class ConfirmDialog(OwnDismiss, ModalScreen[bool]):
    """Asks before something is lost. The default is No.

    Parameters
    ----------
    question
        What would happen.
    """

    BINDINGS: ClassVar = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes"),
        Binding("n,enter,escape", "answer(False)", "No", id="confirm.no"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical(classes="dialog narrow"):
            yield Static(Content(self._question), classes="dialog-title")
            yield Static(Content("y: yes   n or enter: no"), classes="dialog-hint")

    def action_answer(self, yes: bool) -> None:
        """Return the answer."""
        self.dismiss(yes)
