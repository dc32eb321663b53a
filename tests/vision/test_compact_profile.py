"""What the compact profile may change of a measured recording, and how small it is."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from rehabctl.analysis.assess import assess
from rehabctl.analysis.estimator import measure_angles
from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.analysis.motions import Plane
from rehabctl.analysis.view import CameraView
from rehabctl.vision import keypoints
from rehabctl.vision.keypoints import Profile
from tests.analysis.rendered_clips import clip, names

HALF_AN_HOUR = 30 * 60 * 30
LEAST_DEG = 0.5


def stored(series: KeypointSeries, profile: Profile = Profile.COMPACT) -> tuple[bytes, int]:
    stream = io.BytesIO()
    keypoints.write(series, stream, profile)
    return stream.getvalue(), len(series.t_s)


def through(series: KeypointSeries) -> KeypointSeries:
    return keypoints.read(io.BytesIO(stored(series)[0]))


@pytest.mark.parametrize("name", names())
def test_no_reported_peak_and_no_end_of_a_range_changes_by_half_a_degree(name: str) -> None:
    one = clip(name)
    whole, compact = (
        assess(series, one.measurement, exercise=one.slug)
        for series in (one.series, through(one.series))
    )
    assert whole.quality.status is compact.quality.status
    assert whole.view.detected == compact.view.detected
    assert len(whole.repetitions) == len(compact.repetitions)
    for before, after in zip(whole.repetitions, compact.repetitions, strict=True):
        assert after.peak_s == pytest.approx(before.peak_s, abs=0.04)
        for field in ("peak_deg", "peak_uncorrected_deg"):
            _alike(getattr(before, field), getattr(after, field))
        for low, high in zip(before.interval_deg or (), after.interval_deg or (), strict=True):
            _alike(low, high)
    for before, after in zip(whole.motions, compact.motions, strict=True):
        assert before.measurable is after.measurable
        for field in ("min_deg", "max_deg"):
            _alike(getattr(before, field), getattr(after, field))


def _alike(before: float | None, after: float | None) -> None:
    assert (before is None) is (after is None)
    if before is not None:
        assert after == pytest.approx(before, abs=LEAST_DEG)


@pytest.mark.parametrize(
    ("motion", "name", "plane"),
    [
        ("neck_rotation", "shabd_front_150", Plane.FRONTAL),
        ("neck_lateral_flexion", "shabd_front_150", Plane.FRONTAL),
        ("neck_flexion", "squat_side_95", Plane.SAGITTAL),
    ],
)
def test_the_neck_is_seen_in_the_compact_profile(motion: str, name: str, plane: Plane) -> None:
    series = clip(name).series
    view = CameraView(0.0, np.zeros(len(series.t_s)), False, 100.0)
    whole, compact = (
        measure_angles(one.xy_px.astype(float), view, plane) for one in (series, through(series))
    )
    keys = [key for key in whole if key[0] == motion]
    assert keys
    for key in keys:
        known = np.isfinite(whole[key])
        assert np.array_equal(known, np.isfinite(compact[key]))
        assert np.median(np.abs(whole[key] - compact[key])[known]) <= LEAST_DEG


@pytest.mark.parametrize("noise_px", [0.0, 0.5])
def test_half_an_hour_takes_three_megabytes_at_most(noise_px: float) -> None:
    rng = np.random.default_rng(7)
    size = frames = 0
    for name in names():
        series = clip(name).series
        noise = rng.normal(0, noise_px, series.xy_px.shape)
        noisy = replace(series, xy_px=(series.xy_px + noise).astype(np.float32))
        written, count = stored(noisy)
        size, frames = size + len(written), frames + count
    assert size / frames * HALF_AN_HOUR <= 3_000_000


def test_landmarks_without_ears_are_measured_too() -> None:
    one = clip("squat_side_95")
    xy, visibility = one.series.xy_px.copy(), one.series.visibility.copy()
    xy[:, 1:11], visibility[:, 1:11] = np.nan, np.nan
    bare = replace(one.series, xy_px=xy, visibility=visibility)
    found = assess(bare, one.measurement, exercise=one.slug)
    assert found.full_count == 3
    assert not any("head" in line.text for line in found.warnings)
