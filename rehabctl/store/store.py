"""One open store: its engine, its blobs, its clinic and who acts. Hands out transactions."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.clinic import Clinic, User
from rehabctl.store.engine import SNAPSHOT
from rehabctl.store.errors import translated
from rehabctl.store.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from rehabctl.store.files import BlobStore


@dataclass(frozen=True, repr=False)
class Store:
    """An open store. Made by `rehabctl.services.wiring.open_store` only."""

    database_id: UUID
    engine: Engine
    audit_key: bytes | None
    """Of a local file's audit chain; a server makes its own."""
    clinic: Clinic
    user: User
    is_local: bool
    """A file of this machine: roles are advice, the key is the boundary."""
    clock: Callable[[], datetime]
    make_blobs: Callable[[], BlobStore]

    @property
    def blobs(self) -> BlobStore:
        """Encrypted recordings and keypoints."""
        return self.make_blobs()

    @contextmanager
    def transaction(self, *, rehearsal: bool = False) -> Generator[UnitOfWork]:
        """Open the one transaction of a use case: all of it is kept, or nothing.

        Reads of patient data belong in one too, because their audit entry is a write.

        Parameters
        ----------
        rehearsal
            Undo everything at the end, for `--dry-run`.
        """
        with translated(), self.engine.connect() as connection, connection.begin() as transaction:
            yield self._unit_of_work(connection)
            if rehearsal:
                transaction.rollback()

    @contextmanager
    def snapshot(self) -> Generator[UnitOfWork]:
        """Open a transaction that only reads and waits for nobody. Not for patient data."""
        options = (
            {SNAPSHOT: True}
            if self.engine.dialect.name == "sqlite"
            else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        with translated(), self.engine.connect().execution_options(**options) as connection:
            yield self._unit_of_work(connection)

    def _unit_of_work(self, connection: Connection) -> UnitOfWork:
        return UnitOfWork(
            connection,
            self.audit_key,
            self.clinic,
            self.user,
            self.clock(),
            is_local=self.is_local,
        )
