"""Landmarks of real videos by the real model: times, sizes, options, and how they are kept."""

from __future__ import annotations

import io
import os
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.vision import keypoints
from rehabctl.vision.keypoints import Profile
from rehabctl.vision.models import PoseModel
from rehabctl.vision.options import ExtractOptions
from rehabctl.vision.worker import extract

from .clips import MakeVideo, truth

pytestmark = pytest.mark.slow


def test_variable_frame_rate_keeps_true_times(series: dict[str, KeypointSeries]) -> None:
    found, expected = series["elbow_vfr"], truth("elbow_vfr")
    assert found.video.variable_frame_rate
    assert np.allclose(found.t_s, expected["timestamps_s"], atol=1e-4)
    assert found.video.fps_mean == pytest.approx(expected["mean_fps"], rel=1e-3)


@pytest.mark.parametrize("name", ["squat_rot90_metadata", "elbow_vfr"])
def test_landmarks_lie_on_the_true_joints(series: dict[str, KeypointSeries], name: str) -> None:
    found, expected = series[name], truth(name)["joints_px"]
    for landmark, joint in ((26, "kneeR"), (14, "elbowR"), (12, "shoulderR")):
        distance = np.linalg.norm(found.xy_px[:, landmark] - np.array(expected[joint]), axis=1)
        assert np.nanmedian(distance) < 20, joint
    assert np.isfinite(found.xy_px).all()


def test_rotated_clip_is_upright(series: dict[str, KeypointSeries]) -> None:
    video = series["squat_rot90_metadata"].video
    assert (video.width, video.height, video.rotation_deg) == (480, 640, 90)
    assert video.frame_count == 283
    assert not video.variable_frame_rate


@pytest.mark.parametrize(
    ("name", "frames", "analysed"),
    [("sixty", 60, 30), ("five", 5, 5), ("many", 48, 6), ("motion_jpeg", 20, 20)],
)
def test_frame_rates(
    series: dict[str, KeypointSeries], name: str, frames: int, analysed: int
) -> None:
    assert series[name].video.frame_count == frames
    assert len(series[name].t_s) == analysed


def test_four_k_is_measured(series: dict[str, KeypointSeries]) -> None:
    found = series["four_k"]
    assert (found.video.width, found.video.height) == (2160, 3840)
    assert np.nanmedian(found.xy_px[:, 23:, 1]) > 1500


def test_nobody_in_the_picture_is_no_error(series: dict[str, KeypointSeries]) -> None:
    black = series["black"]
    assert np.isnan(black.xy_px).all()
    assert np.isnan(black.visibility).all()
    assert all(not sample.boxes_px for sample in black.people)
    assert black.signals is not None
    assert black.signals.luma.max() < 5


def test_everybody_is_sampled(series: dict[str, KeypointSeries]) -> None:
    people = series["elbow_vfr"].people
    assert 8 <= len(people) <= 12
    assert [len(sample.boxes_px) for sample in people] == [1] * len(people)
    (x0, y0, x1, y1) = people[0].boxes_px[0]
    assert 0 <= x0 < x1 <= 480
    assert 0 <= y0 < y1 <= 640
    assert people[0].t_s < 1.5
    assert people[-1].t_s > 8


def test_signals_tell_movement_from_rest(series: dict[str, KeypointSeries]) -> None:
    moving, still = series["squat"].signals, series["five"].signals
    assert moving is not None
    assert still is not None
    assert moving.change[0] == 0
    assert np.median(moving.change[1:]) > 0.3
    assert moving.sharpness.min() > 0


def test_provenance_names_model_and_versions(
    series: dict[str, KeypointSeries], model: PoseModel
) -> None:
    info = series["squat"].model
    assert (info.name, info.sha256) == ("pose_landmarker_full", model.sha256)
    assert info.mediapipe.startswith("0.10.")
    assert series["squat"].options["analysis_fps"] == 30


def test_two_runs_are_identical_and_options_matter(
    series: dict[str, KeypointSeries], model: PoseModel, make_video: MakeVideo
) -> None:
    first = series["motion_jpeg"]
    video = make_video("motion_jpeg.avi", count=20)
    again = extract(video, model.path)
    assert np.array_equal(first.xy_px, again.xy_px)
    assert first.world_m is not None
    assert np.array_equal(first.world_m, again.world_m if again.world_m is not None else 0)
    assert first.people == again.people
    slower = extract(video, model.path, options=ExtractOptions(fps=10, sample_people=False))
    assert len(slower.t_s) == 7
    assert slower.people == ()


