"""Patients, the people around them, what they allow and what restricts them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.episode import FlagKind
from rehabctl.domain.patient import PatientStatus, Sex
from rehabctl.store.column_types import ByteOrderedText, Document, UtcDateTime
from rehabctl.store.tables.base import (
    PatientOwned,
    Table,
    at_most,
    one_of,
    patient_owned,
    same_clinic,
    same_patient,
)


class Patient(Table, table=True):
    """A patient. Every other row about her refers to (id, clinic_id, therapist_id)."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "mrn"),
        UniqueConstraint("id", "clinic_id"),
        UniqueConstraint("id", "clinic_id", "therapist_id"),
        same_clinic("therapist_id", "user_account"),
        one_of("sex", Sex),
        one_of("status", PatientStatus),
        at_most("mrn", 64),
        at_most("given_name", 100),
        at_most("family_name", 100),
        Index(None, "therapist_id", "mrn"),
    )

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    therapist_id: UUID
    mrn: str = Field(sa_type=ByteOrderedText)
    given_name: str
    middle_name: str | None = None
    family_name: str
    birth_date: date
    sex: str
    state: str
    phone: str | None = None
    email: str | None = None
    address1: str | None = None
    city: str | None = None
    postal_code: str | None = None
    time_zone: str | None = None
    language: str | None = None
    payer: str | None = None
    member_id: str | None = None
    status: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Contact(PatientOwned, table=True):
    """A caregiver or proxy, with what she may receive or do."""

    __table_args__ = patient_owned(at_most("name", 200), Index(None, "patient_id"))

    name: str
    relationship: str
    phone: str | None = None
    email: str | None = None
    is_proxy: bool = False
    """Whether she may consent and act for the patient."""
    scopes: list[str] = Field(sa_type=Document)
    """Words of `ContactScope`."""
    valid_from: date
    valid_until: date | None = None


class Consent(PatientOwned, table=True):
    """One consent. At most one per patient and scope is not revoked."""

    __table_args__ = patient_owned(
        same_patient("given_by_contact_id", "contact"),
        same_clinic("recorded_by", "user_account"),
        one_of("scope", ConsentScope),
        Index(
            "uq_consent_active",
            "patient_id",
            "scope",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    scope: str
    granted_at: datetime = Field(sa_type=UtcDateTime)
    recorded_by: UUID
    given_by_contact_id: UUID | None = None
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PatientFlag(PatientOwned, table=True):
    """A precaution, contraindication or red flag."""

    __table_args__ = patient_owned(
        same_patient("episode_id", "episode"),
        one_of("kind", FlagKind),
        Index(None, "patient_id", "cleared_at"),
    )

    kind: str
    tag: str
    since: datetime = Field(sa_type=UtcDateTime)
    episode_id: UUID | None = None
    note: str | None = None
    cleared_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PatientNote(PatientOwned, table=True):
    """A short note of a clinician on a patient."""

    __table_args__ = patient_owned(
        same_clinic("author_id", "user_account"), Index(None, "patient_id", "created_at")
    )

    author_id: UUID
    body: str


class LegalHold(PatientOwned, table=True):
    """An order to destroy nothing about a patient. At most one per patient is not released."""

    __table_args__ = patient_owned(
        same_clinic("placed_by", "user_account"),
        same_clinic("released_by", "user_account"),
        at_most("reason", 200),
        Index(
            "uq_legal_hold_active",
            "patient_id",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
        identity=False,
    )

    reason: str
    placed_by: UUID
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    released_by: UUID | None = None
