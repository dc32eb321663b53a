"""Claims: where each stands, and what payers want before they pay."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rehabctl.services.claim_desk import ClaimLine
from rehabctl.tui import cells, claim_text
from rehabctl.tui.claim_messages import ClaimRead, ClaimsListed
from rehabctl.tui.context import PanelContext
from rehabctl.tui.help_text import HelpText
from rehabctl.tui.keymap import bindings
from rehabctl.tui.messages import WorkFailed
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.place_screen import PlaceScreen
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.line_list import LineList
from rehabctl.tui.widgets.offline_banner import OfflineBanner
from rehabctl.tui.widgets.section import Section
from rehabctl.tui.widgets.status_line import StatusLine, data_age

_HELP = HelpText(
    "Claims",
    "Every claim with what was asked and paid. Those that wait for somebody come first, by the day "
    "on which something is due: drafts with findings, rejections, denials and part payments. f "
    "keeps only those. rehabctl claim draft, correct and submit do the work.",
)
_NONE = "No claims yet. Make one: rehabctl claim draft --visit ID"
_ALL_WELL = "No claim waits for anybody. f shows all."
_RETRY_S = 5.0


class ClaimsScreen(PlaceScreen):
    """The worklist above, the claim under the cursor below.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    """

    BINDINGS: ClassVar = bindings("claims", "places")

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.lines: tuple[ClaimLine, ...] = ()
        self.only_waiting = False
        self._retry: Timer | None = None
        self._status = StatusLine()
        self._banner = OfflineBanner(context.zone)
        self._list = LineList(_HELP)
        self._reasons = Section("Reasons", (), "Why nothing or less was paid, and what to do.")
        self._findings = Section("Findings", (), "What stands against sending it.")
        self._history = Section("History", (), "What happened to the claim, newest first.")

    def compose(self) -> ComposeResult:
        """Lay out list and detail."""
        yield self._status
        yield self._banner
        yield Static(Content(f" {claim_text.heading()}"), id="claim-heading")
        with Vertical(id="claims-body"):
            yield self._list
            with VerticalScroll(id="claim-detail", can_focus=False):
                yield from (self._reasons, self._findings, self._history)
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the claims."""
        self._list.focus()
        self._status.show("Claims", "reading…", "")
        self.action_refresh_data()

    def action_refresh_data(self) -> None:
        """Read again; the cursor stays on its claim."""
        claims = self.context.data.claims
        self.in_thread(lambda: ClaimsListed(tuple(claims.report())), group="claims")

    def on_claims_listed(self, message: ClaimsListed) -> None:
        """Show the claims."""
        self._banner.show_online()
        self.lines = message.lines
        self._show_list()

    def work_failed(self, message: WorkFailed) -> None:
        """Say that the store is away and try again, or what was refused."""
        if not message.is_offline:
            super().work_failed(message)
            return
        self._banner.show_offline(message.what, message.next_step, self.context.now())
        if self._retry is not None:
            self._retry.stop()
        self._retry = self.set_timer(_RETRY_S, self.action_refresh_data)

    @property
    def shown(self) -> tuple[ClaimLine, ...]:
        """The claims in view."""
        return tuple(line for line in self.lines if line.waits or not self.only_waiting)

    @property
    def current(self) -> ClaimLine | None:
        """The claim under the cursor."""
        place, shown = self._list.highlighted, self.shown
        return None if place is None or place >= len(shown) else shown[place]

    def _show_list(self) -> None:
        chosen = self._list.highlighted_option
        number = chosen.id if chosen else None
        viewer, shown = self.context.viewer(), self.shown
        self._list.clear_options()
        self._list.add_options([Option(claim_text.row(c, viewer), id=c.number) for c in shown])
        numbers = [line.number for line in shown]
        if numbers:
            self._list.highlighted = numbers.index(number) if number in numbers else 0
        else:
            text = _ALL_WELL if self.lines else _NONE
            self._list.add_option(Option(Content.styled(text, "$muted"), disabled=True))
        waiting = sum(line.waits for line in self.lines)
        note = f"{waiting} of {cells.plural(len(self.lines), 'claim')} wait for somebody"
        now = self.context.now()
        shown_note = note if self.lines else "none yet"
        self._status.show("Claims", shown_note, data_age(now, now, self.context.zone))
        self._read_current()

    def on_option_list_option_highlighted(self, _: OptionList.OptionHighlighted) -> None:
        """Show the claim under the cursor, and read its history."""
        self._read_current()

    def _read_current(self) -> None:
        line, claims, viewer = self.current, self.context.data.claims, self.context.viewer()
        self._reasons.show(() if line is None else claim_text.reasons(line, viewer))
        self._findings.show(() if line is None else claim_text.findings(line))
        self._history.show(())
        if line is not None:
            number = line.number
            self.in_thread(lambda: ClaimRead(number, tuple(claims.history(number))), group="claim")

    def on_claim_read(self, message: ClaimRead) -> None:
        """Show the history, if the cursor is still on its claim."""
        if self.current is not None and self.current.number == message.number:
            self._history.show(claim_text.history(message.events, self.context.viewer()))

    # -- actions -------------------------------------------------------------------------------

    def action_waiting(self) -> None:
        """Show only claims that wait for somebody, or all again."""
        self.only_waiting = not self.only_waiting
        self._show_list()

    def action_copy_number(self) -> None:
        """Copy the claim's number, for a command."""
        if self.current is not None:
            app_of(self).copy_to_clipboard(self.current.number)
            self.notify("Copied the number of the claim.", markup=False)
