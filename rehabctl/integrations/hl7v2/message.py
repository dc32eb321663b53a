"""One HL7 v2 message: separators, segments, fields, escapes and character sets.

Real messages break the standard in every way that still works somewhere. Nothing here refuses more
than a message without a header; what a field means is judged where it is used. The bytes are kept
as they came, so that a message is handed on exactly as it was received.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_FALLBACK = "latin-1"
"""Reads every byte, and is what most senders mean that declare nothing."""
_CODECS = {
    "ASCII": "utf-8", "": "utf-8", "UNICODE UTF-8": "utf-8", "UNICODE": "utf-8", "UTF-8": "utf-8",
    "8859/1": "latin-1", "8859/2": "iso8859-2", "8859/3": "iso8859-3", "8859/4": "iso8859-4",
    "8859/5": "iso8859-5", "8859/6": "iso8859-6", "8859/7": "iso8859-7", "8859/8": "iso8859-8",
    "8859/9": "iso8859-9", "8859/15": "iso8859-15", "BIG-5": "big5", "BIG5": "big5",
    "GB 18030-2000": "gb18030", "KS X 1001": "euc_kr", "UNICODE UTF-16": "utf-16",
    "WINDOWS-1252": "cp1252",
}  # fmt: skip
"""Python's name of the character sets of HL7 table 0211 and of two that senders invent."""


class MessageError(ValueError):
    """A message without a header that can be read."""


@dataclass(frozen=True, slots=True)
class Separators:
    """The characters that a message declares for itself in MSH-1 and MSH-2."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @classmethod
    def of_header(cls, line: str) -> Separators:
        """Read the separators of an MSH segment.

        Some senders double the escape character, some leave the last separators out.

        Parameters
        ----------
        line
            The segment.

        Raises
        ------
        MessageError
            The line ends before MSH-2, or two separators are the same character.
        """
        if len(line) < 5:
            raise MessageError("the header is cut off")
        marks = line[4:].split(line[3], 1)[0]
        component, repetition, mark = (marks[:3] + "^~\\"[len(marks) :])[:3]
        rest = marks[3:].lstrip(mark)
        found = cls(line[3], component, repetition, mark, rest[0] if rest else "&")
        characters = (found.field, *found.in_field)
        if len(set(characters)) != len(characters) or any(c.isalnum() for c in characters):
            raise MessageError("the header declares the same separator twice")
        return found

    @property
    def in_field(self) -> tuple[str, str, str, str]:
        """The separators inside a field, from the outer to the inner, and the escape character."""
        return self.repetition, self.component, self.subcomponent, self.escape


@dataclass(frozen=True, slots=True)
class Segment:
    """One line of a message."""

    name: str
    fields: tuple[str, ...]
    """As written, the name first: `fields[3]` is field 3, in MSH too."""
    marks: Separators

    def repetitions(self, field: int) -> tuple[str, ...]:
        """Return the repetitions of a field as written; none for an empty field."""
        text = self.fields[field] if field < len(self.fields) else ""
        return tuple(text.split(self.marks.repetition)) if text else ()

    def text(
        self, field: int, component: int = 1, subcomponent: int = 1, repetition: int = 1
    ) -> str:
        """Return a value without its escapes; what is not there is the empty text.

        Parameters
        ----------
        field, component, subcomponent, repetition
            Where, counted from 1.
        """
        repeated = self.repetitions(field)
        if repetition > len(repeated):
            return ""
        return part(repeated[repetition - 1], self.marks, component, subcomponent)


def part(repetition: str, marks: Separators, component: int, subcomponent: int = 1) -> str:
    """Return one value of one repetition of a field, without its escapes.

    Parameters
    ----------
    repetition
        As written.
    marks
        The message's separators.
    component, subcomponent
        Where, counted from 1.
    """
    components = repetition.split(marks.component)
    if component > len(components):
        return ""
    values = components[component - 1].split(marks.subcomponent)
    return unescape(values[subcomponent - 1], marks).strip() if subcomponent <= len(values) else ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was received."""

    data: bytes
    """Every byte, with the sender's line ends."""
    marks: Separators
    segments: tuple[Segment, ...]

    @property
    def header(self) -> Segment:
        """The MSH segment."""
        return self.segments[0]

    @property
    def kind(self) -> str:
        """Message type and event, such as `ADT^A04`; the event may stand in EVN only."""
        event = self.header.text(9, 2) or next((s.text(1) for s in self.named("EVN")), "")
        return f"{self.header.text(9)}^{event}" if event else self.header.text(9)

    @property
    def control_id(self) -> str:
        """MSH-10, which an acknowledgement repeats."""
        return self.header.text(10)

    @property
    def version(self) -> str:
        """MSH-12, such as `2.5.1`."""
        return self.header.text(12)

    def named(self, name: str) -> Iterator[Segment]:
        """Yield the segments of a name, in order."""
        return (segment for segment in self.segments if segment.name == name)

    def first(self, name: str) -> Segment | None:
        """Return the first segment of a name."""
        return next(self.named(name), None)


