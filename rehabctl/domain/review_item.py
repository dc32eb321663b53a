"""A measured recording that waits for a clinician."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import PatientRef
from rehabctl.domain.review import ReviewDecision


class ReviewState(StrEnum):
    """State of a review item."""

    OPEN = "open"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One assessment in the review queue. The lowest confidence comes first."""

    id: UUID
    patient: PatientRef
    assessment_id: UUID
    confidence: float
    queued_at: datetime
    reasons: tuple[str, ...] = ()
    state: ReviewState = ReviewState.OPEN
    decision: ReviewDecision | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    comment: str | None = None
