"""A simple moving figure of an exercise without a recording, drawn from its own measurement data.

It shows the start position and the one joint that is counted, from rest to target and back: not
the whole exercise, and whoever shows it says so. Rotations about a segment's own length cannot be
seen in such a drawing and have none. Angles follow the neutral-zero method; segment lengths are
shares of body height (Drillis and Contini 1966, as given in textbooks).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from math import cos, pi, radians, sin

from rehabctl.domain.hand_out import Point, StickFigure

_SHANK, _THIGH, _TRUNK, _NECK = 0.246, 0.245, 0.288, 0.12
_UPPER_ARM, _FOREARM, _HAND, _FOOT = 0.186, 0.146, 0.08, 0.11
_HALF_HIPS, _HALF_SHOULDERS = 0.07, 0.11
_FRAMES = 26
_TOES_LIFTED_DEG = 20
"""No forefoot is lifted further: beyond it the shank moves over the foot."""
_BENT_DEG = 60
"""Nobody stands on feet with knees bent further at rest."""

_SIDE_BONES = (
    ("hip", "shoulder"), ("shoulder", "head"), ("shoulder", "elbow"), ("elbow", "wrist"),
    ("wrist", "finger"), ("hip", "knee"), ("knee", "ankle"), ("ankle", "toe"), ("hip", "knee2"),
    ("knee2", "ankle2"), ("ankle2", "toe2"),
)  # fmt: skip
_FRONT_BONES = (
    ("ankle", "hip"), ("ankle2", "hip2"), ("hip", "hip2"), ("shoulder", "shoulder2"),
    ("hip", "shoulder"), ("hip2", "shoulder2"), ("neck", "head"), ("shoulder", "hand"),
    ("shoulder2", "hand2"),
)  # fmt: skip

_POSES: dict[str, tuple[float, float, float, float]] = {
    # lean of the trunk, thigh from straight down forwards, knee flexion, shoulder flexion
    "standing": (0, 0, 0, 0),
    "gait": (0, 0, 0, 0),
    "seated": (0, 90, 90, 0),
    "supine": (-90, 90, 0, 0),
    "side": (-90, 90, 0, 0),
    "prone": (90, -90, 0, 0),
    "quadruped": (68, 0, 90, 68),
}
_LIKE: dict[str, tuple[str, int]] = {
    "hip_extension": ("hip_flexion", -1),
    "shoulder_extension": ("shoulder_flexion", -1),
    "neck_extension": ("neck_flexion", -1),
    "wrist_extension": ("wrist_flexion", -1),
    "ankle_plantarflexion": ("ankle_dorsiflexion", -1),
    "hip_adduction": ("hip_abduction", -1),
    "shoulder_scaption": ("shoulder_abduction", 1),
}
_FROM_THE_SIDE = (
    "trunk_inclination", "neck_flexion", "shoulder_flexion", "elbow_flexion", "wrist_flexion",
    "hip_flexion", "knee_flexion", "ankle_dorsiflexion",
)  # fmt: skip
_FROM_THE_FRONT = (
    "hip_abduction", "shoulder_abduction", "trunk_lateral_flexion", "neck_lateral_flexion",
)  # fmt: skip
_Joints = dict[str, Point]


def joint_drawing(
    position: str,
    motion: str | None,
    rest_deg: float | None,
    target_deg: float | None,
    reported_motions: Collection[str] = (),
    view: str = "sagittal",
) -> StickFigure | None:
    """Return the figure of one repetition, or None where the motion cannot be seen in a drawing.

    Parameters
    ----------
    position
        Start position in the vocabulary of exercise files.
    motion, rest_deg, target_deg
        Of the measurement: what is counted, from where to where.
    reported_motions
        Joints that are measured beside it: a knee that bends with the hip bears weight.
    view
        From where a camera looks: a knee that is watched from the front bears weight too.
    """
    if motion is None or rest_deg is None or target_deg is None:
        return None
    if (position, motion) == ("standing", "knee_flexion") and rest_deg > _BENT_DEG:
        return None  # on the knees, for which the vocabulary has no position
    name, sign = _LIKE.get(motion, (motion, 1))
    way = _way(position, motion, (rest_deg, target_deg), reported_motions, view)
    if name in _FROM_THE_SIDE and position in _POSES:
        bones = _SIDE_BONES
        draw: Callable[[float], _Joints] = partial(_side, position, name, way)
    elif name in _FROM_THE_FRONT and position not in ("quadruped", "gait"):
        bones = _FRONT_BONES
        draw = partial(_front, position, name)
    else:
        return None
    # slow at both ends
    shares = [(1 - cos(2 * pi * n / _FRAMES)) / 2 for n in range(_FRAMES)]
    frames = [draw(sign * (rest_deg + share * (target_deg - rest_deg))) for share in shares]
    place = {joint: number for number, joint in enumerate(frames[0])}
    return StickFigure(
        bones=tuple((place[a], place[b]) for a, b in bones),
        head=place["head"],
        frames=tuple(tuple(frame.values()) for frame in frames),
        of_one_joint=True,
    )


def _way(
    position: str, motion: str, span: tuple[float, float], reported: Collection[str], view: str
) -> str:
    """Return what the rest of the body does: the same joint moves freely or bears weight."""
    falling = span[0] > span[1]
    match motion, position:
        case "knee_flexion", "standing" | "gait" if view == "frontal":
            return "squat"
        case "knee_flexion", _ if "hip_flexion" in reported:
            return "squat"
        case "ankle_dorsiflexion", "standing" if max(span) >= _TOES_LIFTED_DEG:
            return "shank over foot"
        case "hip_flexion", _ if "trunk_inclination" in reported:
            return "hinge"
        case "hip_flexion", "supine" if "knee_flexion" in reported:
            return "bridge" if falling else "straight leg"
        case "hip_flexion", "quadruped":
            return "kick" if falling else "sit back"
        case _:
            return ""


def _side(position: str, motion: str, way: str, deg: float) -> _Joints:
    """Joints seen from the figure's right side, looking right; the lowest one is on the ground."""
    lean, thigh, knee, shoulder = _POSES[position]
    pose = {"elbow_flexion": 0.0, "wrist_flexion": 0.0, "neck_flexion": 0.0}
    other = (thigh, thigh - knee)
    ankle = 0.0
    match motion:
        case "trunk_inclination":
            lean = deg
        case "shoulder_flexion":
            shoulder = deg
        case "knee_flexion" if way == "squat":
            lean, thigh, knee = deg / 3, deg / 2, deg
            other = (thigh, thigh - knee)
        case "knee_flexion" if position in ("supine", "side"):
            thigh, knee = thigh + deg / 2, deg  # the heel slides along
        case "knee_flexion":
            knee = deg
        case "hip_flexion" if way == "hinge":
            lean = deg
        case "hip_flexion" if way == "straight leg":
            thigh = deg - lean
        case "hip_flexion" if way == "bridge":  # the feet stay where they are
            lean -= _bridge_deg(deg)
            thigh = deg - lean
            knee = thigh
            other = (thigh, 0.0)
        case "hip_flexion" if position == "quadruped":
            thigh = deg - 90
            knee = 90 + thigh if way == "sit back" else deg
            other = (thigh, -90.0) if way == "sit back" else other
        case "hip_flexion":
            thigh = deg - lean
            knee = knee if position == "seated" else max(0.0, deg)
        case "ankle_dorsiflexion" if way == "shank over foot":
            thigh, knee, ankle = deg / 2, 1.5 * deg, deg
        case "ankle_dorsiflexion":
            ankle = deg
        case _:
            pose[motion] = deg
    return _side_joints(lean, (thigh, thigh - knee, ankle), other, shoulder, pose)


