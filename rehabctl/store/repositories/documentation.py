"""Plans of care, authorisations and clinical notes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.note import ClinicalNote, NoteKind, NoteStatus
from rehabctl.domain.plan_of_care import Authorisation, CertificationKind, PlanOfCareRecord
from rehabctl.store.errors import ConflictError
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, insert_once, owned, owner, plain, word

_PLAN = table("plan_of_care")
_AUTHORISATION = table("authorisation")
_NOTE = table("clinical_note")


class DocumentationRepository:
    """What is written about courses of care."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add_plan(self, plan: PlanOfCareRecord) -> None:
        """Add a plan of care; earlier ones are kept."""
        row = owned(plan.patient, plan.id, self._now) | plain(plan)
        self._connection.execute(insert(_PLAN).values(row))

    def update_plan(self, plan: PlanOfCareRecord) -> None:
        """Write how a plan was transmitted and certified; its content stays."""
        values = {
            name: value
            for name, value in plain(plan).items()
            if name.startswith(("transmi", "certif"))
        }
        self._connection.execute(update(_PLAN).where(_PLAN.c.id == plan.id).values(values))

    def plans(self, episode_id: UUID) -> tuple[PlanOfCareRecord, ...]:
        """Return the plans of a course of care, oldest first."""
        query = select(_PLAN).where(_PLAN.c.episode_id == episode_id)
        rows = self._connection.execute(query.order_by(_PLAN.c.starts_on, _PLAN.c.id)).mappings()
        return tuple(
            build(
                PlanOfCareRecord,
                row,
                patient=owner(row),
                long_term_goals=tuple(row["long_term_goals"]),
                certification=word(CertificationKind, row["certification"]),
            )
            for row in rows
        )

    def add_authorisation(self, given: Authorisation) -> bool:
        """Add what a payer authorised; False when the course of care has this number already."""
        row = owned(given.patient, given.id, self._now) | plain(given)
        return insert_once(self._connection, _AUTHORISATION, row, ("episode_id", "number"))

    def authorisations(self, episode_id: UUID) -> tuple[Authorisation, ...]:
        """Return the authorisations of a course of care, the one that ends first at the top."""
        c = _AUTHORISATION.c
        query = select(_AUTHORISATION).where(c.episode_id == episode_id)
        rows = self._connection.execute(query.order_by(c.expires_on, c.starts_on, c.id)).mappings()
        return tuple(build(Authorisation, row, patient=owner(row)) for row in rows)

    def add_note(self, note: ClinicalNote) -> None:
        """Add a note."""
        row = owned(note.patient, note.id, self._now) | plain(note)
        self._connection.execute(insert(_NOTE).values(row))

    def revise_note(self, note: ClinicalNote) -> ClinicalNote:
        """Write a changed draft, or its signature. A signed note is never written again.

        Raises
        ------
        ConflictError
            It is signed, or somebody else changed it since it was read.
        """
        c = _NOTE.c
        values = plain(note, "revision") | {"revision": note.revision + 1}
        statement = (
            update(_NOTE)
            .where(
                c.id == note.id,
                c.revision == note.revision,
                c.status == NoteStatus.DRAFT.value,
            )
            .values(values)
        )
        if self._connection.execute(statement).rowcount != 1:
            raise ConflictError(
                "the note was signed or changed by somebody else",
                "Read it again: rehabctl note show ID",
            )
        return self.note(note.id)

    def note(self, note_id: UUID) -> ClinicalNote:
        """Return one note.

        Raises
        ------
        NotFoundError
            There is none with this identifier.
        """
        found = self._notes(select(_NOTE).where(_NOTE.c.id == note_id))
        if not found:
            raise NotFoundError("the note does not exist", "Look at: rehabctl note list")
        return found[0]

    def notes(self, patient_id: UUID) -> tuple[ClinicalNote, ...]:
        """Return the notes of a patient by day, oldest first."""
        return self._notes(select(_NOTE).where(_NOTE.c.patient_id == patient_id))

    def addenda(self, note_id: UUID) -> tuple[ClinicalNote, ...]:
        """Return what was added to a signed note, oldest first."""
        return self._notes(select(_NOTE).where(_NOTE.c.addendum_to == note_id))

    def _notes(self, query: Any) -> tuple[ClinicalNote, ...]:
        ordered = query.order_by(_NOTE.c.for_day, _NOTE.c.created_at, _NOTE.c.id)
        return tuple(
            build(
                ClinicalNote,
                row,
                patient=owner(row),
                kind=NoteKind(row["kind"]),
                status=NoteStatus(row["status"]),
            )
            for row in self._connection.execute(ordered).mappings()
        )
