"""Browsers that take push messages for receivers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, select

from rehabctl.domain.message import PushSubscription
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, owned, owner, plain, upsert

_TABLE = table("push_subscription")


class PushRepository:
    """One subscription a receiver; a newer one replaces it."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def put(self, subscription: PushSubscription) -> None:
        """Add a subscription, or replace the receiver's."""
        row = owned(subscription.patient, subscription.id, self._now) | plain(subscription)
        changed = ("endpoint", "p256dh", "auth", "recorded_by")
        upsert(self._connection, _TABLE, [row], ("patient_id", "receiver"), changed)

    def of_receiver(self, patient_id: UUID, receiver: str) -> PushSubscription | None:
        """Return the subscription of a receiver."""
        c = _TABLE.c
        query = select(_TABLE).where(c.patient_id == patient_id, c.receiver == receiver)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else build(PushSubscription, row, patient=owner(row))

    def remove(self, patient_id: UUID, receiver: str) -> bool:
        """Forget the subscription of a receiver; return whether there was one."""
        c = _TABLE.c
        statement = delete(_TABLE).where(c.patient_id == patient_id, c.receiver == receiver)
        return self._connection.execute(statement).rowcount == 1
