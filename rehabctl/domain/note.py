"""Words of a clinical note: drafted from facts, finished and signed by a clinician."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import PatientRef


class NoteKind(StrEnum):
    """What a note is."""

    DAILY = "daily"
    PROGRESS = "progress"
    DISCHARGE = "discharge"
    AUTHORISATION = "authorisation"
    ADDENDUM = "addendum"


class NoteStatus(StrEnum):
    """Where a note stands."""

    DRAFT = "draft"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class ClinicalNote:
    """A note of one visit or course of care."""

    id: UUID
    patient: PatientRef
    kind: NoteKind
    body: str
    """Markdown."""
    opened_at: datetime
    author_id: UUID
    for_day: date
    status: NoteStatus = NoteStatus.DRAFT
    episode_id: UUID | None = None
    visit_id: UUID | None = None
    addendum_to: UUID | None = None
    template: str = ""
    """Name of exactly the template that the draft was made with."""
    signed_at: datetime | None = None
    signed_by: UUID | None = None
    signer_name: str | None = None
    credentials: str | None = None
    content_sha256: str | None = None
    """Of everything that was signed."""
    revision: int = 1

    def signed_bytes(self) -> bytes:
        """Return what the signature covers: text, kind, day, signer, credentials and time."""
        at = "" if self.signed_at is None else self.signed_at.isoformat()
        parts = (
            str(self.id), self.kind.value, self.for_day.isoformat(), str(self.addendum_to or ""),
            str(self.signed_by or ""), self.signer_name or "", self.credentials or "", at,
            self.body,
        )  # fmt: skip
        return "\x1f".join(parts).encode()
