"""Recordings out of orientations: files of systems that export no raw samples.

Rates are those that turn one orientation into the next; the specific force is gravity seen from the
sensor, with the free acceleration where the file has it.
"""

from __future__ import annotations

import numpy as np

from rehabctl.analysis.imu_recording import GRAVITY_MS2, Float, ImuRecording, RecordingMeta
from rehabctl.analysis.orientation import conjugate, multiply, rotate
from rehabctl.domain.errors import RehabctlError


def recording_of(
    t_s: Float, quat_wxyz: Float, free_acc_ms2: Float | None, meta: RecordingMeta, name: str
) -> ImuRecording:
    """Return the recording that a sensor with these orientations would have made.

    Parameters
    ----------
    t_s
        (N,) increasing.
    quat_wxyz
        (N, 4) sensor to an earth frame whose z is up; need not be of unit length.
    free_acc_ms2
        (N, 3) without gravity, in the earth frame; None where there is none.
    meta
        What is known of it.
    name
        Of the file, for messages.

    Raises
    ------
    RehabctlError
        The orientations are no rotations, or the times do not rise.
    """
    lengths = np.linalg.norm(quat_wxyz, axis=1)
    if len(t_s) < 3 or not bool(np.all(np.abs(lengths - 1.0) < 0.1)):
        raise RehabctlError(f"{name} holds no usable orientations", "Export quaternions")
    quat = quat_wxyz / lengths[:, None]
    steps = np.diff(t_s)
    if not bool(np.all(steps > 0.0)):
        raise RehabctlError(f"the times of {name} do not rise", "Export it again")
    turned = multiply(conjugate(quat[:-1]), quat[1:])
    turned = np.where(turned[:, :1] < 0.0, -turned, turned)
    sine = np.linalg.norm(turned[:, 1:], axis=1)
    angle = 2.0 * np.arctan2(sine, turned[:, 0])
    axis = turned[:, 1:] / np.maximum(sine, 1e-12)[:, None]
    gyr = (angle / steps)[:, None] * axis
    up = np.array([0.0, 0.0, GRAVITY_MS2])
    force = up if free_acc_ms2 is None else up + free_acc_ms2[:-1]
    acc = rotate(conjugate(quat[:-1]), np.broadcast_to(force, (len(gyr), 3)))
    try:
        return ImuRecording(t_s[:-1] + 0.5 * steps, gyr, acc, None, meta)
    except ValueError as error:
        raise RehabctlError(f"{name} is refused: {error}", "Export it again") from None
