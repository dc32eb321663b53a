"""What is written about a course of care: plans of care, authorisations and notes."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from rehabctl.domain.note import NoteKind, NoteStatus
from rehabctl.domain.plan_of_care import CertificationKind
from rehabctl.store.column_types import Document, UtcDateTime
from rehabctl.store.tables.base import (
    PatientOwned,
    one_of,
    patient_owned,
    same_clinic,
    same_patient,
)


class PlanOfCare(PatientOwned, table=True):
    """A plan of care with its certification."""

    __table_args__ = patient_owned(
        same_patient("episode_id", "episode"),
        same_clinic("signed_by", "user_account"),
        one_of("certification", CertificationKind),
        CheckConstraint("ends_on >= starts_on", name="order"),
        CheckConstraint("duration_weeks > 0", name="duration_weeks"),
        Index(None, "patient_id", "starts_on"),
    )

    episode_id: UUID
    diagnosis: str
    long_term_goals: list[str] = Field(sa_type=Document)
    treatment_type: str
    amount: str
    frequency: str
    duration_weeks: int
    starts_on: date
    ends_on: date
    is_initial: bool
    signed_by: UUID
    credentials: str
    signed_at: datetime = Field(sa_type=UtcDateTime)
    transmitted_on: date | None = None
    transmitted_to: str | None = None
    transmission_proof: str | None = None
    certified_on: date | None = None
    certification: str | None = None
    certified_by: str | None = None


class Authorisation(PatientOwned, table=True):
    """What a payer authorised."""

    __table_args__ = patient_owned(
        same_patient("episode_id", "episode"),
        UniqueConstraint("episode_id", "number"),
        CheckConstraint("expires_on >= starts_on", name="order"),
        CheckConstraint("visits >= 0", name="visits"),
        CheckConstraint("units >= 0", name="units"),
        Index(None, "patient_id"),
    )

    episode_id: UUID
    number: str
    payer: str
    starts_on: date
    expires_on: date
    visits: int | None = None
    units: int | None = None


class ClinicalNote(PatientOwned, table=True):
    """A note: a draft until it is signed, and never changed afterwards."""

    __table_args__ = patient_owned(
        same_patient("episode_id", "episode"),
        same_patient("visit_id", "visit"),
        same_patient("addendum_to", "clinical_note"),
        same_clinic("author_id", "user_account"),
        same_clinic("signed_by", "user_account"),
        one_of("kind", NoteKind),
        one_of("status", NoteStatus),
        CheckConstraint(
            "status = 'draft' OR (signed_at IS NOT NULL AND signed_by IS NOT NULL "
            "AND content_sha256 IS NOT NULL)",
            name="signature",
        ),
        Index(None, "patient_id", "for_day"),
    )

    kind: str
    status: str
    body: str
    opened_at: datetime = Field(sa_type=UtcDateTime)
    author_id: UUID
    for_day: date
    episode_id: UUID | None = None
    visit_id: UUID | None = None
    addendum_to: UUID | None = None
    template: str
    signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    signed_by: UUID | None = None
    signer_name: str | None = None
    credentials: str | None = None
    content_sha256: str | None = None
    revision: int
