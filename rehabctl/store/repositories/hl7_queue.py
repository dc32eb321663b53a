"""HL7 v2 messages that wait for their receiver: each once, in their order."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.hl7_queue import WAITING, QueuedMessage, QueueState
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, insert_once, owned, owner, plain

_TABLE = table("hl7_message")


class Hl7QueueRepository:
    """The queued messages of one clinic."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def add(self, message: QueuedMessage) -> bool:
        """Queue a message; return False when its control id is known at its destination."""
        row = owned(message.patient, message.id, self._now) | plain(message)
        keys = ("clinic_id", "destination", "control_id")
        return insert_once(self._connection, _TABLE, row, keys)

    def destinations(self) -> tuple[str, ...]:
        """Return where messages wait for, by name."""
        c = _TABLE.c
        query = select(c.destination).distinct().where(self._is_waiting())
        return tuple(self._connection.execute(query.order_by(c.destination)).scalars())

    def head(self, destination: str) -> QueuedMessage | None:
        """Return what is to be sent to a destination before anything else."""
        found = self._read(self._is_waiting(), _TABLE.c.destination == destination, limit=1)
        return found[0] if found else None

    def all(self, states: Collection[QueueState], limit: int) -> tuple[QueuedMessage, ...]:
        """Return messages in some states, in their order."""
        c = _TABLE.c
        return self._read(c.clinic_id == self._clinic_id, c.state.in_(states), limit=limit)

    def get(self, message_id: UUID) -> QueuedMessage:
        """Return one message.

        Raises
        ------
        NotFoundError
            There is none with this identifier.
        """
        found = self._read(_TABLE.c.id == message_id, limit=1)
        if not found:
            raise NotFoundError(
                "there is no such message", "Look at: rehabctl integration queue list"
            )
        return found[0]

    def advance(self, before: QueuedMessage, after: QueuedMessage) -> bool:
        """Write what became of a message; return False when somebody else was faster."""
        c = _TABLE.c
        statement = (
            update(_TABLE)
            .where(
                c.id == before.id,
                c.state == before.state.value,
                c.attempts == before.attempts,
                c.not_before == before.not_before,
            )
            .values(
                state=after.state.value,
                attempts=after.attempts,
                not_before=after.not_before,
                answer=after.answer,
                settled_at=after.settled_at,
            )
        )
        return self._connection.execute(statement).rowcount == 1

    def _is_waiting(self) -> Any:
        c = _TABLE.c
        return (c.clinic_id == self._clinic_id) & c.state.in_([one.value for one in WAITING])

    def _read(self, *conditions: Any, limit: int) -> tuple[QueuedMessage, ...]:
        c = _TABLE.c
        query = select(_TABLE).where(*conditions).order_by(c.queued_at, c.id).limit(limit)
        return tuple(
            build(QueuedMessage, row, patient=owner(row), state=QueueState(row["state"]))
            for row in self._connection.execute(query).mappings()
        )
