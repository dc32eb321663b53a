"""Numbers that describe how one repetition was done, from landmarks in one plane.

The same code reads a camera's landmarks and the projection of motion-capture markers on a plane,
so that limits found on the one can be held against the other. Lengths are in trunk lengths.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rehabctl.analysis import angles
from rehabctl.analysis.landmarks import (
    LEFT_EAR,
    LIMBS,
    NOSE,
    RIGHT_EAR,
    Float,
    Side,
    mid_hip,
    mid_shoulder,
    midpoint,
    torso_length,
    trunk,
)

DEGREES, TRUNK_LENGTHS = "degrees", "trunk lengths"


@dataclass(frozen=True, eq=False)
class PlaneView:
    """One repetition as one camera sees it."""

    xy: Float
    """(N, 33, 2), y downwards, without gaps."""
    plane: str
    """sagittal or frontal."""
    facing: int
    """Orientation in that plane, see `angles`."""
    near: Side | None = None
    """The side to measure; None measures the side that moves more."""

    @property
    def unit(self) -> float:
        """Length of the trunk in the units of `xy`."""
        return torso_length(self.xy)

    def lean(self) -> Float:
        """Trunk against the vertical: forwards in side view, to the left in front view."""
        if self.plane == "sagittal":
            return angles.trunk_inclination(self.xy, "left", self.facing)
        return angles.trunk_lateral_flexion(self.xy, "left", self.facing)

    def moving(self, curve: Callable[[Side], Float]) -> Float:
        """Return the curve of the near side, or of the side on which it moves more."""
        if self.near is not None:
            return curve(self.near)
        left, right = curve("left"), curve("right")
        return right if np.ptp(right) > np.ptp(left) else left


@dataclass(frozen=True, slots=True)
class Feature:
    """One number of a repetition, and on which side of a limit it counts as a fault."""

    name: str
    label: str
    """For people: "trunk lean range"."""
    unit: str
    too_large: bool
    """Whether a value above the limit counts (else one below it)."""
    measure: Callable[[PlaneView], float]


def _lean_range(view: PlaneView) -> float:
    return float(np.ptp(view.lean()))


def _lean_peak(view: PlaneView) -> float:
    lean = view.lean()
    return float(np.max(lean if view.plane == "sagittal" else np.abs(lean)))


def _head_tilt_range(view: PlaneView) -> float:
    line = midpoint(view.xy, LEFT_EAR, RIGHT_EAR) - mid_shoulder(view.xy)
    return float(np.ptp(np.degrees(np.arctan2(line[:, 0], -line[:, 1]))))


def _shoulder_line_range(view: PlaneView) -> float:
    line = view.xy[:, LIMBS["left"].shoulder] - view.xy[:, LIMBS["right"].shoulder]
    tilt = np.degrees(np.arctan2(-line[:, 1], view.facing * line[:, 0]))
    return float(np.ptp(tilt))


def _shoulder_to_ear_range(view: PlaneView) -> float:
    def gap(side: Side) -> Float:
        return view.xy[:, LIMBS[side].shoulder, 1] - view.xy[:, LIMBS[side].ear, 1]

    return float(np.ptp(view.moving(gap))) / view.unit


def _head_travel(view: PlaneView) -> float:
    return float(np.ptp(view.xy[:, NOSE, 0])) / view.unit


def _hip_drop(view: PlaneView) -> float:
    return float(np.ptp(mid_hip(view.xy)[:, 1])) / view.unit


def _foot_lift(view: PlaneView) -> float:
    return float(np.ptp(view.moving(lambda side: view.xy[:, LIMBS[side].ankle, 1]))) / view.unit


def _hand(view: PlaneView, axis: int) -> float:
    centre = mid_shoulder(view.xy)
    path = view.moving(lambda side: (view.xy[:, LIMBS[side].wrist] - centre)[:, axis])
    return float(np.ptp(path)) / view.unit


def _hand_height_range(view: PlaneView) -> float:
    return _hand(view, 1)


def _hand_reach_range(view: PlaneView) -> float:
    return _hand(view, 0)


def _knee_outward_least(view: PlaneView) -> float:
    """Least distance of a knee outwards of its ankle: negative when it goes inwards."""

    def outwards(side: Side) -> Float:
        limb = LIMBS[side]
        sign = view.facing * (1 if side == "left" else -1)
        return sign * (view.xy[:, limb.knee, 0] - view.xy[:, limb.ankle, 0])

    return float(np.min(view.moving(outwards))) / view.unit


def _knee(view: PlaneView) -> Float:
    return view.moving(lambda side: angles.knee_flexion(view.xy, side, view.facing))


def _hip(view: PlaneView) -> Float:
    return view.moving(lambda side: angles.hip_flexion(view.xy, side, view.facing))


def _arm(view: PlaneView) -> Float:
    def elevation(side: Side) -> Float:
        limb = LIMBS[side]
        return angles.between(view.xy[:, limb.elbow] - view.xy[:, limb.shoulder], -trunk(view.xy))

    return view.moving(elevation)


def _range_of(curve: Callable[[PlaneView], Float]) -> Callable[[PlaneView], float]:
    return lambda view: float(np.ptp(curve(view)))


def _peak_of(curve: Callable[[PlaneView], Float]) -> Callable[[PlaneView], float]:
    return lambda view: float(np.max(curve(view)))


_TABLE = (
    Feature("trunk_lean_range", "trunk lean range", DEGREES, True, _lean_range),
    Feature("trunk_lean_peak", "largest trunk lean", DEGREES, True, _lean_peak),
    Feature("head_tilt_range", "head tilt range", DEGREES, True, _head_tilt_range),
    Feature("head_travel", "head travel", TRUNK_LENGTHS, True, _head_travel),
    Feature("shoulder_line_range", "shoulder line tilt range", DEGREES, True, _shoulder_line_range),
    Feature(
        "shoulder_to_ear_range",
        "change of the shoulder-to-ear distance",
        TRUNK_LENGTHS,
        True,
        _shoulder_to_ear_range,
    ),
    Feature("hand_movement", "hand height range", TRUNK_LENGTHS, True, _hand_height_range),
    Feature("knee_movement", "knee flexion range", DEGREES, True, _range_of(_knee)),
    Feature("hip_movement", "hip flexion range", DEGREES, True, _range_of(_hip)),
    Feature("knee_flexion_range", "knee flexion range", DEGREES, False, _range_of(_knee)),
    Feature("knee_flexion_peak", "largest knee flexion", DEGREES, False, _peak_of(_knee)),
    Feature("hip_flexion_range", "hip flexion range", DEGREES, False, _range_of(_hip)),
    Feature("hip_flexion_peak", "largest hip flexion", DEGREES, False, _peak_of(_hip)),
    Feature("hip_drop", "hip height range", TRUNK_LENGTHS, False, _hip_drop),
    Feature("foot_lift", "foot height range", TRUNK_LENGTHS, False, _foot_lift),
    Feature(
        "knee_outward_least",
        "least distance of the knee outside the ankle",
        TRUNK_LENGTHS,
        False,
        _knee_outward_least,
    ),
    Feature("arm_elevation_range", "arm elevation range", DEGREES, False, _range_of(_arm)),
    Feature("arm_elevation_peak", "largest arm elevation", DEGREES, False, _peak_of(_arm)),
    Feature("hand_height_range", "hand height range", TRUNK_LENGTHS, False, _hand_height_range),
    Feature("hand_reach_range", "hand reach range", TRUNK_LENGTHS, False, _hand_reach_range),
)

FEATURES: dict[str, Feature] = {feature.name: feature for feature in _TABLE}
"""Every feature by its name."""

_ANYWHERE = (
    "trunk_lean_range", "trunk_lean_peak", "head_tilt_range", "head_travel",
    "shoulder_to_ear_range",
)  # fmt: skip
_LEGS = ("hand_movement", "hip_drop", "foot_lift")
_LEGS_SAGITTAL = (
    "knee_flexion_range", "knee_flexion_peak", "hip_flexion_range", "hip_flexion_peak",
)  # fmt: skip
_ARMS = ("arm_elevation_range", "arm_elevation_peak", "hand_height_range", "hand_reach_range")

CANDIDATES: dict[tuple[str, str], tuple[str, ...]] = {
    ("legs", "sagittal"): (*_ANYWHERE, *_LEGS, *_LEGS_SAGITTAL),
    ("legs", "frontal"): (*_ANYWHERE, *_LEGS, "shoulder_line_range", "knee_outward_least"),
    ("arms", "sagittal"): (*_ANYWHERE, *_ARMS, "knee_movement", "hip_movement"),
    ("arms", "frontal"): (*_ANYWHERE, *_ARMS, "shoulder_line_range"),
}
"""Features that may become limits, by moving limbs and plane: what instructions of such exercises
ask for (upright trunk and head, quiet arms, knees over the feet, full range) and it shows."""


def feature_values(view: PlaneView, names: tuple[str, ...]) -> Float:
    """Return features of one repetition, (len(names),); NaN where a landmark is missing.

    Parameters
    ----------
    view
        The repetition in one plane.
    names
        Keys of `FEATURES`.
    """
    if not len(view.xy):
        return np.full(len(names), np.nan)
    return np.array([FEATURES[name].measure(view) for name in names])
