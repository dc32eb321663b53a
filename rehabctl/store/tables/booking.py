"""What bookings rest on: licences, working hours, absences, suitability and the waitlist."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from rehabctl.domain.licence import LicenceKind, LicenceStatus, Profession
from rehabctl.domain.schedule import WaitStatus
from rehabctl.domain.suitability import Suitability
from rehabctl.store.column_types import Document, UtcDateTime
from rehabctl.store.tables.base import (
    PatientOwned,
    Table,
    at_most,
    between,
    one_of,
    patient_owned,
    same_clinic,
    same_patient,
)


class ProviderLicence(Table, table=True):
    """A licence or compact privilege of a provider."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "user_id", "profession", "kind", "state"),
        same_clinic("user_id", "user_account"),
        one_of("profession", Profession),
        one_of("kind", LicenceKind),
        one_of("status", LicenceStatus),
        CheckConstraint("expires_on >= issued_on", name="order"),
        at_most("state", 2),
        at_most("number", 100),
        at_most("source", 200),
    )

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    user_id: UUID
    profession: str
    kind: str
    state: str
    number: str
    issued_on: date
    expires_on: date
    status: str
    is_home: bool
    checked_on: date | None = None
    source: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class WorkingHours(Table, table=True):
    """When a provider can be booked on one weekday, local time."""

    __table_args__ = (
        same_clinic("user_id", "user_account"),
        between("weekday", 1, 7),
        CheckConstraint("until_minute > from_minute", name="order"),
        between("from_minute", 0, 1440),
        between("until_minute", 0, 1440),
        Index(None, "user_id", "weekday"),
    )

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    user_id: UUID
    weekday: int
    from_minute: int
    """Since local midnight."""
    until_minute: int
    time_zone: str
    valid_from: date
    valid_until: date | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class Absence(Table, table=True):
    """A stretch of time in which a provider cannot be booked."""

    __table_args__ = (
        same_clinic("user_id", "user_account"),
        CheckConstraint("until_at > from_at", name="order"),
        at_most("reason", 200),
        Index(None, "user_id", "from_at"),
    )

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    user_id: UUID
    from_at: datetime = Field(sa_type=UtcDateTime)
    until_at: datetime = Field(sa_type=UtcDateTime)
    reason: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class WaitlistEntry(PatientOwned, table=True):
    """A wish for an appointment."""

    __table_args__ = patient_owned(
        one_of("status", WaitStatus),
        CheckConstraint("latest_on >= earliest_on", name="order"),
        Index(None, "patient_id"),
        Index(None, "clinic_id", "status"),
    )

    appointment_type: str
    added_at: datetime = Field(sa_type=UtcDateTime)
    earliest_on: date | None = None
    latest_on: date | None = None
    status: str


class SuitabilityIntake(PatientOwned, table=True):
    """An intake that says how the visits of a course of care can be held."""

    __table_args__ = patient_owned(
        same_patient("episode_id", "episode"),
        same_clinic("assessed_by", "user_account"),
        one_of("device", ("video", "phone", "none")),
        one_of("first_visit", Suitability),
        one_of("later_visits", Suitability),
        CheckConstraint("falls_12_months >= 0", name="falls_12_months"),
        Index(None, "episode_id", "assessed_at"),
        Index(None, "patient_id"),
    )

    episode_id: UUID
    assessed_at: datetime = Field(sa_type=UtcDateTime)
    assessed_by: UUID
    falls_12_months: int
    device: str
    has_caregiver: bool
    condition: str | None = None
    weeks_post_op: int | None = None
    payer: str | None = None
    first_visit: str
    later_visits: str
    reasons: list[dict[str, Any]] = Field(sa_type=Document)
    rules_version: str


class ProviderSlot(Table, table=True):
    """Five minutes of a provider that an appointment takes, with the buffer after it.

    The key keeps two appointments of a provider apart whoever books them: visits of patients of
    another caseload are hidden by row-level security, these rows are not.
    """

    __table_args__ = (
        same_clinic("provider_id", "user_account"),
        Index(None, "appointment_id"),
    )

    provider_id: UUID = Field(primary_key=True)
    slot_at: datetime = Field(sa_type=UtcDateTime, primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    appointment_id: UUID
