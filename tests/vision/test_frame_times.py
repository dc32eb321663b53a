"""The clock of a video, for time stamps of every kind."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.vision.frame_times import FrameClock, describe_times


def picked(times_ms: list[float], fps: float = 30.0) -> tuple[list[float], FrameClock]:
    clock = FrameClock(fps)
    chosen = [clock.pick(t) for t in times_ms]
    return [t for t in chosen if t is not None], clock


@pytest.mark.parametrize(
    ("source_fps", "analysed_fps"),
    [(5, 5), (24, 24), (25, 25), (29.97, 29.97), (30, 30), (48, 24), (50, 25), (60, 30),
     (59.94, 29.97), (120, 30), (240, 30)],
)  # fmt: skip
def test_rate_is_an_even_part_of_the_source(source_fps: float, analysed_fps: float) -> None:
    times = [1000 * i / source_fps for i in range(480)]
    chosen, clock = picked(times)
    assert np.allclose(np.diff(chosen), 1000 / analysed_fps)
    assert clock.decoded == 480


def test_times_rounded_to_milliseconds_lose_no_frame() -> None:
    times = [float(round(1000 * i / 30)) for i in range(300)]
    assert picked(times)[0] == times


@given(st.lists(st.floats(-1e4, 1e6), min_size=1, max_size=60), st.floats(1, 240))
def test_any_time_stamps_give_an_increasing_clock(times: list[float], fps: float) -> None:
    chosen, clock = picked(times, fps)
    assert chosen
    assert all(b > a for a, b in pairwise(chosen))
    assert all(b > a for a, b in pairwise(clock.times_ms))
    assert len(clock.times_ms) + clock.without_own_time == clock.decoded == len(times)


def test_frame_without_a_time_of_its_own_is_left_out() -> None:
    chosen, clock = picked([0, 33, 33, 67, 50, 100])
    assert chosen == [0, 33, 67, 100]
    assert clock.without_own_time == 2
    assert clock.restarts == 0


def test_clock_that_starts_again_is_continued() -> None:
    part = [1000 * i / 30 for i in range(90)]
    chosen, clock = picked([*part, *part])
    assert clock.restarts == 1
    assert np.allclose(np.diff(chosen), 1000 / 30)
    assert len(chosen) == 180


def test_constant_rate_is_described() -> None:
    timing = describe_times([1000 * i / 25 for i in range(50)], 25)
    assert timing.fps_mean == pytest.approx(25)
    assert timing.duration_s == pytest.approx(2)
    assert not timing.variable_frame_rate


@pytest.mark.parametrize("fps", [24, 30, 60, 120, 240])
def test_rounding_and_one_lost_frame_are_no_variable_rate(fps: int) -> None:
    times = [float(round(1000 * i / fps)) for i in range(10 * fps)]
    del times[50]
    assert not describe_times(times, fps).variable_frame_rate


def test_jitter_is_a_variable_rate() -> None:
    steps = np.random.default_rng(7).choice([33.0, 50.0, 67.0], 100)
    assert describe_times(np.cumsum(steps).tolist(), 30).variable_frame_rate


def test_one_frame_has_the_duration_of_a_frame() -> None:
    assert describe_times([0.0], 25).duration_s == pytest.approx(0.04)
