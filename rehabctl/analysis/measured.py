"""What the measurement core hands on: filtered landmarks, angles, gates, repetitions, ranges.

Later steps (compensation, symmetry, smoothness, comparison with a reference, feedback) read a
`MeasuredMovement` and never look at raw landmarks again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.assessment import (
    AngleSeries,
    CodedText,
    MotionRange,
    QualityResult,
    QualityStatus,
    Repetition,
    ViewResult,
)
from rehabctl.analysis.keypoint_series import Option
from rehabctl.domain.exercise import Measurement

Float = NDArray[np.float64]
AngleKey = tuple[str, str]
"""(motion, side): side is left, right, or both for motions of the trunk, pelvis and neck."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch without a gap, as half-open frame numbers into the uniform series."""

    start: int
    stop: int

    @property
    def frames(self) -> slice:
        """The stretch as a slice."""
        return slice(self.start, self.stop)


@dataclass(frozen=True, eq=False)
class UniformSeries:
    """Landmarks at a constant rate, filtered segment by segment; NaN between the segments."""

    t_s: Float
    """(M,) seconds on the video's own clock, equally spaced."""
    fs_hz: float
    xy_px: Float
    """(M, 33, 2) pixels, x to the right, y downwards; left and right are the person's own."""
    visibility: Float
    """(M, 33), 0-1."""
    segments: tuple[Segment, ...]
    cutoff_hz: float
    """-3 dB point of the dual-pass filter."""

    @property
    def present(self) -> NDArray[np.bool_]:
        """(M,) frames that lie in a segment (a person was found there)."""
        mask = np.zeros(len(self.t_s), dtype=np.bool_)
        for segment in self.segments:
            mask[segment.frames] = True
        return mask

    def index_at(self, t_s: float) -> int:
        """Return the frame nearest to a time.

        Parameters
        ----------
        t_s
            Seconds on the video's clock.
        """
        return int(np.clip(round((t_s - float(self.t_s[0])) * self.fs_hz), 0, len(self.t_s) - 1))


@dataclass(frozen=True, slots=True)
class AngleGate:
    """Whether one angle can be had from this recording, and why not or not well."""

    motion: str
    side: str
    status: QualityStatus
    reasons: tuple[CodedText, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether the angle may be reported at all."""
        return self.status is not QualityStatus.REFUSED


@dataclass(frozen=True, eq=False)
class MeasuredMovement:
    """One recording, measured.

    `angles` holds the landmarks' own angles, (M,) degrees in the motion's clinical sign, after
    the neutral pose was subtracted where one was asked for; the bias correction is applied to
    the repetitions and ranges, not to the curves. Refused angles keep their curve here (for
    plots and the timing of repetitions); `gates` says whether it may be reported.
    """

    exercise: str
    spec: Measurement
    rest_deg: float
    """Rest of the driving angle that the repetitions were judged with."""
    target_deg: float
    """Target of the driving angle that the repetitions were judged with."""
    series: UniformSeries
    angles: Mapping[AngleKey, Float]
    gates: Mapping[AngleKey, AngleGate]
    view: ViewResult
    quality: QualityResult
    repetitions: tuple[Repetition, ...]
    motions: tuple[MotionRange, ...]
    near_side: str | None
    """left or right: the side towards the camera in a sagittal view, else None."""
    driving: tuple[AngleKey, ...]
    """The angles that the repetitions were counted on: one, or left and right."""
    neutral_frames: NDArray[np.bool_]
    """(M,) still frames with a person in the rest pose before the first repetition; may be empty
    of true values when the person never stands still."""
    neutral_deg: Mapping[AngleKey, float] = field(default_factory=dict[AngleKey, float])
    """What was subtracted from each curve; empty without a neutral pose."""
    warnings: tuple[CodedText, ...] = ()
    parameters: Mapping[str, Option] = field(default_factory=dict[str, Option])

    def angle(self, motion: str, side: str) -> Float | None:
        """Return a curve that may be reported, else None.

        Parameters
        ----------
        motion
            In the contract's vocabulary.
        side
            left, right, or both for midline motions.
        """
        gate = self.gates.get((motion, side))
        if gate is None or not gate.usable:
            return None
        return self.angles.get((motion, side))

    def frames_of(self, repetition: Repetition) -> slice:
        """Return the frames of a repetition, start and end included.

        Parameters
        ----------
        repetition
            One of `repetitions`.
        """
        first = self.series.index_at(repetition.start_s)
        return slice(first, self.series.index_at(repetition.end_s) + 1)

    def angle_series(self) -> Iterator[AngleSeries]:
        """Yield the reportable curves with None for missing samples."""
        t_s = tuple(float(t) for t in self.series.t_s)
        for (motion, side), deg in self.angles.items():
            if self.angle(motion, side) is not None:
                values = tuple(None if np.isnan(v) else float(v) for v in deg)
                yield AngleSeries(motion, side, t_s, values)
