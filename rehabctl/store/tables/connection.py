"""Connections to the record systems of others."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from rehabctl.store.column_types import ByteOrderedText, Document, UtcDateTime
from rehabctl.store.tables.base import Table, at_most, same_clinic


class Connection(Table, table=True):
    """Where another system is, and who we are there; never a secret."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "name"),
        same_clinic("changed_by", "user_account"),
        at_most("name", 64),
    )

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    name: str = Field(sa_type=ByteOrderedText)
    settings: dict[str, Any] = Field(sa_type=Document)
    changed_by: UUID
    changed_at: datetime = Field(sa_type=UtcDateTime)
