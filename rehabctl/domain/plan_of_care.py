"""Words of a plan of care, its certification, and what a payer authorised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import PatientRef


class CertificationKind(StrEnum):
    """By what a plan of care is certified."""

    COUNTERSIGNED = "countersigned"
    """The physician signed and dated the plan."""
    ORDER_ON_FILE = "order_on_file"
    """A signed and dated order is on file, and the plan was transmitted in time."""


@dataclass(frozen=True, slots=True)
class PlanOfCareRecord:
    """A plan of care: what is treated, for what, how much, how often, how long."""

    id: UUID
    patient: PatientRef
    episode_id: UUID
    diagnosis: str
    long_term_goals: tuple[str, ...]
    treatment_type: str
    amount: str
    frequency: str
    duration_weeks: int
    starts_on: date
    """First treatment, or the day from which a renewed plan holds."""
    ends_on: date
    is_initial: bool
    signed_by: UUID
    credentials: str
    signed_at: datetime
    transmitted_on: date | None = None
    transmitted_to: str | None = None
    transmission_proof: str | None = None
    """Reference of the fax, message or portal entry."""
    certified_on: date | None = None
    certification: CertificationKind | None = None
    certified_by: str | None = None


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What a payer authorised for a course of care."""

    id: UUID
    patient: PatientRef
    episode_id: UUID
    number: str
    payer: str
    starts_on: date
    expires_on: date
    visits: int | None = None
    units: int | None = None


@dataclass(frozen=True, slots=True)
class AuthorisationUse:
    """What is used and left of an authorisation; None: not limited."""

    authorisation: Authorisation
    visits_used: int
    visits_planned: int
    units_used: int
    visits_left: int | None
    """After what is used and what is planned."""
    units_left: int | None


@dataclass(frozen=True, slots=True)
class PlanFinding:
    """Something about a plan of care that waits to be done, or was not done in time."""

    code: str
    text: str
    due_on: date | None
    is_overdue: bool
