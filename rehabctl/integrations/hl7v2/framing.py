"""Messages out of a stream of bytes: files with one or many, batches, and MLLP frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_BYTES = 32 * 2**20
"""Of one message, with the documents that it may carry. A longer one is passed over and named."""
_BLOCK_BYTES = 1 << 16
_LINE_END = re.compile(rb"\r\n|\r|\n")
_BATCH = (b"FHS", b"BHS", b"BTS", b"FTS")
_MLLP = b"\x0b\x1c"
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Framed:
    """One message, or what stands between messages and is none."""

    line: int
    """Of the file, from 1, on which it starts."""
    data: bytes
    problem: str | None = None


def messages(stream: BinaryIO, *, max_bytes: int = MAX_BYTES) -> Iterator[Framed]:
    """Yield the messages of a file in constant memory.

    Batch envelopes and MLLP bytes are passed over; text before the first header is a problem.

    Parameters
    ----------
    stream
        The bytes.
    max_bytes
        Longest message that is held.
    """
    held = bytearray()
    start, too_long = 1, False
    for number, line in enumerate(_lines(stream, max_bytes), start=1):
        bare = line.lstrip(_MLLP) if line[:1] in (b"\x0b", b"\x1c") else line
        if bare is not line and not bare.strip():  # the end of a frame
            continue
        bare = bare.removeprefix(_MARK)
        if bare.startswith((b"MSH", *_BATCH)):
            if held.strip():
                yield _framed(start, held, too_long=too_long)
            held, start, too_long = bytearray(), number, False
            if not bare.startswith(b"MSH"):
                continue
        if not held:
            start = number
        if len(held) + len(bare) > max_bytes:
            too_long = True
        elif bare.strip() or held:
            held += bare
    if held.strip():
        yield _framed(start, held, too_long=too_long)


def _framed(start: int, held: bytearray, *, too_long: bool) -> Framed:
    data = bytes(held).rstrip(b"\x1c\r\n") + b"\r" if b"\x1c" in held[-4:] else bytes(held)
    problem = None
    if too_long:
        problem, data = f"is longer than {MAX_BYTES // 2**20} MB", b""
    elif not data.startswith(b"MSH"):
        problem = "does not begin with MSH"
    return Framed(start, data, problem)


def _lines(stream: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """Yield lines with their ends; a line beyond the limit comes in pieces."""
    left = b""
    while block := stream.read(_BLOCK_BYTES):
        if block.endswith(b"\r"):  # its line feed may be the first byte of the next block
            block += stream.read(1)
        position = 0
        for found in _LINE_END.finditer(block):
            yield left + block[position : found.end()]
            left, position = b"", found.end()
        left += block[position:]
        if len(left) > max_bytes:
            yield left
            left = b""
    if left:
        yield left
