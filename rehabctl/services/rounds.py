"""What a worker does again and again beside its jobs, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager

from rehabctl.domain.errors import RehabctlError

_FAREWELL_S = 60.0
"""Longest wait for a round that is being made; one that is cut is taken up by the next run."""


def make_one(works: Iterable[Callable[[], object]]) -> None:
    """Do every work once, also behind one that fails.

    Raises
    ------
    RehabctlError
        What the first failure was.
    """
    failures: list[RehabctlError] = []
    for work in works:
        try:
            work()
        except RehabctlError as error:
            failures.append(error)
    if failures:
        raise failures[0]


@contextmanager
def repeating(
    works: Mapping[str, Callable[[], object]], *, every_s: float, tell: Callable[[str], None]
) -> Generator[Callable[[], object]]:
    """Make rounds until the block is left; yield what waits for that, for want of other work.

    Parameters
    ----------
    works
        What each round does, by the words that begin the line when it is stopped.
    every_s
        Seconds between two rounds.
    tell
        Says what stops a work, once until it changes; it is tried again in the next round.
    """
    stop = threading.Event()

    def rounds() -> None:
        told = dict.fromkeys(works, "")
        while not stop.is_set():
            for words, work in works.items():
                why = _hindrance(work)
                if why and why != told[words]:
                    tell(f"{words}: {why}")
                told[words] = why
            stop.wait(every_s)

    thread = threading.Thread(target=rounds, daemon=True)
    thread.start()
    try:
        yield stop.wait
    finally:
        stop.set()
        thread.join(_FAREWELL_S)


def _hindrance(work: Callable[[], object]) -> str:
    try:
        work()
    except RehabctlError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a thread has nobody to raise it to
        return f"an unexpected {type(error).__name__}"
    return ""
