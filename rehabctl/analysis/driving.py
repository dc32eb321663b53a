"""On which curve the repetitions of an exercise are counted, and which side they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rehabctl.analysis.landmarks import LIMBS, SIDES, Float, Side, mid_hip, mid_shoulder
from rehabctl.analysis.measured import AngleGate, AngleKey
from rehabctl.analysis.motions import Height, Motion, Plane
from rehabctl.analysis.side import furthest, moving_side, takes_turns
from rehabctl.analysis.view import CameraView
from rehabctl.domain.exercise import Sidedness

_WHOLE_FILM = ("several_persons", "frame_rate_refused", "no_person")
"""Reasons that concern the whole film: a height would be no better than the angle."""
_TAKES_TURNS_SHARE = 0.25
"""Share of the larger swing from which the other leg's swing is no mere noise."""


@dataclass(frozen=True, eq=False)
class Drive:
    """One curve to count on."""

    side: str
    """left, right or both: what the repetitions are reported under."""
    keys: tuple[AngleKey, ...]
    """The angles that a peak is read from: one, or left and right for their mean."""
    curve: Float
    """(M,) degrees, or percent of the usual movement when counted by a height."""
    height: Height | None = None
    """Set when a height is counted instead of the angle."""
    timed_only: bool = False
    """Whether the height gives the times only and the angle is read within each rise."""
    shared: bool = False
    """Whether two legs' points took turns and the curve follows whichever is further along."""

    def key_at(self, frame: int, angles: Mapping[AngleKey, Float], outward: int) -> AngleKey:
        """Return the angle that the curve shows at a frame.

        Parameters
        ----------
        frame
            Where in the uniform series.
        angles
            All curves.
        outward
            1 when the movement raises the angle, -1 when it lowers it.
        """
        if not self.shared:
            return self.keys[0]
        return max(self.keys, key=lambda key: outward * angles[key][frame])


def choose_drives(
    motion: Motion,
    side: str,
    sidedness: Sidedness,
    angles: Mapping[AngleKey, Float],
    view: CameraView,
    detected: Plane,
    outward: int,
    notch_samples: int,
    *,
    exchanged: bool,
) -> tuple[Drive, ...]:
    """Return the curves to count on: one, or left and right for alternating exercises.

    Parameters
    ----------
    motion
        The driving motion.
    side
        What was asked for: left, right, both or auto.
    sidedness
        Of the exercise.
    angles
        All curves.
    view
        Which side is nearer.
    detected
        The plane that is seen.
    outward
        1 when the movement raises the angle, -1 when it lowers it.
    notch_samples
        Samples around a change between legs in which a notch is bridged.
    exchanged
        Whether left and right legs were exchanged and put right, so that either label may be wrong.
    """
    if not motion.sided:
        return (_single(motion, "both", angles),)
    if side in SIDES:
        return (_single(motion, side, angles),)
    left, right = angles[motion.name, "left"], angles[motion.name, "right"]
    if side == "auto" and sidedness is Sidedness.ALTERNATING:
        return tuple(_single(motion, one, angles) for one in SIDES)
    from_the_side = detected is not Plane.FRONTAL
    if side == "both" or sidedness is Sidedness.BILATERAL:
        if from_the_side and side == "auto":
            return (_single(motion, view.near_side, angles),)
        keys = tuple((motion.name, one) for one in SIDES)
        return (Drive("both", keys, (left + right) / 2),)
    if from_the_side:
        near, far = (right, left) if view.near_side == "right" else (left, right)
        # Only legs hide each other so well that their points are taken for one another.
        turns = exchanged or takes_turns(near, far, outward, _TAKES_TURNS_SHARE)
        if turns and "knee" in motion.points:
            curve = furthest(left, right, outward, notch_samples)
            keys = tuple((motion.name, one) for one in SIDES)
            return (Drive(view.near_side, keys, curve, shared=True),)
        return (_single(motion, moving_side(left, right, view.near_side), angles),)
    return (_single(motion, moving_side(left, right, "right"), angles),)


