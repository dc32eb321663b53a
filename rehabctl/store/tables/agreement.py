"""Agreements with vendors, and switched-on integrations."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from rehabctl.store.column_types import ByteOrderedText, UtcDateTime
from rehabctl.store.tables.base import Table, at_most, same_clinic


class Agreement(Table, table=True):
    """A business associate agreement: added, never changed."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "vendor", "signed_on", "file_sha256"),
        same_clinic("recorded_by", "user_account"),
        at_most("vendor", 64),
        CheckConstraint("length(file_sha256) = 64", name="file_sha256"),
        CheckConstraint("expires_on >= signed_on", name="dates"),
    )

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    vendor: str = Field(sa_type=ByteOrderedText)
    signed_on: date
    expires_on: date
    file_sha256: str
    recorded_by: UUID
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class IntegrationSwitch(Table, table=True):
    """Whether an integration may be used."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "name"),
        same_clinic("changed_by", "user_account"),
        at_most("name", 64),
    )

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    name: str = Field(sa_type=ByteOrderedText)
    enabled: bool
    changed_by: UUID
    changed_at: datetime = Field(sa_type=UtcDateTime)
