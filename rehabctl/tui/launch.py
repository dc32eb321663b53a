"""`rehabctl panel`: opens the therapist's panel. Textual is imported only when it opens."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(help="Open the therapist's panel: a day's triage from the keyboard.")


class ThemeName(StrEnum):
    """The panel's themes."""

    DARK = "rehabctl-dark"
    LIGHT = "rehabctl-light"
    HIGH_CONTRAST = "rehabctl-high-contrast"


@app.command(
    epilog="Examples: rehabctl panel | rehabctl panel --theme rehabctl-high-contrast",
)
def panel(
    theme: Annotated[
        ThemeName, typer.Option(help="Colours.", envvar="REHABCTL_PANEL_THEME")
    ] = ThemeName.DARK,
    lock_after: Annotated[
        int,
        typer.Option(
            min=0,
            help="Lock after this many idle minutes; 0 never locks.",
            envvar="REHABCTL_PANEL_LOCK_AFTER",
        ),
    ] = 10,
    refresh: Annotated[
        int, typer.Option(min=5, help="Read the worklist again every so many seconds.")
    ] = 60,
    mouse: Annotated[
        bool,
        typer.Option(
            "--mouse/--no-mouse", help="Without the mouse, the terminal itself selects and copies."
        ),
    ] = True,
) -> None:
    """Open the worklist of patients; every key is shown with `?`.

    Needs a terminal. `rehabctl triage list` prints the same list as plain text.
    """
    from rehabctl.domain.errors import RehabctlError

    # Textual draws on standard error: sent to a file, it would write patients there.
    on_terminal = all(s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr))
    if not on_terminal or os.environ.get("TERM", "") in ("", "dumb"):
        raise RehabctlError("the panel needs a terminal", "Use: rehabctl triage list")
    code = open_panel(theme.value, lock_after * 60.0 or None, float(refresh), mouse=mouse)
    if code:
        raise typer.Exit(code)


def open_panel(
    theme: str, lock_after_s: float | None, refresh_s: float, *, mouse: bool = True
) -> int:
    """Run the panel until it is closed and return its exit code.

    Parameters
    ----------
    theme
        Name of one of the panel's themes.
    lock_after_s
        Idle time before the lock; None turns it off.
    refresh_s
        Time between two reads of the worklist.
    mouse
        Whether the panel takes mouse events from the terminal.
    """
    from rehabctl.services.panel import open_panel_data
    from rehabctl.services.settings import load_settings
    from rehabctl.tui.debug_variables import forget_debug_variables

    forget_debug_variables()  # before Textual is imported
    from rehabctl.tui.app import PanelApp
    from rehabctl.tui.context import PanelContext
    from rehabctl.tui.keymap import load_keymap
    from rehabctl.tui.zone import local_zone

    settings = load_settings()
    keymap = load_keymap(settings.paths.home / "keymap.toml")
    with open_panel_data(settings) as data:
        context = PanelContext(
            data=data,
            now=settings.now,
            zone=local_zone(),
            executable=(sys.executable, "-m", "rehabctl"),
            refresh_s=refresh_s,
            lock_after_s=lock_after_s,
        )
        panel_app = PanelApp(context, keymap, theme)
        panel_app.run(mouse=mouse)
        return panel_app.return_code or 0
