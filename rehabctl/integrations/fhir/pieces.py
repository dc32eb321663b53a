"""Resources out of a stream: bundles and lines, cut by their brackets in constant memory.

A bundle of any size is never parsed as a whole. Its entries are cut out one by one; every other
resource is a piece itself. Pieces are raw bytes: numbers keep their digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_BYTES = 32 * 2**20
"""Of one resource. A longer one is passed over and named."""
_BLOCK_BYTES = 1 << 20
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+("?)|[{}\[\]]', re.DOTALL)
_SPACE = re.compile(rb'("(?:[^"\\]|\\.)*+")|\s+', re.DOTALL)
_BUNDLE = (b"", b'"Bundle"')


@dataclass(frozen=True, slots=True)
class Piece:
    """One resource, or one entry of a bundle around it."""

    number: int
    """Line, or entry of the bundle, from 1."""
    data: bytes
    problem: str | None = None


def pieces(
    stream: BinaryIO, *, is_lines: bool | None = None, max_bytes: int = MAX_BYTES
) -> Iterator[Piece]:
    """Yield the resources of a stream.

    Parameters
    ----------
    stream
        The bytes, from their start.
    is_lines
        Whether each line is a resource; None looks at the first line.
    max_bytes
        Longest resource that is held.
    """
    first = stream.readline(_BLOCK_BYTES)
    if is_lines or (is_lines is None and _is_resource_line(first)):
        yield from _lines(first, stream, max_bytes)
    else:
        yield from _Cutter(max_bytes).cut(first, stream)


def _is_resource_line(line: bytes) -> bool:
    if not line.endswith(b"\n"):
        return False
    try:
        return json.loads(line).get("resourceType") != "Bundle"
    except (ValueError, AttributeError, RecursionError):
        return False


def _lines(first: bytes, stream: BinaryIO, max_bytes: int) -> Iterator[Piece]:
    number, line = 1, first
    while line:
        is_whole = line.endswith(b"\n")
        if not is_whole:
            line += stream.readline(max_bytes)
            is_whole = line.endswith(b"\n") or len(line) <= max_bytes
        if not is_whole:
            while (rest := stream.readline(_BLOCK_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield Piece(number, b"", f"is longer than {max_bytes // 2**20} MB")
        elif line.strip():
            yield Piece(number, line.strip().removeprefix(b"\xef\xbb\xbf"))
        number += 1
        line = stream.readline(_BLOCK_BYTES)


class _Cutter:
    """Follows the brackets of a document; holds no more than one piece of it."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._depth = 0
        self._number = 0
        self._start: int | None = None
        """Of the piece that is being held."""
        self._in_entries = False
        self._last = self._kind = b""
        self._too_long = False
        self._seen_bundle = False

    def cut(self, first: bytes, stream: BinaryIO) -> Iterator[Piece]:
        held, position = first, 0
        while True:
            block = stream.read(_BLOCK_BYTES)
            for found in _TOKEN.finditer(held, position):
                token = found.group()
                if block and found.group(1) == b"":  # the string goes on in the next block
                    position = found.start()
                    break
                yield from self._token(token, found.start(), found.end(), held)
                position = found.end()
            if not block:
                break
            keep = position if self._start is None else self._start
            if len(held) - keep > self._max_bytes:
                self._too_long, keep = True, position
                self._start = None if self._start is None else position
            held, position = held[keep:] + block, position - keep
            self._start = None if self._start is None else self._start - keep
        if self._depth or (not self._number and not self._seen_bundle and held.strip()):
            what = "is cut off" if self._depth else "is no JSON"
            yield Piece(self._number + 1, b"", what)

    def _token(self, token: bytes, start: int, end: int, held: bytes) -> Iterator[Piece]:
        if token[:1] == b'"':
            if self._depth == 1:
                if self._last == b'"resourceType"':
                    self._kind = token
                self._last = token
        elif token in b"{[":
            if self._depth == 0:
                self._start, self._kind, self._last = start, b"", b""
            elif (
                self._depth == 1
                and token == b"["
                and self._last == b'"entry"'
                and self._kind in _BUNDLE
            ):
                self._in_entries, self._start, self._too_long = True, None, False
                self._seen_bundle = True
            elif self._depth == 2 and self._in_entries:
                self._start = start
            self._depth += 1
        elif self._depth:
            self._depth -= 1
            if self._depth == 1:
                self._in_entries = self._in_entries and token != b"]"
            if self._start is not None and self._depth == (2 if self._in_entries else 0):
                self._number += 1
                if self._too_long:
                    yield Piece(self._number, b"", f"is longer than {self._max_bytes // 2**20} MB")
                else:
                    yield Piece(self._number, held[self._start : end])
                self._start, self._too_long = None, False


def without_space(data: bytes) -> bytes:
    """Return JSON without the space between its tokens; strings and numbers stay as they are.

    Parameters
    ----------
    data
        Well-formed JSON.
    """
    return _SPACE.sub(lambda found: found.group(1) or b"", data)


def member(data: bytes, name: str) -> bytes | None:
    """Return the raw object of a member of an object; None when there is none.

    Parameters
    ----------
    data
        A JSON object.
    name
        Of the member, at the first level.
    """
    depth, last, start = 0, b"", None
    for found in _TOKEN.finditer(data):
        token = found.group()
        if token[:1] == b'"':
            last = token if depth == 1 else last
        elif token in b"{[":
            if depth == 1 and last == json.dumps(name).encode() and token == b"{":
                start = found.start()
            depth += 1
        else:
            depth -= 1
            if depth == 1 and start is not None:
                return data[start : found.end()]
    return None
