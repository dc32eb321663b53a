"""A patient: who she is, and the line that a roster holds about her."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class Sex(StrEnum):
    """Administrative sex, in the words of FHIR."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class Side(StrEnum):
    """The side of the body that is treated or measured."""

    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"


class PatientStatus(StrEnum):
    """Whether the patient is under care."""

    ACTIVE = "active"
    DISCHARGED = "discharged"


@dataclass(frozen=True, slots=True)
class PatientRef:
    """What every row about a patient carries: the patient, her clinic and her therapist."""

    id: UUID
    clinic_id: UUID
    therapist_id: UUID


@dataclass(frozen=True, slots=True)
class Demographics:
    """Who the patient is. `None` means not known."""

    mrn: str
    """Medical record number, unique in the clinic."""
    given_name: str
    family_name: str
    birth_date: date
    sex: Sex
    state: str
    """Home state, two letters."""
    middle_name: str | None = None
    phone: str | None = None
    email: str | None = None
    address1: str | None = None
    city: str | None = None
    postal_code: str | None = None
    time_zone: str | None = None
    """IANA name."""
    language: str | None = None
    """BCP 47 tag, such as `es` or `en-US`."""
    payer: str | None = None
    member_id: str | None = None
    """The patient's number with the payer."""

    @property
    def display_name(self) -> str:
        """Family name first, as worklists sort."""
        return f"{self.family_name}, {self.given_name}"


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient's record."""

    ref: PatientRef
    demographics: Demographics
    status: PatientStatus
    created_at: datetime
    updated_at: datetime

    @property
    def id(self) -> UUID:
        """The record's own identifier."""
        return self.ref.id

    @property
    def mrn(self) -> str:
        """The medical record number."""
        return self.demographics.mrn


@dataclass(frozen=True, slots=True)
class CareLine:
    """What a roster says about the care of one patient. `None` means not said."""

    diagnosis: str | None = None
    surgery_date: date | None = None
    side: Side | None = None
    precautions: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said."""
        return self == CareLine()


@dataclass(frozen=True, slots=True)
class PatientSummary:
    """One line of `patient list`: the patient with her active course of care."""

    ref: PatientRef
    demographics: Demographics
    status: PatientStatus
    therapist: str
    """Login of the therapist."""
    active_episode: UUID | None
    care: CareLine

    def as_contract(self) -> dict[str, object]:
        """Return the keys of the roster's columns, and `id`, `status` and `active_episode`."""
        who, care = self.demographics, self.care
        return {
            "mrn": who.mrn,
            "given_name": who.given_name,
            "family_name": who.family_name,
            "birth_date": who.birth_date,
            "sex": who.sex,
            "state": who.state,
            "middle_name": who.middle_name,
            "phone": who.phone,
            "email": who.email,
            "address1": who.address1,
            "city": who.city,
            "postal_code": who.postal_code,
            "time_zone": who.time_zone,
            "language": who.language,
            "payer": who.payer,
            "member_id": who.member_id,
            "therapist": self.therapist,
            "diagnosis": care.diagnosis,
            "surgery_date": care.surgery_date,
            "side": care.side,
            "precautions": care.precautions,
            "id": self.ref.id,
            "status": self.status,
            "active_episode": self.active_episode,
        }


@dataclass(frozen=True, slots=True)
class PatientPage:
    """A page of `patient list`, ordered by medical record number."""

    items: tuple[PatientSummary, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PatientNote:
    """A short note of a clinician."""

    id: UUID
    patient: PatientRef
    author_id: UUID
    body: str
    created_at: datetime
