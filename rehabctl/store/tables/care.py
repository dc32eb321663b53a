"""Courses of care, goals, referrals and visits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from rehabctl.domain.episode import EpisodeStatus, GoalStatus, GoalTerm
from rehabctl.domain.patient import Side
from rehabctl.domain.visit import Channel, ParticipantRole, VisitKind, VisitStatus
from rehabctl.store.column_types import Document, UtcDateTime
from rehabctl.store.tables.base import (
    PatientOwned,
    one_of,
    patient_owned,
    same_clinic,
    same_patient,
)


class Episode(PatientOwned, table=True):
    """One course of care."""

    __table_args__ = patient_owned(
        one_of("status", EpisodeStatus),
        one_of("side", Side),
        Index(None, "patient_id", "started_on"),
    )

    diagnosis: str | None = None
    icd10: str | None = None
    condition: str | None = None
    """Key of the recovery curves and surgical rules, such as `TKR`."""
    surgery: str | None = None
    surgery_date: date | None = None
    side: str | None = None
    surgeon: str | None = None
    precautions: list[str] = Field(sa_type=Document)
    status: str
    started_on: date
    ended_on: date | None = None
    pathway: str | None = None
    """Which questionnaires are asked for, such as `knee-replacement`."""
    plan_ends_on: date | None = None
    progress_report_on: date | None = None


class Goal(PatientOwned, table=True):
    """What a course of care aims at."""

    __table_args__ = patient_owned(
        same_patient("episode_id", "episode"),
        one_of("term", GoalTerm),
        one_of("status", GoalStatus),
        one_of("side", Side),
        Index(None, "patient_id", "status"),
    )

    episode_id: UUID
    description: str
    term: str
    measure: str | None = None
    side: str | None = None
    baseline: float | None = None
    target: float | None = None
    unit: str | None = None
    due_on: date | None = None
    status: str


class Referral(PatientOwned, table=True):
    """An order or referral on file."""

    __table_args__ = patient_owned(
        same_patient("episode_id", "episode"),
        CheckConstraint("authorised_visits >= 0", name="authorised_visits"),
        Index(None, "patient_id"),
    )

    episode_id: UUID
    referrer_name: str
    referrer_npi: str | None = None
    ordered_on: date
    received_on: date | None = None
    authorised_visits: int | None = None
    expires_on: date | None = None


class Visit(PatientOwned, table=True):
    """One contact between patient and clinic."""

    __table_args__ = patient_owned(
        same_patient("episode_id", "episode"),
        same_clinic("provider_id", "user_account"),
        same_clinic("supervisor_id", "user_account"),
        one_of("kind", VisitKind),
        one_of("status", VisitStatus),
        CheckConstraint("planned_end_at > planned_start_at", name="planned_order"),
        CheckConstraint("ended_at >= started_at", name="order"),
        Index(None, "patient_id", "planned_start_at"),
        Index(None, "appointment_id"),
        Index(None, "provider_id", "planned_start_at"),
        Index(None, "patient_id", "external_id", unique=True),
    )

    episode_id: UUID | None = None
    kind: str
    status: str
    planned_start_at: datetime = Field(sa_type=UtcDateTime)
    planned_end_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    provider_id: UUID
    supervisor_id: UUID | None = None
    patient_state: str | None = None
    """Where the patient said that she is, two letters: asked at check-in, never the home."""
    location_confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    live_contact: bool = False
    cancel_reason: str | None = None
    appointment_type: str | None = None
    appointment_id: UUID | None = None
    series_id: UUID | None = None
    time_zone: str | None = None
    expected_state: str | None = None
    licence_checks: list[dict[str, Any]] = Field(
        sa_type=Document, sa_column_kwargs={"server_default": "[]"}
    )
    satisfaction: int | None = None
    units: int | None = None
    """Billable units of the timed blocks, counted when the visit stopped."""
    buffer_min: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    external_id: str | None = None
    revision: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class VisitChannel(PatientOwned, table=True):
    """The channel of one stretch of a visit."""

    __table_args__ = patient_owned(
        same_patient("visit_id", "visit"),
        one_of("channel", Channel),
        CheckConstraint("until_at >= from_at", name="order"),
        Index(None, "visit_id", "from_at"),
        Index(None, "patient_id"),
        identity=False,
    )

    visit_id: UUID
    channel: str
    from_at: datetime = Field(sa_type=UtcDateTime)
    until_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    picture: str | None = None


class VisitBlock(PatientOwned, table=True):
    """The time spent on one procedure code."""

    __table_args__ = patient_owned(
        same_patient("visit_id", "visit"),
        CheckConstraint("ended_at >= started_at", name="order"),
        Index(None, "visit_id", "started_at"),
        Index(None, "patient_id"),
        identity=False,
    )

    visit_id: UUID
    code: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    one_to_one: bool = True


class VisitParticipant(PatientOwned, table=True):
    """Who took part, and when."""

    __table_args__ = patient_owned(
        same_patient("visit_id", "visit"),
        same_patient("contact_id", "contact"),
        same_clinic("user_id", "user_account"),
        one_of("role", ParticipantRole),
        Index(None, "visit_id"),
        Index(None, "patient_id"),
        identity=False,
    )

    visit_id: UUID
    role: str
    user_id: UUID | None = None
    contact_id: UUID | None = None
    joined_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
