"""The curves behind the compensation checks: change from rest, larger is worse, one per side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis import angles
from rehabctl.analysis.landmarks import (
    LIMBS,
    SIDES,
    Float,
    Side,
    mid_hip,
    midpoint,
    trunk,
)
from rehabctl.reference.compensations import CompensationSettings

TRUNK = (11, 12, 23, 24)


@dataclass(frozen=True, eq=False)
class Track:
    """One check on one side over the whole recording."""

    side: str | None
    values: Float
    """(M,) in the rule's unit, larger is worse; NaN where it cannot be judged."""
    landmarks: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Posture:
    """What the checks look at."""

    xy: Float
    """(M, 33, 2)."""
    facing: int
    """Orientation in the plane seen, see `angles`."""
    near: Side | None
    task: str
    """bending, rising or standing."""
    rest: NDArray[np.bool_]
    """(M,) frames of the person's own rest."""
    settings: CompensationSettings

    def from_rest(self, curve: Float) -> Float:
        """Return the change of a curve from its median at rest."""
        at_rest = curve[self.rest]
        at_rest = at_rest[np.isfinite(at_rest)]
        return curve - (float(np.median(at_rest)) if len(at_rest) else np.nan)

    def share_of_rest(self, curve: Float) -> Float:
        """Return what a positive curve has lost of its value at rest, in percent."""
        at_rest = curve - self.from_rest(curve)
        return 100.0 * (at_rest - curve) / at_rest


Check = Callable[[Posture], Iterator[Track]]


def _trunk_lateral_lean(posture: Posture) -> Iterator[Track]:
    for side in SIDES:
        lean = angles.trunk_lateral_flexion(posture.xy, side, posture.facing)
        yield Track(side, posture.from_rest(lean), TRUNK)


def _trunk_forward_lean(posture: Posture) -> Iterator[Track]:
    lean = angles.trunk_inclination(posture.xy, "left", posture.facing)
    if posture.task != "standing" and posture.near is not None:
        limb = LIMBS[posture.near]
        shank = posture.xy[:, limb.knee] - posture.xy[:, limb.ankle]
        lean = lean - posture.facing * np.degrees(np.arctan2(shank[:, 0], -shank[:, 1]))
    yield Track(None, posture.from_rest(lean), TRUNK)


def _trunk_swing(posture: Posture) -> Iterator[Track]:
    lean = angles.trunk_inclination(posture.xy, "left", posture.facing)
    yield Track(None, posture.from_rest(lean), TRUNK)


def _lumbar_extension_proxy(posture: Posture) -> Iterator[Track]:
    lean = angles.trunk_inclination(posture.xy, "left", posture.facing)
    yield Track(None, posture.from_rest(-lean), TRUNK)


def _upper_arm_drift(posture: Posture) -> Iterator[Track]:
    side = posture.near or "left"
    limb = LIMBS[side]
    arm = angles.shoulder_flexion(posture.xy, side, posture.facing)
    yield Track(side, posture.from_rest(arm), (limb.shoulder, limb.elbow))


def _heel_rise(posture: Posture) -> Iterator[Track]:
    side = posture.near or "left"
    limb = LIMBS[side]
    foot = posture.xy[:, limb.toe] - posture.xy[:, limb.heel]
    pitch = np.degrees(np.arctan2(foot[:, 1], posture.facing * foot[:, 0]))
    yield Track(side, posture.from_rest(pitch), (limb.heel, limb.toe))


def _knee_valgus(posture: Posture) -> Iterator[Track]:
    low, high = posture.settings.valgus_knee_deg
    for side in SIDES:
        limb = LIMBS[side]
        thigh = posture.xy[:, limb.knee] - posture.xy[:, limb.hip]
        shank = posture.xy[:, limb.ankle] - posture.xy[:, limb.knee]
        inwards = posture.facing * (-1 if side == "left" else 1)
        bend = knee_bend_from_shortening(posture, side)
        inside = (bend >= low) & (bend <= high)
        values = posture.from_rest(inwards * angles.turn(thigh, shank))
        yield Track(side, np.where(inside, values, np.nan), (limb.hip, limb.knee, limb.ankle))


def knee_bend_from_shortening(posture: Posture, side: Side) -> Float:
    """Return knee flexion as a front view shows it: by how much the leg got shorter, (M,) degrees.

    Thigh and shank of equal length, hip above ankle: the distance from hip to ankle is the standing
    one times the cosine of half the flexion. Good enough to tell early from deep bending.

    Parameters
    ----------
    posture
        The recording in a frontal view.
    side
        left or right.
    """
    limb = LIMBS[side]
    length = np.linalg.norm(posture.xy[:, limb.hip] - posture.xy[:, limb.ankle], axis=-1)
    left = 1.0 - posture.share_of_rest(length) / 100.0
    return 2.0 * np.degrees(np.arccos(np.clip(left, 0.0, 1.0)))


def _knee_width(posture: Posture) -> Iterator[Track]:
    xy = posture.xy
    width = np.abs(xy[:, 25, 0] - xy[:, 26, 0]) / np.abs(xy[:, 11, 0] - xy[:, 12, 0])
    yield Track(None, posture.share_of_rest(width), (25, 26))


def _shoulder_hike(posture: Posture) -> Iterator[Track]:
    line = trunk(posture.xy)
    up = line / np.linalg.norm(line, axis=-1, keepdims=True)
    for side in SIDES:
        limb = LIMBS[side]
        arm = posture.xy[:, limb.elbow] - posture.xy[:, limb.shoulder]
        # Along the trunk, so that leaning with a level head is not taken for a raised shoulder.
        gap = ((posture.xy[:, limb.ear] - posture.xy[:, limb.shoulder]) * up).sum(axis=-1)
        low = angles.between(arm, -line) <= posture.settings.hike_arm_deg
        values = np.where(low, posture.share_of_rest(gap), np.nan)
        yield Track(side, values, (limb.ear, limb.shoulder))


def _weight_shift(posture: Posture) -> Iterator[Track]:
    feet = midpoint(posture.xy, 27, 28)
    apart = np.abs(posture.xy[:, 27, 0] - posture.xy[:, 28, 0])
    off = posture.from_rest((mid_hip(posture.xy) - feet)[:, 0] / apart)
    for side in SIDES:
        towards = posture.facing * (1 if side == "left" else -1)
        yield Track(side, towards * off, (23, 24))


CHECKS: dict[str, Check] = {
    "trunk_lateral_lean": _trunk_lateral_lean,
    "trunk_forward_lean": _trunk_forward_lean,
    "knee_valgus": _knee_valgus,
    "knee_width": _knee_width,
    "shoulder_hike": _shoulder_hike,
    "upper_arm_drift": _upper_arm_drift,
    "trunk_swing": _trunk_swing,
    "lumbar_extension_proxy": _lumbar_extension_proxy,
    "heel_rise": _heel_rise,
    "weight_shift": _weight_shift,
}
"""Every check that a camera can make, by kind."""
RANGES = frozenset({"upper_arm_drift", "trunk_swing"})
"""Judged by their range over a repetition, not by the largest change from rest."""
TWO_LEGGED = frozenset({"knee_width", "weight_shift"})
"""Compare both feet side by side on the floor."""
