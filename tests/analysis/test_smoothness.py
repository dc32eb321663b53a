"""Smoothness against published vectors and its own invariances."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.analysis.assessment import RepetitionKind
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.analysis.smoothness import (
    log_dimensionless_jerk,
    repetition_smoothness,
    spectral_arc_length,
    with_smoothness,
)
from rehabctl.domain.exercise import View
from tests.analysis.recordings import (
    exercise_spec,
    hiding,
    measured_clip,
    moving,
    side_figure,
    there_and_back,
)


def minimum_jerk_speed(fs_hz: int, movements: int = 1) -> np.ndarray:
    """Speed of minimum-jerk movements of one second each; neighbours share the joining sample."""
    t = np.linspace(0.0, 1.0, fs_hz + 1)
    one = 30 * t**2 - 60 * t**3 + 30 * t**4
    return np.concatenate([one, *([one[1:]] * (movements - 1))])


@pytest.mark.parametrize(
    ("fs_hz", "one", "two"),
    [
        (30, -1.4004, -2.2925),
        (60, -1.4004, -2.2925),
        (100, -1.4058, -2.2445),
        (1000, -1.4024, -2.2462),
    ],
)
def test_sparc_vectors(fs_hz: int, one: float, two: float) -> None:
    assert spectral_arc_length(minimum_jerk_speed(fs_hz), fs_hz) == pytest.approx(one, abs=5e-5)
    assert spectral_arc_length(minimum_jerk_speed(fs_hz, 2), fs_hz) == pytest.approx(two, abs=5e-5)


@pytest.mark.parametrize(
    ("fs_hz", "one", "two"),
    [
        (30, -5.0146, -7.9467),
        (60, -5.1614, -8.0161),
        (100, -5.2241, -8.0464),
        (1000, -5.3121, -8.0896),
    ],
)
def test_ldlj_vectors(fs_hz: int, one: float, two: float) -> None:
    assert log_dimensionless_jerk(minimum_jerk_speed(fs_hz), fs_hz) == pytest.approx(one, abs=5e-5)
    assert log_dimensionless_jerk(minimum_jerk_speed(fs_hz, 2), fs_hz) == pytest.approx(
        two, abs=5e-5
    )


def test_ldlj_approaches_the_exact_minimum_jerk_value() -> None:
    value = log_dimensionless_jerk(minimum_jerk_speed(20_000), 20_000)
    assert value == pytest.approx(-math.log(204.8), abs=1e-3)


@given(
    scale=st.floats(1e-3, 1e3),
    fs_hz=st.integers(25, 240),
    movements=st.integers(1, 4),
)
def test_amplitude_does_not_change_smoothness(scale: float, fs_hz: int, movements: int) -> None:
    speed = minimum_jerk_speed(fs_hz, movements)
    assert spectral_arc_length(scale * speed, fs_hz) == pytest.approx(
        spectral_arc_length(speed, fs_hz), rel=1e-9
    )
    assert log_dimensionless_jerk(scale * speed, fs_hz) == pytest.approx(
        log_dimensionless_jerk(speed, fs_hz), rel=1e-9
    )


@given(fs_hz=st.integers(30, 240), movements=st.integers(1, 5))
def test_more_submovements_are_less_smooth(fs_hz: int, movements: int) -> None:
    fewer, more = (minimum_jerk_speed(fs_hz, n) for n in (movements, movements + 1))
    assert spectral_arc_length(more, fs_hz) < spectral_arc_length(fewer, fs_hz)
    assert log_dimensionless_jerk(more, fs_hz) < log_dimensionless_jerk(fewer, fs_hz)


@pytest.mark.parametrize("speed", [[], [1.0], [[1.0, 2.0]], [0.0] * 9, [1.0, math.nan, 1.0, 2.0]])
def test_what_has_no_smoothness_is_refused(speed: list[float]) -> None:
    with pytest.raises(ValueError, match=r"speed|movement"):
        spectral_arc_length(speed, 30.0)
    with pytest.raises(ValueError, match=r"speed|movement"):
        log_dimensionless_jerk(speed, 30.0)


def test_constant_speed_has_no_jerk() -> None:
    with pytest.raises(ValueError, match="slope"):
        log_dimensionless_jerk([2.0] * 10, 30.0)


ELBOW = exercise_spec("elbow_flexion", View.SAGITTAL, 0, 100)


def curls(phase: np.ndarray) -> MeasuredMovement:
    return moving(lambda p: side_figure(elbow_deg=110 * p), spec=ELBOW, phase=phase, facing="right")


def held(seconds: float) -> np.ndarray:
    """A repetition that stops at its turning point."""
    way = there_and_back(repetitions=1)
    turn = int(np.argmax(way))
    return np.concatenate([way[:turn], np.full(round(seconds * 30), way[turn]), way[turn:]])


class TestRepetitions:
    def test_each_repetition_gets_its_value(self) -> None:
        measured = curls(there_and_back())
        values = [r.smoothness_sparc for r in with_smoothness(measured)]
        assert len(values) == 3
        assert all(v is not None and -1.8 < v < -1.3 for v in values)

    def test_a_hold_is_no_lack_of_smoothness(self) -> None:
        through, paused = curls(there_and_back(repetitions=1)), curls(held(2.0))
        values = [repetition_smoothness(m, m.repetitions[0]) for m in (through, paused)]
        assert values[0] is not None
        assert values[1] is not None
        assert values[1].sparc == pytest.approx(values[0].sparc, abs=0.05)
        assert (values[1].fs_hz, values[1].cutoff_hz) == (30.0, 6.0)

    def test_a_jerky_stroke_is_less_smooth(self) -> None:
        smooth = there_and_back(repetitions=1, seconds=4.0)
        shaking = smooth * (1 + 0.05 * np.sin(2 * np.pi * 4 * np.arange(len(smooth)) / 30))
        values = [repetition_smoothness(m, m.repetitions[0]) for m in map(curls, (smooth, shaking))]
        assert values[0] is not None
        assert values[1] is not None
        assert values[1].sparc < values[0].sparc - 0.2
        assert values[1].ldlj_v < values[0].ldlj_v - 1

    def test_refused_cut_and_motionless_repetitions_have_none(self) -> None:
        measured = curls(there_and_back(repetitions=1))
        repetition = measured.repetitions[0]
        assert repetition_smoothness(hiding(measured, "elbow_flexion"), repetition) is None
        cut = replace(repetition, kind=RepetitionKind.CUT)
        assert repetition_smoothness(measured, cut) is None
        still = moving(lambda _: side_figure(), spec=ELBOW, facing="right")
        assert repetition_smoothness(still, repetition) is None

    def test_rendered_repetitions_are_alike(self) -> None:
        values = [
            r.smoothness_sparc
            for r in with_smoothness(measured_clip("squat_side_95", "bodyweight-squat"))
        ]
        assert len(values) == 3
        assert all(v is not None and -2.0 < v < -1.4 for v in values)
