"""A professional claim: who is billed for what, done by whom, and why.

Money is `Decimal` dollars. Texts are plain; the writer of a format decides which characters it can
carry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class Frequency(StrEnum):
    """What a claim does to an earlier one (CLM05-3)."""

    ORIGINAL = "1"
    REPLACEMENT = "7"
    VOID = "8"


class Responsibility(StrEnum):
    """In which order payers are asked."""

    PRIMARY = "P"
    SECONDARY = "S"
    TERTIARY = "T"


class Sex(StrEnum):
    """Administrative sex on a claim."""

    FEMALE = "F"
    MALE = "M"
    UNKNOWN = "U"


@dataclass(frozen=True, slots=True)
class Address:
    """A street address in the United States."""

    line1: str
    city: str
    state: str
    postal_code: str
    """Nine digits for the clinic, five or nine for others, no hyphen."""
    line2: str = ""


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name in parts."""

    family: str
    given: str = ""
    middle: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """A person or an organisation with a National Provider Identifier."""

    npi: str
    organization: str = ""
    person: PersonName | None = None
    taxonomy: str = ""
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class BillingProvider:
    """The clinic that is paid."""

    provider: Provider
    tax_id: str
    """Nine digits."""
    is_social_security_number: bool = False
    pay_to: Address | None = None
    """Where payments go, if elsewhere; a post office box may stand here only."""


@dataclass(frozen=True, slots=True)
class Payer:
    """Who is asked to pay."""

    name: str
    identifier: str
    """The clearinghouse's or payer's own identifier."""
    filing_code: str
    """Claim filing indicator (SBR09), such as MB or CI."""


@dataclass(frozen=True, slots=True)
class Insured:
    """The person whose policy it is."""

    name: PersonName
    member_id: str
    birth_date: date | None = None
    sex: Sex | None = None
    address: Address | None = None
    group_number: str = ""
    group_name: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient who is insured through somebody else."""

    relationship: str
    """Code of the relationship to the insured (PAT01), such as 01 or 19."""
    name: PersonName
    birth_date: date
    sex: Sex
    address: Address


@dataclass(frozen=True, slots=True)
class ClaimAdjustment:
    """Why another payer paid less than was charged."""

    group: str
    reason: str
    amount: Decimal
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LineAdjudication:
    """What another payer did with one line."""

    payer_identifier: str
    paid: Decimal
    units: Decimal
    on: date
    adjustments: tuple[ClaimAdjustment, ...] = ()
    remaining: Decimal | None = None
    """What it left to the patient (AMT*EAF)."""


@dataclass(frozen=True, slots=True)
class OtherPayer:
    """Another payer's part in a claim (coordination of benefits)."""

    payer: Payer
    responsibility: Responsibility
    relationship: str
    """Of the patient to that policy's holder; 18 is the patient."""
    insured: Insured
    insurance_type: str = ""
    """SBR05, required when Medicare is not the first payer."""
    paid: Decimal | None = None
    paid_on: date | None = None
    adjustments: tuple[ClaimAdjustment, ...] = ()
    remaining: Decimal | None = None
    """What it left to the patient (AMT*EAF), where it decided on the claim as a whole."""
    outpatient: tuple[str, ...] = ()
    """Elements of its MOA, as it wrote them."""


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One service on one day, or on a range of days."""

    code: str
    charge: Decimal
    units: Decimal
    pointers: tuple[int, ...]
    """1-based numbers of diagnosis codes of the claim, the most important first; at most four."""
    service_from: date
    reference: str
    """Our own number of the line, unique in the claim (REF 6R)."""
    modifiers: tuple[str, ...] = ()
    service_to: date | None = None
    place_of_service: str = ""
    """Only where it differs from the claim's."""
    note: str = ""
    rendering: Provider | None = None
    """Only where it differs from the claim's."""
    adjudications: tuple[LineAdjudication, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What is sent for one patient to one payer."""

    control_number: str
    """Our number of the claim: at most 20 upper-case letters and digits."""
    payer: Payer
    insured: Insured
    diagnoses: tuple[str, ...]
    """ICD-10-CM, with or without the point; at most twelve, the principal one first."""
    lines: tuple[ClaimLine, ...]
    place_of_service: str
    patient: Patient | None = None
    """None when the patient is the insured."""
    responsibility: Responsibility = Responsibility.PRIMARY
    insurance_type: str = ""
    frequency: Frequency = Frequency.ORIGINAL
    original_reference: str = ""
    """The payer's number of the claim that is replaced or voided."""
    accepts_assignment: str = "A"
    """CLM07: A assigned, B assigned for laboratory services only, C not assigned."""
    benefits_assigned: str = "Y"
    """CLM08: Y, N, or W when the patient refuses."""
    release_of_information: str = "Y"
    """CLM09: Y with a signed release, I with informed consent under a statute."""
    related_causes: tuple[str, ...] = ()
    """CLM11: AA automobile, EM employment, OA other accident."""
    accident_state: str = ""
    accident_on: date | None = None
    onset_on: date | None = None
    first_treatment_on: date | None = None
    last_seen_on: date | None = None
    patient_paid: Decimal | None = None
    prior_authorization: str = ""
    referral_number: str = ""
    trace_number: str = ""
    """The clearinghouse's number (REF D9)."""
    note: str = ""
    referring: Provider | None = None
    rendering: Provider | None = None
    facility: Provider | None = None
    """Only where it differs from the billing provider."""
    supervising: Provider | None = None
    other_payers: tuple[OtherPayer, ...] = field(default_factory=tuple)

    @property
    def total(self) -> Decimal:
        """Sum of the lines."""
        return sum((line.charge for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class Batch:
    """One file of claims: who sends it to whom."""

    sender_id: str
    receiver_id: str
    submitter_name: str
    submitter_id: str
    contact_name: str
    contact_phone: str
    receiver_name: str
    billing: BillingProvider
    control_number: int
    """Of the interchange and group: rises for each file between a sender and a receiver."""
    created_at: datetime
    is_test: bool = True
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"
    contact_email: str = ""
