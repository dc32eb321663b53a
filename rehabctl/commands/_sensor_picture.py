"""The live picture of a calibration on standard error; without a terminal, lines alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehabctl.analysis.calibration_picture import BenchView


@contextmanager
def live_picture(*, quiet: bool) -> Generator[Callable[[BenchView], None]]:
    """Yield what draws the picture again in its place.

    Parameters
    ----------
    quiet
        Draw nothing.
    """
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM", "") in ("", "dumb"):
        yield lambda view: None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from rehabctl.analysis.calibration_picture import picture

    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:

        def show(view: BenchView) -> None:
            lines = [*picture(view), f"{view.t_s:.0f} s: {view.done}", view.next_step]
            live.update(Text("\n".join(lines)), refresh=True)

        yield show
