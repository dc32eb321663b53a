"""What is billed and why: monitoring time, attestations, and periods that were claimed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from rehabctl.domain.monitoring import PeriodKind
from rehabctl.store.column_types import ByteOrderedText, Document, UtcDateTime
from rehabctl.store.tables.base import (
    PatientOwned,
    Table,
    at_most,
    between,
    one_of,
    patient_owned,
    same_clinic,
)


class MonitoringMinutes(PatientOwned, table=True):
    """Time that a clinician spent with the monitoring data of one patient."""

    __table_args__ = patient_owned(
        same_clinic("provider_id", "user_account"),
        UniqueConstraint("patient_id", "provider_id", "started_at"),
        between("minutes", 1, 240),
        Index(None, "patient_id", "started_at"),
        identity=False,
    )

    provider_id: UUID
    started_at: datetime = Field(sa_type=UtcDateTime)
    minutes: int
    live_contact: bool


class DeviceAttestation(Table, table=True):
    """A named person's statement on the regulatory basis of a monitoring device."""

    __table_args__ = (
        UniqueConstraint(
            "clinic_id",
            "device",
            "device_version",
            "valid_from",
            name="uq_device_attestation_device",
        ),
        same_clinic("recorded_by", "user_account"),
        at_most("device", 200),
        at_most("basis", 500),
        at_most("attested_by", 200),
    )

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    device: str
    device_version: str
    system: str
    basis: str
    attested_by: str
    valid_from: date
    recorded_by: UUID
    created_at: datetime = Field(sa_type=UtcDateTime)


class MonitoringClaim(PatientOwned, table=True):
    """Evidence as it stood when a window, a month or a set-up was claimed: once, unchanged."""

    __table_args__ = patient_owned(
        same_clinic("claimed_by", "user_account"),
        UniqueConstraint("patient_id", "kind", "period"),
        one_of("kind", PeriodKind),
        Index(None, "patient_id", "service_on"),
    )

    kind: str
    period: str
    service_on: date
    lines: list[list[Any]] = Field(sa_type=Document)
    evidence: dict[str, Any] = Field(sa_type=Document)
    evidence_sha256: str
    claimed_at: datetime = Field(sa_type=UtcDateTime)
    claimed_by: UUID


class BillingSlot(PatientOwned, table=True):
    """Something that is billed once: a day of a window, a minute, a month, a service of a day."""

    __table_args__ = patient_owned(
        UniqueConstraint("clinic_id", "slot"),
        CheckConstraint("length(slot) > 0", name="slot"),
        Index(None, "owner_id"),
        Index(None, "patient_id"),
        identity=False,
    )

    owner_id: UUID
    """The frozen evidence or the claim that holds it."""
    slot: str = Field(sa_type=ByteOrderedText)