def _single(motion: Motion, side: str, angles: Mapping[AngleKey, Float]) -> Drive:
    key = (motion.name, side)
    return Drive(side, (key,), angles[key])


def counted_by_height(
    drive: Drive,
    motion: Motion,
    gate: AngleGate,
    xy_px: Float,
    torso_px: float,
    sidedness: Sidedness,
    min_swing: float,
) -> Drive:
    """Return a curve of a height for an angle that is refused, in percent of its usual swing.

    Parameters
    ----------
    drive
        The curve that cannot be used.
    motion
        The driving motion.
    gate
        What its angle was judged.
    xy_px
        (M, 33, 2).
    torso_px
        Unit of heights.
    sidedness
        Of the exercise.
    min_swing
        Smallest swing of a height, in trunk lengths.

    Returns
    -------
    Drive
        The given one when its angle is usable or there is no height to count by.
    """
    one_sided = sidedness is not Sidedness.BILATERAL
    height = motion.counted_by_one_side if one_sided else motion.counted_by
    of_the_film = all(item.code in _WHOLE_FILM for item in gate.reasons)
    if gate.usable or of_the_film or height is None:
        return drive
    curve = _percent(height_curve(xy_px, height, drive.side) / torso_px, min_swing)
    return drive if curve is None else replace(drive, curve=curve, height=height, shared=False)


def timed_by_rise(
    drive: Drive, motion: Motion, xy_px: Float, torso_px: float, outward: int, min_swing: float
) -> Drive:
    """Return a curve of the hips' height for exercises that straighten legs to lift the body.

    Getting up from a chair or onto a step, the body rises once a repetition, while one knee may
    bend twice (to put the foot up, and to come down again).

    Parameters
    ----------
    drive
        The curve of the angle.
    motion
        The driving motion.
    xy_px
        (M, 33, 2).
    torso_px
        Unit of heights.
    outward
        -1 for exercises that move towards extension; others are returned as they are.
    min_swing
        Rise of the hips, in trunk lengths, from which the body counts as lifted.
    """
    if outward > 0 or drive.height is not None or "knee" not in motion.points:
        return drive
    rise = height_curve(xy_px, Height.HIP, "both") / torso_px
    known = rise[np.isfinite(rise)]
    if not len(known):
        return drive
    low, high = np.percentile(known, [2, 98])
    if high - low < min_swing:
        return drive
    curve = 100.0 * (rise - low) / (high - low)
    return replace(drive, curve=curve, height=Height.HIP, timed_only=True)


def _percent(rise: Float, min_swing: float) -> Float | None:
    """Return a height in percent from rest to its usual end, all zero when it hardly moves."""
    known = rise[np.isfinite(rise)]
    if not len(known):
        return None
    low, middle, high = np.percentile(known, [2, 50, 98])
    if high - low < min_swing:
        return np.where(np.isfinite(rise), 0.0, np.nan)
    # Rest is where most of the time is spent; the body goes up or down from there.
    rest, far = (low, high) if high - middle >= middle - low else (high, low)
    return 100.0 * (rise - rest) / (far - rest)


def height_curve(xy_px: Float, height: Height, side: str) -> Float:
    """Return how high a point lies in the image, (M,) pixels, upwards positive.

    Parameters
    ----------
    xy_px
        (M, 33, 2).
    height
        Which point.
    side
        left, right, or both for the mean of both.
    """
    if height is Height.HIP:
        return -mid_hip(xy_px)[:, 1]
    if height is Height.SHOULDER:
        return -mid_shoulder(xy_px)[:, 1]
    sides: tuple[Side, ...] = tuple(one for one in SIDES if side in (one, "both"))
    numbers = [int(getattr(LIMBS[one], height.value)) for one in sides]
    return -xy_px[:, numbers, 1].mean(axis=1)
