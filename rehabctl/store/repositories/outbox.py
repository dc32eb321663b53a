"""What is to leave the clinic: queued once, taken when its time has come."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.escalation import CallOutcome, StaffCall
from rehabctl.domain.message import OutboxItem, OutboxState
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, insert_once, owned, owner, plain

_TABLE = table("outbox")
_CALL = table("staff_call")


class OutboxRepository:
    """Queued deliveries, and the calls by staff that follow when they do not help."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def queue(self, item: OutboxItem) -> bool:
        """Queue something; return False when its dedupe key is known in the clinic already."""
        row = owned(item.patient, item.id, self._now) | plain(item)
        return insert_once(self._connection, _TABLE, row, ("clinic_id", "dedupe_key"))

    def due(self, limit: int) -> tuple[OutboxItem, ...]:
        """Return what may be delivered at the time of this transaction, oldest first."""
        c = _TABLE.c
        query = select(_TABLE).where(c.state == OutboxState.QUEUED.value, c.not_before <= self._now)
        return self._read(query.order_by(c.not_before, c.id).limit(limit))

    def get(self, item_id: UUID) -> OutboxItem:
        """Return one item.

        Raises
        ------
        NotFoundError
            There is none with this identifier.
        """
        found = self._read(select(_TABLE).where(_TABLE.c.id == item_id))
        if not found:
            raise NotFoundError("there is no such delivery", "Look at: rehabctl message dead")
        return found[0]

    def failed(self, clinic_id: UUID) -> tuple[OutboxItem, ...]:
        """Return what was given up, newest first."""
        c = _TABLE.c
        query = select(_TABLE).where(c.clinic_id == clinic_id, c.state == OutboxState.FAILED.value)
        return self._read(query.order_by(c.not_before.desc(), c.id))

    def advance(self, before: OutboxItem, after: OutboxItem) -> bool:
        """Write the next step of a delivery; return False when another run was faster."""
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
                payload=dict(after.payload),
                not_before=after.not_before,
                sent_at=after.sent_at,
                last_error=after.last_error,
            )
        )
        return self._connection.execute(statement).rowcount == 1

    def of_patient(self, patient_id: UUID) -> tuple[OutboxItem, ...]:
        """Return everything that was ever queued about a patient, oldest first."""
        query = select(_TABLE).where(_TABLE.c.patient_id == patient_id)
        return self._read(query.order_by(_TABLE.c.created_at, _TABLE.c.id))

    def settle(self, item_id: UUID, state: OutboxState, error: str | None = None) -> None:
        """Write what became of an attempt to deliver.

        Parameters
        ----------
        item_id
            Which item.
        state
            `sent`, `failed`, or `queued` to try again.
        error
            A code, never text of the message.
        """
        self._connection.execute(
            update(_TABLE)
            .where(_TABLE.c.id == item_id)
            .values(
                state=state.value,
                attempts=_TABLE.c.attempts + 1,
                sent_at=self._now if state is OutboxState.SENT else None,
                last_error=error,
            )
        )

    def cancel_one(self, item_id: UUID) -> None:
        """Cancel one item that is still queued."""
        c = _TABLE.c
        statement = update(_TABLE).where(c.id == item_id, c.state == OutboxState.QUEUED.value)
        self._connection.execute(statement.values(state=OutboxState.CANCELLED.value))

    def cancel(self, patient_id: UUID, template: str) -> int:
        """Cancel what is queued of one template for a patient; return how many."""
        c = _TABLE.c
        statement = (
            update(_TABLE)
            .where(
                c.patient_id == patient_id,
                c.template == template,
                c.state == OutboxState.QUEUED.value,
            )
            .values(state=OutboxState.CANCELLED.value)
        )
        return self._connection.execute(statement).rowcount

    def cancel_keys(self, prefix: str) -> int:
        """Cancel what is queued under dedupe keys that begin with a text; return how many."""
        c = _TABLE.c
        statement = (
            update(_TABLE)
            .where(c.dedupe_key.startswith(prefix), c.state == OutboxState.QUEUED.value)
            .values(state=OutboxState.CANCELLED.value)
        )
        return self._connection.execute(statement).rowcount

    def add_call(self, call: StaffCall) -> None:
        """Add what a call by staff came to."""
        row = owned(call.patient, call.id, self._now) | plain(call)
        self._connection.execute(insert(_CALL).values(row))

    def calls(self, patient_id: UUID) -> tuple[StaffCall, ...]:
        """Return the calls about a patient, oldest first."""
        query = select(_CALL).where(_CALL.c.patient_id == patient_id)
        rows = self._connection.execute(query.order_by(_CALL.c.at, _CALL.c.id)).mappings()
        return tuple(
            build(StaffCall, row, patient=owner(row), outcome=CallOutcome(row["outcome"]))
            for row in rows
        )

    def _read(self, query: Any) -> tuple[OutboxItem, ...]:
        rows = self._connection.execute(query).mappings()
        return tuple(
            build(OutboxItem, row, patient=owner(row), state=OutboxState(row["state"]))
            for row in rows
        )
