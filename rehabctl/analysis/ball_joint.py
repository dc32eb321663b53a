"""Turn of a ball joint between two sensors, by two methods that know nothing of each other.

The first takes both headings from the magnetometers (VQF). The second uses none: both sensors see
the joint's centre accelerate alike, which ties their headings together (Weygers and Kok, IEEE
Sensors Journal 20(14), 2020; the maximum a posteriori estimate of the library dfjimu). Metal near
one sensor spoils the first, little movement the second; where they agree, both are believed.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from rehabctl.analysis.imu_recording import Float, ImuRecording
from rehabctl.analysis.joint_angle import JointMotion, neutral_pose
from rehabctl.analysis.orientation import FusionMethod, conjugate, fuse, multiply, rotate


def ball_motion(
    proximal: ImuRecording,
    distal: ImuRecording,
    method: FusionMethod,
    limits: Mapping[str, float],
) -> JointMotion:
    """Return how far a ball joint has turned from its pose at the start, about any axis.

    Parameters
    ----------
    proximal, distal
        At common times.
    method
        Live or offline, of the fusion; the second method always uses the whole recording.
    limits
        The rows of `joint`.

    Raises
    ------
    ValueError
        A recording has no magnetometer, and the second method is not installed or found nothing.
    """
    tied = tied_by_the_joint(proximal, distal, limits)
    if proximal.mag_ut is not None and distal.mag_ut is not None:
        quats = [fuse(r, method, magnetometer=True).quat_wxyz for r in (proximal, distal)]
        relative = multiply(conjugate(quats[0]), quats[1])
        second = tied
    elif tied is not None:
        relative, second = tied, None
    else:
        raise ValueError("a ball joint needs a magnetometer in both sensors")
    t_s = proximal.t_s
    neutral = neutral_pose(proximal, distal, limits)
    return JointMotion(
        t_s,
        _turned_deg(relative, neutral),
        None,
        np.zeros(len(t_s)),
        relative,
        None,
        0.0,
        None if neutral is None else (float(t_s[neutral][0]), float(t_s[neutral][-1])),
        None if second is None else _turned_deg(second, neutral),
    )


def tied_by_the_joint(
    proximal: ImuRecording, distal: ImuRecording, limits: Mapping[str, float]
) -> Float | None:
    """Return the orientation (N, 4) of the distal in the proximal sensor, without magnetometers.

    Parameters
    ----------
    proximal, distal
        At common times.
    limits
        The rows of `joint`: iterations, and variances of rate, inclination and link.

    Returns
    -------
    numpy.ndarray or None
        None where dfjimu is not installed, or where the movement does not determine the lever arms.
    """
    try:
        import dfjimu
    except ImportError:
        return None
    tools: Any = dfjimu  # it has no types
    fused = [fuse(r, FusionMethod.OFFLINE, magnetometer=False) for r in (proximal, distal)]
    gyr1, gyr2 = (r.gyr_rads - f.bias_rads for r, f in zip((proximal, distal), fused, strict=True))
    # the library starts both sensors at one orientation, so the distal one is turned to fit
    first = fused[0].quat_wxyz[0]
    between = multiply(conjugate(first), fused[1].quat_wxyz[0])
    gyr2, acc2 = rotate(between, gyr2), rotate(between, distal.acc_ms2)
    rate_hz = 1.0 / proximal.interval_s
    unit = np.eye(3)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # of a step limit that is reached on purpose
            q1, q2 = tools.map_acc(
                gyr1,
                gyr2,
                proximal.acc_ms2,
                acc2,
                Fs=rate_hz,
                q_init=first,
                cov_w=limits["link_rate_variance"] * np.eye(6),
                cov_i=limits["link_inclination_variance"] * unit,
                cov_lnk=limits["link_variance"] * unit,
                iterations=int(limits["link_iterations"]),
            )
    except (np.linalg.LinAlgError, ZeroDivisionError, ValueError):
        return None
    relative: Float = multiply(multiply(conjugate(q1), q2), between)
    if not bool(np.isfinite(relative).all()):
        return None
    # its result is one sample late, as its recordings with an optical reference show
    return np.concatenate([relative[1:], relative[-1:]])


def _turned_deg(relative: Float, neutral: slice | None) -> Float:
    """Return the angle (N,) of the rotation since the neutral pose, or since the first sample."""
    start = relative[0] if neutral is None else _mean(relative[neutral])
    turned = multiply(conjugate(start)[None, :], relative)
    angle = 2.0 * np.arctan2(np.linalg.norm(turned[:, 1:], axis=1), np.abs(turned[:, 0]))
    return np.degrees(angle)


def _mean(quats: Float) -> Float:
    alike = np.where(quats @ quats[0] < 0.0, -1.0, 1.0)[:, None] * quats
    mean = np.mean(alike, axis=0)
    return mean / np.linalg.norm(mean)
