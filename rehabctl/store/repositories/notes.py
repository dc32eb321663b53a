"""Short notes of clinicians on a patient."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select

from rehabctl.domain.patient import PatientNote, PatientRef
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, owned, owner

_TABLE = table("patient_note")


class NoteRepository:
    """Notes are added and never changed."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, note_id: UUID, patient: PatientRef, author_id: UUID, body: str) -> None:
        """Add a note."""
        values = owned(patient, note_id, self._now) | {"author_id": author_id, "body": body}
        self._connection.execute(insert(_TABLE).values(values))

    def of_patient(self, patient_id: UUID, limit: int) -> tuple[PatientNote, ...]:
        """Return the newest notes of a patient, newest first."""
        query = select(_TABLE).where(_TABLE.c.patient_id == patient_id)
        query = query.order_by(_TABLE.c.created_at.desc(), _TABLE.c.id.desc()).limit(limit)
        rows = self._connection.execute(query).mappings()
        return tuple(build(PatientNote, row, patient=owner(row)) for row in rows)
