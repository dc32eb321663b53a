"""Resampling and smoothing: true times, honest gaps, nothing moved in time."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal  # type: ignore[import-untyped]

from rehabctl.analysis.filtering import DUAL_PASS, cutoff_hz, median3, resample, segments_of, smooth
from rehabctl.reference.measurement import load_measurement_data
from tests.analysis.skeletons import series_of, side_view, there_and_back

FILTER = load_measurement_data().filter
NO_BREAKS = np.zeros(10_000, dtype=bool)


def uniform(xy: np.ndarray, **options: Any) -> Any:
    series = series_of(xy, **options)
    return resample(series, series.xy_px.astype(float), NO_BREAKS[: len(xy)], FILTER)


def test_smoothing_equals_the_two_passes_of_the_library_filter() -> None:
    rng = np.random.default_rng(7)
    values = np.cumsum(rng.normal(size=(400, 3)), axis=0)
    sections = signal.butter(2, 6.0 / DUAL_PASS, fs=30.0, output="sos")
    wanted = cast("Any", signal).sosfiltfilt(sections, values, axis=0, padlen=60)
    found = smooth(values, 30.0, 6.0)
    np.testing.assert_allclose(found[20:-20], wanted[20:-20], atol=1e-6)
    np.testing.assert_allclose(found, wanted, atol=2e-2)


def test_the_cutoff_is_the_true_one_after_both_passes() -> None:
    t_s = np.arange(0, 40, 1 / 100)
    gain = np.ptp(smooth(np.sin(2 * np.pi * 6.0 * t_s), 100.0, 6.0)[1000:3000]) / 2
    assert gain == pytest.approx(np.sqrt(0.5), abs=0.006)


def test_a_slow_movement_keeps_its_peak_and_its_time() -> None:
    t_s = np.arange(0, 4, 1 / 30)
    curve = there_and_back(t_s, [(2.0, 95.0)], rest=5.0)
    found = smooth(curve, 30.0, 6.0)
    assert found.max() == pytest.approx(95.0, abs=0.2)
    assert np.argmax(found) == np.argmax(curve)


def test_a_straight_line_passes_unchanged_to_its_ends() -> None:
    line = np.linspace(-3.0, 8.0, 50)
    np.testing.assert_allclose(smooth(line, 30.0, 6.0), line, atol=1e-3)


def test_too_low_a_frame_rate_is_an_error_and_the_cutoff_follows_the_rate() -> None:
    with pytest.raises(ValueError, match="too slow"):
        smooth(np.zeros(20), 12.0, 6.0)
    for rate in (5.0, 8.0, 15.0, 24.0, 30.0, 60.0, 240.0):
        fc = cutoff_hz(rate, FILTER)
        assert fc <= 6.0
        assert np.isfinite(smooth(np.random.default_rng(1).normal(size=60), rate, fc)).all()


def test_median_removes_a_jump_of_one_frame_and_nothing_else() -> None:
    clean = np.linspace(0.0, 10.0, 21)
    jump = clean.copy()
    jump[9] = 500.0
    np.testing.assert_allclose(median3(clean), clean)
    assert np.abs(median3(jump) - clean).max() <= 0.5


def test_variable_frame_times_are_resampled_by_their_true_times() -> None:
    rng = np.random.default_rng(3)
    t_s = np.cumsum(rng.uniform(0.02, 0.06, size=200))
    knee = 45.0 + 40.0 * np.sin(2 * np.pi * 0.4 * t_s)
    found = uniform(side_view(len(t_s), knee=knee), t_s=t_s)
    wanted = side_view(len(found.t_s), knee=45.0 + 40.0 * np.sin(2 * np.pi * 0.4 * found.t_s))
    inside = slice(10, -10)
    assert np.abs(found.xy_px[inside] - wanted[inside]).max() < 1.0
    np.testing.assert_allclose(np.diff(found.t_s), 1 / found.fs_hz)


def test_short_gaps_are_bridged_and_long_ones_split() -> None:
    xy = side_view(120, knee=np.linspace(0, 60, 120))
    xy[40:44] = np.nan
    assert len(uniform(xy).segments) == 1
    xy[80:90] = np.nan
    found = uniform(xy)
    assert [(s.start, s.stop) for s in found.segments] == [(0, 80), (90, 120)]
    assert np.isnan(found.xy_px[80:90]).all()
    assert np.isfinite(found.xy_px[:80]).all()


def test_a_single_lost_landmark_is_blanked_alone() -> None:
    xy = side_view(100, knee=np.linspace(0, 60, 100))
    xy[30:33, 27] = np.nan
    xy[50:65, 27] = np.nan
    found = uniform(xy)
    assert np.isfinite(found.xy_px[30:33, 27]).all()
    assert np.isnan(found.xy_px[52:63, 27]).all()
    assert np.isfinite(found.xy_px[:, 25]).all()


def test_landmarks_that_an_estimator_never_gives_stay_missing() -> None:
    xy = side_view(60)
    xy[:, 29:33] = np.nan
    found = uniform(xy)
    assert np.isnan(found.xy_px[:, 31]).all()
    assert np.isfinite(found.xy_px[:, 27]).all()


def test_breaks_divide_even_without_a_gap() -> None:
    t_s = np.arange(100) / 30
    found, breaks = np.ones(100, dtype=bool), np.zeros(100, dtype=bool)
    breaks[50] = True
    assert segments_of(t_s, found, breaks, 0.2) == [(0, 49), (50, 99)]
    found[50] = False
    assert segments_of(t_s, found, breaks, 0.2) == [(0, 49), (51, 99)]


@given(st.integers(0, 6))
def test_hardly_any_frames_are_no_error(n: int) -> None:
    if n == 0:
        return
    found = uniform(side_view(n))
    assert len(found.t_s) == n


def test_stretches_too_short_to_filter_are_left_out() -> None:
    xy = side_view(60)
    xy[8:20] = np.nan
    assert [(s.start, s.stop) for s in uniform(xy).segments] == [(20, 60)]
