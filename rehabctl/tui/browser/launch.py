"""`rehabctl panel --serve`: the panel in a browser, for those who do not live in a terminal."""

from __future__ import annotations

import shlex
import socket
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from rehabctl.domain.errors import RehabctlError, UsageError

LOOPBACK = "127.0.0.1"
WEB_DRIVER = "textual.drivers.web_driver:WebDriver"
"""The driver by which a panel is run for a browser tab."""


def serve(options: Sequence[str], port: int, public_url: str | None) -> None:
    """Serve the panel on loopback until interrupted, and print the link that opens it.

    Parameters
    ----------
    options
        Options of `rehabctl panel` for each tab.
    port
        TCP port; 0 takes a free one.
    public_url
        Where browsers reach it through a reverse proxy; None: directly.

    Raises
    ------
    UsageError
        The address is not one of http or https without a path.
    RehabctlError
        The extra is not installed, or the port is taken.
    """
    _check(public_url)
    try:
        from rehabctl.tui.browser.server import PanelServer
    except ModuleNotFoundError:
        raise RehabctlError(
            "the panel in a browser needs the extra `serve`",
            'Run: pip install "rehabctl[serve]"',
        ) from None
    from rehabctl.tui.browser.gate import Gate

    try:
        listening = socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise RehabctlError(
            f"cannot listen on port {port}: {error.strerror}", "Choose another --port"
        ) from None
    with listening:
        own = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
        gate = Gate(public_url or own)
        command = shlex.join([sys.executable, "-m", "rehabctl", "panel", *options])
        sys.stdout.write(gate.link + "\n")
        sys.stdout.flush()
        sys.stderr.write("Open this link in a browser; it works once. Ctrl+C ends the panel.\n")
        PanelServer(command, gate).serve_on(listening)


def _check(public_url: str | None) -> None:
    if public_url is None:
        return
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
        raise UsageError(
            f"{public_url!r} is not the address of a site",
            "Write it like https://panel.clinic.example",
        )
