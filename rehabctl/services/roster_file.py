"""Reading the CSV file of an import row by row: encoding, separator, columns, unreadable rows.

Memory stays constant whatever the file holds: lines and fields have a limit, and a row that cannot
be read is a problem of that row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, NamedTuple, cast

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.roster import COLUMNS, REQUIRED, FieldProblem
from rehabctl.services.import_map import SEPARATORS, ImportMap
from rehabctl.services.text_encoding import sniffed_encoding

_MAX_LINE_CHARS = 1_000_000
_SNIFF_BYTES = 4096


class FileRow(NamedTuple):
    """One data row."""

    line: int
    """Line of the file on which the row starts, from 1."""
    cells: Sequence[str]
    problem: FieldProblem | None = None
    """Why the row cannot be read."""


class RosterFile:
    """A roster that is being read.

    Parameters
    ----------
    source
        The bytes (a buffered reader), read once from start to end.
    name
        For messages.
    reading
        Names, encoding and separator, where they were said.
    columns, required
        The columns that count, and those that must be there.

    Raises
    ------
    RehabctlError
        It is empty, or required columns are missing.
    """

    def __init__(
        self,
        source: BinaryIO,
        name: str,
        reading: ImportMap,
        *,
        columns: Sequence[str] = COLUMNS,
        required: Sequence[str] = REQUIRED,
    ) -> None:
        self.name = name
        self._text = _as_text(source, reading.encoding)
        self._lines = _Lines(self._text)
        try:
            first = next(self._lines, "")
        except _LineTooLongError:
            first = ""
        separator = reading.separator or _separator(first, reading.names, columns)
        self._reader = csv.reader(self._lines, delimiter=separator)
        self.heading = _cells(first, separator)
        found = tuple(_column(cell, reading.names, columns) for cell in self.heading)
        self.columns = _checked(found, required, name)

    @property
    def ignored(self) -> tuple[str, ...]:
        """Headings that are no columns of a roster."""
        pairs = zip(self.heading, self.columns, strict=True)
        return tuple(h.strip() for h, column in pairs if column is None and h.strip())

    def release(self) -> None:
        """Give the bytes back to the caller, who closes them."""
        self._text.detach()

    def rows(self) -> Iterator[FileRow]:
        """Yield every row that is not blank."""
        reader, lines, width = self._reader, self._lines, len(self.columns)
        while True:
            line = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _LineTooLongError):
                problem = FieldProblem("", "holds a field that is too long, or an open quote")
                yield FileRow(line, (), problem)
                continue
            if len(cells) > width:
                problem = FieldProblem("", f"has {len(cells)} fields, the heading {width}")
                yield FileRow(line, cells, problem)
            elif cells and (cells[0].strip() or any(map(str.strip, cells))):
                yield FileRow(line, cells)


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


def _as_text(source: BinaryIO, encoding: str | None) -> io.TextIOWrapper:
    """Decode the file. Broken bytes become lone surrogates, which the check of a field refuses."""
    buffered = cast("io.BufferedReader", source)
    name = encoding or sniffed_encoding(buffered.peek(_SNIFF_BYTES)[:_SNIFF_BYTES])
    errors = "surrogateescape" if name == "utf-8-sig" else "replace"
    return io.TextIOWrapper(buffered, encoding=name, errors=errors, newline="")


def _separator(heading: str, names: Mapping[str, str], columns: Sequence[str]) -> str:
    """Return the separator that finds the most known columns."""

    def known(separator: str) -> int:
        cells = _cells(heading, separator)
        return sum(_column(cell, names, columns) is not None for cell in cells)

    return max(SEPARATORS, key=known)


def _cells(line: str, separator: str) -> tuple[str, ...]:
    for cells in csv.reader([line], delimiter=separator):
        return tuple(cells)
    return ()


def _column(heading: str, names: Mapping[str, str], columns: Sequence[str]) -> str | None:
    """Return our name of a column; case, spaces and hyphens do not matter."""
    text = heading.strip()
    plain = "_".join(text.casefold().replace("-", " ").split())
    found = names.get(text) or names.get(plain) or plain
    return found if found in columns else None


def _checked(
    columns: tuple[str | None, ...], required: Sequence[str], file: str
) -> tuple[str | None, ...]:
    found = [column for column in columns if column is not None]
    if missing := [column for column in required if column not in found]:
        raise RehabctlError(
            f"{file} has no column {', '.join(missing)}", "Name the columns with --map FILE"
        )
    if twice := sorted({column for column in found if found.count(column) > 1}):
        raise RehabctlError(
            f"{file} has the column {', '.join(twice)} twice", "Remove one, or use --map FILE"
        )
    return columns
