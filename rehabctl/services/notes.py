"""Clinical notes: finished by a clinician, signed once, added to later."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rehabctl.clinic import note_check
from rehabctl.domain.errors import (
    FindingsError,
    NotPermittedError,
    UsageError,
)
from rehabctl.domain.licence import Profession
from rehabctl.domain.note import ClinicalNote, NoteKind, NoteStatus
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.identifiers import identifier
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_THERAPIST_ONLY = (NoteKind.PROGRESS, NoteKind.DISCHARGE, NoteKind.AUTHORISATION)
"""What an assistant cannot write alone."""


@dataclass(frozen=True, slots=True)
class NoteView:
    """A note with what was added to it, and whether its signature still fits."""

    note: ClinicalNote
    mrn: str
    addenda: tuple[ClinicalNote, ...]
    signature_valid: bool | None
    """None for a draft."""
    findings: tuple[note_check.NoteFinding, ...]
    """What keeps a draft from being signed."""

    @property
    def seconds_to_sign(self) -> int | None:
        """Time from the draft to the signature."""
        if self.note.signed_at is None:
            return None
        return int((self.note.signed_at - self.note.opened_at).total_seconds())


def edit(
    store: Store, note_id: str, text: str, *, section: str | None = None, whole: bool = False
) -> NoteView:
    """Write into a draft: one section, or the whole text.

    Parameters
    ----------
    store
        The open store.
    note_id
        Identifier.
    text
        The clinician's words.
    section
        Heading of the section.
    whole
        Replace everything.

    Raises
    ------
    FindingsError
        The note is signed.
    """
    if (section is None) == (not whole):
        raise UsageError("what to edit is not said", "Give --section, or --whole")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        note = _draft_of(uow, note_id)
        body = text if section is None else note_check.with_section(note.body, section, text)
        note = uow.documentation.revise_note(replace(note, body=body))
        uow.audit.record("note.edit", "clinical_note", note.id, {"section": section or "all"})
        return view_of(uow, note)


def _draft_of(uow: UnitOfWork, note_id: str) -> ClinicalNote:
    note = uow.documentation.note(identifier(note_id, "a note", "rehabctl note list"))
    if note.status is NoteStatus.SIGNED:
        raise FindingsError(
            "the note is signed and stays as it is", "Add to it: rehabctl note addendum ID"
        )
    return note


def sign(store: Store, rules: RuleTable, note_id: str, credentials: str) -> NoteView:
    """Sign a draft: from then on it cannot be changed.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    note_id
        Identifier.
    credentials
        Of who signs, such as `PT, DPT`.

    Raises
    ------
    FindingsError
        It is signed already, or a content element is missing.
    NotPermittedError
        An assistant cannot sign a report alone.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        note = _draft_of(uow, note_id)
        if found := note_check.findings(note.kind, note.body):
            first = found[0]
            raise FindingsError(
                f"{first.code}: {first.section or 'note'}: {first.text}",
                f'Write it: rehabctl note edit ID --section "{first.section}" --text TEXT',
            )
        _require_therapist(uow, note.kind)
        note = _signed(uow, note, credentials)
        if note.kind is NoteKind.PROGRESS and note.episode_id is not None:
            episode = uow.episodes.get(note.episode_id)
            uow.episodes.update(replace(episode, progress_report_on=note.for_day))
            triage.refresh(uow, [note.patient], rules)
        return view_of(uow, note)


def _require_therapist(uow: UnitOfWork, kind: NoteKind) -> None:
    held = uow.licences.of([uow.user.id])[uow.user.id]
    if kind in _THERAPIST_ONLY and held and all(h.profession is Profession.PTA for h in held):
        raise NotPermittedError(
            "an assistant cannot sign this kind of note", "Let a physical therapist sign it"
        )


def _signed(uow: UnitOfWork, note: ClinicalNote, credentials: str) -> ClinicalNote:
    if not credentials.strip():
        raise UsageError("a signature needs credentials", 'Give --credentials "PT, DPT"')
    ready = replace(
        note,
        status=NoteStatus.SIGNED,
        signed_at=uow.now,
        signed_by=uow.user.id,
        signer_name=uow.user.display_name,
        credentials=credentials.strip(),
    )
    ready = replace(ready, content_sha256=hashlib.sha256(ready.signed_bytes()).hexdigest())
    stored = uow.documentation.revise_note(ready)
    uow.audit.record(
        "note.sign", "clinical_note", note.id, {"content_sha256": stored.content_sha256}
    )
    return stored


def add_addendum(store: Store, note_id: str, text: str, credentials: str) -> NoteView:
    """Add to a signed note, signed at once; the note itself stays as it is.

    Raises
    ------
    UsageError
        The note is a draft, or the text is empty.
    """
    if not text.strip():
        raise UsageError("the addendum is empty", "Give --text, or --file -")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        note = uow.documentation.note(identifier(note_id, "a note", "rehabctl note list"))
        if note.status is NoteStatus.DRAFT or note.kind is NoteKind.ADDENDUM:
            raise UsageError(
                "only a signed note takes an addendum", "Edit a draft: rehabctl note edit ID"
            )
        made = ClinicalNote(
            id=uow.new_id(),
            patient=note.patient,
            kind=NoteKind.ADDENDUM,
            body=text.strip(),
            opened_at=uow.now,
            author_id=uow.user.id,
            for_day=clinic_today(uow.clinic, uow.now),
            episode_id=note.episode_id,
            visit_id=note.visit_id,
            addendum_to=note.id,
        )
        uow.documentation.add_note(made)
        _signed(uow, made, credentials)
        return view_of(uow, note)


def show(store: Store, note_id: str) -> NoteView:
    """Return a note with its addenda; the signature is checked."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        note = uow.documentation.note(identifier(note_id, "a note", "rehabctl note list"))
        uow.audit.record("note.read", "clinical_note", note.id)
        return view_of(uow, note)


def of_patient(store: Store, mrn: str) -> list[NoteView]:
    """Return the notes of a patient, oldest first."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        found = uow.documentation.notes(patient.id)
        uow.audit.record("note.list", "patient", patient.id, {"count": len(found)})
        return [view_of(uow, note) for note in found]


def view_of(uow: UnitOfWork, note: ClinicalNote) -> NoteView:
    """Return a note with its addenda, and whether they are as they were signed.

    Parameters
    ----------
    uow
        The transaction.
    note
        Draft or signed.
    """
    added = uow.documentation.addenda(note.id)
    valid = None
    if note.status is NoteStatus.SIGNED:
        valid = all(_fits(one) for one in (note, *added))
    found = note_check.findings(note.kind, note.body) if valid is None else []
    return NoteView(note, uow.patients.by_id(note.patient.id).mrn, added, valid, tuple(found))


def _fits(note: ClinicalNote) -> bool:
    return hashlib.sha256(note.signed_bytes()).hexdigest() == note.content_sha256
