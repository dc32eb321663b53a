"""The panel: keys that work everywhere, the lock, and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any, ClassVar

from textual import events
from textual.command import Provider
from textual.screen import Screen

from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.safe_app import SafeApp
from rehabctl.tui.screens.port_screen import PortScreen
from rehabctl.tui.screens.worklist import WorklistScreen
from rehabctl.tui.themes import DEFAULT_THEME, THEMES

_LOCK_CHECK_S = 5.0


def _palette() -> type[Provider]:
    from rehabctl.tui.palette import PanelCommands

    return PanelCommands


class PanelApp(SafeApp):
    """The therapist's panel.

    Parameters
    ----------
    context
        The port, the clock and settings.
    keymap
        The user's keys by binding id.
    theme
        Name of one of the panel's themes.
    """

    TITLE = "rehabctl"
    CSS_PATH = "panel.tcss"
    BINDINGS: ClassVar = bindings("panel")
    COMMANDS: ClassVar = SafeApp.COMMANDS | {_palette}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as in the base
    VERTICAL_BREAKPOINTS = [(0, "-short"), (50, "-tall")]  # noqa: RUF012 - as in the base

    def __init__(
        self,
        context: PanelContext,
        keymap: Mapping[str, str] | None = None,
        theme: str = DEFAULT_THEME,
    ) -> None:
        super().__init__()
        self.context = context
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme
        for name in set(self.available_themes) - {known.name for known in THEMES}:
            self.unregister_theme(name)  # only themes whose contrast is tested
        if keymap:
            self.set_keymap(keymap)
        self._last_input_s = monotonic()

    def get_default_screen(self) -> Screen[Any]:
        """Start with the worklist."""
        return WorklistScreen(self.context)

    def on_mount(self) -> None:
        """Watch for idleness."""
        if self.context.lock_after_s is not None:
            self.set_interval(_LOCK_CHECK_S, self.lock_when_idle)

    # -- lock ----------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Note every key and click: they end the idle time."""
        if isinstance(event, events.Key | events.MouseDown | events.MouseScrollDown):
            self._last_input_s = monotonic()
        await super().on_event(event)

    def lock_when_idle(self) -> None:
        """Lock after the idle time."""
        limit = self.context.lock_after_s
        if limit is not None and monotonic() - self._last_input_s >= limit:
            self.action_lock()

    def action_lock(self) -> None:
        """Cover everything until the panel is unlocked."""
        from rehabctl.tui.screens.lock import LockScreen

        if not isinstance(self.screen, LockScreen):
            self.clear_notifications()
            self.push_screen(LockScreen(self.context))

    @property
    def is_locked(self) -> bool:
        """Whether the lock is up."""
        return any(
            isinstance(screen, PortScreen) and screen.is_lock for screen in self.screen_stack
        )

    def notify(self, message: str, **options: Any) -> None:
        """Show a notice, once at a time, but none over the lock: it may name a patient."""
        if not self.is_locked and all(one.message != message for one in self._notifications):
            super().notify(message, **options)

    # -- moving between screens ------------------------------------------------------------------

    async def action_back(self) -> None:
        """Undo one level: inside the screen first, then the screen itself."""
        screen = self.screen
        if isinstance(screen, PortScreen) and screen.back_one_level():
            return
        if len(self.screen_stack) > 1:
            self._close()

    def action_leave(self) -> None:
        """Close this screen; on the worklist, quit."""
        if len(self.screen_stack) > 1:
            self._close()
        else:
            self._quit_or_ask()

    def _close(self) -> None:
        screen = self.screen
        if not isinstance(screen, PortScreen) or screen.may_leave():
            screen.dismiss(None)

    async def action_quit(self) -> None:
        """Quit, after asking when something typed is not saved.

        The key overtakes keys that the focused widget has not handled yet: wait for those.
        """
        (self.focused or self.screen).call_later(self._quit_or_ask)

    def _quit_or_ask(self) -> None:
        from rehabctl.tui.screens.dialogs import ConfirmDialog

        for screen in self.screen_stack:
            if isinstance(screen, PortScreen):
                screen.keep_draft()
        drafts = len(self.context.drafts)
        if not drafts:
            self.exit()
        elif not isinstance(self.screen, ConfirmDialog):
            some = "1 draft is" if drafts == 1 else f"{drafts} drafts are"
            self.push_screen(
                ConfirmDialog(f"{some} not saved and would be lost. Quit?"), self._quit_answered
            )

    def _quit_answered(self, yes: bool | None) -> None:
        if yes:
            self.exit()

    # -- help and commands -----------------------------------------------------------------------

    def action_help(self) -> None:
        """Show every key that works here."""
        from rehabctl.tui.screens.help import HelpScreen, groups_of

        self.push_screen(HelpScreen("Keys", None, groups_of(self.screen)))

    def action_help_focused(self) -> None:
        """Show the help of the focused widget."""
        from rehabctl.tui.screens.help import help_of_focused

        self.push_screen(help_of_focused(self.screen))

    def action_command_line(self) -> None:
        """Ask for a command line and run it."""
        from rehabctl.tui.screens.command_line import CommandLine

        self.push_screen(CommandLine(), self._run_command)

    def _run_command(self, line: str | None) -> None:
        from rehabctl.tui.screens.command_output import CommandOutput

        if line:
            self.push_screen(CommandOutput(self.context.executable, line))
