"""The error tree. Each error knows its exit code and names the next step.

* RehabctlError (1)
  - UsageError (2)
  - FindingsError (3)
  - NotFoundError (4)
  - NotPermittedError (5)
  - UnavailableError (6)
  - PartialError (7)

Messages never hold patient data: they may name a medical record number that the user typed,
a file name or a slug, and nothing else about a person.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit codes that scripts rely on (fixed by the command contract)."""

    OK = 0
    """Done."""
    FAILED = 1
    """The input could not be read or the work could not be done."""
    USAGE = 2
    """The command line was wrong, or `validate` found no file to look at."""
    FINDINGS = 3
    """Data was read and broke rules; the findings were printed."""
    NOT_FOUND = 4
    """An unknown patient, exercise or serial."""
    NOT_PERMITTED = 5
    """Role, consent, licence or key does not allow it."""
    UNAVAILABLE = 6
    """A device, the network or a needed download is not there."""
    PARTIAL = 7
    """Some rows or files were rejected, the others were done."""
    INTERRUPTED = 130
    """Stopped by the user."""


class RehabctlError(Exception):
    """Base of all errors that a user may see.

    Parameters
    ----------
    what
        What happened, without a final full stop and without patient data.
    next_step
        What the user can do next, as one sentence without a final full stop.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step

    def __str__(self) -> str:
        """Return the one line that is printed."""
        step = self.next_step[:1].upper() + self.next_step[1:]
        return f"{self.what}. {step}{'' if step.endswith('?') else '.'}"


class UsageError(RehabctlError):
    """The command line cannot be carried out as written."""

    exit_code = ExitCode.USAGE


class FindingsError(RehabctlError):
    """The data was read and breaks rules."""

    exit_code = ExitCode.FINDINGS


class NotFoundError(RehabctlError):
    """The thing named does not exist."""

    exit_code = ExitCode.NOT_FOUND


class NotPermittedError(RehabctlError):
    """Role, consent, licence or key does not allow it."""

    exit_code = ExitCode.NOT_PERMITTED


class UnavailableError(RehabctlError):
    """A device, the network or a needed download is not there."""

    exit_code = ExitCode.UNAVAILABLE


class PartialError(RehabctlError):
    """Some inputs were rejected, the others were done."""

    exit_code = ExitCode.PARTIAL


def suggestion(name: str, known: list[str]) -> str:
    """Return ` Did you mean 'x'?`-style text for the nearest known names, or an empty string.

    Parameters
    ----------
    name
        What the user typed.
    known
        All valid names.
    """
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=3)
    return f"did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