def test_mirrored_pass_is_in_the_original_coordinates(
    series: dict[str, KeypointSeries], model: PoseModel, make_video: MakeVideo
) -> None:
    plain = series["motion_jpeg"]
    video = make_video("motion_jpeg.avi", count=20)
    mirrored = extract(video, model.path, options=ExtractOptions(mirror=True))
    distance = np.linalg.norm(plain.xy_px - mirrored.xy_px, axis=2)[:, [0, *range(11, 33)]]
    assert 0 < np.median(distance) < 15
    assert plain.world_m is not None
    assert mirrored.world_m is not None
    assert np.median(np.abs(plain.world_m - mirrored.world_m)) < 0.1
    assert plain.people == mirrored.people


def test_fast_segments_are_the_same_on_any_machine(
    model: PoseModel, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 120 s at 1 frame a second: two segments
    video = make_video("long.mp4", fps=1, count=120)
    options = ExtractOptions(fast=True, sample_people=False)
    one_and_many: list[KeypointSeries] = []
    for cores in (1, 2):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        one_and_many.append(extract(video, model.path, options=options))
    one, many = one_and_many
    assert len(one.t_s) == one.video.frame_count == 120
    assert np.array_equal(one.t_s, many.t_s)
    assert np.array_equal(one.xy_px, many.xy_px)
    assert one.options["segment_s"] == 60
    plain = extract(video, model.path, options=replace(options, fast=False))
    assert np.array_equal(one.t_s, plain.t_s)
    assert np.array_equal(one.xy_px[:60], plain.xy_px[:60])
    assert np.abs(one.xy_px - plain.xy_px).max() < 20


# -- size and effect on angles, on real landmarks ------------------------------------------------

TRIPLES = ((23, 25, 27), (24, 26, 28), (11, 23, 25), (12, 24, 26), (11, 13, 15), (12, 14, 16),
           (23, 11, 13), (24, 12, 14), (25, 27, 31), (26, 28, 32))  # fmt: skip


def compact(series: KeypointSeries) -> bytes:
    stream = io.BytesIO()
    keypoints.write(series, stream, Profile.COMPACT)
    return stream.getvalue()


def angle_deg(xy: NDArray[np.float32], triple: tuple[int, int, int]) -> NDArray[np.float64]:
    a, b, c = (xy[:, i].astype(np.float64) for i in triple)
    u, v = a - b, c - b
    cross = np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
    angle = np.degrees(np.arctan2(cross, (u * v).sum(axis=1)))
    return sosfiltfilt(butter(2, 7.479, fs=30, output="sos"), angle)


def test_compact_profile_is_small_and_moves_no_peak(series: dict[str, KeypointSeries]) -> None:
    for name in ("squat_rot90_metadata", "elbow_vfr", "squat"):
        original = series[name]
        data = compact(original)
        back = keypoints.read(io.BytesIO(data))
        for triple in TRIPLES:
            before, after = angle_deg(original.xy_px, triple), angle_deg(back.xy_px, triple)
            assert abs(before.max() - after.max()) < 0.5
            assert abs(before.min() - after.min()) < 0.5
        first = replace(
            original,
            t_s=original.t_s[:1],
            xy_px=original.xy_px[:1],
            visibility=original.visibility[:1],
            world_m=None,
            signals=None,
        )
        share = (len(data) - len(compact(first))) / len(original.t_s)
        assert share * 54_000 < 3.5e6  # 30 minutes at 30 a second; arrays compress less in a clip


def test_half_an_hour_of_slow_exercise_is_below_three_megabytes(
    series: dict[str, KeypointSeries],
) -> None:
    clip = series["squat_rot90_metadata"]
    repeats = 54_000 // len(clip.t_s) + 1
    rng = np.random.default_rng(3)
    n = 54_000

    def repeated(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.concatenate([values] * repeats)[:n]

    # half a pixel of new noise in every frame, so that no repetition can be found by compression
    xy = repeated(clip.xy_px) + rng.normal(0, 0.5, (n, 33, 2))
    visibility = np.clip(repeated(clip.visibility) + rng.normal(0, 0.01, (n, 33)), 0, 1)
    long = replace(
        clip,
        t_s=np.arange(n) / 30,
        xy_px=xy.astype(np.float32),
        visibility=visibility.astype(np.float32),
        world_m=repeated(clip.world_m) + rng.normal(0, 0.002, (n, 33, 3)).astype(np.float32),
        signals=None,
    )
    assert len(compact(long)) < 3e6
