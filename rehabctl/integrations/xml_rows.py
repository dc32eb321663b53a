"""Rows out of an XML file, streamed: memory does not grow with the file, and nothing is expanded.

A document type, and with it every entity of its own, is refused: entity bombs and references to
other files have no way in.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO
from xml.parsers import expat

from rehabctl.domain.errors import RehabctlError

_BLOCK_BYTES = 1 << 16
_MAX_DEPTH = 64
_MAX_CHARS = 1_000_000
"""Of one row."""


class XmlRows(io.RawIOBase):
    """The rows of an XML file as the bytes of a CSV file, with its headings first.

    Parameters
    ----------
    source
        The XML.
    record
        Name of the element that is one row.
    paths
        Headings: elements below it, joined by `/`; `@name` at the end is an attribute.
    name
        For messages.

    Raises
    ------
    RehabctlError
        While it is read: it is no XML, or holds a document type.
    """

    def __init__(self, source: BinaryIO, record: str, paths: Sequence[str], name: str) -> None:
        self._lines = _lines(source, record, paths, name)
        self._held = b""

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Fill a buffer with the next bytes."""
        while not self._held:
            line = next(self._lines, None)
            if line is None:
                return 0
            self._held = line
        size = min(len(buffer), len(self._held))
        buffer[:size] = self._held[:size]
        self._held = self._held[size:]
        return size


def _lines(source: BinaryIO, record: str, paths: Sequence[str], name: str) -> Iterator[bytes]:
    reader = _Reader(record)
    yield _line(paths)
    try:
        while block := source.read(_BLOCK_BYTES):
            reader.parser.Parse(block, False)
            for row in reader.take():
                yield _line([row.get(path, "") for path in paths])
        reader.parser.Parse(b"", True)
    except (expat.ExpatError, ValueError):
        raise RehabctlError(
            f"{name} is no whole XML, or none that is read here", "Export it again, without DTD"
        ) from None


def _line(cells: Sequence[str]) -> bytes:
    target = io.StringIO()
    csv.writer(target).writerow(cells)
    return target.getvalue().encode()


class _Reader:
    """Collects the texts of each record by their paths."""

    def __init__(self, record: str) -> None:
        self._record = record
        self._row: dict[str, str] | None = None
        self._path: list[str] = []
        self._size = self._depth = 0
        self._done: list[dict[str, str]] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse

    def take(self) -> list[dict[str, str]]:
        """Return the rows that are whole, once."""
        done, self._done = self._done, []
        return [{path: text.strip() for path, text in row.items()} for row in done]

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError("too deep")
        if self._row is not None:
            self._path.append(tag.rpartition(":")[2])
        elif tag.rpartition(":")[2] == self._record:
            self._row, self._path, self._size = {}, [], 0
        if self._row is not None:
            for key, value in attributes.items():
                self._add("/".join((*self._path, f"@{key}")), value)

    def _end(self, tag: str) -> None:
        del tag
        self._depth -= 1
        if self._row is None:
            return
        if self._path:
            self._path.pop()
        else:
            self._done.append(self._row)
            self._row = None

    def _text(self, text: str) -> None:
        if self._row is not None and self._path:
            self._add("/".join(self._path), text)

    def _add(self, path: str, text: str) -> None:
        self._size += len(text)
        if self._size > _MAX_CHARS or self._row is None:
            raise ValueError("too long")
        self._row[path] = self._row.get(path, "") + text

    def _refuse(self, *_: object) -> None:
        raise ValueError("a document type")
