"""What the session review shows: the body over time, the driving angle, and what was found.

Times are seconds from the start of the recording. Missing values are NaN in coordinates and None
in angles, as in the analysis that made them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Point = tuple[float, float]
"""Pixels: x to the right, y downwards. NaN marks a landmark that was not found."""
NOT_MEASURED = "not_measured"
"""Status of the film of a video visit: it is looked at."""


class ReviewDecision(StrEnum):
    """What a clinician decided about a measured session."""

    ACCEPTED = "accepted"
    ADJUSTED = "adjusted"
    """Used with the correction that the comment names."""
    FLAGGED = "flagged"
    """Kept out of trends until someone has looked again."""


class RepetitionLabel(StrEnum):
    """How a clinician saw one repetition, for the training of better models."""

    CORRECT = "correct"
    COMPENSATED = "compensated"
    """Done, with a movement beside the prescribed one."""
    INCORRECT = "incorrect"


@dataclass(frozen=True, slots=True)
class ReviewRepetition:
    """One counted repetition."""

    index: int
    """1-based, in time order."""
    kind: str
    """full, partial or cut."""
    side: str
    start_s: float
    peak_s: float
    end_s: float
    peak_deg: float | None
    interval_deg: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class ReviewMoment:
    """A moment worth a look: a compensation, a gap, a warning."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class ReviewRemark:
    """What a clinician saw at one moment, and where."""

    at_s: float
    text: str
    joint: str | None = None
    landmark: int | None = None


@dataclass(frozen=True, slots=True)
class ReviewData:
    """One recording as the review screen replays it."""

    assessment_id: str
    mrn: str
    name: str
    exercise: str
    recorded_at: datetime
    status: str
    """good, limited, refused or not_measured."""
    confidence: float
    reasons: tuple[str, ...]
    t_s: tuple[float, ...]
    """(N,), strictly increasing."""
    landmarks_px: Sequence[Sequence[Point]]
    """(N, 33, 2): MediaPipe's body landmarks."""
    motion: str
    """The driving angle, for example `knee_flexion`."""
    side: str
    angle_deg: tuple[float | None, ...]
    """(N,), at the same times."""
    target_deg: float | None
    repetitions: tuple[ReviewRepetition, ...]
    moments: tuple[ReviewMoment, ...] = ()
    decision: ReviewDecision | None = None
    comment: str | None = None
    next_assessment_id: str | None = None
    """The next recording that waits for this clinician."""
    labels: Mapping[int, RepetitionLabel] = field(default_factory=dict[int, RepetitionLabel])
    """By number of the repetition; those without a label are left out."""
    remarks: tuple[ReviewRemark, ...] = ()
    """In time order."""
    has_film: bool = False
    """Whether the film itself is kept."""

    @property
    def is_measured(self) -> bool:
        """Whether angles were measured: not in the film of a video visit."""
        return self.status != NOT_MEASURED

    def __post_init__(self) -> None:
        """Check that every series has one value per frame."""
        n = len(self.t_s)
        if len(self.landmarks_px) != n or len(self.angle_deg) != n:
            raise ValueError(
                f"expected {n} frames, got {len(self.landmarks_px)} of landmarks and "
                f"{len(self.angle_deg)} angles"
            )
