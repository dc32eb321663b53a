"""Recordings with an optical reference: single ones, and whole public sets from a folder.

BROAD (github.com/dlaidig/broad, CC BY 4.0): the `.mat` files of `data_mat`. Two IMUs beside a hinge
(github.com/daniel-om-weber/dfjimu): the `data_1D_*.mat` files of `data`. Both are also read as the
`.npz` files of the licensed samples.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rehabctl.analysis.imu_recording import ImuRecording
from rehabctl.analysis.joint_angle import hinge_motion
from rehabctl.analysis.orientation import FusionMethod, conjugate, fuse, multiply
from rehabctl.reference.sensor_limits import SensorLimits

LEFT_OUT = frozenset({"13", "17", "19", "20", "22", "23", "37", "38", "39"})
"""Trials of BROAD (long, combined, office, mixed) outside the 30 on which the filter is known."""
TRIALS, HINGES = 30, 5
BROAD_LIMITS = {"live": 2.6, "offline": 2.3, "inclination": 0.8}
TWO_IMU_LIMITS = {"live": 2.2, "offline": 2.0}


def broad_files(folder: Path) -> list[Path]:
    """Return the recordings of the 30 trials that are there, in order of their numbers."""
    found = [*folder.glob("[0-9][0-9]_*.mat"), *folder.glob("broad_*.npz")]
    return sorted((f for f in found if _number(f) not in LEFT_OUT), key=_number)


def _number(file: Path) -> str:
    return file.stem.removeprefix("broad_")[:2]


def two_imu_files(folder: Path) -> list[Path]:
    """Return the recordings of a hinge."""
    return sorted([*folder.glob("data_1D_*.mat"), *folder.glob("dfjimu_1D_*.npz")])


def broad_errors_deg(file: Path) -> dict[str, dict[str, float]]:
    """Return the rms errors of one trial: by method, total and inclination, while it moves."""
    data = _arrays(file)
    prefix = "imu_" if file.suffix == ".mat" else ""
    rate_hz = float(data["sampling_rate" if prefix else "fs"])
    gyr, acc, mag = (np.asarray(data[prefix + name], float) for name in ("gyr", "acc", "mag"))
    true = np.asarray(data["opt_quat"], float)
    true = true / np.linalg.norm(true, axis=1, keepdims=True)
    moving = np.asarray(data["movement"]).astype(bool)
    recording = ImuRecording(np.arange(len(gyr)) / rate_hz, gyr, acc, mag)
    found: dict[str, dict[str, float]] = {}
    for method in FusionMethod:
        w, _, _, z = multiply(fuse(recording, method).quat_wxyz, conjugate(true))[moving].T
        found[method.value] = {
            "total": _rms_deg(np.abs(w)),
            "inclination": _rms_deg(np.hypot(w, z)),
        }
    return found


def hinge_error_deg(file: Path, method: FusionMethod, limits: SensorLimits) -> float:
    """Return the rms error of the relative orientation of two sensors beside a hinge."""
    pair, true = _two_imu(file)
    found = hinge_motion(pair[0], pair[1], method, limits.of("joint"))
    return _rms_deg(np.abs(multiply(conjugate(true), found.relative_wxyz)[:, 0]))


def _two_imu(file: Path) -> tuple[list[ImuRecording], Any]:
    data = _arrays(file)
    if file.suffix == ".mat":
        whole = data["data"]
        columns = np.asarray(whole.sensorData, float)
        q1, q2 = (np.asarray(whole.ref, float)[:, i : i + 4] for i in (0, 4))
        values = [(columns[:, i + 3 : i + 6], columns[:, i : i + 3]) for i in (0, 6)]
        rate_hz = 50.0
    else:
        q1, q2 = (data[f"ref_quat{i}"].astype(float) for i in (1, 2))
        values = [(data[f"gyr{i}"].astype(float), data[f"acc{i}"].astype(float)) for i in (1, 2)]
        rate_hz = float(data["fs"])
    count = min(len(q1), len(values[0][0]))
    t_s = np.arange(count) / rate_hz
    true = multiply(conjugate(q1[:count]), q2[:count])
    true = true / np.linalg.norm(true, axis=1, keepdims=True)
    return [ImuRecording(t_s, gyr[:count], acc[:count]) for gyr, acc in values], true


def _arrays(file: Path) -> dict[str, Any]:
    if file.suffix == ".mat":
        from scipy import io

        return io.loadmat(str(file), squeeze_me=True, struct_as_record=False)
    with np.load(file) as data:
        return dict(data)


def _rms_deg(cosine_of_half: Any) -> float:
    half = np.arccos(np.clip(cosine_of_half, 0.0, 1.0))
    return float(np.degrees(2.0 * np.sqrt(np.nanmean(half**2))))
