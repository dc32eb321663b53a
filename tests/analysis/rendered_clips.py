"""Landmarks of our rendered clips with their exact truth, packed small, and how they are measured.

Each `tests/data/landmarks/NAME.npz` holds what MediaPipe 0.10.31 (full model) saw in a rendered
clip and where the joint centres of the posed body were (0.1 mm, as differences along time).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rehabctl.analysis.accuracy import RenderedTruth
from rehabctl.analysis.keypoint_series import FrameSignals, KeypointSeries, ModelInfo, VideoInfo
from rehabctl.analysis.measure import measure
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.domain.exercise import CountMode, Measure, Measurement, Sidedness, Signal, View
from rehabctl.reference.exercise_library import load_library

FOLDER = Path(__file__).resolve().parent.parent / "data" / "landmarks"
FIT_FOLDER = FOLDER.with_name("fit_landmarks")
"""More clips of the people of the fit, with the movements that the others lack."""
HELD_OUT_FOLDER = FOLDER.with_name("held_out_landmarks")
"""Clips of people rendered after the rows were fixed."""
HEAVY_FOLDER = FOLDER.with_name("heavy_landmarks")
"""What the heavy model saw in all of these clips."""
NEW_PEOPLE = {
    "first": ("gwen", "hugo", "ida", "jon"),
    "second": ("kira", "luis", "mona"),
    "third": ("nora", "omar", "pia", "quinn"),
}
"""The sets in which they were looked at: the second after the widths of the full model had been
changed, the third after the rows and widths of the heavy one had been fixed."""
FIT_PEOPLE = ("adam", "bea", "carl")
MODEL = ModelInfo(
    "pose_landmarker_full",
    "4eaa5eb7a98365221087693fcc286334cf0858e2eb6e15b506aa4a7ecdcec4ad",
    "0.10.31",
    "5.0.0",
)
HEAVY_MODEL = ModelInfo(
    "pose_landmarker_heavy",
    "ee4e9722165e28d92bde94ab3a185838c481ec51cda9eae2bcc30ff7145d8beb",
    "0.10.31",
    "5.0.0",
)
PIXELS, METRES, WORLD_METRES = 16.0, 10_000.0, 1_000.0
"""Steps of the packed whole numbers per pixel and metre."""
HEAVY_PIXELS, HEAVY_VISIBILITY, PACKED_HEAVY = 8.0, 20.0, ("xy", "shoulders")


def spec(
    view: str,
    motion: str | None,
    rest: float | None,
    target: float | None,
    sided: str,
    **more: Any,
) -> Measurement:
    """Return a measurement as the library writes it."""
    return Measurement(
        Measure.CAMERA, View(view), motion, rest, target, sidedness=Sidedness(sided), **more
    )


EXERCISES: dict[str, tuple[str, Measurement]] = {
    "squat": ("bodyweight-squat", spec("sagittal", "knee_flexion", 10, 90, "bilateral")),
    "none": ("bodyweight-squat", spec("sagittal", "knee_flexion", 10, 90, "bilateral")),
    "sit_to_stand": ("sit-to-stand", spec("sagittal", "knee_flexion", 85, 12, "bilateral")),
    "standing_knee_flexion": (
        "standing-knee-flexion",
        spec("sagittal", "knee_flexion", 20, 80, "unilateral"),
    ),
    "standing_hip_abduction": (
        "standing-hip-abduction",
        spec("frontal", "hip_abduction", 5, 25, "unilateral"),
    ),
    "shoulder_abduction": (
        "active-abduction-stand",
        spec("frontal", "shoulder_abduction", 15, 90, "unilateral"),
    ),
    "shoulder_flexion": (
        "active-flexion-stand",
        spec("sagittal", "shoulder_flexion", 20, 120, "unilateral"),
    ),
    "elbow_flexion": (
        "elbow-flex-arom",
        spec("sagittal", "elbow_flexion", 20, 120, "unilateral"),
    ),
    "seated_knee_extension": (
        "long-arc-quad",
        spec("sagittal", "knee_flexion", 70, 10, "unilateral"),
    ),
    "straight_leg_raise": ("slr-flexion", spec("sagittal", "hip_flexion", 5, 35, "unilateral")),
    "single_leg_stance": (
        "stance-single-leg",
        spec(
            "frontal",
            None,
            None,
            None,
            "unilateral",
            signal=Signal.POSTURE,
            count_mode=CountMode.HOLD,
        ),
    ),
}
"""Exercise of the library and its measurement, by the word that the clip's maker used."""


@dataclass(frozen=True, eq=False)
class Clip:
    """One clip: what was seen and what was true."""

    series: KeypointSeries
    truth: RenderedTruth
    rerendered: bool = False
    """Whether it is one of the second set of films."""

    @property
    def slug(self) -> str:
        known = EXERCISES.get(self.truth.exercise)
        return self.truth.exercise if known is None else known[0]

    @property
    def measurement(self) -> Measurement:
        known = EXERCISES.get(self.truth.exercise)
        return load_library().get(self.slug).measurement if known is None else known[1]

    def measure(self, **options: Any) -> MeasuredMovement:
        return measure(self.series, self.measurement, exercise=self.slug, **options)


def names() -> list[str]:
    """Return the clips at hand."""
    return sorted(path.stem for path in FOLDER.glob("*.npz") if "." not in path.stem)


@cache
def clip(name: str) -> Clip:
    """Return one clip by its file name."""
    return unpack(FOLDER / f"{name}.npz")


