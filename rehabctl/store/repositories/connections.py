"""Connections to the record systems of others."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from rehabctl.domain.connection import FhirAuth, FhirConnection
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import upsert

_TABLE = table("connection")


class ConnectionRepository:
    """The connections of one clinic."""

    def __init__(
        self, connection: Connection, clinic_id: UUID, user_id: UUID, now: datetime
    ) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._user_id = user_id
        self._now = now

    def put(self, one: FhirConnection) -> None:
        """Keep a connection; a later one of its name takes its place."""
        row = {
            "id": new_id(),
            "clinic_id": self._clinic_id,
            "name": one.name,
            "settings": asdict(one),
            "changed_by": self._user_id,
            "changed_at": self._now,
        }
        changed = ("settings", "changed_by", "changed_at")
        upsert(self._connection, _TABLE, [row], ("clinic_id", "name"), changed)

    def all(self) -> tuple[FhirConnection, ...]:
        """Return every connection, by name."""
        query = select(_TABLE).where(_TABLE.c.clinic_id == self._clinic_id)
        rows = self._connection.execute(query.order_by(_TABLE.c.name)).mappings()
        return tuple(
            FhirConnection(**(row["settings"] | {"auth": FhirAuth(row["settings"]["auth"])}))
            for row in rows
        )
