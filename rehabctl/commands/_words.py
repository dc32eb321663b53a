"""Words of a fixed list as they are typed, and texts that should not stand in a command line."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError

E = TypeVar("E", bound=StrEnum)


def member(kind: type[E], text: str, option: str) -> E:
    """Return the member of an enum.

    Raises
    ------
    UsageError
        The word is not one of the list.
    """
    try:
        return kind(text)
    except ValueError:
        raise UsageError(
            f"unknown word for {option}", f"Use one of: {', '.join(m.value for m in kind)}"
        ) from None


def text_of(text: str | None, file: str | None) -> str:
    """Return a text given as an option, in a file, or on standard input.

    Raises
    ------
    UsageError
        Both or neither are given.
    RehabctlError
        The file cannot be read.
    """
    import sys

    if (text is None) == (file is None):
        raise UsageError("the text is given twice or not at all", "Use --text, or --file -")
    if text is not None:
        return text
    try:
        return sys.stdin.read() if file == "-" else Path(str(file)).read_text("utf-8")
    except FileNotFoundError:
        raise NotFoundError("the file does not exist", "Check the path") from None
    except (OSError, UnicodeDecodeError):
        raise RehabctlError("cannot read the file as text", "Check it") from None


def bytes_of(file: str) -> bytes:
    """Return the bytes of a file, or of standard input.

    Raises
    ------
    RehabctlError
        The file cannot be read.
    """
    import sys

    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except FileNotFoundError:
        raise NotFoundError("the file does not exist", "Check the path") from None
    except OSError:
        raise RehabctlError("cannot read the file", "Check it") from None
