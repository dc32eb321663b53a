"""Turn of a ball joint: two methods against the truth, and against each other."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from rehabctl.analysis.assessment import QualityStatus
from rehabctl.analysis.ball_joint import ball_motion, tied_by_the_joint
from rehabctl.analysis.imu_recording import ImuRecording
from rehabctl.analysis.joint_angle import JointMotion
from rehabctl.analysis.joint_assessment import JointGoal, assess, disagreement_deg, quality_of
from rehabctl.analysis.orientation import FusionMethod, conjugate, multiply
from rehabctl.analysis.sensor_simulation import SimulatedSensor, shoulder_pair
from rehabctl.domain.sensor import Joint
from rehabctl.reference.measurement import load_measurement_data
from rehabctl.reference.sensor_limits import load_sensor_limits

LIMITS = load_sensor_limits(date(2026, 11, 22)).of("joint")


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.nanmean(values**2)))


def codes(motion: JointMotion) -> set[str]:
    return {reason.code for reason in quality_of(motion, Joint.SHOULDER, LIMITS).reasons}


@pytest.mark.parametrize("seed", [1, 5])
@pytest.mark.parametrize("method", list(FusionMethod))
def test_both_methods_find_the_turn_and_agree(method: FusionMethod, seed: int) -> None:
    trunk, arm, truth = shoulder_pair(10, seed=seed)
    found = ball_motion(trunk, arm, method, LIMITS)
    assert found.second_deg is not None
    assert rms(found.second_deg - truth) < 2.0
    assert rms(found.angle_deg - truth) < 2.0
    assert quality_of(found, Joint.SHOULDER, LIMITS).status is QualityStatus.GOOD
    thresholds = load_measurement_data(date(2026, 11, 22)).repetitions
    result = assess(found, Joint.SHOULDER, "left", JointGoal("", 0.0, 80.0), thresholds, LIMITS)
    assert result.parameters["second_opinion_rms_deg"] == pytest.approx(
        disagreement_deg(found), abs=0.01
    )


def test_metal_at_one_sensor_is_a_disagreement() -> None:
    trunk, arm, truth = shoulder_pair(10)
    assert arm.mag_ut is not None
    beside_metal = replace(arm, mag_ut=arm.mag_ut + np.array([60.0, -45.0, 30.0]))
    found = ball_motion(trunk, beside_metal, FusionMethod.OFFLINE, LIMITS)
    assert found.second_deg is not None
    assert rms(found.second_deg - truth) < 2.0  # it uses no magnetometer
    assert rms(found.angle_deg - truth) > 5.0
    assert codes(found) == {"methods_disagree"}


def test_without_magnetometers_one_method_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    trunk, arm, truth = shoulder_pair(10)
    bare = [replace(r, mag_ut=None) for r in (trunk, arm)]
    found = ball_motion(bare[0], bare[1], FusionMethod.OFFLINE, LIMITS)
    assert rms(found.angle_deg - truth) < 2.0
    assert codes(found) == {"ball_joint_single_method"}
    monkeypatch.setitem(sys.modules, "dfjimu", None)  # as if it were not installed
    assert ball_motion(trunk, arm, FusionMethod.OFFLINE, LIMITS).second_deg is None
    with pytest.raises(ValueError, match="needs a magnetometer"):
        ball_motion(bare[0], bare[1], FusionMethod.OFFLINE, LIMITS)


def test_sensors_that_do_not_move_give_no_wrong_certainty() -> None:
    one, other = SimulatedSensor(seed=1).still(20), SimulatedSensor(seed=2).still(20)
    found = ball_motion(one, other, FusionMethod.OFFLINE, LIMITS)
    if found.second_deg is not None:
        assert np.isfinite(found.second_deg).all()
        assert found.second_deg.max() < 5.0


@pytest.mark.parametrize(("name", "bar"), [("dfjimu_1D_01", 4.12), ("dfjimu_1D_02", 2.17)])
def test_optical_reference(sample_data: Path, name: str, bar: float) -> None:
    """The whole relative orientation, without the lever arms that come with the recordings."""
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
    true = multiply(conjugate(q1), q2)
    true = true / np.linalg.norm(true, axis=1, keepdims=True)
    found = tied_by_the_joint(pair[0], pair[1], LIMITS)
    assert found is not None
    w = np.abs(multiply(conjugate(true), found)[:, 0])
    assert rms(np.degrees(2 * np.arccos(np.clip(w, 0.0, 1.0)))) <= bar