def parse(data: bytes) -> Message:
    """Read one message.

    Parameters
    ----------
    data
        From MSH on; segments end with CR, LF or both. A line that is no segment belongs to the
        one before: some senders write line feeds into texts.

    Raises
    ------
    MessageError
        There is no header that can be read.
    """
    lines = [line for line in _LINE_END.split(data) if line.strip()]
    if not lines or not lines[0].startswith(b"MSH"):
        raise MessageError("it does not begin with MSH")
    marks = Separators.of_header(lines[0].decode(_FALLBACK))
    codec = _codec(lines[0].decode(_FALLBACK), marks)
    texts: list[str] = []
    for line in lines:
        text = _decoded(line, codec)
        name, _, _ = text.partition(marks.field)
        if texts and not _NAME.fullmatch(name):
            texts[-1] += "\n" + text
        else:
            texts.append(text)
    return Message(data, marks, tuple(_segment(text, marks) for text in texts))


def join(message: Message) -> str:
    """Return the message's text made again from its fields, each segment ended by CR.

    Parameters
    ----------
    message
        The message.
    """
    return "".join(_joined(segment) + "\r" for segment in message.segments)


def _joined(segment: Segment) -> str:
    separator = segment.marks.field
    if segment.name == "MSH":
        return "MSH" + separator + separator.join(segment.fields[2:])
    return separator.join(segment.fields)


def _segment(text: str, marks: Separators) -> Segment:
    fields = text.split(marks.field)
    if fields[0] == "MSH":  # the separator itself is field 1
        fields.insert(1, marks.field)
    return Segment(fields[0], tuple(fields), marks)


def _codec(header: str, marks: Separators) -> str:
    fields = header.split(marks.field)
    declared = fields[17].split(marks.repetition)[0].strip().upper() if len(fields) > 17 else ""
    return _CODECS.get(declared, "utf-8")


def _decoded(line: bytes, codec: str) -> str:
    try:
        return line.decode(codec)
    except UnicodeDecodeError:
        return line.decode(_FALLBACK)


def unescape(text: str, marks: Separators) -> str:
    r"""Replace escapes such as `\F\` and `\.br\` by what they stand for.

    Highlighting is left out; escapes that are not of the standard stay as they are.

    Parameters
    ----------
    text
        As written.
    marks
        The message's separators.
    """
    if marks.escape not in text:
        return text
    return _escape_pattern(marks.escape).sub(lambda found: _meaning(found, marks), text)


@cache
def _escape_pattern(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(f"{mark}([A-Za-z.][^{mark}\r\n]{{0,200}})?{mark}")


def _meaning(found: re.Match[str], marks: Separators) -> str:
    code = found.group(1) or ""
    plain = {
        "F": marks.field, "S": marks.component, "T": marks.subcomponent,
        "R": marks.repetition, "E": marks.escape, "H": "", "N": "", ".br": "\n", ".sp": "\n",
    }.get(code)  # fmt: skip
    if plain is not None:
        return plain
    if code[:1] == "X":
        try:
            return _decoded(bytes.fromhex(code[1:]), "utf-8")
        except ValueError:
            pass
    return found.group()


def escape(text: str, marks: Separators) -> str:
    """Write a value so that it holds no separator and no line end.

    Parameters
    ----------
    text
        The value.
    marks
        Of the message that is written.
    """
    mark = marks.escape
    codes = {
        mark: "E", marks.field: "F", marks.component: "S", marks.subcomponent: "T",
        marks.repetition: "R", "\r": ".br", "\n": ".br",
    }  # fmt: skip
    lines = text.replace("\r\n", "\n")
    return "".join(f"{mark}{codes[c]}{mark}" if c in codes else c for c in lines)
