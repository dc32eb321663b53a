"""Calibration, drift and clock fits on simulated sensors whose errors are known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from rehabctl.analysis.functional_calibration import functional
from rehabctl.analysis.imu_recording import GRAVITY_MS2, Float, ImuRecording
from rehabctl.analysis.sensor_calibration import (
    accelerometer,
    apply_accelerometer,
    coverage,
    fit_accelerometer,
    magnetometer,
    static,
)
from rehabctl.analysis.sensor_drift import allan, allan_deviation, drift, synchronise
from rehabctl.analysis.sensor_simulation import (
    CALIBRATED,
    SensorErrors,
    SimulatedSensor,
    knee_pair,
    shaken_pair,
)
from rehabctl.domain.sensor import CalibrationResult
from rehabctl.reference.sensor_limits import load_sensor_limits

LIMITS = load_sensor_limits(date(2026, 11, 22))
SENSOR = SimulatedSensor()


def codes(result: CalibrationResult) -> set[str]:
    return {finding.code for finding in result.findings}


def test_static_finds_the_bias() -> None:
    result = static(SimulatedSensor(errors=CALIBRATED).still(5), LIMITS)
    assert result.passed
    assert result.results["gyroscope_bias_dps"] == pytest.approx([0.3, -0.2, 0.5], abs=0.02)


@pytest.mark.parametrize(
    ("errors", "duration_s", "code"),
    [
        (SensorErrors(gyroscope_bias_dps=(2.5, 0, 0)), 5.0, "bias"),
        (SensorErrors(gyroscope_noise=0.08), 5.0, "noise"),
        (SensorErrors(accelerometer_bias_ms2=(0, 0, 2.0)), 5.0, "gravity"),
        (CALIBRATED, 2.0, "too_short"),
    ],
)
def test_static_fails_by_name(errors: SensorErrors, duration_s: float, code: str) -> None:
    result = static(SimulatedSensor(errors=errors).still(duration_s), LIMITS)
    assert not result.passed
    assert code in codes(result)


def test_static_of_a_turning_sensor_is_refused() -> None:
    result = static(SENSOR.tumble(10), LIMITS)
    assert (result.passed, codes(result)) == (False, {"moved"})


@pytest.mark.parametrize("count", [12, 18, 24])
def test_accelerometer_full_model(count: int) -> None:
    result = accelerometer([SENSOR.poses(count)], LIMITS)
    assert result.passed, result.findings
    assert result.results["poses"] == count
    assert result.results["model"] == "scale_bias_misalignment"
    assert result.results["holdout_rms_mg"] <= 5.0  # type: ignore[operator]
    assert result.results["raw_rms_mg"] > 15.0  # type: ignore[operator]
    assert result.results["scale"] == pytest.approx([1.02, 0.985, 1.01], abs=0.003)
    assert result.results["bias_ms2"] == pytest.approx([0.15, -0.22, 0.31], abs=0.02)


def test_accelerometer_is_right_in_poses_that_were_not_measured() -> None:
    result = accelerometer([SENSOR.poses(14)], LIMITS)
    fit = np.concatenate(
        [np.asarray(result.results[key]) for key in ("misalignment_rad", "scale", "bias_ms2")]
    )
    other = SENSOR.poses(31)
    from rehabctl.analysis.sensor_calibration import poses_of

    norms = np.linalg.norm(apply_accelerometer(fit, poses_of([other], LIMITS)), axis=1)
    assert np.abs(norms - GRAVITY_MS2).max() < 0.01


def test_six_poses_give_scale_and_bias_only() -> None:
    straight = SensorErrors(accelerometer_skew=(0.0, 0.0, 0.0))
    result = accelerometer([SimulatedSensor(errors=straight).poses(6)], LIMITS)
    assert result.results["model"] == "scale_bias"
    assert result.results["misalignment_rad"] == [0.0, 0.0, 0.0]
    assert result.results["holdout_rms_mg"] is None
    assert result.results["scale"] == pytest.approx([1.02, 0.985, 1.01], abs=0.003)
    assert result.passed


def test_poses_in_several_recordings_are_one_procedure() -> None:
    whole = SENSOR.poses(12, hold_s=3.0, turn_s=1.0)
    parts = []
    for i in range(12):
        part = slice(i * 240, i * 240 + 180)
        parts.append(ImuRecording(whole.t_s[part], whole.gyr_rads[part], whole.acc_ms2[part]))
    assert accelerometer(parts, LIMITS).results["poses"] == 12


def test_too_few_and_badly_spread_poses_are_refused() -> None:
    few = accelerometer([SENSOR.poses(5)], LIMITS)
    assert (few.passed, codes(few)) == (False, {"poses_missing"})
    assert "scale" not in few.results
    cap = _cap_poses(14)
    spread = accelerometer([cap], LIMITS)
    assert (spread.passed, codes(spread)) == (False, {"coverage"})
    assert "scale" not in spread.results


def _cap_poses(count: int) -> ImuRecording:
    """Return poses that all lie within 50 degrees of one direction."""
    random = np.random.default_rng(3)
    found: list[Float] = []
    while len(found) < count:
        vector = random.normal(size=3)
        vector /= np.linalg.norm(vector)
        near = [np.degrees(np.arccos(np.clip(vector @ v, -1, 1))) for v in found]
        if vector[2] > np.cos(np.radians(50)) and (not near or min(near) > 16):
            found.append(vector)
    acc = np.repeat(np.array(found) * GRAVITY_MS2, 120, axis=0)
    return ImuRecording(np.arange(len(acc)) / 60.0, np.zeros_like(acc), acc)


def test_the_full_model_from_six_poses_would_be_worse_than_nothing() -> None:
    """Why six poses never get nine parameters."""
    truth = SENSOR.poses(24)
    from rehabctl.analysis.sensor_calibration import poses_of

    six, many = poses_of([SENSOR.poses(6)], LIMITS), poses_of([truth], LIMITS)

    def error(fit: Float) -> float:
        norms = np.linalg.norm(apply_accelerometer(fit, many), axis=1)
        return float(np.sqrt(np.mean((norms - GRAVITY_MS2) ** 2)))

    good = error(fit_accelerometer(six, full=False))
    assert good < error(fit_accelerometer(six, full=True)) or good < 0.2
    assert coverage(six) == pytest.approx(1 / 3, abs=0.01)


def test_magnetometer_full_sphere() -> None:
    result = magnetometer(SENSOR.tumble(60), LIMITS)
    assert result.passed, result.findings
    assert result.results["offset_ut"] == pytest.approx([32.0, -18.0, 9.0], abs=0.3)
    assert result.results["holdout_norm_cv_percent"] <= 2.0  # type: ignore[operator]
    assert result.results["raw_norm_cv_percent"] > 20.0  # type: ignore[operator]


def test_magnetometer_single_plane_is_refused() -> None:
    result = magnetometer(SENSOR.tumble(60, plane_only=True), LIMITS)
    assert not result.passed
    assert codes(result) & {"single_plane", "coverage"}
    assert "matrix" not in result.results


def test_magnetometer_of_a_sensor_that_lies_still_is_refused() -> None:
    """Its noise alone would cover every direction."""
    result = magnetometer(SENSOR.still(20), LIMITS)
    assert codes(result) == {"still"}
    assert "matrix" not in result.results


def test_magnetometer_that_is_not_there() -> None:
    whole = SENSOR.tumble(20)
    result = magnetometer(ImuRecording(whole.t_s, whole.gyr_rads, whole.acc_ms2), LIMITS)
    assert codes(result) == {"no_magnetometer"}


def test_functional_axis_of_one_and_of_two_sensors() -> None:
    thigh, shank, _ = knee_pair(6, 80.0)
    both = functional([thigh, shank], LIMITS)
    assert both.passed, both.findings
    assert both.results["residual_deg"] < 5.0  # type: ignore[operator]
    one = functional([shank], LIMITS)
    assert "axis" in one.results
    still = functional([SENSOR.still(20)], LIMITS)
    assert codes(still) == {"no_movement"}


def test_the_direction_of_flexion_comes_from_the_first_still_stand() -> None:
    thigh, shank, _ = knee_pair(4, 90.0)
    whole = functional([thigh, shank], LIMITS).results["axis_distal"]
    bent = slice(round(5.3 * 60), None)  # begins in the middle of a bend, and stands still at last
    late = functional([part(thigh, bent), part(shank, bent)], LIMITS)
    assert codes(late) == {"no_movement"}
    never = slice(round(5.3 * 60), 15 * 60)
    assert codes(functional([part(thigh, never), part(shank, never)], LIMITS)) == {"neutral"}
    before = part(thigh, slice(4 * 60, None)), part(shank, slice(4 * 60, None))
    again = [joined(one, two) for one, two in zip(before, (thigh, shank), strict=True)]
    assert functional(again, LIMITS).results["axis_distal"] == pytest.approx(whole, abs=0.1)


def part(recording: ImuRecording, which: slice) -> ImuRecording:
    return ImuRecording(
        recording.t_s[which], recording.gyr_rads[which], recording.acc_ms2[which], None
    )


def joined(first: ImuRecording, second: ImuRecording) -> ImuRecording:
    """Bends that begin without a still stand, then the whole."""
    later = second.t_s - second.t_s[0] + first.t_s[-1] + 1 / 60
    return ImuRecording(
        np.concatenate([first.t_s, later]),
        np.concatenate([first.gyr_rads, second.gyr_rads]),
        np.concatenate([first.acc_ms2, second.acc_ms2]),
    )


def test_a_joint_that_was_hardly_bent_gives_no_axis_to_rely_on() -> None:
    """By every other number it would pass, with an axis that is tens of degrees wrong."""
    thigh, shank, _ = knee_pair(5, 5.0)
    little = functional([thigh, shank], LIMITS)
    assert codes(little) == {"range"}
    assert little.results["range_deg"] == pytest.approx(5.0, abs=2.0)


def test_allan_finds_the_noise_density() -> None:
    random = np.random.default_rng(5)
    taus, deviation = allan_deviation(random.normal(0, 0.07, 180_000), 100.0)
    assert float(np.interp(0.0, np.log(taus), deviation)) == pytest.approx(0.007, rel=0.05)
    recording = SimulatedSensor(rate_hz=20.0, errors=CALIBRATED).still(1900)
    result = allan(recording, LIMITS)
    assert result.passed, result.findings
    assert result.results["angle_random_walk"] == pytest.approx([0.007] * 3, rel=0.15)
    assert codes(allan(SENSOR.still(60), LIMITS)) == {"too_short"}


def test_drift_of_a_still_sensor() -> None:
    result = drift(SimulatedSensor(errors=CALIBRATED).still(120), LIMITS)
    assert result.passed, result.findings
    assert result.results["heading_deg"] < 0.5  # type: ignore[operator]
    short = drift(SENSOR.still(20), LIMITS)
    assert [finding.code for finding in short.findings] == ["too_short"]
    moved = drift(SENSOR.tumble(70), LIMITS)
    assert "moved" in {finding.code for finding in moved.findings}


def test_half_an_hour_still_keeps_its_heading() -> None:
    """With simulated noise of 0.007 deg/s per root hertz: half a degree after the first 10 s."""
    result = drift(SimulatedSensor(errors=CALIBRATED).still(1800), LIMITS)
    assert result.passed, result.findings
    assert result.results["heading_deg"] <= 0.5  # type: ignore[operator]


@pytest.mark.parametrize(("offset_s", "skew"), [(0.0, 0.0), (1.234, 0.0), (-0.7, 80e-6)])
def test_clocks_of_two_sensors(offset_s: float, skew: float) -> None:
    shaken = SimulatedSensor(errors=CALIBRATED, rate_hz=120.0).measure(_shake(60.0, 120.0))
    other = SimulatedSensor(errors=CALIBRATED, rate_hz=120.0, seed=9).measure(_shake(60.0, 120.0))
    second = ImuRecording(
        other.t_s * (1 + skew) + offset_s, other.gyr_rads, other.acc_ms2, None, other.meta
    )
    result = synchronise(shaken, second, LIMITS)
    assert result.passed, result.findings
    middle = offset_s + skew * 30.0
    assert result.results["offset_s"] == pytest.approx(middle, abs=0.003)
    assert result.results["skew_ppm"] == pytest.approx(1e6 * skew, abs=60)


def test_simulated_shakes_tell_their_own_offset_and_skew() -> None:
    found = synchronise(*shaken_pair(120.0, offset_s=0.4, skew_ppm=100.0), LIMITS)
    assert found.passed, found.findings
    assert found.results["offset_s"] == pytest.approx(0.4 + 60.0 * 1e-4, abs=0.003)
    assert found.results["skew_ppm"] == pytest.approx(100.0, abs=40.0)


def test_movements_that_have_nothing_in_common_are_refused() -> None:
    a = SimulatedSensor().measure(_shake(30.0, 60.0, seed=1))
    b = SimulatedSensor().measure(_shake(30.0, 60.0, seed=2))
    assert [f.code for f in synchronise(a, b, LIMITS).findings] == ["correlation"]


def _shake(duration_s: float, rate_hz: float, seed: int = 4) -> Float:
    """Return irregular turns about one axis, at most about 3 Hz."""
    random = np.random.default_rng(seed)
    t = np.arange(round(duration_s * rate_hz) + 1) / rate_hz
    angle = np.zeros_like(t)
    for frequency, phase in zip(
        random.uniform(0.3, 3, 12), random.uniform(0, 6.3, 12), strict=True
    ):
        angle += 0.2 * np.sin(2 * np.pi * frequency * t + phase)
    zero = np.zeros_like(t)
    return np.stack([np.cos(angle / 2), np.sin(angle / 2), zero, zero], axis=1)
