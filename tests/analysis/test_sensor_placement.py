"""Swapped and turned sensors on simulated movements: found when they are, silent when not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from rehabctl.analysis.functional_calibration import functional
from rehabctl.analysis.imu_recording import ImuRecording
from rehabctl.analysis.joint_angle import HingeAxis
from rehabctl.analysis.orientation import multiply, rotate
from rehabctl.analysis.sensor_placement import mounted_as_calibrated, moved_as_asked, untold_sides
from rehabctl.analysis.sensor_simulation import CALIBRATED, PERFECT, SimulatedSensor, knee_pair
from rehabctl.reference.sensor_limits import load_sensor_limits

LIMITS = load_sensor_limits(date(2026, 11, 22))
THIGH, SHANK, _ = knee_pair(5, 90.0)
STILL = SimulatedSensor(errors=CALIBRATED).still(20)


def labelled(recording: ImuRecording, segment: str, side: str) -> ImuRecording:
    return replace(recording, meta=replace(recording.meta, segment=segment, side=side))


@pytest.fixture(scope="module")
def calibrated() -> HingeAxis:
    found = functional([THIGH, SHANK], LIMITS).results
    return HingeAxis(found["axis_proximal"], found["axis_distal"], 5.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("asked", ["left", "right"])
def test_swapped_sides_are_found_by_the_side_that_moved(asked: str) -> None:
    other = "right" if asked == "left" else "left"
    right_way = [labelled(SHANK, "shank", asked), labelled(STILL, "shank", other)]
    assert moved_as_asked(right_way, asked, LIMITS) == ()
    [found] = moved_as_asked(right_way, other, LIMITS)
    assert found.code == "swapped"
    assert "the sensors are swapped" in found.text


def test_a_swapped_segment_is_found_by_the_segment_that_moved() -> None:
    pair = [labelled(STILL, "thigh", "left"), labelled(SHANK, "shank", "left")]
    assert moved_as_asked(pair, "shank", LIMITS) == ()
    assert "swapped" in moved_as_asked(pair, "thigh", LIMITS)[0].text


def test_nothing_or_both_moved_settles_nothing() -> None:
    both = [labelled(THIGH, "thigh", "left"), labelled(SHANK, "thigh", "right")]
    [found] = moved_as_asked(both, "left", LIMITS)
    assert (found.code, "both moved" in found.text) == ("placement_unknown", True)
    none = [labelled(STILL, "thigh", "left"), labelled(STILL, "thigh", "right")]
    assert "nothing moved" in moved_as_asked(none, "left", LIMITS)[0].text
    with pytest.raises(ValueError, match="label"):
        moved_as_asked(both, "trunk", LIMITS)


def test_walking_in_a_plane_gives_both_legs_the_same_signals() -> None:
    """Half a step apart, and up to how each sensor is strapped on: no rule can tell the sides."""
    period = 60  # samples
    t = np.arange(300) / 50.0

    def leg(lateral_m: float, phase: float, strap: np.ndarray) -> tuple[ImuRecording, ImuRecording]:  # type: ignore[type-arg]
        """Return a shank that swings while the hip goes on: without a strap, and with one."""
        swing = 0.5 * np.sin(2.0 * np.pi * (t * 50.0 / period + phase)) + 0.2
        quat = np.stack([np.cos(swing / 2), 0.0 * t, np.sin(swing / 2), 0.0 * t], axis=1)
        ankle = np.stack([1.2 * t - 0.6 * np.sin(swing), 0.0 * t + lateral_m, -np.cos(swing)], 1)
        sensor = SimulatedSensor(50.0, errors=PERFECT)
        return sensor.measure(quat, ankle), sensor.measure(multiply(quat, strap), ankle)

    straps = (np.array([[0.5, 0.5, -0.5, 0.5]]), np.array([[0.6, 0.0, 0.8, 0.0]]))
    (left, left_worn), (right, right_worn) = leg(0.1, 0.0, straps[0]), leg(-0.1, 0.5, straps[1])
    half = period // 2
    for name in ("gyr_rads", "acc_ms2"):
        of_left, of_right = getattr(left, name)[5:-half], getattr(right, name)[5 + half :]
        np.testing.assert_allclose(of_left[:200], of_right[:200], atol=1e-9)
        worn = rotate(straps[0], getattr(left_worn, name))[5:205]
        np.testing.assert_allclose(worn, of_left[:200], atol=1e-9)
    walked = [labelled(left_worn, "shank", "left"), labelled(right_worn, "shank", "right")]
    assert untold_sides(walked)
    assert not untold_sides([walked[0], labelled(THIGH, "thigh", "left")])
    for asked in ("left", "right"):
        [found] = moved_as_asked(walked, asked, LIMITS)
        assert found.code == "placement_unknown"
        assert f"with the {asked} alone moving" in found.text


def test_sensors_as_they_were_calibrated_have_no_finding(calibrated: HingeAxis) -> None:
    thigh, shank, _ = knee_pair(6, 70.0, seed=9)
    assert mounted_as_calibrated(thigh, shank, calibrated, LIMITS) == ()


def test_sensors_above_and_below_the_joint_are_swapped(calibrated: HingeAxis) -> None:
    [found] = mounted_as_calibrated(SHANK, THIGH, calibrated, LIMITS)
    assert (found.code, "swapped" in found.text) == ("swapped", True)


@pytest.mark.parametrize(
    ("turn", "found"),
    [
        (np.diag([1.0, 1.0, 1.0]), []),
        (np.diag([-1.0, -1.0, 1.0]), ["mounting"]),  # upside down
        (np.diag([1.0, -1.0, -1.0]), ["mounting"]),  # inside out
        (np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), ["mounting"]),
    ],
)
def test_a_sensor_strapped_on_otherwise_is_found(
    turn: np.ndarray,  # type: ignore[type-arg]
    found: list[str],
    calibrated: HingeAxis,
) -> None:
    turned = replace(
        SHANK, gyr_rads=SHANK.gyr_rads @ turn.T, acc_ms2=SHANK.acc_ms2 @ turn.T, mag_ut=None
    )
    findings = mounted_as_calibrated(THIGH, turned, calibrated, LIMITS)
    assert [finding.code for finding in findings] == found
    assert all("below the joint" in finding.text for finding in findings)
