"""What a patient pays herself: entries of her account, and the superbill made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from rehabctl.domain.patient import PatientRef
from rehabctl.domain.payer import ClinicIdentity


class EntryKind(StrEnum):
    """What an entry of an account is."""

    CHARGE = "charge"
    PAYMENT = "payment"
    WRITE_OFF = "write_off"
    REFUND = "refund"
    REVERSAL = "reversal"
    """Takes back exactly one other entry."""


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """One entry: never changed, only taken back by another."""

    id: UUID
    patient: PatientRef
    kind: EntryKind
    entered_on: date
    """Day of the service, or of the payment."""
    amount_cents: int
    """What it adds to the balance: charges and refunds more, payments and write-offs less."""
    entry_key: str
    """Unique in the clinic: the same receipt is entered once."""
    group_id: UUID
    """Entries that were made together, such as the lines of a visit."""
    document: dict[str, Any] = field(default_factory=dict[str, Any])
    """Of a charge: code, units, modifiers, place, ICD-10 codes, provider, full fee, scale."""
    reverses_id: UUID | None = None
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SuperbillLine:
    """One service that the patient paid or owes. Codes only: descriptors belong to others."""

    service_on: date
    place_of_service: str
    diagnoses: tuple[str, ...]
    code: str
    modifiers: tuple[str, ...]
    units: int
    charge: Decimal
    provider: str
    provider_npi: str


@dataclass(frozen=True, slots=True)
class Superbill:
    """A statement that a patient hands to her own insurer."""

    clinic: ClinicIdentity
    patient: str
    birth_date: date
    address: str
    member_id: str
    first: date
    last: date
    lines: tuple[SuperbillLine, ...]
    charged: Decimal
    paid: Decimal
    """In that time."""
    balance: Decimal
    """Of the account, today."""
    made_at: datetime
