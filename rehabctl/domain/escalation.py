"""What a call to a patient who misses sessions came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import PatientRef


class CallOutcome(StrEnum):
    """What a call by staff came to."""

    REACHED = "reached"
    CONCERN = "concern"
    UNREACHED_TWICE = "unreached_twice"


@dataclass(frozen=True, slots=True)
class StaffCall:
    """One call, or two attempts without an answer."""

    id: UUID
    patient: PatientRef
    at: datetime
    outcome: CallOutcome
    by: str
    """Login of the member of staff."""
    comment: str | None = None
