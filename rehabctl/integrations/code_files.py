"""Readers of official code lists: text, comma- or tab-separated, as it is or in a zip file.

NCCI pairs and MUE values come from CMS, ICD-10-CM as its order file, reason and remark codes as a
table with headings. What stands before the first code (titles, licence notes) is passed over.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TextIO

from rehabctl.domain.code_lists import CodeListKind
from rehabctl.domain.errors import FindingsError, NotFoundError

_PROCEDURE = re.compile(r"[0-9A-Z]{4}[0-9A-Z]")
_DAY = re.compile(r"(19|20)[0-9]{6}")
_ICD10 = re.compile(r"[0-9]{5} ([A-Z][0-9][0-9A-Z]{1,5}) *([01]) \S")
_REASON = {
    CodeListKind.CARC: re.compile(r"[0-9]{1,3}|[A-Z][0-9]{1,2}"),
    CodeListKind.RARC: re.compile(r"(M|MA|N)[0-9]{1,3}"),
}
_DAMAGED = (
    OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, csv.Error,
)  # fmt: skip
"""A locked zip file is a RuntimeError."""
_PEEK = 300
_MOST_BYTES = 2_000_000_000
"""A member of a zip file that claims to be longer is refused."""

Entry = tuple[str, str]


@dataclass(slots=True)
class Unread:
    """Rows behind the first code that could not be read."""

    rows: int = 0
    first_line: int | None = None

    def add(self, line: int) -> None:
        """Count a row."""
        self.rows += 1
        self.first_line = self.first_line or line


def read_codes(path: Path, kind: CodeListKind, unread: Unread) -> Iterator[Entry]:
    """Yield the entries of one file of a list, as `store.code_lists` keeps them.

    Parameters
    ----------
    path
        A text or zip file.
    kind
        Which list it is.
    unread
        Is told of rows that look like none of the list.

    Raises
    ------
    NotFoundError
        The file does not exist.
    FindingsError
        It is damaged, or holds no code of the list.
    """
    try:
        with ExitStack() as stack:
            stream = stack.enter_context(_text(path, kind, stack))
            found = 0
            for entry in _entries(stream, kind, unread):
                found += 1
                yield entry
    except FileNotFoundError:
        raise NotFoundError(f"{path.name} does not exist", "Check the path") from None
    except _DAMAGED:
        raise FindingsError(f"{path.name} is damaged or locked", "Fetch it again") from None
    if not found:
        raise FindingsError(
            f"{path.name} holds no code of the list {kind.value}", "Look at --kind and at the file"
        )


def _text(path: Path, kind: CodeListKind, stack: ExitStack) -> TextIO:
    """Open the text of a file, or the largest text of the list in a zip file."""
    if not zipfile.is_zipfile(path):
        return path.open(encoding="latin-1", newline="")
    archive = stack.enter_context(zipfile.ZipFile(path))
    members = [one for one in archive.infolist() if one.filename.lower().endswith((".txt", ".csv"))]
    for member in sorted(members, key=lambda one: -one.file_size):
        if member.file_size > _MOST_BYTES:
            raise FindingsError(f"{path.name} holds more than 2 GB", "Check the file")
        with _member(archive, member) as peeked:
            lines = io.StringIO("".join(islice(peeked, _PEEK)))
        if next(_entries(lines, kind, Unread()), None) is not None:
            return _member(archive, member)
    raise FindingsError(
        f"{path.name} holds no text of the list {kind.value}",
        "Take the text or CSV file of the same release, not its spreadsheet",
    )


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> TextIO:
    return io.TextIOWrapper(archive.open(member), encoding="latin-1", newline="")


def _entries(stream: TextIO, kind: CodeListKind, unread: Unread) -> Iterator[Entry]:
    if kind is CodeListKind.ICD10:
        yield from _order_file(stream, unread)
    elif kind in _REASON:
        yield from _reasons(stream, _REASON[kind], unread)
    else:
        yield from _table(stream, _pair if kind is CodeListKind.NCCI else _limit, unread)


def _order_file(stream: TextIO, unread: Unread) -> Iterator[Entry]:
    """Columns 7-13 hold the code, column 15 says whether it may be billed."""
    begun = False
    for number, line in enumerate(stream, 1):
        found = _ICD10.match(line)
        if found is not None:
            begun = True
            yield found[1], found[2]
        elif begun and line.strip("\x1a\r\n\t "):
            unread.add(number)


def _rows(stream: TextIO) -> Iterator[tuple[int, list[str]]]:
    first = stream.readline()
    rest = islice(stream, _PEEK)
    head = [first, *rest]
    separator = "\t" if sum(line.count("\t") for line in head) >= len(head) else ","

    def lines() -> Iterator[str]:
        yield from head
        yield from stream

    reader = csv.reader(lines(), delimiter=separator)
    for row in reader:
        yield reader.line_num, [cell.strip() for cell in row]


def _table(
    stream: TextIO, parse: Callable[[Sequence[str]], Entry | None], unread: Unread
) -> Iterator[Entry]:
    begun = False
    for number, row in _rows(stream):
        entry = parse(row)
        if entry is not None:
            begun = True
            yield entry
        elif begun and any(row):
            unread.add(number)


def _pair(row: Sequence[str]) -> Entry | None:
    """Column 1, column 2, in use before 1996, first day, last day or *, modifier indicator."""
    if len(row) < 6 or not (_PROCEDURE.fullmatch(row[0]) and _PROCEDURE.fullmatch(row[1])):
        return None
    last = "" if row[4] in ("", "*") else row[4]
    if not _DAY.fullmatch(row[3]) or (last and not _DAY.fullmatch(last)):
        return None
    if row[5] not in ("0", "1", "9"):
        return None
    return f"{row[0]} {row[1]}", f"{row[3]},{last},{row[5]}"


def _limit(row: Sequence[str]) -> Entry | None:
    """Code, most units, adjudication indicator that begins with 1, 2 or 3."""
    if len(row) < 3 or not _PROCEDURE.fullmatch(row[0]) or not row[1].isdecimal():
        return None
    if row[2][:1] not in ("1", "2", "3"):
        return None
    return row[0], f"{row[1]},{row[2][0]}"


def _reasons(stream: TextIO, pattern: re.Pattern[str], unread: Unread) -> Iterator[Entry]:
    """Return the rows under headings with code, start, stop and description in any order."""
    places: dict[str, int] | None = None
    for number, row in _rows(stream):
        if places is None:
            places = _headings(row)
            continue
        cells = {name: row[at] if at < len(row) else "" for name, at in places.items()}
        start, stop = _day(cells.get("start", "")), _day(cells.get("stop", ""))
        if not any(row):
            continue
        if not pattern.fullmatch(cells["code"]) or start is None or stop is None:
            unread.add(number)
            continue
        text = cells.get("description", "").replace("|", "/")
        yield cells["code"], f"{start},{stop},{text}"


def _headings(row: Sequence[str]) -> dict[str, int] | None:
    found: dict[str, int] = {}
    for at, cell in enumerate(row):
        for name in ("code", "start", "stop", "description"):
            if name in cell.lower().replace("deactivat", "stop"):
                found.setdefault(name, at)
                break
    return found if "code" in found else None


def _day(text: str) -> str | None:
    """Return a day without separators; empty stays empty, and what is no day is None."""
    if not text:
        return ""
    for form in ("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y"):
        try:
            return f"{datetime.strptime(text, form):%Y%m%d}"
        except ValueError:
            continue
    return None