def fit_clips(model: str = "full") -> Iterator[Clip]:
    """Yield the clips that the bias rows are fitted on: in plane, of the people of the fit."""
    for folder in (FOLDER, FIT_FOLDER):
        for one in map(unpack, sorted(folder.glob("*.npz"))):
            if one.truth.person in FIT_PEOPLE and one.truth.off_plane_deg <= 10.0:
                yield replace(_seen_by(model, one), rerendered=folder is FIT_FOLDER)


@cache
def held_out_clips(which: str, model: str = "full") -> tuple[Clip, ...]:
    """Return the clips of one set of new people, as a model saw them."""
    clips = map(unpack, sorted(HELD_OUT_FOLDER.glob("*.npz")))
    return tuple(_seen_by(model, one) for one in clips if one.truth.person in NEW_PEOPLE[which])


def _seen_by(model: str, one: Clip) -> Clip:
    """Return the clip with the landmarks of the heavy model, where that is asked for."""
    if model == "full":
        return one
    with np.load(HEAVY_FOLDER / f"{one.truth.name}.npz") as packed:
        xy, shoulders = (np.cumsum(packed[key], axis=0, dtype=np.int32) for key in PACKED_HEAVY)
        visibility = packed["visibility"] / HEAVY_VISIBILITY
    world = np.full((len(xy), 33, 3), np.nan, dtype=np.float32)
    world[:, [11, 12]] = shoulders / WORLD_METRES
    series = replace(
        one.series,
        xy_px=(xy / HEAVY_PIXELS).astype(np.float32),
        visibility=visibility.astype(np.float32),
        world_m=world,
        model=HEAVY_MODEL,
    )
    return replace(one, series=series)


def pack_heavy(series: KeypointSeries, name: str, folder: Path) -> None:
    """Write what the heavy model saw in a clip; truth and times are in the full model's file."""
    assert series.world_m is not None
    shoulders = series.world_m[:, [11, 12]] * WORLD_METRES
    np.savez_compressed(
        folder / f"{name}.npz",
        xy=_steps(series.xy_px * HEAVY_PIXELS, np.int16),
        shoulders=_steps(shoulders, np.int16),
        visibility=np.round(series.visibility * HEAVY_VISIBILITY).astype(np.uint8),
    )


def unpack(path: Path) -> Clip:
    """Read one packed clip."""
    with np.load(path) as packed:
        data = {key: packed[key] for key in packed.files}
    about: dict[str, Any] = json.loads(bytes(data["about"]).decode())
    t_s = data["t_ms"] / 1000
    xy = data["xy_px16"] / PIXELS
    world = np.full((len(t_s), 33, 3), np.nan, dtype=np.float32)
    world[:, [11, 12]] = np.cumsum(data["shoulders"], axis=0, dtype=np.int32) / WORLD_METRES
    width, height = (int(v) for v in data["size"])
    video = VideoInfo(
        str(data["video_sha256"]), width, height, 0, float(t_s[-1]), len(t_s), about["fps"], False
    )
    series = KeypointSeries(
        t_s,
        xy.astype(np.float32),
        (data["visibility"] / 255.0).astype(np.float32),
        world,
        video,
        MODEL,
        FrameSignals(*(data["signals"][:, i] for i in range(3))),
    )
    joints = np.cumsum(data["joints"], axis=0, dtype=np.int32) / METRES
    truth = RenderedTruth(
        name=path.stem,
        person=about["person"],
        exercise=about["exercise"],
        view=about["view"],
        off_plane_deg=about["off_plane_deg"],
        t_s=t_s,
        joints_m={key: joints[:, i] for i, key in enumerate(about["joints"])},
        movements=tuple(tuple(m) for m in about["movements"]),
        valid=tuple(about["valid"]),
        outward=about["outward"],
    )
    return Clip(series, truth)


def pack(series: KeypointSeries, truth: RenderedTruth, folder: Path) -> Path:
    """Write one clip; the fixtures were made with it."""
    about = {
        "person": truth.person,
        "exercise": truth.exercise,
        "view": truth.view,
        "off_plane_deg": truth.off_plane_deg,
        "movements": truth.movements,
        "valid": truth.valid,
        "outward": truth.outward,
        "joints": list(truth.joints_m),
        "fps": series.video.fps_mean,
    }
    world = series.world_m
    assert world is not None
    assert series.signals is not None
    signals = series.signals
    path = folder / f"{truth.name}.npz"
    np.savez_compressed(
        path,
        about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
        t_ms=series.t_s * 1000,
        xy_px16=np.round(series.xy_px * PIXELS).astype(np.int16),
        size=np.array([series.video.width, series.video.height]),
        video_sha256=np.array(series.video.sha256),
        visibility=np.round(series.visibility * 255).astype(np.uint8),
        shoulders=_steps(world[:, [11, 12]] * WORLD_METRES, np.int16),
        signals=np.stack([signals.luma, signals.sharpness, signals.change], axis=1).astype(
            np.float16
        ),
        joints=_steps(np.stack(list(truth.joints_m.values()), axis=1) * METRES, np.int16),
    )
    return path


def _steps(values: np.ndarray[Any, Any], kind: type) -> np.ndarray[Any, Any]:
    whole = np.round(values).astype(np.int64)
    return np.diff(whole, axis=0, prepend=np.zeros_like(whole[:1])).astype(kind)
