"""Licences and compact privileges of a clinic's providers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from rehabctl.domain.licence import LicenceKind, LicenceStatus, Profession, ProviderLicence
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, plain, upsert

_TABLE = table("provider_licence")
_KEYS = ("clinic_id", "user_id", "profession", "kind", "state")


class LicenceRepository:
    """One row a provider, profession, kind and state."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def save(self, held: ProviderLicence) -> None:
        """Add a licence, or bring the known one for this state up to date."""
        row = plain(held) | {
            "id": held.id,
            "clinic_id": self._clinic_id,
            "created_at": self._now,
        }
        changed = [name for name in plain(held) if name not in _KEYS]
        upsert(self._connection, _TABLE, [row], _KEYS, changed)

    def of(self, user_ids: Iterable[UUID]) -> dict[UUID, tuple[ProviderLicence, ...]]:
        """Return what these users hold, by state and kind; users without any are left empty."""
        ids = list(user_ids)
        found: dict[UUID, list[ProviderLicence]] = {user_id: [] for user_id in ids}
        for held in self._read(select(_TABLE).where(_TABLE.c.user_id.in_(ids))):
            found[held.user_id].append(held)
        return {user_id: tuple(held) for user_id, held in found.items()}

    def all(self) -> tuple[ProviderLicence, ...]:
        """Return every licence of the clinic, the one that ends first at the top."""
        found = self._read(select(_TABLE).where(_TABLE.c.clinic_id == self._clinic_id))
        return tuple(sorted(found, key=lambda held: (held.expires_on, held.state, held.number)))

    def _read(self, query: Any) -> tuple[ProviderLicence, ...]:
        c = _TABLE.c
        rows = self._connection.execute(query.order_by(c.state, c.kind, c.profession)).mappings()
        return tuple(
            build(
                ProviderLicence,
                row,
                profession=Profession(row["profession"]),
                kind=LicenceKind(row["kind"]),
                status=LicenceStatus(row["status"]),
            )
            for row in rows
        )
