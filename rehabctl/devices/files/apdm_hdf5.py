"""APDM recordings (`.h5`): one group a sensor with times and raw samples (extra `sensors`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rehabctl.analysis.imu_recording import ImuRecording, RecordingMeta
from rehabctl.devices.files.opensim_sto import chosen_sensor
from rehabctl.domain.errors import NotFoundError, RehabctlError, UnavailableError


def read_apdm(path: Path, sensor: str, meta: RecordingMeta) -> ImuRecording:
    """Read one sensor of an APDM file as a recording.

    Parameters
    ----------
    path
        The file: `Sensors/<id>/{Time, Accelerometer, Gyroscope, Magnetometer}` in microseconds,
        m/s², rad/s and microtesla (after its documentation; no export was at hand).
    sensor
        Its identifier; may be empty where there is one only.
    meta
        What the caller knows.
    """
    try:
        import h5py
    except ImportError:
        raise UnavailableError("h5py is not installed", "Install rehabctl[sensors]") from None
    tools: Any = h5py
    if not path.is_file():
        raise NotFoundError(f"no file {path.name}", "Check the path")
    try:
        with tools.File(path, "r") as file:
            sensors: Any = file["Sensors"]
            group: Any = sensors[chosen_sensor(list(sensors), sensor, path.name)]
            arrays = {
                key: np.asarray(group[key], dtype=np.float64)
                for key in ("Time", "Accelerometer", "Gyroscope", "Magnetometer")
                if key in group
            }
        t_s = (arrays["Time"] - arrays["Time"][0]) / 1e6
        return ImuRecording(
            t_s, arrays["Gyroscope"], arrays["Accelerometer"], arrays.get("Magnetometer"), meta
        )
    except (OSError, KeyError, ValueError, IndexError, TypeError):
        raise RehabctlError(f"{path.name} is no APDM recording", "Export it again") from None
