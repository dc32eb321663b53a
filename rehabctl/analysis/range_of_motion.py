"""Range of each motion over the recording, with the interval of its larger end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.assessment import MotionRange, Repetition
from rehabctl.analysis.estimator import Estimator
from rehabctl.analysis.landmarks import Float
from rehabctl.analysis.measured import AngleGate, AngleKey, UniformSeries
from rehabctl.analysis.motions import INSTEAD, NOT_MEASURABLE
from rehabctl.analysis.reasons import reason

Mask = NDArray[np.bool_]
Frames = NDArray[np.int64]


def exercised_frames(series: UniformSeries, repetitions: Sequence[Repetition]) -> Mask:
    """Return the frames that a range is taken from, (M,).

    From the first start to the last end: what happens before and after (walking in, switching the
    camera off) is no part of the exercise. Without repetitions, all frames with a person.

    Parameters
    ----------
    series
        The landmarks.
    repetitions
        What was counted.
    """
    mask = series.present
    if repetitions:
        first = series.index_at(min(r.start_s for r in repetitions))
        last = series.index_at(max(r.end_s for r in repetitions))
        mask[:first] = False
        mask[last + 1 :] = False
    return mask


def resting_frames(series: UniformSeries, repetitions: Sequence[Repetition]) -> Frames:
    """Return for each frame of a repetition the one in which it started, else -1, (M,).

    Parameters
    ----------
    series
        The landmarks.
    repetitions
        What was counted.
    """
    resting = np.full(len(series.t_s), -1)
    for item in repetitions:
        start = series.index_at(item.start_s)
        resting[start : series.index_at(item.end_s) + 1] = start
    return resting


def motion_range(
    key: AngleKey,
    curve: Float,
    frames: Mask,
    gate: AngleGate,
    estimator: Estimator,
    *,
    extreme: str,
    correct: bool,
    resting: Frames | None,
) -> MotionRange:
    """Return the smallest and largest angle of one motion.

    Parameters
    ----------
    key
        Motion and side.
    curve
        (M,) the landmarks' own angle.
    frames
        (M,) where to look.
    gate
        Whether it may be reported.
    estimator
        Corrects both ends.
    extreme
        Which end the stated interval belongs to: max or min.
    correct
        False for the landmarks' own angles.
    resting
        For each frame the one in which the other leg rested, or -1; None where both sides move.
    """
    motion, side = key
    at = np.flatnonzero(frames & np.isfinite(curve))
    if not gate.usable or not len(at):
        why = gate.reasons[0].text if gate.reasons else reason("no_person").text
        return MotionRange(motion, side, None, None, None, None, False, why)
    low_at, high_at = int(at[np.argmin(curve[at])]), int(at[np.argmax(curve[at])])
    low, high = (
        estimator.at(key, at_frame, which, reference_frame=_rested(resting, at_frame))
        for at_frame, which in ((low_at, "min"), (high_at, "max"))
    )
    low_deg, high_deg = float(curve[low_at]), float(curve[high_at])
    stated, seen = (high, high_deg) if extreme == "max" else (low, low_deg)
    half = stated.half_width_deg
    if correct:
        # Two corrections differ by posture; a small range must not come out the wrong way round.
        low_deg, high_deg = min(low.deg, high.deg), max(low.deg, high.deg)
    else:
        half += abs(stated.deg - seen)
    why = gate.reasons[0].text if gate.reasons else None
    return MotionRange(motion, side, low_deg, high_deg, high_deg - low_deg, half, True, why)


def _rested(resting: Frames | None, frame: int) -> int | None:
    if resting is None or resting[frame] < 0:
        return None
    return int(resting[frame])


def refused_by_name(motion: str) -> MotionRange:
    """Return the entry of a motion that no camera measures.

    Parameters
    ----------
    motion
        One of `NOT_MEASURABLE`.
    """
    why = reason("not_measurable", motion=motion, why=NOT_MEASURABLE[motion], instead=INSTEAD)
    return MotionRange(motion, "both", None, None, None, None, False, why.text)
