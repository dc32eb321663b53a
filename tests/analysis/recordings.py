"""Recordings for tests: landmarks of rendered clips, and stick figures that move as told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.assessment import (
    MotionRange,
    QualityResult,
    QualityStatus,
    Repetition,
    RepetitionKind,
    ViewResult,
)
from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.analysis.measure import measure
from rehabctl.analysis.measured import AngleGate, MeasuredMovement, Segment, UniformSeries
from rehabctl.analysis.motions import MOTIONS, Plane
from rehabctl.domain.exercise import Measure, Measurement, Sidedness, View
from rehabctl.reference.exercise_library import load_library
from tests.analysis.rendered_clips import clip

MIRRORED = Path(__file__).resolve().parents[1] / "data" / "mirrored_landmarks"
FS_HZ = 30.0


def recorded(name: str) -> KeypointSeries:
    """Landmarks of a rendered clip."""
    return clip(name).series


def recorded_mirrored(name: str) -> KeypointSeries:
    """Landmarks found in the flipped frames, turned back as the extraction does it."""
    original = recorded(name)
    body = np.arange(11, 33).reshape(-1, 2)[:, ::-1].ravel()
    exchanged = np.array([0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9, *body])
    with np.load(MIRRORED / f"{name}.npz") as file:
        np.testing.assert_allclose(file["t_ms"] / 1000, original.t_s, atol=1e-5)
        xy = (file["xy_px16"] / 16).astype(np.float32)[:, exchanged]
        xy[..., 0] = original.video.width - xy[..., 0]
        visibility = (file["visibility"] / 255).astype(np.float32)[:, exchanged]
        return replace(original, xy_px=xy, visibility=visibility, world_m=None)


def measured_clip(name: str, slug: str, **options: object) -> MeasuredMovement:
    """A rendered clip, measured as an exercise of the library."""
    spec = load_library().get(slug).measurement
    return measure(recorded(name), spec, exercise=slug, **options)  # type: ignore[arg-type]


def there_and_back(repetitions: int = 3, seconds: float = 2.0, still_s: float = 0.5) -> NDArray:
    """A phase from 0 (rest) to 1 (turning point) and back, with rest before, between and after."""
    rest = np.zeros(round(still_s * FS_HZ))
    way = (1 - np.cos(2 * np.pi * np.arange(round(seconds * FS_HZ)) / (seconds * FS_HZ))) / 2
    return np.concatenate([rest, *([way, rest] * repetitions)])


def front_figure(
    *,
    lean_left_deg: float = 0.0,
    knee_bend_deg: float = 0.0,
    left_knee_in: float = 0.0,
    knees_closer: float = 0.0,
    arm_left_deg: float = 5.0,
    arm_right_deg: float = 5.0,
    left_shoulder_up: float = 0.0,
    hips_left: float = 0.0,
) -> NDArray:
    """One frame (33, 2) of a figure that faces the camera; its trunk is 100 pixels long."""
    xy = np.zeros((33, 2))
    height = 100 * np.cos(np.radians(knee_bend_deg) / 2)
    hip = np.array([250.0 + hips_left, 400.0 - height])
    lean = np.radians(lean_left_deg)
    up, left = np.array([np.sin(lean), -np.cos(lean)]), np.array([np.cos(lean), np.sin(lean)])
    neck = hip + 100 * up
    xy[0:11] = neck + 35 * up
    for side, sign, arm_deg in (("left", 1, arm_left_deg), ("right", -1, arm_right_deg)):
        odd = 0 if side == "left" else 1
        xy[7 + odd] = neck + 30 * up + sign * 8 * left
        shrug = left_shoulder_up if side == "left" else 0.0
        xy[11 + odd] = neck + sign * 20 * left + shrug * up
        arm = np.radians(arm_deg)
        along = -np.cos(arm) * up + sign * np.sin(arm) * left
        xy[13 + odd] = xy[11 + odd] + 30 * along
        for hand in range(15, 23, 2):
            xy[hand + odd] = xy[13 + odd] + 28 * along
        xy[23 + odd] = hip + np.array([sign * 12.0, 0.0])
        inwards = (left_knee_in if side == "left" else 0.0) + knees_closer
        xy[25 + odd] = [250.0 + sign * (14.0 - inwards), 400 - height / 2]
        xy[27 + odd] = [250.0 + sign * 16.0, 400.0]
        xy[29 + odd] = [250.0 + sign * 16.0, 408.0]
        xy[31 + odd] = [250.0 + sign * 20.0, 412.0]
    return xy


def side_figure(
    *,
    knee_flexion_deg: float = 0.0,
    shank_deg: float = 0.0,
    trunk_deg: float = 0.0,
    upper_arm_deg: float = 0.0,
    elbow_deg: float = 0.0,
    heel_rise_deg: float = 0.0,
) -> NDArray:
    """One frame (33, 2) of a figure that faces right, both sides alike."""
    shank, thigh = np.radians(shank_deg), np.radians(knee_flexion_deg - shank_deg)
    trunk, arm = np.radians(trunk_deg), np.radians(upper_arm_deg - trunk_deg)
    ankle = np.array([250.0, 400.0])
    knee = ankle + 50 * np.array([np.sin(shank), -np.cos(shank)])
    hip = knee + 50 * np.array([-np.sin(thigh), -np.cos(thigh)])
    up = np.array([np.sin(trunk), -np.cos(trunk)])
    shoulder = hip + 100 * up
    elbow = shoulder + 30 * np.array([np.sin(arm), np.cos(arm)])
    fore = arm + np.radians(elbow_deg)
    wrist = elbow + 28 * np.array([np.sin(fore), np.cos(fore)])
    toe = ankle + np.array([25.0, 8.0])
    rise = np.radians(heel_rise_deg)
    heel = toe - 30 * np.array([np.cos(rise), np.sin(rise)])
    xy = np.zeros((33, 2))
    xy[0:11] = shoulder + 30 * up
    xy[0] += (12.0, 0.0)
    points = {11: shoulder, 13: elbow, 15: wrist, 17: wrist, 19: wrist, 21: wrist}
    points |= {23: hip, 25: knee, 27: ankle, 29: heel, 31: toe}
    for number, point in points.items():
        xy[number] = xy[number + 1] = point
    return xy


def moving(
    figure: Callable[[float], NDArray],
    *,
    spec: Measurement,
    phase: NDArray | None = None,
    facing: str,
    side: str = "right",
    fs_hz: float = FS_HZ,
    exercise: str = "synthetic",
) -> MeasuredMovement:
    """A measured movement from a figure per phase, with exact angles and repetitions."""
    phase = there_and_back() if phase is None else phase
    xy = np.stack([figure(float(p)) for p in phase])
    plane = Plane.SAGITTAL if facing in ("left", "right") else Plane.FRONTAL
    sign = {"right": 1, "left": -1, "camera": 1, "away": -1}[facing]
    t_s = np.arange(len(phase)) / fs_hz
    angles = {
        (motion.name, s): motion.measure(xy, "left" if s == "both" else s, sign, plane)
        for motion in MOTIONS.values()
        for s in motion.sides
    }
    keys = [(spec.motion or "", s) for s in (("left", "right") if side == "both" else (side,))]
    driving = np.mean([angles[key] for key in keys], axis=0)
    series = UniformSeries(
        t_s, fs_hz, xy, np.ones(xy.shape[:2]), (Segment(0, len(phase)),), cutoff_hz=6.0
    )
    good = QualityStatus.GOOD
    rest, target = float(spec.rest_deg or 0.0), float(spec.target_deg or 0.0)
    first_move = int(np.argmax(phase > 0)) if (phase > 0).any() else len(phase)
    return MeasuredMovement(
        exercise=exercise,
        spec=spec,
        rest_deg=rest,
        target_deg=target,
        series=series,
        angles=angles,
        gates={key: AngleGate(*key, good) for key in angles},
        view=ViewResult(plane.value, facing, 0.0, spec.view.value, plane.value == spec.view.value),
        quality=QualityResult(good, 0.9),
        repetitions=_repetitions(phase, t_s, driving, rest, target, side),
        motions=tuple(
            _range(name, s, angles[name, s]) for name, s in angles if name == spec.motion
        ),
        near_side=("right" if facing == "right" else "left") if plane is Plane.SAGITTAL else None,
        driving=tuple(keys),
        neutral_frames=np.arange(len(phase)) < first_move,
    )


def hiding(measured: MeasuredMovement, motion: str) -> MeasuredMovement:
    """The same movement with a motion's angle refused."""
    refused = {
        key: replace(gate, status=QualityStatus.REFUSED) if key[0] == motion else gate
        for key, gate in measured.gates.items()
    }
    return replace(measured, gates=refused)


