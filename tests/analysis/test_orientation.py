"""Orientation against an optical reference and against simulated truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rehabctl.analysis.imu_recording import Float, ImuRecording, on_uniform_time
from rehabctl.analysis.orientation import FusionMethod, conjugate, fuse, multiply, rotate
from rehabctl.analysis.sensor_simulation import CALIBRATED, PERFECT, SimulatedSensor

BROAD = {
    # largest total error in degrees (live, offline) that a plain run of the filter shows
    "broad_02_undisturbed_slow_rotation_B": (1.36, 0.99),
    "broad_09_undisturbed_fast_rotation_with_breaks_B": (1.16, 1.40),
    "broad_32_disturbed_attached_magnet_1cm": (7.91, 1.69),
}
unit_quaternions = (
    arrays(np.float64, 4, elements=st.floats(-1, 1))
    .filter(lambda q: np.linalg.norm(q) > 0.1)
    .map(lambda q: q / np.linalg.norm(q))
)


def total_error_deg(quat: Float, reference: Float, chosen: Float) -> float:
    error = multiply(quat, conjugate(reference))
    error = error / np.linalg.norm(error, axis=1, keepdims=True)
    ok = chosen & np.isfinite(error).all(axis=1)
    angle = 2.0 * np.arccos(np.clip(np.abs(error[ok, 0]), 0.0, 1.0))
    return float(np.degrees(np.sqrt(np.mean(angle**2))))


@pytest.mark.parametrize("name", BROAD)
@pytest.mark.parametrize("method", list(FusionMethod))
def test_optical_reference(sample_data: Path, name: str, method: FusionMethod) -> None:
    file = sample_data / "imu" / f"{name}.npz"
    if not file.is_file():
        pytest.skip("the recordings with optical reference are not here")
    with np.load(file) as data:
        values = [data[key].astype(float) for key in ("gyr", "acc", "mag")]
        reference, moving = data["opt_quat"].astype(float), data["movement"]
        t_s = np.arange(len(values[0])) / float(data["fs"])
    found = fuse(ImuRecording(t_s, *values), method)
    limit = BROAD[name][list(FusionMethod).index(method)]
    assert total_error_deg(found.quat_wxyz, reference, moving) <= limit


def test_a_still_sensor_points_up_and_its_bias_is_found() -> None:
    recording = SimulatedSensor(errors=CALIBRATED).still(60)
    found = fuse(recording, FusionMethod.OFFLINE)
    up = rotate(found.quat_wxyz, np.array([0.0, 0.0, 1.0]))
    assert up[:, 2].min() > np.cos(np.radians(0.2))
    assert np.degrees(found.bias_rads) == pytest.approx([0.3, -0.2, 0.5], abs=0.03)
    assert found.rest[-1]
    assert found.magnetic


def test_heading_is_north_with_a_magnetometer_only() -> None:
    recording = SimulatedSensor(errors=PERFECT).tumble(40)
    with_field = fuse(recording, FusionMethod.LIVE)
    without = fuse(recording, FusionMethod.LIVE, magnetometer=False)
    assert with_field.magnetic
    assert not without.magnetic
    assert not without.disturbed.any()
    assert not np.allclose(with_field.quat_wxyz, without.quat_wxyz, atol=1e-3)


def test_a_magnetometer_that_is_not_there_cannot_be_used() -> None:
    whole = SimulatedSensor().still(3)
    recording = ImuRecording(whole.t_s, whole.gyr_rads, whole.acc_ms2)
    with pytest.raises(ValueError, match="no magnetometer"):
        fuse(recording, FusionMethod.LIVE, magnetometer=True)


@pytest.mark.parametrize("method", list(FusionMethod))
def test_lost_samples_do_not_shift_the_rest(method: FusionMethod) -> None:
    whole = SimulatedSensor(errors=CALIBRATED).tumble(30)
    kept = np.ones(len(whole), dtype=bool)
    kept[600:612] = False
    assert whole.mag_ut is not None
    cut = ImuRecording(
        whole.t_s[kept], whole.gyr_rads[kept], whole.acc_ms2[kept], whole.mag_ut[kept]
    )
    a, b = fuse(whole, method), fuse(cut, method)
    assert len(b.quat_wxyz) == len(cut)
    assert total_error_deg(a.quat_wxyz[kept], b.quat_wxyz, np.ones(len(cut), bool)) < 3.0


def test_even_times_are_left_alone() -> None:
    recording = SimulatedSensor().still(2)
    assert on_uniform_time(recording) is recording


@given(unit_quaternions, unit_quaternions, arrays(np.float64, 3, elements=st.floats(-10, 10)))
def test_rotations_compose(a: Float, b: Float, vector: Float) -> None:
    one_by_one = rotate(a, rotate(b, vector))
    assert np.allclose(rotate(multiply(a, b), vector), one_by_one, atol=1e-9)
    assert np.allclose(rotate(conjugate(a), rotate(a, vector)), vector, atol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, g, a: (t[::-1], g, a), "increasing"),
        (lambda t, g, a: (t, g[:-1], a), "gyr_rads"),
        (lambda t, g, a: (t, g, a * np.nan), "acc_ms2"),
        (lambda t, g, a: (t[:1], g[:1], a[:1]), "two samples"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: object, message: str) -> None:
    whole = SimulatedSensor().still(1)
    with pytest.raises(ValueError, match=message):
        ImuRecording(*change(whole.t_s, whole.gyr_rads, whole.acc_ms2))  # type: ignore[operator]
