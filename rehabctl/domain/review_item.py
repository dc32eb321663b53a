"""A measured recording that waits for a clinician."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import PatientRef
from rehabctl.domain.review import RepetitionLabel, ReviewDecision


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


@dataclass(frozen=True, slots=True)
class LabelledRepetition:
    """One repetition of a recording as a clinician saw it."""

    id: UUID
    patient: PatientRef
    assessment_id: UUID
    repetition: int
    """1-based, as the assessment counted it."""
    label: RepetitionLabel
    labelled_by: UUID
    labelled_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewComment:
    """A remark at one moment of a recording."""

    id: UUID
    patient: PatientRef
    review_item_id: UUID
    author_id: UUID
    at_s: float
    """Seconds from the start of the recording."""
    body: str
    landmark: int | None = None
    """The landmark that it is about, when it is about one."""
    joint: str | None = None
    """The joint that it is about, such as knee."""
