"""Words of scheduling: appointment types, working hours, absences and the waitlist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import PatientRef
from rehabctl.domain.visit import Channel, VisitKind


@dataclass(frozen=True, slots=True)
class AppointmentType:
    """What can be booked."""

    key: str
    kind: VisitKind
    channel: Channel
    minutes: tuple[int, ...]
    """Lengths that are booked, the usual one first."""
    group_min: int = 1
    """Fewer patients than this are treated one by one."""
    group_max: int = 1

    @property
    def is_group(self) -> bool:
        """Whether several patients come at once."""
        return self.group_max > 1


@dataclass(frozen=True, slots=True)
class BookingPolicy:
    """What every booking keeps to."""

    buffer_min: int
    """Free minutes between two appointments of a provider."""
    cancel_notice_h: int
    """A cancellation with less notice is late."""
    group_decided_h: int
    """So long before its start a group must have its smallest number."""
    reminders_h: tuple[int, ...]
    """When reminders go, in hours before the start."""
    max_occurrences: int
    slot_step_min: int


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When a provider can be booked on one weekday, in local time of a zone."""

    id: UUID
    user_id: UUID
    weekday: int
    """ISO: 1 is Monday."""
    from_time: time
    until_time: time
    time_zone: str
    valid_from: date
    valid_until: date | None = None
    """Last day."""


@dataclass(frozen=True, slots=True)
class Absence:
    """A stretch of time in which a provider cannot be booked."""

    id: UUID
    user_id: UUID
    from_at: datetime
    until_at: datetime
    reason: str = ""


class WaitStatus(StrEnum):
    """Where a wish for an appointment stands."""

    WAITING = "waiting"
    BOOKED = "booked"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class WaitlistEntry:
    """A wish for an appointment."""

    id: UUID
    patient: PatientRef
    appointment_type: str
    added_at: datetime
    earliest_on: date | None = None
    latest_on: date | None = None
    status: WaitStatus = WaitStatus.WAITING


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, its end excluded; aware times."""

    from_at: datetime
    until_at: datetime

    def meets(self, other: Span) -> bool:
        """Return whether two stretches have a moment in common."""
        return self.from_at < other.until_at and other.from_at < self.until_at
