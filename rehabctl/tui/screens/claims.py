"""Claims: where each stands, and what payers want before they pay."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content

from rehabctl.services.claim_desk import ClaimLine
from rehabctl.tui import claim_text
from rehabctl.tui.claim_messages import ClaimRead, ClaimsListed
from rehabctl.tui.columns import Viewer
from rehabctl.tui.context import PanelContext
from rehabctl.tui.help_text import HelpText
from rehabctl.tui.keymap import bindings
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.list_screen import ListScreen
from rehabctl.tui.widgets.section import Section


class ClaimsScreen(ListScreen[ClaimLine]):
    """The worklist above, the claim under the cursor below.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    """

    BINDINGS: ClassVar = bindings("claims", "places")
    HELP_OF_LIST = HelpText(
        "Claims",
        "Every claim with what was asked and paid. Those that wait for somebody come first, by the "
        "day on which something is due: drafts with findings, rejections, denials and part "
        "payments. f keeps only those. rehabctl claim draft, correct and submit do the work.",
    )
    NOUN = "claim"
    WAITING = "waiting for somebody"
    NONE_YET = "No claims yet. Make one: rehabctl claim draft --visit ID"
    ALL_WELL = "No claim waits for anybody. f shows all."

    def __init__(self, context: PanelContext) -> None:
        self._reasons = Section("Reasons", (), "Why nothing or less was paid, and what to do.")
        self._findings = Section("Findings", (), "What stands against sending it.")
        self._history = Section("History", (), "What happened to the claim, newest first.")
        super().__init__(context, self._reasons, self._findings, self._history)

    def name_of(self, line: ClaimLine) -> str:
        """Return the number of a claim."""
        return line.number

    def waits(self, line: ClaimLine) -> bool:
        """Return whether somebody has to do something about a claim."""
        return line.waits

    def heading(self) -> str:
        """Return the titles over the list."""
        return claim_text.heading()

    def row(self, line: ClaimLine, viewer: Viewer) -> Content:
        """Return a claim as one line."""
        return claim_text.row(line, viewer)

    def action_refresh_data(self) -> None:
        """Read again; the cursor stays on its claim."""
        claims = self.context.data.claims
        self.in_thread(lambda: ClaimsListed(tuple(claims.report())), group="claims")

    def on_claims_listed(self, message: ClaimsListed) -> None:
        """Show the claims."""
        self.show_lines(message.lines)

    def read_current(self) -> None:
        """Show the claim under the cursor, and read its history."""
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

    def action_copy_number(self) -> None:
        """Copy the claim's number, for a command."""
        if self.current is not None:
            app_of(self).copy_to_clipboard(self.current.number)
            self.notify("Copied the number of the claim.", markup=False)