def _bridge_deg(hip_flexion_deg: float) -> float:
    """Return how far the trunk rises off the ground while the knees keep their height."""
    low, high = 0.0, 60.0
    for _ in range(30):
        middle = (low + high) / 2
        above = sin(radians(middle)) * _TRUNK + sin(radians(middle + hip_flexion_deg)) * _THIGH
        low, high = (low, middle) if above > _SHANK * 0.9 else (middle, high)
    return low


def _side_joints(
    lean: float,
    leg: tuple[float, float, float],
    other: tuple[float, float],
    shoulder: float,
    pose: Mapping[str, float],
) -> _Joints:
    arm = shoulder - lean
    forearm = arm + pose["elbow_flexion"]
    hip = (0.0, 0.0)
    neck = _up(hip, _TRUNK, lean)
    elbow = _down(neck, _UPPER_ARM, arm)
    wrist = _down(elbow, _FOREARM, forearm)
    knee, knee2 = _down(hip, _THIGH, leg[0]), _down(hip, _THIGH, other[0])
    ankle, ankle2 = _down(knee, _SHANK, leg[1]), _down(knee2, _SHANK, other[1])
    joints = {
        "hip": hip,
        "shoulder": neck,
        "head": _up(neck, _NECK, lean + pose["neck_flexion"]),
        "elbow": elbow,
        "wrist": wrist,
        "finger": _down(wrist, _HAND, forearm + pose["wrist_flexion"]),
        "knee": knee,
        "ankle": ankle,
        "toe": _down(ankle, _FOOT, leg[1] + 90 + leg[2]),
        "knee2": knee2,
        "ankle2": ankle2,
        "toe2": _down(ankle2, _FOOT, other[1] + 90 + (leg[2] if leg[:2] == other else 0)),
    }
    return _grounded(joints)


def _front(position: str, motion: str, deg: float) -> _Joints:
    """Joints seen from the front; the moving side is drawn on the right, or on top when lying."""
    angle = dict.fromkeys(_FROM_THE_FRONT, 0.0) | {motion: deg}
    lean = angle["trunk_lateral_flexion"]
    leg = _SHANK if position == "seated" else _SHANK + _THIGH
    neck = _up((0.0, 0.0), _TRUNK, lean)
    across = (_HALF_SHOULDERS * cos(radians(lean)), _HALF_SHOULDERS * sin(radians(lean)))
    right = (neck[0] + across[0], neck[1] - across[1])
    left = (neck[0] - across[0], neck[1] + across[1])
    arm = _UPPER_ARM + _FOREARM + _HAND
    joints = {
        "neck": neck,
        "head": _up(neck, _NECK, lean + angle["neck_lateral_flexion"]),
        "shoulder": right,
        "shoulder2": left,
        "hand": _down(right, arm, angle["shoulder_abduction"] + 3),
        "hand2": _down(left, arm, -3),
        "hip": (_HALF_HIPS, 0.0),
        "hip2": (-_HALF_HIPS, 0.0),
        "ankle": _down((_HALF_HIPS, 0.0), leg, angle["hip_abduction"]),
        "ankle2": (-_HALF_HIPS, -leg),
    }
    if position == "side":
        joints = {name: (-y, x) for name, (x, y) in joints.items()}
    return _grounded(joints)


def _grounded(joints: _Joints) -> _Joints:
    floor = min(y for _, y in joints.values())
    return {name: (x, y - floor) for name, (x, y) in joints.items()}


def _up(start: Point, length: float, forward_deg: float) -> Point:
    angle = radians(forward_deg)
    return start[0] + length * sin(angle), start[1] + length * cos(angle)


def _down(start: Point, length: float, forward_deg: float) -> Point:
    angle = radians(forward_deg)
    return start[0] + length * sin(angle), start[1] - length * cos(angle)
