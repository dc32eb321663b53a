"""Rooms of video visits, and the recordings that were made in them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from rehabctl.domain.review import ReviewDecision
from rehabctl.domain.video import VideoService
from rehabctl.store.column_types import UtcDateTime
from rehabctl.store.tables.base import (
    PatientOwned,
    one_of,
    patient_owned,
    same_clinic,
    same_patient,
)


class VideoRoom(PatientOwned, table=True):
    """A room that was made for a visit; those of a group share its name, each has its row."""

    __table_args__ = patient_owned(
        same_patient("visit_id", "visit"),
        UniqueConstraint("visit_id", "room"),
        one_of("service", VideoService),
        Index(None, "patient_id"),
        identity=False,
    )

    visit_id: UUID
    service: str
    room: str
    page: str
    opens_at: datetime = Field(sa_type=UtcDateTime)
    closes_at: datetime = Field(sa_type=UtcDateTime)
    recording: bool
    waiting: bool
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class VisitRecording(PatientOwned, table=True):
    """A recording of a visit: known from its service, then stored, then looked at."""

    __table_args__ = patient_owned(
        same_patient("visit_id", "visit"),
        same_patient("recording_id", "recording"),
        same_clinic("decided_by", "user_account"),
        UniqueConstraint("clinic_id", "service", "remote_id"),
        one_of("service", VideoService),
        one_of("decision", ReviewDecision),
        Index(None, "patient_id"),
        Index(None, "visit_id"),
        Index(None, "recording_id"),
        identity=False,
    )

    visit_id: UUID
    service: str
    remote_id: str
    room: str
    began_at: datetime = Field(sa_type=UtcDateTime)
    duration_s: float | None = None
    recording_id: UUID | None = None
    decision: str | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    comment: str | None = None
