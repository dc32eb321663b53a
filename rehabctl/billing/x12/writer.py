"""Segments of an X12 file as text: delimiters, characters, amounts and counts.

The character sets are the basic and extended ones of the standard. Letters with accents are written
without them, and that is noted; what has no such letter is refused, because a receiver would refuse
the whole file.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from rehabctl.domain.errors import FindingsError

_BASIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!\"&'()*+,-./:;?= "
_EXTENDED = "%@[]_{}\\|<>#$^~"
_ALLOWED = frozenset(_BASIC + _EXTENDED)
_LETTERS = str.maketrans(
    {"Ø": "O", "Æ": "AE", "Œ": "OE", "Ł": "L", "Đ": "D", "Þ": "TH", "\u2019": "'"}
)
_KNOWN_ELEMENTS = 4096
_CENT = Decimal("0.01")
_CORRECT = "Correct it in the record and build the file again"

Element = str | int | tuple[str, ...] | None


class Envelope(Protocol):
    """Who sends a file to whom, and when."""

    @property
    def sender_id(self) -> str:
        """At most 15 characters."""
        ...

    @property
    def receiver_id(self) -> str:
        """At most 15 characters."""
        ...

    @property
    def sender_qualifier(self) -> str:
        """Kind of the sender's identifier."""
        ...

    @property
    def receiver_qualifier(self) -> str:
        """Kind of the receiver's identifier."""
        ...

    @property
    def control_number(self) -> int:
        """Rises with each file."""
        ...

    @property
    def created_at(self) -> datetime:
        """Local time of the sender."""
        ...

    @property
    def is_test(self) -> bool:
        """Whether receivers only check the file."""
        ...


@dataclass(frozen=True, slots=True)
class Separators:
    """What separates the parts of a file."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    segment: str = "~"

    def __contains__(self, character: object) -> bool:
        """Whether a character is one of them."""
        return character in (self.element, self.component, self.repetition, self.segment)


@dataclass(slots=True)
class SegmentWriter:
    """Turns elements into segments and counts them.

    Attributes
    ----------
    count
        Segments since the transaction set began.
    changed
        Places (claim, segment and element) where letters lost their accents.
    claim
        Number of the claim that is being written, for messages.
    """

    separators: Separators = field(default_factory=Separators)
    line_end: str = "\n"
    count: int = 0
    claim: str = ""
    changed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    _known: dict[Element, str] = field(default_factory=lambda: {None: "", "": ""}, init=False)

    def segment(self, tag: str, *elements: Element) -> str:
        """Return one segment; empty elements at its end are left away.

        Parameters
        ----------
        tag
            Identifier.
        elements
            Texts, numbers, composites as tuples, or None.

        Raises
        ------
        FindingsError
            An element holds a character that the file cannot carry.
        """
        self.count += 1
        known = self._known
        parts = [tag]
        for number, element in enumerate(elements, 1):
            text = known.get(element)
            parts.append(self._text(element, tag, number) if text is None else text)
        text = self.separators.element.join(parts).rstrip(self.separators.element)
        return f"{text}{self.separators.segment}{self.line_end}"

    def _text(self, element: Element, tag: str, number: int) -> str:
        """Return an element as it is written; what passed its checks as it is passes them again."""
        before = len(self.changed)
        if isinstance(element, tuple):
            component = self.separators.component
            cleaned = [self._clean(part, tag, number) for part in element]
            text = component.join(cleaned).rstrip(component)
        elif isinstance(element, str):
            text = self._clean(element, tag, number)
        else:
            text = str(element)
        if len(self.changed) == before:
            if len(self._known) >= _KNOWN_ELEMENTS:
                self._known = {None: "", "": ""}
            self._known[element] = text
        return text

    def interchange(self, envelope: Envelope) -> str:
        """Return the ISA: every element has a fixed width, so that readers find the separators.

        Parameters
        ----------
        envelope
            Who sends to whom.
        """
        marks, made = self.separators, envelope.created_at
        parts = [
            "ISA", "00", " " * 10, "00", " " * 10, envelope.sender_qualifier,
            f"{envelope.sender_id:<15}", envelope.receiver_qualifier,
            f"{envelope.receiver_id:<15}", f"{made:%y%m%d}", f"{made:%H%M}", marks.repetition,
            "00501", f"{envelope.control_number:09d}", "1", "T" if envelope.is_test else "P",
            marks.component,
        ]  # fmt: skip
        return f"{marks.element.join(parts)}{marks.segment}{self.line_end}"

    def group(self, envelope: Envelope, kind: str, version: str) -> str:
        """Return the GS of the one group of a file.

        Parameters
        ----------
        envelope
            Who sends to whom.
        kind
            GS01, such as HC.
        version
            GS08.
        """
        made = envelope.created_at
        return self.segment(
            "GS", kind, envelope.sender_id, envelope.receiver_id, f"{made:%Y%m%d}", f"{made:%H%M}",
            envelope.control_number, "X", version,
        )  # fmt: skip

    def _clean(self, text: str, tag: str, number: int) -> str:
        upper = text.upper().strip()
        if not _ALLOWED.issuperset(upper):
            upper = self._without_accents(upper, tag, number)
        if not upper.isalnum() and any(character in self.separators for character in upper):
            raise self._refused(tag, number, "holds a separator of the file")
        return upper

    def _without_accents(self, text: str, tag: str, number: int) -> str:
        plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
        plain = "".join(c for c in plain if not unicodedata.combining(c))
        if not _ALLOWED.issuperset(plain):
            raise self._refused(tag, number, "holds a character that claims cannot carry")
        self.changed.append((self.claim, f"{tag}{number:02d}"))
        return plain

    def _refused(self, tag: str, number: int, why: str) -> FindingsError:
        where = f"claim {self.claim}: " if self.claim else ""
        return FindingsError(f"{where}{tag}{number:02d} {why}", _CORRECT)


def money(amount: Decimal) -> str:
    """Return an amount as X12 writes it: two decimals at most and no zeros at its end.

    Parameters
    ----------
    amount
        Dollars.

    Raises
    ------
    ValueError
        The amount has parts of a cent.
    """
    rounded = amount.quantize(_CENT)
    if rounded != amount:
        raise ValueError("an amount has parts of a cent")
    text = format(rounded, "f")
    return text.rstrip("0").rstrip(".")


def quantity(value: Decimal) -> str:
    """Return a count as X12 writes it, without zeros at its end.

    Parameters
    ----------
    value
        Units.
    """
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
