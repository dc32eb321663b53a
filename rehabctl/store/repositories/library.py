"""Exercises and protocols, pinned to the version that was used."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, select

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.programme import PinnedExercise, PinnedProtocol
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import build, insert_once

_EXERCISE = table("exercise")
_PROTOCOL = table("protocol")
_KEYS = ("clinic_id", "slug", "version", "sha256")


class LibraryRepository:
    """Pinned library items of one clinic. A pinned item never changes."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def pin_exercise(
        self, slug: str, version: int, name: str, content: dict[str, Any]
    ) -> PinnedExercise:
        """Keep an exercise as it is now; the same content is kept once.

        Parameters
        ----------
        slug, version, name
            Of the exercise.
        content
            The whole exercise as JSON values.
        """
        row = self._pin(_EXERCISE, slug, version, name, content)
        return build(PinnedExercise, row)

    def pin_protocol(
        self, slug: str, version: int, name: str, content: dict[str, Any]
    ) -> PinnedProtocol:
        """Keep a protocol as it is now; the same content is kept once."""
        return build(PinnedProtocol, self._pin(_PROTOCOL, slug, version, name, content))

    def exercise(self, exercise_id: UUID) -> PinnedExercise:
        """Return a pinned exercise."""
        return build(PinnedExercise, self._get(_EXERCISE, exercise_id))

    def protocol(self, protocol_id: UUID) -> PinnedProtocol:
        """Return a pinned protocol."""
        return build(PinnedProtocol, self._get(_PROTOCOL, protocol_id))

    def _pin(
        self, table: Table, slug: str, version: int, name: str, content: dict[str, Any]
    ) -> Any:
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        key = {
            "clinic_id": self._clinic_id,
            "slug": slug,
            "version": version,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        }
        row = key | {"id": new_id(), "name": name, "content": content, "created_at": self._now}
        insert_once(self._connection, table, row, _KEYS)
        query = select(table).where(*(table.c[k] == value for k, value in key.items()))
        return self._connection.execute(query).mappings().one()

    def _get(self, table: Table, item_id: UUID) -> Any:
        query = select(table).where(table.c.id == item_id, table.c.clinic_id == self._clinic_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError("the library item is not pinned", "Assign it again")
        return row
