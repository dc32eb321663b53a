"""Reading a roster file row by row: encoding, separator, columns, and what cannot be read.

Memory stays constant whatever the file holds: lines and fields have a limit, and a row that cannot
be read is a problem of that row.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.roster import COLUMNS, REQUIRED, FieldProblem

_MAX_LINE_CHARS = 1_000_000
_SNIFF_BYTES = 4096
_SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class FileRow:
    """One data row."""

    line: int
    """Line of the file on which the row starts, from 1."""
    cells: tuple[str, ...]
    values: Mapping[str, str]
    """Text by our column names."""
    problem: FieldProblem | None = None
    """Why the row cannot be read; `values` is empty then."""


class RosterFile:
    """A roster that is being read.

    Parameters
    ----------
    source
        The bytes (a buffered reader), read once from start to end.
    name
        For messages.
    names
        Our column by the file's heading, for headings that differ.

    Raises
    ------
    RehabctlError
        It is empty, or required columns are missing.
    """

    def __init__(self, source: BinaryIO, name: str, names: Mapping[str, str]) -> None:
        self.name = name
        self._text = _as_text(source)
        self._lines = _Lines(self._text)
        try:
            first = next(self._lines, "")
        except _LineTooLongError:
            first = ""
        separator = _separator(first, names)
        self._reader = csv.reader(self._lines, delimiter=separator)
        self.heading = _cells(first, separator)
        self._columns = _columns(self.heading, names, name)

    @property
    def ignored(self) -> tuple[str, ...]:
        """Headings that are no columns of a roster."""
        pairs = zip(self.heading, self._columns, strict=True)
        return tuple(h.strip() for h, column in pairs if column is None and h.strip())

    def release(self) -> None:
        """Give the bytes back to the caller, who closes them."""
        self._text.detach()

    def rows(self) -> Iterator[FileRow]:
        """Yield every row that is not blank."""
        while True:
            line = self._lines.number + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except (csv.Error, _LineTooLongError):
                problem = FieldProblem("", "holds a field that is too long, or an open quote")
                yield FileRow(line, (), {}, problem)
                continue
            if any(cell.strip() for cell in cells):
                yield self._row(line, cells)

    def _row(self, line: int, cells: Sequence[str]) -> FileRow:
        if len(cells) > len(self._columns):
            problem = FieldProblem("", f"has {len(cells)} fields, the heading {len(self._columns)}")
            return FileRow(line, tuple(cells), {}, problem)
        pairs = zip(self._columns, cells, strict=False)
        return FileRow(line, tuple(cells), {c: text for c, text in pairs if c is not None})


class _LineTooLongError(Exception):
    """A line passes the limit; the rest of it was skipped."""


class _Lines(Iterator[str]):
    """Lines of bounded length. A line that is too long is skipped and raised, once."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.number = 0

    def __next__(self) -> str:
        line = self._text.readline(_MAX_LINE_CHARS)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) < _MAX_LINE_CHARS or line.endswith("\n"):
            return line
        while (rest := self._text.readline(_MAX_LINE_CHARS)) and not rest.endswith("\n"):
            pass
        raise _LineTooLongError


def _as_text(source: BinaryIO) -> io.TextIOWrapper:
    """Decode UTF-8 (with or without a mark) or UTF-16.

    Broken bytes become lone surrogates, which the check of each field refuses.
    """
    buffered = cast("io.BufferedReader", source)
    start = buffered.peek(_SNIFF_BYTES)[:_SNIFF_BYTES]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif len(start) >= 4 and start[1] == start[3] == 0:
        encoding = "utf-16-le"
    elif len(start) >= 4 and start[0] == start[2] == 0:
        encoding = "utf-16-be"
    else:
        encoding = "utf-8-sig"
    errors = "surrogateescape" if encoding == "utf-8-sig" else "replace"
    return io.TextIOWrapper(buffered, encoding=encoding, errors=errors, newline="")


def _separator(heading: str, names: Mapping[str, str]) -> str:
    """Return the separator that finds the most known columns."""

    def known(separator: str) -> int:
        return sum(_column(cell, names) is not None for cell in _cells(heading, separator))

    return max(_SEPARATORS, key=known)


def _cells(line: str, separator: str) -> tuple[str, ...]:
    for cells in csv.reader([line], delimiter=separator):
        return tuple(cells)
    return ()


def _column(heading: str, names: Mapping[str, str]) -> str | None:
    """Return our name of a column; case, spaces and hyphens do not matter."""
    text = heading.strip()
    plain = "_".join(text.casefold().replace("-", " ").split())
    found = names.get(text) or names.get(plain) or plain
    return found if found in COLUMNS else None


def _columns(heading: Sequence[str], names: Mapping[str, str], file: str) -> tuple[str | None, ...]:
    columns = tuple(_column(cell, names) for cell in heading)
    found = [column for column in columns if column is not None]
    if missing := [column for column in REQUIRED if column not in found]:
        raise RehabctlError(
            f"{file} has no column {', '.join(missing)}", "Name the columns with --map FILE"
        )
    if twice := sorted({column for column in found if found.count(column) > 1}):
        raise RehabctlError(
            f"{file} has the column {', '.join(twice)} twice", "Remove one, or use --map FILE"
        )
    return columns


def read_names(path: Path) -> dict[str, str]:
    """Read a mapping file: TOML or JSON, `"their heading" = "our column"` or the other way round.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    UsageError
        It cannot be read, or neither side names our columns.
    """
    import tomllib

    try:
        text = path.read_text("utf-8-sig")
        loaded = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError):
        raise UsageError(f"cannot read {path.name}", "Use TOML or JSON") from None
    pairs = {str(key): str(value) for key, value in dict(loaded).items()}
    if all(value in COLUMNS for value in pairs.values()):
        return pairs
    if all(key in COLUMNS for key in pairs):
        return {value: key for key, value in pairs.items()}
    raise UsageError(
        f"{path.name} names no columns of a roster", f"Use these names: {', '.join(COLUMNS)}"
    )
