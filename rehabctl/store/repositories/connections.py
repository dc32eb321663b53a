"""Connections to the record systems of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, select

from rehabctl.domain import connection as domain
from rehabctl.domain.connection import FhirAuth, FhirConnection
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import upsert

_TABLE = table("connection")
_KINDS: dict[str, type[Any]] = {
    "mllp": domain.MllpConnection,
    "redox": domain.RedoxConnection,
    "folder": domain.FolderConnection,
}
"""Those that say so in their settings; all others are FHIR servers."""


class ConnectionRepository:
    """The connections of one clinic."""

    def __init__(
        self, connection: Connection, clinic_id: UUID, user_id: UUID, now: datetime
    ) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._user_id = user_id
        self._now = now

    def put(self, one: domain.Connection) -> None:
        """Keep a connection; a later one of its name takes its place."""
        row = {
            "id": new_id(),
            "clinic_id": self._clinic_id,
            "name": one.name,
            "settings": _settings(one),
            "changed_by": self._user_id,
            "changed_at": self._now,
        }
        changed = ("settings", "changed_by", "changed_at")
        upsert(self._connection, _TABLE, [row], ("clinic_id", "name"), changed)

    def all(self) -> tuple[domain.Connection, ...]:
        """Return every connection, by name."""
        query = select(_TABLE).where(_TABLE.c.clinic_id == self._clinic_id)
        rows = self._connection.execute(query.order_by(_TABLE.c.name)).mappings()
        return tuple(_made(row["settings"]) for row in rows)


def _settings(one: domain.Connection) -> dict[str, Any]:
    name = next((name for name, kind in _KINDS.items() if isinstance(one, kind)), None)
    return asdict(one) | ({} if name is None else {"kind": name})


def _made(settings: Mapping[str, Any]) -> domain.Connection:
    rest: dict[str, Any] = {
        name: tuple(cast("list[Any]", value)) if isinstance(value, list) else value
        for name, value in settings.items()
        if name != "kind"
    }
    if "holds" in rest:
        rest["holds"] = domain.FolderKind(rest["holds"])
    if "kind" in settings:
        return _KINDS[settings["kind"]](**rest)
    return FhirConnection(**(rest | {"auth": FhirAuth(rest["auth"])}))
