"""Cues that are heard: through a speech program of the machine, beside the samples."""

from __future__ import annotations

import shutil
import subprocess
import threading
from typing import Protocol

_PROGRAMS = (("espeak-ng", "--stdin"), ("espeak", "--stdin"), ("say", "-f", "-"))
"""All read what they say from standard input, so that no list of processes shows it."""
_LONGEST_S = 15.0


class Voice(Protocol):
    """Says short texts; never keeps the caller waiting."""

    def say(self, text: str) -> None:
        """Say a text as soon as the one before has ended; a newer one takes its place."""
        ...

    def close(self) -> bool:
        """Wait for the last text, and return whether all were said."""
        ...


def speech_program() -> tuple[str, ...] | None:
    """Return the first speech program of this machine with its arguments; None without one."""
    for name, *arguments in _PROGRAMS:
        path = shutil.which(name)
        if path is not None:
            return (path, *arguments)
    return None


class ProgramVoice:
    """Speaks through a program of the machine, from a thread of its own.

    One text waits at most: what was to be said of a movement that is over helps nobody.

    Parameters
    ----------
    program
        From `speech_program`.
    """

    def __init__(self, program: tuple[str, ...]) -> None:
        self._program = program
        self._waiting: str | None = None
        self._closed = False
        self._failed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def say(self, text: str) -> None:
        """Say a text as soon as the one before has ended; a newer one takes its place."""
        with self._changed:
            self._waiting = text
            self._changed.notify()

    def close(self) -> bool:
        """Wait for the last text, and return whether all were said."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(2.0 * _LONGEST_S)
        return not self._failed

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._closed)
                text, self._waiting = self._waiting, None
            if text is None:
                return
            self._speak(text)

    def _speak(self, text: str) -> None:
        try:
            done = subprocess.run(  # noqa: S603 - a program of the list above
                self._program,
                input=text.encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=_LONGEST_S,
            )
        except (OSError, subprocess.TimeoutExpired):
            self._failed = True
        else:
            self._failed = self._failed or done.returncode != 0
