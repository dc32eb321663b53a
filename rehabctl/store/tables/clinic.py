"""The store itself, clinics and users."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from rehabctl.domain.clinic import Role
from rehabctl.store.column_types import ByteOrderedText, UtcDateTime
from rehabctl.store.tables.base import Table, at_most, one_of


class StoreInfo(Table, table=True):
    """The one row that says which database this is."""

    __table_args__ = (CheckConstraint("one = 1", name="one"),)

    one: int = Field(default=1, primary_key=True)
    database_id: UUID
    created_at: datetime = Field(sa_type=UtcDateTime)
    audit_key_check: str
    """A code made with the audit key: a wrong key is noticed before it breaks the chain."""


class Clinic(Table, table=True):
    """The owner of records."""

    __table_args__ = (at_most("name", 200),)

    id: UUID = Field(primary_key=True)
    name: str
    time_zone: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class UserAccount(Table, table=True):
    """A person, or a worker program, that acts on records."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "login"),
        UniqueConstraint("id", "clinic_id"),
        one_of("role", Role),
        at_most("login", 128),
        at_most("display_name", 200),
    )

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    login: str = Field(sa_type=ByteOrderedText)
    display_name: str
    role: str
    active: bool = True
    created_at: datetime = Field(sa_type=UtcDateTime)
