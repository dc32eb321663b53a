"""What a note must hold before it is signed, and how its sections are changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rehabctl.clinic.note_content import CLINICIAN
from rehabctl.domain.errors import NotFoundError, suggestion
from rehabctl.domain.note import NoteKind
from rehabctl.reference.note_templates import REQUIRED_SECTIONS

_HEADING = re.compile(r"^## +(.+?)\s*$")


@dataclass(frozen=True, slots=True)
class NoteFinding:
    """Something that keeps a note from being signed."""

    code: str
    section: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a note; the part before the first heading has no title."""

    title: str
    lines: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in it."""
        return not any(line.strip() for line in self.lines)


def sections_of(body: str) -> list[Section]:
    """Return the parts of a note, in order."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in body.splitlines():
        if match := _HEADING.match(line):
            found.append((match[1], []))
        else:
            found[-1][1].append(line)
    return [Section(title, tuple(lines)) for title, lines in found]


def findings(kind: NoteKind, body: str) -> list[NoteFinding]:
    """Return what is missing: content elements of the kind, and the clinician's own words.

    Parameters
    ----------
    kind
        Of the note.
    body
        Its text.
    """
    parts = {section.title: section for section in sections_of(body)}
    found: list[NoteFinding] = []
    for title in REQUIRED_SECTIONS.get(kind, ()):
        if title not in parts:
            found.append(NoteFinding("SECTION_MISSING", title, "the section is missing"))
        elif parts[title].is_empty:
            found.append(NoteFinding("SECTION_EMPTY", title, "nothing stands in the section"))
    for title, section in parts.items():
        if any(CLINICIAN in line for line in section.lines):
            found.append(NoteFinding("NOT_WRITTEN", title, "the clinician's own words are missing"))
    if not body.strip():
        found.append(NoteFinding("EMPTY", "", "nothing stands in the note"))
    return found


def with_section(body: str, title: str, text: str) -> str:
    """Return a note with a clinician's words in a section.

    They take the place of the mark where one stands, else of the whole section.

    Raises
    ------
    NotFoundError
        The note has no such section.
    """
    parts = sections_of(body)
    titles = [section.title for section in parts if section.title]
    if title not in titles:
        near = suggestion(title, titles)
        hint = near.replace("did", "Did", 1) or f"It has: {', '.join(titles)}"
        raise NotFoundError(f"the note has no section {title!r}", hint)
    made: list[str] = []
    for section in parts:
        lines = section.lines
        if section.title == title:
            lines = _replaced(lines, text)
        made += [f"## {section.title}"] if section.title else []
        made += lines
    return "\n".join(made)


def _replaced(lines: Sequence[str], text: str) -> tuple[str, ...]:
    if not any(CLINICIAN in line for line in lines):
        return (*text.splitlines(), "")
    return tuple(
        written
        for line in lines
        for written in (text.splitlines() if CLINICIAN in line else [line])
    )
