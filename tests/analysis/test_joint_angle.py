"""Joint angle against an optical reference and against simulated truth."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from rehabctl.analysis.assessment import QualityStatus
from rehabctl.analysis.imu_recording import ImuRecording
from rehabctl.analysis.joint_angle import (
    hinge_axis,
    hinge_motion,
    on_common_time,
)
from rehabctl.analysis.joint_assessment import JointGoal, assess, quality_of
from rehabctl.analysis.orientation import FusionMethod, conjugate, multiply
from rehabctl.analysis.sensor_simulation import SimulatedSensor, knee_pair
from rehabctl.domain.sensor import Joint
from rehabctl.reference.measurement import load_measurement_data
from rehabctl.reference.sensor_limits import load_sensor_limits

LIMITS = load_sensor_limits(date(2026, 11, 22)).of("joint")
HINGES = {"dfjimu_1D_01": (4.04, 3.91), "dfjimu_1D_02": (1.39, 1.16)}


@pytest.mark.parametrize("name", HINGES)
@pytest.mark.parametrize("method", list(FusionMethod))
def test_optical_reference(sample_data: Path, name: str, method: FusionMethod) -> None:
    """Axis, its sign and the heading come from the sensors alone; the reference only judges."""
    file = sample_data / "imu" / f"{name}.npz"
    if not file.is_file():
        pytest.skip("the recordings with optical reference are not here")
    with np.load(file) as data:
        t_s = np.arange(len(data["gyr1"])) / float(data["fs"])
        pair = [
            ImuRecording(t_s, data[f"gyr{i}"].astype(float), data[f"acc{i}"].astype(float))
            for i in (1, 2)
        ]
        q1, q2 = (data[f"ref_quat{i}"].astype(float) for i in (1, 2))
    reference = multiply(conjugate(q1), q2)
    reference = reference / np.linalg.norm(reference, axis=1, keepdims=True)
    found = hinge_motion(pair[0], pair[1], method, LIMITS)
    error = multiply(conjugate(reference), found.relative_wxyz)[:, 0]
    angle = 2.0 * np.arccos(np.clip(np.abs(error), 0.0, 1.0))
    rms = float(np.degrees(np.sqrt(np.nanmean(angle**2))))
    assert rms <= HINGES[name][list(FusionMethod).index(method)]
    assert found.axis is not None
    assert found.axis.sign_ratio > 5


@pytest.mark.parametrize("method", list(FusionMethod))
@pytest.mark.parametrize("seed", [1, 7, 23])
def test_simulated_knee(method: FusionMethod, seed: int) -> None:
    thigh, shank, truth = knee_pair(5, 90.0, seed=seed)
    found = hinge_motion(thigh, shank, method, LIMITS)
    error = found.angle_deg - truth
    assert float(np.sqrt(np.mean(error**2))) < 2.0
    assert found.neutral_s is not None
    assert found.neutral_s[1] > 2.0


def test_flexion_is_positive_whichever_way_the_sensors_are_strapped_on() -> None:
    thigh, shank, truth = knee_pair(3, 60.0)
    over = np.array([1.0, -1.0, -1.0])  # turned over about the sensor's own x axis
    flipped = ImuRecording(shank.t_s, shank.gyr_rads * over, shank.acc_ms2 * over)
    found = hinge_motion(thigh, flipped, FusionMethod.OFFLINE, LIMITS)
    assert float(np.sqrt(np.mean((found.angle_deg - truth) ** 2))) < 2.0


def test_repetitions_and_range_of_the_simulated_knee() -> None:
    thigh, shank, _ = knee_pair(6, 90.0)
    motion = hinge_motion(thigh, shank, FusionMethod.OFFLINE, LIMITS)
    thresholds = load_measurement_data().repetitions
    found = assess(motion, Joint.KNEE, "left", JointGoal("x", 0.0, 90.0), thresholds, LIMITS)
    assert (found.full_count, found.partial_count) == (6, 0)
    assert found.motions[0].rom_deg == pytest.approx(90.0, abs=4.0)
    assert found.quality.status is QualityStatus.GOOD
    assert {r.side for r in found.repetitions} == {"left"}
    shallow = assess(motion, Joint.KNEE, "left", JointGoal("x", 0.0, 130.0), thresholds, LIMITS)
    assert (shallow.full_count, shallow.partial_count) == (0, 6)


def test_the_axis_of_a_still_joint_is_not_guessed() -> None:
    still = SimulatedSensor().still(10)
    with pytest.raises(ValueError, match="hardly moves"):
        hinge_axis(still, still, LIMITS)


def test_recordings_that_hardly_overlap_are_refused() -> None:
    first = SimulatedSensor().still(5)
    later = ImuRecording(first.t_s + 4.5, first.gyr_rads, first.acc_ms2)
    with pytest.raises(ValueError, match="overlap"):
        on_common_time(first, later)


def test_different_rates_meet_on_common_times() -> None:
    thigh, _, truth = knee_pair(4, 80.0, rate_hz=120.0)
    _, shank, _ = knee_pair(4, 80.0, rate_hz=50.0)
    pair = on_common_time(thigh, shank)
    assert len(pair[0]) == len(pair[1])
    found = hinge_motion(*pair, FusionMethod.OFFLINE, LIMITS)
    expected = np.interp(found.t_s, thigh.t_s, truth)
    assert float(np.sqrt(np.mean((found.angle_deg - expected) ** 2))) < 3.0


def test_without_a_still_start_the_zero_is_named_unsure() -> None:
    thigh, shank, _ = knee_pair(4, 80.0)
    late = [ImuRecording(r.t_s[300:], r.gyr_rads[300:], r.acc_ms2[300:]) for r in (thigh, shank)]
    found = hinge_motion(late[0], late[1], FusionMethod.OFFLINE, LIMITS)
    codes = {reason.code for reason in quality_of(found, Joint.KNEE, LIMITS).reasons}
    assert "neutral_pose_missing" in codes
