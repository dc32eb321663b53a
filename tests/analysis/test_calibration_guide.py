"""What is drawn and said at the bench agrees with the recording and with its judgement."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.analysis.calibration_guide import CalibrationGuide, GuideView, direction_words
from rehabctl.analysis.calibration_picture import picture
from rehabctl.analysis.imu_recording import ImuRecording
from rehabctl.analysis.sensor_calibration import accelerometer, magnetometer, static
from rehabctl.analysis.sensor_simulation import SimulatedSensor, knee_pair
from rehabctl.domain.sensor import Procedure
from rehabctl.reference.sensor_limits import load_sensor_limits

LIMITS = load_sensor_limits(date(2026, 11, 22))
SENSOR = SimulatedSensor()
ONE_G = np.array([0.0, 0.0, 9.81])
NO_FIELD = np.full(3, np.nan)


def guided(procedure: Procedure, recording: ImuRecording) -> GuideView:
    guide = CalibrationGuide(procedure, LIMITS)
    for i, t_s in enumerate(recording.t_s.tolist()):
        mag = NO_FIELD if recording.mag_ut is None else recording.mag_ut[i]
        guide.add(t_s, recording.gyr_rads[i], recording.acc_ms2[i], mag)
    return guide.view()


@pytest.mark.parametrize(("poses", "enough"), [(11, False), (12, True)])
def test_enough_poses_pass(poses: int, enough: bool) -> None:
    recording = SENSOR.poses(poses)
    view = guided(Procedure.ACCELEROMETER, recording)
    found = accelerometer([recording], LIMITS)
    assert view.enough is enough
    assert (found.results["model"] == "scale_bias_misalignment") is enough
    assert f"pose {poses} of 12" in view.done


@pytest.mark.parametrize("plane_only", [False, True])
def test_enough_directions_pass(plane_only: bool) -> None:
    recording = SENSOR.tumble(30, plane_only=plane_only)
    view = guided(Procedure.MAGNETOMETER, recording)
    assert view.enough is magnetometer(recording, LIMITS).passed is not plane_only


def test_a_sensor_that_lies_still_sees_no_directions() -> None:
    view = guided(Procedure.MAGNETOMETER, SENSOR.still(10))
    assert view.done == "0 of 70 % of the directions"
    assert not view.enough


def test_enough_stillness_passes() -> None:
    assert not guided(Procedure.STATIC, SENSOR.still(2.5)).enough
    assert guided(Procedure.STATIC, SENSOR.still(4)).enough
    assert static(SENSOR.still(4), LIMITS).passed
    assert guided(Procedure.FUNCTIONAL, knee_pair(5, 90.0)[1]).enough


def test_the_next_pose_is_where_nothing_is_yet() -> None:
    guide = CalibrationGuide(Procedure.ACCELEROMETER, LIMITS)
    assert guide.view().up is None
    assert guide.view().next_step == "Put it down with +z up."
    for i in range(120):
        guide.add(i / 60.0, np.zeros(3), ONE_G, NO_FIELD)
    assert guide.view().next_step == "Put it down with -z up."
    guide.add(2.1, np.array([1.0, 0.0, 0.0]), ONE_G, NO_FIELD)
    moved = guide.view()
    assert (moved.still_s, moved.up) == (0.0, (0.0, 0.0, 1.0))
    assert moved.turning_dps == pytest.approx(57.3, abs=0.1)


def test_a_sensor_without_a_field_is_told() -> None:
    guide = CalibrationGuide(Procedure.MAGNETOMETER, LIMITS)
    assert guide.add(0.0, np.zeros(3), ONE_G, NO_FIELD) == "the sensor sends no magnetic field"
    assert guide.view().next_step == "The sensor sends no magnetic field."


@pytest.mark.parametrize(
    ("direction", "words"),
    [
        ((0, 0, 1), "+z"),
        ((0.1, -1, 0.2), "-y"),
        ((1, 0, -1), "+x and -z"),
        ((-1, 1, 1), "-x, +y and +z"),
    ],
)
def test_directions_in_words(direction: tuple[float, ...], words: str) -> None:
    assert direction_words(np.array(direction)) == words


@given(
    procedure=st.sampled_from(list(Procedure)),
    samples=st.lists(
        st.tuples(
            *[st.floats(-20, 20)] * 6 + [st.one_of(st.just(float("nan")), st.floats(-60, 60))]
        ),
        max_size=20,
    ),
)
def test_whatever_comes_is_drawn_in_plain_characters(
    procedure: Procedure, samples: list[tuple[float, ...]]
) -> None:
    guide = CalibrationGuide(procedure, LIMITS)
    for i, (*values, field) in enumerate(samples):
        guide.add(i / 60.0, np.array(values[:3]), np.array(values[3:]), np.full(3, field))
    view = guide.view()
    lines = picture(view)
    assert len(lines) <= 12
    assert all(len(line) <= 78 and line.isascii() for line in lines)
    assert ("O" in "".join(lines[1:])) is (view.up is not None)
    assert view.next_step.endswith(".")
