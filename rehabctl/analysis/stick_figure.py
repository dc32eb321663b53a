"""A moving figure of an exercise, drawn from the joint angles of its reference curves.

Angles follow the neutral-zero method; all are 0 in upright standing with hanging arms. Segment
lengths are shares of body height (Drillis and Contini 1966, as given in textbooks).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, radians, sin

from rehabctl.domain.hand_out import Point, StickFigure

_SHANK, _THIGH, _TRUNK, _NECK = 0.246, 0.245, 0.288, 0.12
_UPPER_ARM, _FOREARM, _FOOT = 0.186, 0.2, 0.11
_HALF_HIPS, _HALF_SHOULDERS = 0.07, 0.11
_STEP = 4
"""Every fourth of the 101 phases is drawn."""

_SAGITTAL = ("ankle", "toe", "knee", "hip", "shoulder", "head", "elbow", "hand", "knee2", "ankle2")
_SAGITTAL_BONES = (
    ("toe", "ankle"), ("ankle", "knee"), ("knee", "hip"), ("hip", "shoulder"),
    ("shoulder", "head"), ("shoulder", "elbow"), ("elbow", "hand"), ("hip", "knee2"),
    ("knee2", "ankle2"),
)  # fmt: skip
_FRONTAL = (
    "ankle", "ankle2", "hip", "hip2", "shoulder", "shoulder2", "neck", "head", "hand", "hand2",
)  # fmt: skip
_FRONTAL_BONES = (
    ("ankle", "hip"), ("ankle2", "hip2"), ("hip", "hip2"), ("shoulder", "shoulder2"),
    ("hip", "shoulder"), ("hip2", "shoulder2"), ("neck", "head"), ("shoulder", "hand"),
    ("shoulder2", "hand2"),
)  # fmt: skip


def stick_figure(view: str, curves: Mapping[str, Sequence[float]]) -> StickFigure | None:
    """Return the figure of one repetition, or None where the view is not drawn.

    Parameters
    ----------
    view
        sagittal (seen from the figure's right side) or frontal.
    curves
        Mean angles in degrees by motion, each over the same phases.
    """
    if view not in ("sagittal", "frontal") or not curves:
        return None
    names, bones = (
        (_SAGITTAL, _SAGITTAL_BONES) if view == "sagittal" else (_FRONTAL, _FRONTAL_BONES)
    )
    draw = _sagittal if view == "sagittal" else _frontal
    lengths = {len(curve) for curve in curves.values()}
    frames: list[tuple[Point, ...]] = []
    for phase in range(0, min(lengths), _STEP):
        joints = draw({motion: radians(curve[phase]) for motion, curve in curves.items()})
        frames.append(tuple(joints[name] for name in names))
    place = {name: number for number, name in enumerate(names)}
    return StickFigure(tuple((place[a], place[b]) for a, b in bones), place["head"], tuple(frames))


def _sagittal(angle: Mapping[str, float]) -> dict[str, Point]:
    """Joints seen from the side, facing right, the standing foot on the ground at (0, 0)."""
    knee, hip = angle.get("knee_flexion", 0.0), angle.get("hip_flexion")
    trunk = angle.get("trunk_inclination", 0.0)
    free = knee if hip is None else 0.0  # one leg bends while the other one stands
    back = 0.0 if hip is None else hip - trunk  # of the thigh, from upright
    forward = 0.0 if hip is None else knee - back  # of the shank, from upright
    ankle = (0.0, 0.0)
    knee_at = _up(ankle, _SHANK, forward)
    hip_at = _up(knee_at, _THIGH, -back)
    shoulder = _up(hip_at, _TRUNK, trunk)
    arm = angle.get("shoulder_flexion", 0.0) - trunk
    elbow = _down(shoulder, _UPPER_ARM, arm)
    knee2 = _down(hip_at, _THIGH, back) if hip is not None else _down(hip_at, _THIGH, 0.0)
    return {
        "ankle": ankle,
        "toe": (_FOOT, -0.02),
        "knee": knee_at,
        "hip": hip_at,
        "shoulder": shoulder,
        "head": _up(shoulder, _NECK, trunk),
        "elbow": elbow,
        "hand": _down(elbow, _FOREARM, arm + angle.get("elbow_flexion", 0.0)),
        "knee2": knee2,
        "ankle2": _down(knee2, _SHANK, -forward if hip is not None else -free),
    }


def _frontal(angle: Mapping[str, float]) -> dict[str, Point]:
    """Joints seen from the front; the moving side is drawn on the right."""
    lean = angle.get("trunk_lateral_flexion", 0.0)
    pelvis = (0.0, _SHANK + _THIGH)
    neck = _up(pelvis, _TRUNK, lean)
    hips = ((_HALF_HIPS, pelvis[1]), (-_HALF_HIPS, pelvis[1]))
    shoulders = tuple(
        (neck[0] + side * _HALF_SHOULDERS * cos(lean), neck[1] - side * _HALF_SHOULDERS * sin(lean))
        for side in (1, -1)
    )
    arm = _UPPER_ARM + _FOREARM
    abduction = angle.get("shoulder_abduction", 0.0)
    return {
        "ankle": _down(hips[0], _SHANK + _THIGH, angle.get("hip_abduction", 0.0)),
        "ankle2": (hips[1][0], 0.0),
        "hip": hips[0],
        "hip2": hips[1],
        "shoulder": shoulders[0],
        "shoulder2": shoulders[1],
        "neck": neck,
        "head": _up(neck, _NECK, lean),
        "hand": _down(shoulders[0], arm, abduction + 0.05),
        "hand2": _down(shoulders[1], arm, -0.05),
    }


def _up(start: Point, length: float, forward: float) -> Point:
    return start[0] + length * sin(forward), start[1] + length * cos(forward)


def _down(start: Point, length: float, forward: float) -> Point:
    return start[0] + length * sin(forward), start[1] - length * cos(forward)
