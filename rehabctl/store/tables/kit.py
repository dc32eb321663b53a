"""Sensor kits: contents, log and assignments."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from rehabctl.domain.kit import KitEventKind, KitItemStatus, KitStatus
from rehabctl.store.column_types import ByteOrderedText, UtcDateTime
from rehabctl.store.tables.base import (
    PatientOwned,
    Table,
    at_most,
    between,
    one_of,
    patient_owned,
    same_clinic,
)


class Kit(Table, table=True):
    """One case of sensors."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "name"),
        UniqueConstraint("id", "clinic_id"),
        one_of("status", KitStatus),
        at_most("name", 64),
    )

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    name: str = Field(sa_type=ByteOrderedText)
    status: str
    status_at: datetime = Field(sa_type=UtcDateTime)
    revision: int
    created_at: datetime = Field(sa_type=UtcDateTime)


class KitItem(Table, table=True):
    """One sensor or accessory; its serial number is in one kit only."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "serial"),
        same_clinic("kit_id", "kit"),
        one_of("status", KitItemStatus),
        between("battery_percent", 0, 100),
        at_most("serial", 64),
        at_most("model", 100),
        at_most("firmware", 64),
        at_most("segment", 32),
        Index(None, "kit_id"),
    )

    id: UUID = Field(primary_key=True)
    kit_id: UUID
    clinic_id: UUID
    serial: str = Field(sa_type=ByteOrderedText)
    model: str
    firmware: str
    segment: str
    is_sensor: bool
    status: str
    battery_percent: int | None = None
    battery_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


class KitEvent(Table, table=True):
    """The log of a kit: cleaning, shipping, loss and damage. Added to, never changed."""

    __table_args__ = (
        same_clinic("kit_id", "kit"),
        one_of("kind", KitEventKind),
        at_most("serial", 64),
        at_most("comment", 300),
        Index(None, "kit_id", "at"),
    )

    id: UUID = Field(primary_key=True)
    kit_id: UUID
    clinic_id: UUID
    kind: str
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    serial: str
    comment: str


class KitAssignment(PatientOwned, table=True):
    """Which patient has a kit; one at a time."""

    __table_args__ = patient_owned(
        same_clinic("kit_id", "kit"),
        Index(
            "uq_kit_assignment_open",
            "kit_id",
            unique=True,
            sqlite_where=text("returned_at IS NULL"),
            postgresql_where=text("returned_at IS NULL"),
        ),
        Index(None, "patient_id"),
        identity=False,
    )

    kit_id: UUID
    assigned_at: datetime = Field(sa_type=UtcDateTime)
    due_back_on: date | None = None
    returned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
