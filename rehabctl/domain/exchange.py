"""What is told to other systems about one patient, before it takes the form of any standard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rehabctl.domain.claim import Claim
from rehabctl.domain.clinic import User
from rehabctl.domain.consent import Consent
from rehabctl.domain.episode import Episode, Referral
from rehabctl.domain.note import ClinicalNote
from rehabctl.domain.patient import PatientNote, PatientSummary
from rehabctl.domain.programme import Programme
from rehabctl.domain.prom import PromResponse
from rehabctl.domain.visit import Visit

LOINC = "http://loinc.org"
OWN_CODES = "urn:rehabctl:measure"
"""System of measures for which no standard code is confirmed."""


@dataclass(frozen=True, slots=True)
class MeasureCode:
    """The code by which a measure is told."""

    system: str
    code: str
    text: str
    """In our own words."""
    unit: str
    """UCUM."""
    unit_text: str


@dataclass(frozen=True, slots=True)
class CodedObservation:
    """One measured or reported value."""

    id: str
    """The same at every export."""
    code: MeasureCode
    value: float
    at: datetime
    category: str
    """`exam`, `survey`, `activity` or `therapy`: a code of FHIR's observation categories."""
    method: str | None = None
    """What measured it, such as a model and its version."""
    uncertainty: float | None = None
    """Half-width of the 90 % interval, in the value's unit."""


@dataclass(frozen=True, slots=True)
class ExchangeRecord:
    """Everything that is told about one patient."""

    patient: PatientSummary
    episodes: tuple[Episode, ...]
    referrals: tuple[Referral, ...]
    programmes: tuple[Programme, ...]
    observations: tuple[CodedObservation, ...]
    """By time."""
    responses: tuple[PromResponse, ...]
    consents: tuple[Consent, ...]
    notes: tuple[PatientNote, ...]
    """Oldest first."""
    visits: tuple[Visit, ...] = ()
    """By planned start."""
    people: tuple[User, ...] = ()
    """Of the clinic, whom visits and notes name."""
    signed_notes: tuple[ClinicalNote, ...] = ()
    claims: tuple[Claim, ...] = ()
    """Those that stand; none where who acts may not see them."""
