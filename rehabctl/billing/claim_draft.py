"""What a claim is drafted from, and the draft: its lines with facts and rules, and findings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from rehabctl.billing.kx import AllowedAmount
from rehabctl.billing.situations import Situation
from rehabctl.billing.units import Tie
from rehabctl.domain.visit import Channel, VisitKind


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What was done under one code."""

    code: str
    therapist_minutes: int
    assistant_minutes: int
    channel: Channel
    spans: tuple[tuple[datetime, datetime], ...] = ()
    """Start and end of its blocks; empty when only minutes are known."""

    @property
    def minutes(self) -> int:
        """All minutes of the code."""
        return self.therapist_minutes + self.assistant_minutes


@dataclass(frozen=True, slots=True)
class Attestation:
    """A named person states something that only a person can."""

    what: str
    """`KX`, `separate` for distinct services of a pair, or a condition of a code."""
    by: str
    code: str = ""
    """Only for this code; empty is every code of the visit."""


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """What claim lines are made of."""

    service_on: date
    """Local day of the visit."""
    kind: VisitKind
    services: tuple[ServiceFacts, ...]
    discipline: str
    earlier_in_person: bool
    """Whether a visit in person came before in this course of care."""
    earlier_allowed: tuple[AllowedAmount, ...] = ()
    """Of this patient in the year, before this visit."""
    attestations: tuple[Attestation, ...] = ()
    situation: Situation | None = None
    """What is known around the visit; None: conditions of its codes are not looked at."""


@dataclass(frozen=True, slots=True)
class DraftFinding:
    """Something that stands against the claim, or that a person should see."""

    rule: str
    severity: str
    code: str | None
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One claim line with its explanation."""

    code: str
    units: int
    modifiers: tuple[str, ...]
    place_of_service: str
    charge_cents: int
    allowed_cents: int | None
    minutes: int
    facts: tuple[str, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """Lines of one visit."""

    lines: tuple[DraftLine, ...]
    findings: tuple[DraftFinding, ...]
    ties: tuple[Tie, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing stands against it."""
        return bool(self.lines) and not any(one.severity == "error" for one in self.findings)


def draft_error(rule: str, code: str | None, message: str, fix: str) -> DraftFinding:
    """Return a finding that stands against the claim."""
    return DraftFinding(rule, "error", code, message, fix)
