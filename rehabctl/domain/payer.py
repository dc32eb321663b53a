"""What a clinic knows for billing: itself, its providers, its payers' rules and its dated fees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from rehabctl.domain.claim_port import PortSettings
from rehabctl.domain.visit import Channel


class ModifierPlace(StrEnum):
    """What a modifier says; payers differ in the order."""

    DISCIPLINE = "discipline"
    ASSISTANT = "assistant"
    KX = "kx"
    SEPARATE = "separate"
    TELEHEALTH = "telehealth"


@dataclass(frozen=True, slots=True)
class TelehealthRule:
    """Place of service and modifier of one channel."""

    place_of_service: str
    modifier: str = ""


@dataclass(frozen=True, slots=True)
class PayerRules:
    """Rules of one payer over one stretch of time."""

    key: str
    """The clinic's own short name, such as `medicare`."""
    name: str
    identifier: str
    """The clearinghouse's or payer's own identifier (EDI id)."""
    filing_code: str
    """SBR09, such as MB or CI."""
    unit_rule: str
    """`cms` or `ama`."""
    valid_from: date
    valid_to: date
    timely_filing_days: int
    source: str
    telehealth: Mapping[Channel, TelehealthRule]
    """By channel; a channel that is not here is not paid."""
    in_person_place: str = "11"
    in_person_first: bool = False
    """Whether a course of care needs a visit in person before one at a distance."""
    therapy_modifiers: bool = True
    assistants: bool = True
    kx: bool = False
    separate_modifier: str = "59"
    modifier_order: tuple[ModifierPlace, ...] = tuple(ModifierPlace)
    port: str = ""
    """The connection over which its claims go; empty is any."""


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """Who a user is on a claim."""

    login: str
    npi: str
    family_name: str
    given_name: str
    taxonomy: str
    discipline: str
    """GP, GO or GN."""
    is_assistant: bool = False


@dataclass(frozen=True, slots=True)
class ClinicIdentity:
    """Who the clinic is on a claim, and how it sends files."""

    name: str
    npi: str
    tax_id: str
    taxonomy: str
    line1: str
    city: str
    state: str
    postal_code: str
    contact_name: str
    contact_phone: str
    sender_id: str
    receiver_id: str
    receiver_name: str


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Charges and allowed amounts of one payer from a day on, in cents a unit."""

    payer: str
    valid_from: date
    charge_cents: Mapping[str, int]
    allowed_cents: Mapping[str, int]


SELF_PAY = "09"
"""Filing code (SBR09) of who pays for herself: fees are dated like a payer's, no claim is made."""


@dataclass(frozen=True, slots=True)
class ScaleRow:
    """A row of the sliding scale from a day on: which part of the full fee is asked for."""

    name: str
    valid_from: date
    percent: int
    source: str


@dataclass(frozen=True, slots=True)
class BillingFile:
    """What one imported file says."""

    clinic: ClinicIdentity | None
    providers: tuple[ProviderIdentity, ...]
    payers: tuple[PayerRules, ...]
    fees: tuple[FeeSchedule, ...]
    ports: tuple[PortSettings, ...] = ()
    scale: tuple[ScaleRow, ...] = ()


def dollars(cents: int) -> Decimal:
    """Return an amount as claims carry it."""
    return Decimal(cents).scaleb(-2)
