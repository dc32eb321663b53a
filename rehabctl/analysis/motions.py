"""The motions that 33 landmarks can carry: plane, zero, sign, points; and those they cannot.

Neutral-zero method: 0 is the anatomical position. Opposite motions of one joint (flexion and
extension, abduction and adduction, dorsiflexion and plantarflexion) are one angle with two signs,
except knee and elbow extension, which by clinical custom are read as the minimum of flexion
(hyperextension negative).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from rehabctl.analysis import angles
from rehabctl.analysis.landmarks import LIMBS, Float, Limbs, Side

AngleFunction = Callable[[Float, Side, int], Float]


class Plane(StrEnum):
    """Plane of the body in which a motion is seen; the camera looks at a right angle to it."""

    SAGITTAL = "sagittal"
    FRONTAL = "frontal"
    OBLIQUE = "oblique"
    """Between the two, for motions in the plane of the scapula."""


class Height(StrEnum):
    """A height in the image that rises or falls once a repetition, when the angle is refused."""

    HIP = "hip"
    SHOULDER = "shoulder"
    KNEE = "knee"
    ANKLE = "ankle"
    WRIST = "wrist"


@dataclass(frozen=True, slots=True)
class Motion:
    """One motion of the contract's vocabulary."""

    name: str
    plane: Plane
    function: AngleFunction
    points: tuple[str, ...]
    """Landmarks of the moving side, as attributes of `Limbs`; each neighbouring pair is a bone."""
    zero: str
    positive: str
    sign: int = 1
    """-1 for the opposite of the function's motion."""
    trunk: bool = False
    """Whether both shoulders and both hips are needed too."""
    sided: bool = True
    mirrored: bool = False
    """Whether left and right are one angle with opposite signs."""
    hand: bool = False
    """Whether it rests on the weak points of the hand, foot tip or face (a proxy)."""
    counted_by: Height | None = None
    """What to count by when both sides move and the angle is refused."""
    counted_by_one_side: Height | None = None
    """The same when one side moves."""
    also: dict[Plane, AngleFunction] = field(default_factory=dict[Plane, AngleFunction])
    """Functions for other planes in which the motion may happen."""

    def measure(self, xy: Float, side: Side, facing: int, plane: Plane) -> Float:
        """Return the angle over time, (N,) degrees.

        Parameters
        ----------
        xy
            (N, 33, 2) pixels.
        side
            left or right; either for motions without a side.
        facing
            Orientation in the plane, see `angles`.
        plane
            The plane that the camera sees.
        """
        return self.sign * self.also.get(plane, self.function)(xy, side, facing)

    def landmarks(self, side: Side) -> tuple[int, ...]:
        """Return the landmark numbers that the motion needs.

        Parameters
        ----------
        side
            left or right.
        """
        own = tuple(getattr(LIMBS[side], name) for name in self.points)
        return own + tuple(n for n in (11, 12, 23, 24) if self.trunk and n not in own)

    def bones(self, side: Side) -> tuple[tuple[int, int], ...]:
        """Return the neighbouring landmarks whose distance is a bone's length.

        Parameters
        ----------
        side
            left or right.
        """
        limb: Limbs = LIMBS[side]
        numbers = [getattr(limb, name) for name in self.points]
        return tuple(pairwise(numbers))

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides under which it is reported."""
        return ("left", "right") if self.sided else ("both",)


_S, _F = Plane.SAGITTAL, Plane.FRONTAL
_LEG, _ARM = ("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")
_THIGH, _UPPER_ARM, _FOOT = ("hip", "knee"), ("shoulder", "elbow"), ("knee", "ankle", "heel", "toe")
_MIDLINE = "in line with the trunk mid-line"

_TABLE = (
    Motion(
        "shoulder_flexion", _S, angles.shoulder_flexion, _UPPER_ARM, _MIDLINE,
        "arm forwards and up",
        trunk=True, counted_by=Height.WRIST, counted_by_one_side=Height.WRIST,
    ),
    Motion(
        "shoulder_extension", _S, angles.shoulder_flexion, _UPPER_ARM, _MIDLINE, "arm backwards",
        sign=-1, trunk=True, counted_by=Height.WRIST, counted_by_one_side=Height.WRIST,
    ),
    Motion(
        "shoulder_abduction", _F, angles.shoulder_abduction, _UPPER_ARM, _MIDLINE,
        "arm sideways and up",
        trunk=True, counted_by=Height.WRIST, counted_by_one_side=Height.WRIST,
    ),
    Motion(
        "shoulder_scaption", Plane.OBLIQUE, angles.shoulder_abduction, _UPPER_ARM, _MIDLINE,
        "arm up, 30 to 40 degrees in front of sideways",
        trunk=True, counted_by=Height.WRIST, counted_by_one_side=Height.WRIST,
    ),
    Motion(
        "shoulder_external_rotation", _S, angles.shoulder_external_rotation, ("elbow", "wrist"),
        "forearm forwards and level, arm abducted to 90", "hand up",
        counted_by=Height.WRIST, counted_by_one_side=Height.WRIST,
    ),
    Motion(
        "shoulder_internal_rotation", _S, angles.shoulder_external_rotation, ("elbow", "wrist"),
        "forearm forwards and level, arm abducted to 90", "hand down",
        sign=-1, counted_by=Height.WRIST, counted_by_one_side=Height.WRIST,
    ),
    Motion(
        "elbow_flexion", _S, angles.elbow_flexion, _ARM, "straight", "hand to shoulder",
        counted_by=Height.WRIST, counted_by_one_side=Height.WRIST,
        also={_F: angles.elbow_angle, Plane.OBLIQUE: angles.elbow_angle},
    ),
    Motion(
        "elbow_extension", _S, angles.elbow_flexion, _ARM, "straight",
        "hand to shoulder (extension is the minimum)",
        counted_by=Height.WRIST, counted_by_one_side=Height.WRIST,
        also={_F: angles.elbow_angle, Plane.OBLIQUE: angles.elbow_angle},
    ),
    Motion(
        "wrist_flexion", _S, angles.wrist_flexion, ("elbow", "wrist", "index"),
        "hand in line with the forearm", "hand towards the elbow's flexor side", hand=True,
    ),
    Motion(
        "wrist_extension", _S, angles.wrist_flexion, ("elbow", "wrist", "index"),
        "hand in line with the forearm", "hand away from the elbow's flexor side",
        sign=-1, hand=True,
    ),
    Motion(
        "hip_flexion", _S, angles.hip_flexion, _THIGH, _MIDLINE, "knee forwards and up",
        trunk=True, counted_by=Height.SHOULDER, counted_by_one_side=Height.KNEE,
    ),
    Motion(
        "hip_extension", _S, angles.hip_flexion, _THIGH, _MIDLINE, "thigh backwards",
        sign=-1, trunk=True, counted_by=Height.SHOULDER, counted_by_one_side=Height.KNEE,
    ),
    Motion(
        "hip_abduction", _F, angles.hip_abduction, _THIGH,
        "thigh at a right angle to the line between the hips", "leg outwards",
        trunk=True, counted_by_one_side=Height.ANKLE,
    ),
    Motion(
        "hip_adduction", _F, angles.hip_abduction, _THIGH,
        "thigh at a right angle to the line between the hips", "leg inwards",
        sign=-1, trunk=True, counted_by_one_side=Height.ANKLE,
    ),
    Motion(
        "hip_external_rotation", _F, angles.hip_external_rotation, ("knee", "ankle"),
        "shank vertical, sitting", "foot inwards", counted_by_one_side=Height.ANKLE,
    ),
    Motion(
        "hip_internal_rotation", _F, angles.hip_external_rotation, ("knee", "ankle"),
        "shank vertical, sitting", "foot outwards",
        sign=-1, counted_by_one_side=Height.ANKLE,
    ),
    Motion(
        "knee_flexion", _S, angles.knee_flexion, _LEG, "straight", "heel to buttock",
        counted_by=Height.HIP, counted_by_one_side=Height.ANKLE,
    ),
    Motion(
        "knee_extension", _S, angles.knee_flexion, _LEG, "straight",
        "heel to buttock (extension is the minimum)",
        counted_by=Height.HIP, counted_by_one_side=Height.ANKLE,
    ),
    Motion(
        "ankle_dorsiflexion", _S, angles.ankle_dorsiflexion, _FOOT,
        "foot at a right angle to the shank", "toes up", hand=True,
    ),
    Motion(
        "ankle_plantarflexion", _S, angles.ankle_dorsiflexion, _FOOT,
        "foot at a right angle to the shank", "toes down",
        sign=-1, hand=True, counted_by=Height.HIP, counted_by_one_side=Height.HIP,
    ),
    Motion(
        "trunk_lateral_flexion", _F, angles.trunk_lateral_flexion, (), "vertical",
        "shoulders towards the named side", trunk=True, mirrored=True,
    ),
    Motion(
        "trunk_inclination", _S, angles.trunk_inclination, (), "vertical",
        "forwards (hips and spine together)", trunk=True, sided=False, counted_by=Height.SHOULDER,
    ),
    Motion(
        "neck_lateral_flexion", _F, angles.neck_lateral_flexion, ("ear", "shoulder"),
        "line of the ears along the shoulders", "ear to the named shoulder", hand=True,
        mirrored=True,
    ),
    Motion(
        "neck_rotation", _F, angles.neck_rotation, ("ear",),
        "nose over the middle of the ears", "nose towards the named side", hand=True,
        mirrored=True,
    ),
    Motion(
        "neck_flexion", _S, angles.neck_flexion, ("ear", "shoulder"),
        "ears to nose at a right angle to the trunk", "nose down",
        trunk=True, sided=False, hand=True,
    ),
    Motion(
        "neck_extension", _S, angles.neck_flexion, ("ear", "shoulder"),
        "ears to nose at a right angle to the trunk", "nose up",
        sign=-1, trunk=True, sided=False, hand=True,
    ),
)  # fmt: skip

MOTIONS: dict[str, Motion] = {motion.name: motion for motion in _TABLE}
"""Every measurable motion by its name."""


def base_of(motion: Motion) -> Motion:
    """Return the motion whose angle this one is with the same or the opposite sign.

    Parameters
    ----------
    motion
        For example hip_extension, whose base is hip_flexion.
    """
    return next(m for m in _TABLE if m.function is motion.function and m.sign == 1)


NOT_MEASURABLE: dict[str, str] = {
    "forearm_rotation": "the 33 landmarks have no points across the forearm",
    "forearm_pronation": "the 33 landmarks have no points across the forearm",
    "forearm_supination": "the 33 landmarks have no points across the forearm",
    "spinal_flexion": "there are no landmarks on the spine; trunk_inclination mixes hips and spine",
    "spinal_rotation": "there are no landmarks on the spine",
    "thoracic_extension": "there are no landmarks on the spine",
    "thoracic_rotation": "there are no landmarks on the spine",
    "lumbar_flexion": "there are no landmarks on the spine",
    "lumbar_extension": "there are no landmarks on the spine",
    "trunk_rotation": "a turn about the camera's depth axis is not seen by one camera",
    "tibial_rotation": "a turn about the shank's own axis moves no landmark",
    "subtalar_inversion": "the foot has two landmarks, which a turn about its axis does not move",
    "subtalar_eversion": "the foot has two landmarks, which a turn about its axis does not move",
    "ankle_inversion": "the foot has two landmarks, which a turn about its axis does not move",
    "ankle_eversion": "the foot has two landmarks, which a turn about its axis does not move",
    "scapular_upward_rotation": "there are no landmarks on the shoulder blade",
    "scapular_retraction": "there are no landmarks on the shoulder blade",
    "shoulder_horizontal_adduction": "it happens along the camera's line of sight in every view",
    "pelvic_obliquity": "the landmarks of the hips follow the trunk, not the pelvis",
    "pelvic_drop": "the landmarks of the hips follow the trunk, not the pelvis",
    "pelvic_tilt": "the pelvis has one landmark on each side, which a tilt does not move",
    "hip_hike": "the landmarks of the hips follow the trunk, not the pelvis",
}
"""Motions that are refused by name, with the reason."""

INSTEAD = "use a motion sensor, or measure by hand"
"""What to do about a motion that no camera measures."""
