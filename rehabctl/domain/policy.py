"""Insurance policies under which a patient is covered: whose they are, and who pays first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import PatientRef


class Rank(StrEnum):
    """In which order payers are asked."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class Relationship(StrEnum):
    """What the patient is to the policy's holder."""

    SELF = "self"
    SPOUSE = "spouse"
    CHILD = "child"
    LIFE_PARTNER = "life-partner"
    OTHER = "other"

    @property
    def code(self) -> str:
        """Code of X12 (SBR02, PAT01, INS02)."""
        return _CODES[self]


_CODES = {
    Relationship.SELF: "18",
    Relationship.SPOUSE: "01",
    Relationship.CHILD: "19",
    Relationship.LIFE_PARTNER: "53",
    Relationship.OTHER: "G8",
}


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who holds the policy, where that is not the patient."""

    family_name: str
    given_name: str
    birth_date: date
    sex: str
    """F, M or U."""
    middle_name: str = ""
    address1: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy that covers a patient between two days."""

    id: UUID
    patient: PatientRef
    rank: Rank
    payer: str
    """The clinic's own name of the payer."""
    member_id: str
    relationship: Relationship
    valid_from: date
    valid_to: date | None = None
    """Last day; None while it goes on."""
    group_number: str = ""
    insurance_type: str = ""
    """Why Medicare is not the first payer (SBR05), such as 12."""
    subscriber: Subscriber | None = None

    def holds(self, on: date) -> bool:
        """Return whether it covers a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def meets(self, other: Policy) -> bool:
        """Return whether both cover some day at the same rank."""
        return (
            self.rank is other.rank
            and self.valid_from <= (other.valid_to or date.max)
            and other.valid_from <= (self.valid_to or date.max)
        )
