"""Which exercises a camera measures at all; the others are refused by name, with what helps."""

from __future__ import annotations

from rehabctl.analysis.motions import INSTEAD, MOTIONS, NOT_MEASURABLE
from rehabctl.domain.errors import FindingsError
from rehabctl.domain.exercise import Measure, Measurement, Signal


def require_measurable(spec: Measurement, exercise: str) -> None:
    """Raise when no camera measures an exercise.

    Parameters
    ----------
    spec
        How the exercise is measured.
    exercise
        Its slug, for the message.

    Raises
    ------
    FindingsError
        Named with the reason and what to use instead.
    """
    if spec.motion in NOT_MEASURABLE:
        why = NOT_MEASURABLE[spec.motion]
        raise FindingsError(
            f"{spec.motion} of {exercise} is not measured by a camera: {why}", INSTEAD.capitalize()
        )
    if spec.motion is not None and spec.motion not in MOTIONS:
        raise FindingsError(
            f"{spec.motion} of {exercise} is no motion that is measured", INSTEAD.capitalize()
        )
    if spec.measure is Measure.TIMER or spec.signal is Signal.TIMER:
        raise FindingsError(
            f"{exercise} shows nothing that a camera sees",
            "Log it with the clock and your own count",
        )
    if spec.measure is Measure.IMU:
        raise FindingsError(
            f"{exercise} is measured by a motion sensor, not by a camera", INSTEAD.capitalize()
        )
