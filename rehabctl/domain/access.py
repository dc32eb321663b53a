"""Access to one patient's record beyond a role's own: emergencies, jobs, the patient herself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class AccessKind(StrEnum):
    """Why somebody may see a patient whom her role does not show her."""

    BREAK_GLASS = "break_glass"
    """Emergency access of a therapist to a patient of the clinic: to read, for a short time."""
    JOB = "job"
    """A worker's access to the patient of one job."""
    SELF = "self"
    """A patient's access to her own record."""


@dataclass(frozen=True, slots=True)
class AccessGrant:
    """One grant, as those see it who review it."""

    id: UUID
    patient_id: UUID
    kind: AccessKind
    login: str
    """Of who was let in."""
    reason: str
    granted_at: datetime
    until_at: datetime | None
    """None: until it is taken back."""
    reviewed_at: datetime | None
    reviewed_by: str | None
    """Login of who looked at it afterwards."""
