"""A note as plain text, and the parts that every form of it shares."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rehabctl.domain.note import ClinicalNote

DRAFT_MARK = "DRAFT - not signed"


def write_text(
    note: ClinicalNote, addenda: Sequence[ClinicalNote], mrn: str, clinic: str, zone: ZoneInfo
) -> bytes:
    """Return the text of a note with its signature and addenda.

    Parameters
    ----------
    note
        Draft or signed.
    addenda
        Oldest first.
    mrn
        Record number of the patient.
    clinic
        Name of the clinic.
    zone
        In which times are written.
    """
    parts = [head(mrn, clinic), note.body, signature(note, zone)]
    for added in addenda:
        parts += ["## Addendum", added.body, signature(added, zone)]
    return ("\n\n".join(parts) + "\n").encode()


def head(mrn: str, clinic: str) -> str:
    """Return the line that says whose note it is."""
    return f"{clinic} - record {mrn}"


def signature(note: ClinicalNote, zone: ZoneInfo) -> str:
    """Return the line under a note."""
    if note.signed_at is None:
        return DRAFT_MARK
    at = note.signed_at.astimezone(zone)
    return (
        f"Signed by {note.signer_name}, {note.credentials}, {at:%Y-%m-%d %H:%M %Z}; "
        f"SHA-256 {note.content_sha256}"
    )


def blocks(body: str) -> list[tuple[str, str]]:
    """Return the lines of a note with what each is: title, heading, item or text."""
    found: list[tuple[str, str]] = []
    for line in body.splitlines():
        stripped = line.strip()
        if not stripped:
            continue
        for mark, kind in (("## ", "heading"), ("# ", "title"), ("- ", "item"), ("", "text")):
            if stripped.startswith(mark):
                found.append((kind, stripped[len(mark) :]))
                break
    return found
