"""Words of licensure: what a provider holds, and what a check of one visit says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class Profession(StrEnum):
    """What a provider is licensed as."""

    PT = "pt"
    PTA = "pta"
    """Assistant: works under the supervision of a physical therapist."""


class LicenceKind(StrEnum):
    """What was granted."""

    LICENCE = "licence"
    """By the state's own board."""
    PRIVILEGE = "privilege"
    """Compact privilege for one remote state, bought on top of a home licence."""


class LicenceStatus(StrEnum):
    """State of a licence or privilege as the issuer reports it."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DISCIPLINED = "disciplined"
    """Suspended, revoked or restricted."""


@dataclass(frozen=True, slots=True)
class ProviderLicence:
    """A licence or compact privilege of one provider for one state."""

    id: UUID
    user_id: UUID
    profession: Profession
    kind: LicenceKind
    state: str
    """Two letters."""
    number: str
    issued_on: date
    expires_on: date
    """Last day."""
    status: LicenceStatus = LicenceStatus.ACTIVE
    is_home: bool = False
    """Whether it is the licence of the provider's home state, on which privileges rest."""
    checked_on: date | None = None
    """When somebody last looked it up at the issuer."""
    source: str = ""
    """Where it was looked up."""

    def held_on(self, day: date) -> bool:
        """Return whether it is active and runs on a day."""
        active = self.status is LicenceStatus.ACTIVE
        return active and self.issued_on <= day <= self.expires_on


class CompactStatus(StrEnum):
    """How far a state has come with the compact."""

    ISSUING = "issuing"
    MEMBER = "member"
    UNVERIFIED = "unverified"
    """Named somewhere, not read in a list."""
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class CompactState:
    """One dated row of the membership list."""

    state: str
    status: CompactStatus
    effective_from: date
    checked_on: date
    source: str
    grade: str
    origin: str = "rehabctl"
    """`rehabctl`, or the name of the clinic's own file."""

    @property
    def version(self) -> str:
        """Name of exactly this row."""
        owner = "" if self.origin == "rehabctl" else f"+{self.origin}"
        return f"COMPACT_{self.state}@{self.effective_from.isoformat()}{owner}"


class Verdict(StrEnum):
    """What a check says."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    """Blocked until a person who is named says otherwise."""


@dataclass(frozen=True, slots=True)
class LicenceReason:
    """One reason with its code."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class LicenceCheck:
    """Whether one provider may treat a patient in one state on one day, and why."""

    verdict: Verdict
    reasons: tuple[LicenceReason, ...]
    """Why not; empty when allowed."""
    basis: tuple[str, ...] = ()
    """What it rests on: licences, privileges and membership rows."""
    warnings: tuple[LicenceReason, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the reasons."""
        return tuple(reason.code for reason in self.reasons)
