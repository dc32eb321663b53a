"""Questions to a payer about a patient's cover and about a claim, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from rehabctl.domain.claim import Insured, Patient, Payer, Provider, Sex
from rehabctl.domain.patient import PatientRef


class CoverState(StrEnum):
    """What is known of a patient's cover on a day."""

    ASKED = "asked"
    ACTIVE = "active"
    INACTIVE = "inactive"
    UNCLEAR = "unclear"
    """The payer answered and did not say."""
    REFUSED = "refused"
    """The payer did not answer the question (AAA)."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """Who asks whom, and when: the envelope of a question."""

    sender_id: str
    receiver_id: str
    control_number: int
    created_at: datetime
    is_test: bool = True
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"


@dataclass(frozen=True, slots=True)
class EligibilityQuestion:
    """Is this person covered on that day, and for what."""

    payer: Payer
    provider: Provider
    insured: Insured
    on: date
    trace_number: str
    service_types: tuple[str, ...] = ("30",)
    """Service type codes: 30 the plan's cover, 98 office visits, PT physical therapy."""
    patient: Patient | None = None
    """None when the patient is the insured."""


@dataclass(frozen=True, slots=True)
class StatusQuestion:
    """What has become of a claim."""

    payer: Payer
    submitter_name: str
    submitter_id: str
    provider: Provider
    insured: Insured
    claim_number: str
    """Ours: the answer returns it."""
    charged: Decimal
    service_from: date
    service_to: date
    birth_date: date
    """Of the patient, like her sex."""
    sex: Sex
    payer_claim_id: str = ""
    patient: Patient | None = None
    """None when the patient is the insured."""


@dataclass(frozen=True, slots=True)
class Benefit:
    """One thing a payer says of a cover (EB)."""

    kind: str
    """`active`, `inactive`, `copayment`, `coinsurance`, `deductible`, `limit`, …"""
    service_types: tuple[str, ...]
    amount: Decimal | None = None
    percent: Decimal | None = None
    quantity: Decimal | None = None
    quantity_unit: str = ""
    """Such as `visits`."""
    period: str = ""
    """Such as `calendar_year` or `remaining`."""
    plan: str = ""
    insurance_type: str = ""
    in_network: bool | None = None
    authorization_required: bool | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EligibilityAnswer:
    """What a payer answers to one question."""

    trace_number: str
    position: int
    benefits: tuple[Benefit, ...] = ()
    rejections: tuple[str, ...] = ()
    """Codes of AAA03: why the question was not answered."""
    member_id: str = ""
    """As the payer has it: it may differ from what was asked."""
    dates: dict[str, str] = field(default_factory=dict[str, str])
    """Days of the cover, by their qualifier, as written."""

    @property
    def is_active(self) -> bool | None:
        """Whether the cover is active; None where the payer does not say."""
        kinds = {benefit.kind for benefit in self.benefits}
        if "active" in kinds:
            return True
        return False if "inactive" in kinds else None


@dataclass(frozen=True, slots=True)
class TherapyBenefits:
    """What the cover says of therapy; None where the payer says nothing."""

    plan: str
    copayment: Decimal | None
    coinsurance_percent: Decimal | None
    """Of the patient."""
    deductible: Decimal | None
    deductible_remaining: Decimal | None
    visits: Decimal | None
    visits_remaining: Decimal | None
    visits_period: str
    authorization_required: bool | None


@dataclass(frozen=True, slots=True)
class CoverageCheck:
    """One question about a patient's cover, with what was answered."""

    id: UUID
    patient: PatientRef
    payer: str
    service_on: date
    """The day that was asked about."""
    trace_number: str
    member_id: str
    """As it was asked."""
    service_types: tuple[str, ...]
    state: CoverState
    asked_at: datetime
    port: str | None = None
    answered_at: datetime | None = None
    answer: dict[str, Any] | None = None
    answer_sha256: str | None = None
