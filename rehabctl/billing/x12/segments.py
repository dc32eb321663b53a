"""A tolerant reader of X12 segments that never fails: what is wrong becomes a fault.

It takes a byte-order mark, text before the first ISA, indented segments, line breaks after the
terminator, any delimiters, and several interchanges in one file. Memory stays flat for a file of
any size.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

_CHUNK_BYTES = 1 << 16
_MAX_SEGMENT_CHARACTERS = 1 << 16
"""The longest real segments are below 4,000 characters; more means a wrong terminator."""
_MAX_LEAD_CHARACTERS = 4096
_ISA_ELEMENTS = 16
_ISA_CHARACTERS = 512
"""More than any padded ISA needs (106)."""
_WHITE = "\r\n\t \x1d"


@dataclass(frozen=True, slots=True)
class Delimiters:
    """What separates the parts of one interchange, as its ISA says."""

    element: str
    component: str
    repetition: str | None
    segment: str


class Segment(NamedTuple):
    """One segment with its place in the file. A tuple: a file has millions of them."""

    position: int
    """1-based, over all interchanges of the file."""
    elements: tuple[str, ...]
    """The identifier first."""
    delimiters: Delimiters

    @property
    def tag(self) -> str:
        """The segment's identifier."""
        return self.elements[0]

    def get(self, number: int) -> str:
        """Return an element by its number in the standard (1 is the first after the tag).

        Parameters
        ----------
        number
            From 1; a missing element is the empty string.
        """
        return self.elements[number] if number < len(self.elements) else ""

    def components(self, number: int) -> list[str]:
        """Return the components of a composite element.

        Parameters
        ----------
        number
            From 1.
        """
        return self.get(number).split(self.delimiters.component)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is no segment."""

    position: int
    rule: str
    message: str


def read_segments(stream: BinaryIO) -> Iterator[Segment | Fault]:
    """Yield every segment of a file in order, and a fault where there is none.

    Parameters
    ----------
    stream
        Bytes; what is not UTF-8 is read as replacement characters, so that it costs nothing else.
    """
    reader = _Reader(stream)
    position = 0
    while reader.skip_to_interchange():
        delimiters = reader.delimiters()
        if delimiters is None:
            yield Fault(position + 1, "isa-short", "the ISA segment is cut off or malformed")
            return
        terminator, separator = delimiters.segment, delimiters.element
        while (text := reader.next_segment(terminator)) is not None:
            if len(text) > _MAX_SEGMENT_CHARACTERS:
                message = f"no segment terminator {terminator!r} within 65,536 characters"
                yield Fault(position + 1, "terminator", message)
                return
            text = text.strip(_WHITE)
            if not text:
                continue
            position += 1
            yield Segment(position, tuple(text.split(separator)), delimiters)
            if text[:3].upper() == "IEA" and text[3:4] in ("", separator):
                break
    if position == 0:
        yield Fault(0, "not-x12", "the file holds no ISA segment")


class _Reader:
    """Characters of a stream, a chunk at a time; what was consumed is cut off chunk by chunk."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._buffer = ""
        self._at = 0
        self._ended = False

    def _more(self) -> bool:
        """Read one more chunk; False at the end."""
        if self._ended:
            return False
        data = self._stream.read(_CHUNK_BYTES)
        self._ended = len(data) == 0
        rest = self._buffer[self._at :]
        self._buffer, self._at = rest + self._decoder.decode(data, final=self._ended), 0
        return not self._ended

    def skip_to_interchange(self) -> bool:
        """Move to the next ISA; text of some length may stand before it."""
        while True:
            found = self._buffer.find("ISA", self._at)
            if found >= 0:
                self._at = found
                return True
            if len(self._buffer) - self._at > _MAX_LEAD_CHARACTERS or not self._more():
                return False

    def delimiters(self) -> Delimiters | None:
        """Read the delimiters of the ISA that stands at the front, without consuming it."""
        while len(self._buffer) - self._at < _ISA_CHARACTERS and self._more():
            pass
        head = self._buffer[self._at : self._at + _ISA_CHARACTERS]
        if len(head) < 4 or head[3].isalnum():
            return None
        parts = head.split(head[3], _ISA_ELEMENTS)
        if len(parts) <= _ISA_ELEMENTS or len(parts[_ISA_ELEMENTS]) < 2:
            return None
        component, terminator = parts[_ISA_ELEMENTS][:2]
        if len({head[3], component, terminator}) < 3 or terminator.isalnum():
            return None
        repetition = parts[11][:1]
        carries = parts[12] >= "00402" and bool(repetition) and not repetition.isalnum()
        return Delimiters(head[3], component, repetition if carries else None, terminator)

    def next_segment(self, terminator: str) -> str | None:
        """Return the text up to the next terminator; the rest of the file without one."""
        while True:
            start = self._at
            end = self._buffer.find(terminator, start)
            if end >= 0:
                self._at = end + 1
                return self._buffer[start:end]
            if len(self._buffer) - start > _MAX_SEGMENT_CHARACTERS or not self._more():
                text = self._buffer[self._at :]
                self._buffer, self._at = "", 0
                return text if text.strip(_WHITE) else None
