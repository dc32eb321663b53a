"""Progress on standard error: a bar on a terminal, one line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

Report = Callable[[float, float | None], None]
"""Called with the work done and the total (None when unknown)."""

_LINE_INTERVAL_S = 5.0


@contextmanager
def progress(label: str, *, quiet: bool = False) -> Generator[Report]:
    """Yield a function that shows how far the work has come.

    Parameters
    ----------
    label
        What is being done, without patient data.
    quiet
        Show nothing.
    """
    if quiet:
        yield lambda _done, _total: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
        from rich.progress import TimeRemainingColumn as Remaining

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), Remaining())
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(label, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
    else:
        yield _line_reporter(label)


def _line_reporter(label: str) -> Report:
    started = last = time.monotonic()

    def report(done: float, total: float | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _LINE_INTERVAL_S:
            return
        last = now
        share = f"{100 * done / total:.0f} %" if total else f"{done:.0f}"
        left = _left((now - started) * (total - done) / done) if total and done else ""
        sys.stderr.write(f"{label}: {share}{left}\n")

    return report


def _left(seconds: float) -> str:
    """Return how long the rest takes if it goes on as before."""
    minutes = round(seconds / 60)
    return f", about {minutes} min left" if minutes else f", about {seconds:.0f} s left"
