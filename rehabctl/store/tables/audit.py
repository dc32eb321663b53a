"""The audit log, its head, and how far imports have come."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from rehabctl.store.column_types import UtcDateTime
from rehabctl.store.tables.base import Table


class AuditEntry(Table, table=True):
    """One link of the chain. Triggers refuse every change but the next link."""

    __table_args__ = (Index(None, "clinic_id", "at"), Index(None, "entity", "entity_id"))

    sequence: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    at: datetime = Field(sa_type=UtcDateTime)
    clinic_id: UUID
    user_id: UUID | None = None
    actor: str
    action: str
    entity: str
    entity_id: str | None = None
    detail: str
    """Canonical JSON, kept as text so that its bytes can be checked."""
    previous_mac: str
    mac: str


class AuditHead(Table, table=True):
    """The last link. Writers lock this row, so that the chain never forks."""

    __table_args__ = (CheckConstraint("one = 1", name="one"),)

    one: int = Field(default=1, primary_key=True)
    sequence: int = Field(sa_type=BigInteger)
    mac: str


class ImportCheckpoint(Table, table=True):
    """How far the import of one file has come; written with each batch."""

    __table_args__ = (UniqueConstraint("clinic_id", "kind", "file_sha256"),)

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    kind: str
    file_sha256: str
    rows_done: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    updated_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
