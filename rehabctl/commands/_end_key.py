"""`q` or Enter ends a recording early: on a terminal only, whose mode is always put back."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

_KEYS = frozenset(b"qQ\r\n")
_BACKGROUND_S = 0.5


@dataclass(frozen=True)
class EndKey:
    """What a person sets by the key."""

    listens: bool
    """Whether there is a terminal to press it on."""
    pressed: threading.Event = field(default_factory=threading.Event)


@contextmanager
def end_key(pressed: threading.Event | None = None) -> Generator[EndKey]:
    """Yield what is set when `q` or Enter is pressed.

    Without a terminal, or in the background of one, nothing is read and nothing is changed.

    Parameters
    ----------
    pressed
        What to set; None for a new one.
    """
    pressed = pressed or threading.Event()
    if not sys.stdin.isatty() or os.name != "posix":
        yield EndKey(False, pressed)
        return
    fd = sys.stdin.fileno()
    if not _in_front(fd):
        yield EndKey(False, pressed)
        return
    with _ends_properly(), _key_by_key(fd), _listener(fd, pressed):
        yield EndKey(True, pressed)


def _in_front(fd: int) -> bool:
    """Tell whether the terminal is ours: from the background, touching it would stop us."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:  # a terminal that is not the one of our session, or is gone
        return False


@contextmanager
def _ends_properly() -> Generator[None]:
    """Turn the signals that would end the program at once into an end that tidies up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    heeded = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN  # as nohup has it
    ]
    before = {number: signal.signal(number, leave) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _key_by_key(fd: int) -> Generator[None]:
    """Let keys come one by one and unseen; ctrl+c stays what it is."""
    import termios
    import tty

    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        yield
    finally:
        if _in_front(fd):  # else the shell has put its own mode back already
            termios.tcsetattr(fd, termios.TCSANOW, before)


@contextmanager
def _listener(fd: int, pressed: threading.Event) -> Generator[None]:
    woken, wake = os.pipe()
    thread = threading.Thread(target=_listen, args=(fd, woken, pressed.set), daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.write(wake, b"\0")
        thread.join()
        os.close(woken)
        os.close(wake)


def _listen(fd: int, woken: int, press: Callable[[], None]) -> None:
    import select

    while True:
        ready, _, _ = select.select([fd, woken], [], [])
        if woken in ready:
            return
        if not _in_front(fd):  # put into the background since: the keys are the shell's
            if select.select([woken], [], [], _BACKGROUND_S)[0]:
                return
            continue
        try:
            keys = os.read(fd, 64)
        except OSError:
            return
        if not keys:
            return
        if _KEYS & set(keys):
            press()
