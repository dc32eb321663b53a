"""What is billed and why: monitoring time, attestations, and periods that were claimed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from rehabctl.domain.claim import Frequency
from rehabctl.domain.claim_record import ClaimState, FileState, SettingKind
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
    same_patient,
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


class BillingSetting(Table, table=True):
    """What the clinic imported for billing: itself, providers, payers' dated rules and fees."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "kind", "key", "valid_from"),
        one_of("kind", SettingKind),
    )

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    kind: str
    key: str
    valid_from: date
    document: dict[str, Any] = Field(sa_type=Document)
    created_at: datetime = Field(sa_type=UtcDateTime)


class Claim(PatientOwned, table=True):
    """One claim and where it stands."""

    __table_args__ = patient_owned(
        same_patient("replaces_id", "claim"),
        UniqueConstraint("clinic_id", "control_number"),
        UniqueConstraint("replaces_id"),
        one_of("state", ClaimState),
        one_of("frequency", Frequency),
        CheckConstraint("total_cents >= 0", name="total_cents"),
        Index(None, "clinic_id", "state"),
        Index(None, "patient_id", "service_on"),
    )

    control_number: str
    payer: str
    state: str
    source: str
    service_on: date
    total_cents: int
    frequency: str
    replaces_id: UUID | None = None
    payer_reference: str | None = None
    file_id: UUID | None = None
    document: dict[str, Any] = Field(sa_type=Document)
    document_sha256: str


class ClaimEvent(PatientOwned, table=True):
    """What happened to a claim, and why. Events are added only."""

    __table_args__ = patient_owned(
        same_patient("claim_id", "claim"),
        one_of("state", ClaimState),
        Index(None, "claim_id", "at"),
        Index(None, "patient_id"),
        identity=False,
    )

    claim_id: UUID
    at: datetime = Field(sa_type=UtcDateTime)
    state: str
    cause: str
    codes: list[str] = Field(sa_type=Document)


class ClaimFile(Table, table=True):
    """A file that was sent or received; its bytes lie in the blob store and never change."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "direction", "sha256"),
        UniqueConstraint("clinic_id", "control_number"),
        one_of("direction", ("in", "out")),
        one_of("state", FileState),
        Index(None, "clinic_id", "state"),
    )

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    direction: str
    state: str
    name: str
    sha256: str
    control_number: int | None = None
    port: str | None = None
    remote_id: str | None = None
    tried_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


class ClaimPosting(PatientOwned, table=True):
    """What a payer did with a claim: posted once for each payment and place in it."""

    __table_args__ = patient_owned(
        same_patient("claim_id", "claim"),
        UniqueConstraint("claim_id", "payer_id", "trace_number", "sequence"),
        Index(None, "patient_id"),
        identity=False,
    )

    claim_id: UUID
    payer_id: str
    trace_number: str
    sequence: int
    status: str
    charged_cents: int
    paid_cents: int
    patient_cents: int
    adjustments: list[str] = Field(sa_type=Document)
    decision: dict[str, Any] | None = Field(default=None, sa_type=Document)
    posted_at: datetime = Field(sa_type=UtcDateTime)
