"""Words of a visit: one contact between patient and clinic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from rehabctl.domain.patient import PatientRef


class VisitKind(StrEnum):
    """What a visit is for."""

    EVALUATION = "evaluation"
    RE_EVALUATION = "re_evaluation"
    TREATMENT = "treatment"
    CHECK_IN = "check_in"
    GROUP = "group"
    RTM_REVIEW = "rtm_review"


class VisitStatus(StrEnum):
    """State of a visit."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class Channel(StrEnum):
    """How patient and clinician were in contact."""

    VIDEO = "video"
    AUDIO = "audio"
    PHONE = "phone"
    IN_PERSON = "in_person"


REDUCED = "reduced"


class ParticipantRole(StrEnum):
    """Who took part."""

    PATIENT = "patient"
    PROVIDER = "provider"
    SUPERVISOR = "supervisor"
    ASSISTANT = "assistant"
    CAREGIVER = "caregiver"
    INTERPRETER = "interpreter"


@dataclass(frozen=True, slots=True)
class ChannelSpan:
    """The channel of one stretch of a visit; `until_at` None goes on."""

    channel: Channel
    from_at: datetime
    until_at: datetime | None = None
    picture: str | None = None
    """`reduced` where the picture was made smaller to keep the call; None: as it comes."""


@dataclass(frozen=True, slots=True)
class TimedBlock:
    """The time spent on one procedure code; `ended_at` None goes on."""

    code: str
    started_at: datetime
    ended_at: datetime | None = None
    one_to_one: bool = True

    def minutes(self) -> int | None:
        """Return the whole minutes of a block that has ended."""
        if self.ended_at is None:
            return None
        return int((self.ended_at - self.started_at).total_seconds() // 60)


@dataclass(frozen=True, slots=True)
class Participant:
    """Who took part, and when. Neither a user nor a contact: the patient."""

    role: ParticipantRole
    user_id: UUID | None = None
    contact_id: UUID | None = None
    joined_at: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One contact between patient and clinic, as planned and as it was."""

    id: UUID
    patient: PatientRef
    kind: VisitKind
    planned_start_at: datetime
    planned_end_at: datetime
    provider_id: UUID
    status: VisitStatus = VisitStatus.PLANNED
    episode_id: UUID | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    supervisor_id: UUID | None = None
    patient_state: str | None = None
    """Where the patient said that she is, two letters: asked at check-in, never the home."""
    location_confirmed_at: datetime | None = None
    live_contact: bool = False
    """Whether patient and clinician spoke live."""
    cancel_reason: str | None = None
    appointment_type: str | None = None
    """Key of the booked appointment type; None: planned without the schedule."""
    appointment_id: UUID | None = None
    """Shared by the visits of one group."""
    series_id: UUID | None = None
    """Shared by the occurrences of one recurring booking."""
    time_zone: str | None = None
    """In which it was booked, IANA name."""
    expected_state: str | None = None
    """Where the patient is expected to be, as booked."""
    licence_checks: tuple[Mapping[str, Any], ...] = ()
    """Each check of licensure with what it rested on, oldest first."""
    satisfaction: int | None = None
    """The patient's answer afterwards, 0 to 10."""
    units: int | None = None
    """Billable units of the timed blocks by the total-time rule, counted when it stopped."""
    buffer_min: int = 0
    """Minutes after it that the provider keeps free."""
    external_id: str | None = None
    """By which the system that it was imported from knows it; once per patient."""
    revision: int = 1
    """Raised by every change, so that two people who edit at once get a conflict."""
    channels: tuple[ChannelSpan, ...] = ()
    blocks: tuple[TimedBlock, ...] = ()
    participants: tuple[Participant, ...] = ()
