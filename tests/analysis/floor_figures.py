"""Stick figures that do the floor exercises of the library, and the path that each result takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from rehabctl.analysis.assessment import MovementAssessment
from rehabctl.domain.exercise import Exercise, Measure, Measurement, Sidedness, Signal, View
from rehabctl.reference.exercise_library import load_library
from tests.analysis.skeletons import (
    Array,
    front_view,
    side_view,
    there_and_back,
    transformed,
)

FS_HZ = 30.0
TURNS_S = (2.5, 6.0, 9.5)
TRUNK_DEG = {"supine": -90.0, "prone": 90.0, "quadruped": 80.0, "seated": -60.0, "side": 0.0}
"""Inclination of the trunk: 90 is face down, -90 face up, -60 is a long sit leaning back."""
_POSED: dict[str, dict[str, float]] = {
    "quadruped": {"hip": 90.0, "knee": 90.0, "shoulder": 90.0},
    "seated": {"hip": 60.0},
}
_JOINT = {
    "hip_flexion": ("hip", 1),
    "hip_extension": ("hip", -1),
    "knee_flexion": ("knee", 1),
    "ankle_dorsiflexion": ("ankle", 1),
    "ankle_plantarflexion": ("ankle", -1),
    "shoulder_flexion": ("shoulder", 1),
    "shoulder_extension": ("shoulder", -1),
    "elbow_flexion": ("elbow", 1),
    "neck_flexion": ("neck", 1),
    "trunk_inclination": ("trunk", 1),
    "hip_abduction": ("hip", 1),
    "hip_adduction": ("hip", -1),
    "hip_external_rotation": ("shank", -1),
}


def floor_exercises() -> list[Exercise]:
    """The exercises of the library that a camera may measure on the floor, without variants."""
    return [
        one
        for one in load_library().all()
        if one.measurement.measure is Measure.CAMERA_FLOOR and one.variant_of is None
    ]


def figure(exercise: Exercise) -> Array:
    """(N, 33, 2) of a figure that does it three times, or holds it, in its position and view."""
    spec = exercise.measurement
    t_s = np.arange(round(12 * FS_HZ)) / FS_HZ
    moved: dict[str, Any] = {}
    if spec.motion is not None and spec.rest_deg is not None and spec.target_deg is not None:
        joint, sign = _JOINT[spec.motion]
        peaks = [(at_s, sign * spec.target_deg) for at_s in TURNS_S]
        moved = {joint: there_and_back(t_s, peaks, rest=sign * spec.rest_deg)}
    if spec.view is View.FRONTAL:
        sided = {f"right_{joint}": curve for joint, curve in moved.items()}
        xy = transformed(front_view(len(t_s), **sided), turn=90.0)
    else:
        posed: dict[str, Any] = dict(_POSED.get(exercise.position, {}))
        posed |= {"trunk": TRUNK_DEG[exercise.position], **moved}
        resting = _resting(spec, posed)
        xy = side_view(len(t_s), far=resting, **posed)
    middle = (np.nanmax(xy, axis=(0, 1)) + np.nanmin(xy, axis=(0, 1))) / 2
    return xy - middle + 320.0


def _resting(spec: Measurement, posed: dict[str, Any]) -> dict[str, Any] | None:
    """The other side keeps its first angles where one side works alone."""
    if spec.sidedness is Sidedness.BILATERAL:
        return None
    return {name: np.ravel(value)[0] for name, value in posed.items() if name != "trunk"}


def path_of(exercise: Exercise, found: MovementAssessment) -> str:
    """The path in one word: measured, timed, sensor, or refused."""
    if exercise.measurement.signal is Signal.POSTURE:
        held = any(item.code == "hold" for item in found.warnings)
        return "timed" if held else "refused"
    if any(repetition.peak_deg is not None for repetition in found.repetitions):
        return "measured"
    advised = any(item.code == "sensor_advised" for item in found.warnings)
    return "sensor" if advised else "refused"
