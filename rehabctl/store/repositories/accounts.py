"""Entries of what patients pay themselves; they are added only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from rehabctl.domain.account import AccountEntry, EntryKind
from rehabctl.store.errors import ConflictError
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, owned, owner, plain

_TABLE = table("account_entry")


class AccountRepository:
    """One row an entry; the balance is their sum."""

    def __init__(self, connection: Connection, clinic_id: UUID, now: datetime) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now

    def add(self, entries: Sequence[AccountEntry]) -> None:
        """Add entries, all or none.

        Raises
        ------
        ConflictError
            One was entered or taken back before.
        """
        rows = [
            owned(one.patient, one.id, self._now) | plain(one) | {"recorded_at": self._now}
            for one in entries
        ]
        try:
            self._connection.execute(insert(_TABLE), rows)
        except IntegrityError:
            raise ConflictError(
                "it was entered or taken back before", "Look at: rehabctl claim account"
            ) from None

    def of_patient(self, patient_id: UUID) -> tuple[AccountEntry, ...]:
        """Return a patient's entries by day, then as they were entered."""
        return self._read(_TABLE.c.patient_id == patient_id)

    def of_group(self, group_id: UUID) -> tuple[AccountEntry, ...]:
        """Return what was entered together, with what took it back."""
        return self._read(_TABLE.c.group_id == group_id)

    def _read(self, condition: Any) -> tuple[AccountEntry, ...]:
        c = _TABLE.c
        query = select(_TABLE).where(c.clinic_id == self._clinic_id, condition)
        rows = self._connection.execute(query.order_by(c.entered_on, c.recorded_at, c.id))
        return tuple(
            build(AccountEntry, row, patient=owner(row), kind=EntryKind(row["kind"]))
            for row in rows.mappings()
        )
