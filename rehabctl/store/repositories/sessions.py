"""Exercise sessions and the daily journal."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, insert, select

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.session import ExerciseSession, JournalEntry, SessionEntry, SessionSource
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import build, insert_once, owned, owner, plain

_SESSION = table("exercise_session")
_ENTRY = table("session_entry")
_JOURNAL = table("journal_entry")
_ONCE = ("patient_id", "external_id")


class SessionRepository:
    """What patients did between visits."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, session: ExerciseSession) -> bool:
        """Add a session; return False when its external id is known already (a second upload)."""
        row = (
            owned(session.patient, session.id, self._now)
            | plain(session, "entries", "programme_id")
            | {"program_id": session.programme_id}
        )
        if not insert_once(self._connection, _SESSION, row, _ONCE):
            return False
        entries = [
            owned(session.patient, new_id(), self._now)
            | plain(entry)
            | {"session_id": session.id, "position": position}
            for position, entry in enumerate(session.entries, start=1)
        ]
        if entries:
            self._connection.execute(insert(_ENTRY), entries)
        return True

    def of_patient(
        self, patient_id: UUID, since: datetime | None = None
    ) -> tuple[ExerciseSession, ...]:
        """Return the sessions of a patient, oldest first.

        Parameters
        ----------
        patient_id
            Whose.
        since
            Only those started at or after this time.
        """
        condition = _SESSION.c.patient_id == patient_id
        if since is not None:
            condition = and_(condition, _SESSION.c.started_at >= since)
        return self._read(condition)

    def by_external_id(self, patient_id: UUID, external_id: str) -> ExerciseSession | None:
        """Return the session that a device uploaded under an identifier of its own."""
        c = _SESSION.c
        found = self._read(and_(c.patient_id == patient_id, c.external_id == external_id))
        return found[0] if found else None

    def get(self, session_id: UUID) -> ExerciseSession:
        """Return one session.

        Raises
        ------
        NotFoundError
            There is none with this identifier.
        """
        found = self._read(_SESSION.c.id == session_id)
        if not found:
            raise NotFoundError("the session does not exist", "Look at: rehabctl session list")
        return found[0]

    def _read(self, condition: Any) -> tuple[ExerciseSession, ...]:
        query = select(_SESSION).where(condition).order_by(_SESSION.c.started_at, _SESSION.c.id)
        sessions = list(self._connection.execute(query).mappings())
        entries = self._entries(condition) if sessions else {}
        return tuple(
            build(
                ExerciseSession,
                row,
                patient=owner(row),
                source=SessionSource(row["source"]),
                programme_id=row["program_id"],
                entries=tuple(entries.get(row["id"], ())),
            )
            for row in sessions
        )

    def _entries(self, condition: Any) -> dict[UUID, list[SessionEntry]]:
        wanted = select(_SESSION.c.id).where(condition)
        query = select(_ENTRY).where(_ENTRY.c.session_id.in_(wanted))
        found: dict[UUID, list[SessionEntry]] = {}
        for row in self._connection.execute(query.order_by(_ENTRY.c.position)).mappings():
            entry = build(SessionEntry, row, reps_per_set=tuple(row["reps_per_set"]))
            found.setdefault(row["session_id"], []).append(entry)
        return found

    def add_journal(self, entry: JournalEntry) -> bool:
        """Add a journal entry; return False when its external id is known already."""
        row = owned(entry.patient, entry.id, self._now) | plain(entry)
        return insert_once(self._connection, _JOURNAL, row, _ONCE)

    def journal(self, patient_id: UUID) -> tuple[JournalEntry, ...]:
        """Return the journal of a patient, oldest first."""
        query = select(_JOURNAL).where(_JOURNAL.c.patient_id == patient_id)
        rows = self._connection.execute(query.order_by(_JOURNAL.c.day, _JOURNAL.c.id)).mappings()
        return tuple(
            build(JournalEntry, row, patient=owner(row), red_flags=tuple(row["red_flags"]))
            for row in rows
        )
