"""Orientation of one sensor, by VQF (Laidig and Seel, Information Fusion 91, 2023).

Quaternions are w, x, y, z and turn sensor axes into east, north, up. Without a magnetometer the
direction of north is arbitrary, and stays so for the whole recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.imu_recording import Float, ImuRecording, on_uniform_time


class FusionMethod(StrEnum):
    """Which samples an orientation may rest on."""

    LIVE = "live"
    """Only those before it, as while streaming."""
    OFFLINE = "offline"
    """All of the recording."""


@dataclass(frozen=True, eq=False)
class Orientation:
    """Orientation at the recording's own times."""

    quat_wxyz: Float
    """(N, 4)."""
    rest: NDArray[np.bool_]
    """(N,) whether the sensor lay still."""
    bias_rads: Float
    """(3,) gyroscope bias: the last estimate (live) or the mean (offline)."""
    magnetic: bool
    """Whether heading was taken from the magnetometer."""
    disturbed: NDArray[np.bool_]
    """(N,) whether the filter refused the magnetometer: a disturbance, or no reference yet."""


def fuse(
    recording: ImuRecording, method: FusionMethod, *, magnetometer: bool | None = None
) -> Orientation:
    """Return the orientation of a sensor.

    Parameters
    ----------
    recording
        With or without a magnetometer.
    method
        Live or offline.
    magnetometer
        Whether to take the heading from it; None where the recording has one.

    Raises
    ------
    ValueError
        A magnetometer is asked for and the recording has none.
    """
    if magnetometer and recording.mag_ut is None:
        raise ValueError("the recording has no magnetometer")
    even = on_uniform_time(recording)
    magnetic = even.mag_ut is not None and magnetometer is not False
    quat, rest, bias, disturbed = _vqf(even, method, magnetic)
    if even is not recording:
        places: Float = (recording.t_s - even.t_s[0]) / even.interval_s
        nearest = np.clip(np.rint(places), 0, len(even) - 1).astype(np.intp)
        quat, rest, disturbed = quat[nearest], rest[nearest], disturbed[nearest]
    return Orientation(quat, rest, bias, magnetic, disturbed)


def _vqf(
    even: ImuRecording, method: FusionMethod, magnetic: bool
) -> tuple[Float, NDArray[np.bool_], Float, NDArray[np.bool_]]:
    from vqf import VQF, offlineVQF

    gyr, acc = np.ascontiguousarray(even.gyr_rads), np.ascontiguousarray(even.acc_ms2)
    mag = np.ascontiguousarray(even.mag_ut) if magnetic and even.mag_ut is not None else None
    if method is FusionMethod.OFFLINE:
        found = dict(offlineVQF(gyr, acc, mag, even.interval_s))
        bias = np.mean(np.asarray(found["bias"], dtype=np.float64), axis=0)
    else:
        live = VQF(even.interval_s)
        found = dict(live.updateBatchFullState(gyr, acc, mag))
        bias = np.asarray(found["bias"], dtype=np.float64)[-1]
    quat = np.asarray(found["quat9D" if magnetic else "quat6D"], dtype=np.float64)
    rest = np.asarray(found["restDetected"], dtype=bool)
    still = np.zeros(len(even), dtype=bool)
    disturbed = np.asarray(found["magDistDetected"], dtype=bool) if magnetic else still
    return quat, rest, bias, disturbed


def multiply(a: Float, b: Float) -> Float:
    """Return the product of quaternions, shapes (..., 4) that broadcast.

    Parameters
    ----------
    a, b
        The rotation b is applied first.
    """
    aw, av, bw, bv = a[..., :1], a[..., 1:], b[..., :1], b[..., 1:]
    w = aw * bw - np.sum(av * bv, axis=-1, keepdims=True)
    return np.concatenate([w, aw * bv + bw * av + np.cross(av, bv)], axis=-1)


def conjugate(quat: Float) -> Float:
    """Return the inverse of unit quaternions.

    Parameters
    ----------
    quat
        (..., 4).
    """
    return quat * np.array([1.0, -1.0, -1.0, -1.0])


def rotate(quat: Float, vector: Float) -> Float:
    """Return vectors turned by unit quaternions.

    Parameters
    ----------
    quat
        (..., 4).
    vector
        (..., 3), broadcast against the quaternions.
    """
    w, axis = quat[..., :1], quat[..., 1:]
    twice = 2.0 * np.cross(axis, vector)
    return vector + w * twice + np.cross(axis, twice)


def about_vertical(angle_rad: Float) -> Float:
    """Return rotations about the earth's vertical.

    Parameters
    ----------
    angle_rad
        (N,).
    """
    zero = np.zeros_like(angle_rad)
    return np.stack([np.cos(angle_rad / 2), zero, zero, np.sin(angle_rad / 2)], axis=-1)
