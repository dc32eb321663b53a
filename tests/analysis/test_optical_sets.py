"""The benchmark of whole public sets reads their files and measures what is known of them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import io

from rehabctl.analysis.imu_recording import Float
from rehabctl.analysis.orientation import multiply
from rehabctl.analysis.sensor_simulation import CALIBRATED, SimulatedSensor

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sets() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "optical_sets", PROJECT / "benchmarks" / "optical_sets.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def turning(count: int) -> Float:
    """Return slow turns about all axes, after a rest."""
    t = np.maximum(np.arange(count) / 60.0 - 5.0, 0.0)
    half = 0.4 * np.stack([np.sin(0.9 * t), np.sin(0.7 * t), np.sin(0.5 * t)], axis=1)
    quat = np.concatenate([np.ones((count, 1)), half], axis=1)
    return quat / np.linalg.norm(quat, axis=1, keepdims=True)


def write_trial(folder: Path, name: str, tilt_deg: float) -> Path:
    """Write a trial whose reference is tilted by a known angle."""
    quat = turning(3600)
    sensor = SimulatedSensor(errors=CALIBRATED).measure(quat)
    half = np.radians(tilt_deg) / 2.0
    tilted = multiply(np.array([[np.cos(half), np.sin(half), 0.0, 0.0]]), quat)
    tilted[100] = np.nan  # the cameras lose it at times
    file = folder / f"{name}.mat"
    io.savemat(
        file,
        {
            "imu_gyr": sensor.gyr_rads, "imu_acc": sensor.acc_ms2, "imu_mag": sensor.mag_ut,
            "opt_quat": tilted, "movement": (np.arange(3600) > 1200).astype(np.uint8)[:, None],
            "sampling_rate": 60.0,
        },
    )  # fmt: skip
    return file


def test_a_trial_is_measured_against_its_reference(sets: ModuleType, tmp_path: Path) -> None:
    right = sets.broad_errors_deg(write_trial(tmp_path, "01_right", 0.0))
    wrong = sets.broad_errors_deg(write_trial(tmp_path, "02_tilted", 10.0))
    for method in ("live", "offline"):
        assert right[method]["inclination"] < right[method]["total"] < 1.0
        assert wrong[method]["inclination"] == pytest.approx(10.0, abs=0.5)


def test_a_part_of_a_set_is_not_judged(tmp_path: Path) -> None:
    write_trial(tmp_path, "01_right", 0.0)
    write_trial(tmp_path, "13_left_out", 90.0)
    done = subprocess.run(
        [sys.executable, str(PROJECT / "benchmarks" / "sensors.py"), "--broad", str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "13_left_out" not in done.stdout
    assert "BROAD live total, mean deg rms of 1 of 30: 0." in done.stdout
    assert "FAILED" not in done.stdout


def test_files_of_the_makers_read_as_the_samples_do(
    sets: ModuleType, sample_data: Path, tmp_path: Path
) -> None:
    """A hinge as the public `.mat` holds it is the same as the sample."""
    sample = sample_data / "imu" / "dfjimu_1D_02.npz"
    if not sample.is_file():
        pytest.skip("the recordings with optical reference are not here")
    with np.load(sample) as z:
        columns = np.concatenate([z[k] for k in ("acc1", "gyr1", "acc2", "gyr2")], axis=1)
        reference = np.concatenate([z["ref_quat1"], z["ref_quat2"]], axis=1)
    file = tmp_path / "data_1D_02.mat"
    io.savemat(file, {"data": {"sensorData": columns, "ref": reference}})
    assert sets.two_imu_files(tmp_path) == [file]
    (pair, true), (expected, expected_true) = sets._two_imu(file), sets._two_imu(sample)
    assert np.allclose(true, expected_true, atol=1e-6)
    for one, other in zip(pair, expected, strict=True):
        assert np.allclose(one.gyr_rads, other.gyr_rads)
        assert np.allclose(one.acc_ms2, other.acc_ms2)
        assert np.allclose(one.t_s, other.t_s)
