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
    epilog="Examples: rehabctl panel | rehabctl panel --theme rehabctl-high-contrast | "
    "rehabctl panel --serve --port 8420",
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
    serve: Annotated[
        bool, typer.Option("--serve", help="Show it in a browser on this machine instead.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="With --serve: the port; 0 takes a free one.")
    ] = 8420,
    public_url: Annotated[
        str | None,
        typer.Option(help="With --serve: where a reverse proxy offers it, with https."),
    ] = None,
) -> None:
    """Open the worklist of patients; every key is shown with `?`.

    Needs a terminal, or a browser with `--serve`, which prints a link that works once.
    `rehabctl triage list` prints the same list as plain text.
    """
    from rehabctl.domain.errors import RehabctlError
    from rehabctl.tui.browser.launch import WEB_DRIVER

    if serve:
        _serve(theme, lock_after, refresh, port, public_url)
        return
    # Textual draws on standard error: sent to a file, it would write patients there.
    on_terminal = all(s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr))
    on_terminal = on_terminal and os.environ.get("TERM", "") not in ("", "dumb")
    if not on_terminal and os.environ.get("TEXTUAL_DRIVER") != WEB_DRIVER:
        raise RehabctlError("the panel needs a terminal", "Use: rehabctl triage list")
    code = open_panel(theme.value, lock_after * 60.0 or None, float(refresh), mouse=mouse)
    if code:
        raise typer.Exit(code)


def _serve(
    theme: ThemeName, lock_after: int, refresh: int, port: int, public_url: str | None
) -> None:
    from rehabctl.services.panel import open_panel_data
    from rehabctl.services.settings import load_settings
    from rehabctl.tui.browser import launch

    with open_panel_data(load_settings()):
        pass  # what would fail in every tab fails here, with its message
    options = [f"--theme={theme.value}", f"--lock-after={lock_after}", f"--refresh={refresh}"]
    launch.serve(options, port, public_url)


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
    from rehabctl.tui.saved_views import FILE
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
            views_path=settings.paths.home / FILE,
        )
        panel_app = PanelApp(context, keymap, theme)
        panel_app.run(mouse=mouse)
        return panel_app.return_code or 0