def exercise_spec(
    motion: str, view: View, rest: float, target: float, **more: object
) -> Measurement:
    """How a made-up exercise is measured."""
    settings = {"sidedness": Sidedness.BILATERAL, **more}
    return Measurement(Measure.CAMERA, view, motion, rest, target, **settings)  # type: ignore[arg-type]


def _repetitions(
    phase: NDArray, t_s: NDArray, driving: NDArray, rest: float, target: float, side: str
) -> tuple[Repetition, ...]:
    moves = np.concatenate([[False], phase > 0, [False]]).astype(int)
    starts, ends = np.flatnonzero(np.diff(moves) > 0), np.flatnonzero(np.diff(moves) < 0)
    found = []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1):
        first, last = max(int(start) - 1, 0), min(int(end), len(t_s) - 1)
        peak = first + int(np.argmax(phase[first : last + 1]))
        deg = float(driving[peak])
        full = (deg - rest) / (target - rest) >= 0.9 if target != rest else True
        found.append(
            Repetition(
                index=number,
                kind=RepetitionKind.FULL if full else RepetitionKind.PARTIAL,
                side=side,
                start_s=float(t_s[first]),
                peak_s=float(t_s[peak]),
                end_s=float(t_s[last]),
                peak_deg=deg,
                peak_uncorrected_deg=deg,
                interval_deg=(deg - 5, deg + 5),
                rom_deg=abs(deg - float(driving[first])),
                hold_s=0.0,
                eccentric_s=float(t_s[peak] - t_s[first]),
                concentric_s=float(t_s[last] - t_s[peak]),
                smoothness_sparc=None,
            )
        )
    return tuple(found)


def _range(motion: str, side: str, curve: NDArray) -> MotionRange:
    low, high = float(curve.min()), float(curve.max())
    return MotionRange(motion, side, low, high, high - low, 5.0, True, None)
