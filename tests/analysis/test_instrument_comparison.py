"""A camera's angle against the sensors': common time and disagreement."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.analysis.instrument_comparison import compare_instruments
from rehabctl.reference.sensor_limits import load_sensor_limits

LIMITS = load_sensor_limits().of("camera_imu")


def bends(t_s: np.ndarray) -> np.ndarray:
    """Five bends of unequal depth and pace, so that one place fits only."""
    knots = np.cumsum([0, 3, 2, 4, 2.5, 3.5, 3])
    depth = [80, 60, 95, 70, 85]
    angle = np.zeros(len(t_s))
    for start, end, deep in zip(knots[1:], knots[2:], depth, strict=False):
        inside = (t_s >= start) & (t_s < end)
        angle[inside] = deep * (1 - np.cos(2 * np.pi * (t_s[inside] - start) / (end - start))) / 2
    return angle


IMU_T = np.arange(0, 22, 1 / 60)


@given(st.floats(-20, 20), st.floats(-25, 25))
def test_offset_and_bias_are_found(offset_s: float, bias_deg: float) -> None:
    camera_t = np.arange(0.5, 20, 1 / 30)
    found = compare_instruments(
        camera_t - offset_s, bends(camera_t) + bias_deg, IMU_T, bends(IMU_T), LIMITS
    )
    assert found.offset_s == pytest.approx(offset_s, abs=0.05)
    assert found.bias_deg == pytest.approx(bias_deg, abs=1.0)
    assert found.rms_deg < 2.0
    assert found.findings == ()


def test_a_camera_that_sees_less_disagrees() -> None:
    camera_t = np.arange(0, 20, 1 / 30)
    low = compare_instruments(camera_t, 0.5 * bends(camera_t), IMU_T, bends(IMU_T), LIMITS)
    assert [f.code for f in low.findings] == ["instruments_disagree"]
    noise = np.random.default_rng(3).normal(size=len(camera_t)).cumsum()
    other = compare_instruments(camera_t, noise, IMU_T, bends(IMU_T), LIMITS)
    assert [f.code for f in other.findings] == ["camera_not_synchronous"]


def test_what_cannot_be_compared_is_named() -> None:
    camera_t = np.arange(0, 20, 1 / 30)
    with pytest.raises(ValueError, match="hardly moves"):
        compare_instruments(camera_t, np.zeros(len(camera_t)), IMU_T, bends(IMU_T), LIMITS)
    with pytest.raises(ValueError, match="too few"):
        compare_instruments(camera_t, np.full(len(camera_t), np.nan), IMU_T, bends(IMU_T), LIMITS)
