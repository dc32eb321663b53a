"""Angle of a hinge joint between two sensors, without a magnetometer.

The hinge axis in both sensors follows Seel, Raisch and Schauer (Sensors 2014, 14:6891) and Olsson
et al. (2020): across the axis both sensors turn equally fast, along it they feel the same
acceleration. The second also fixes the relative sign of the two axes. The heading between the
sensors then has a closed form: in the horizontal plane, both see the axis in one direction
(in the spirit of Lehmann, Laidig and Seel, IFAC 2020).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.imu_recording import Float, ImuRecording, resampled
from rehabctl.analysis.orientation import (
    FusionMethod,
    about_vertical,
    conjugate,
    fuse,
    multiply,
    rotate,
)

_Z = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class HingeAxis:
    """Unit vectors along one hinge, in the axes of each sensor, in one direction."""

    proximal: tuple[float, float, float]
    distal: tuple[float, float, float]
    sign_ratio: float
    """How much worse the opposite relative sign fits; near 1 the sign is a guess."""


@dataclass(frozen=True, eq=False)
class JointMotion:
    """Angle of a joint over time, zero in the neutral pose, flexion positive."""

    t_s: Float
    """(N,)."""
    angle_deg: Float
    """(N,)."""
    residual_deg: Float | None
    """(N,) rotation that is not about the hinge; None for a ball joint."""
    heading_deg: Float
    """(N,) heading offset between the sensors that was taken out."""
    relative_wxyz: Float
    """(N, 4) distal sensor to proximal sensor."""
    axis: HingeAxis | None
    horizontal_share: float
    """Mean length of the axis in the horizontal plane: 0 for a vertical axis, 1 for a level one."""
    neutral_s: tuple[float, float] | None
    """The still stretch at the start that is zero; None where there was none."""
    second_deg: Float | None = None
    """(N,) the same angle of a ball joint by the second method; None where there was none."""


def on_common_time(
    proximal: ImuRecording, distal: ImuRecording
) -> tuple[ImuRecording, ImuRecording]:
    """Return both recordings at the same even times of their overlap.

    Parameters
    ----------
    proximal, distal
        With one clock.

    Raises
    ------
    ValueError
        They overlap by less than a second.
    """
    step = max(proximal.interval_s, distal.interval_s)
    start = max(float(proximal.t_s[0]), float(distal.t_s[0]))
    end = min(float(proximal.t_s[-1]), float(distal.t_s[-1]))
    if end - start < 1.0:
        raise ValueError("the recordings overlap by less than a second")
    grid: Float = start + np.arange(int((end - start) / step + 1e-6) + 1, dtype=np.float64) * step
    return resampled(proximal, grid), resampled(distal, grid)


def is_moving(proximal: ImuRecording, distal: ImuRecording, min_dps: float) -> NDArray[np.bool_]:
    """Tell at which samples the sensors turn at different rates, so that the joint moves.

    Parameters
    ----------
    proximal, distal
        At common times.
    min_dps
        Least difference of the rates' norms, or of the larger rate.
    """
    rates = [np.linalg.norm(r.gyr_rads, axis=1) for r in (proximal, distal)]
    return np.degrees(np.maximum(*rates)) > min_dps


def hinge_axis(
    proximal: ImuRecording, distal: ImuRecording, limits: Mapping[str, float]
) -> HingeAxis:
    """Estimate the axis of a hinge in both sensors.

    Parameters
    ----------
    proximal, distal
        At common times, with movement.
    limits
        The rows of `joint`.
    """
    moving = np.flatnonzero(is_moving(proximal, distal, limits["moving_dps_min"]))
    if len(moving) < 20:
        raise ValueError("the joint hardly moves")
    count, weight = int(limits["axis_samples"]), limits["rotation_weight"]
    fit = _AxisFit(proximal, distal, _spread(moving, count), weight)
    coarse = _AxisFit(proximal, distal, _spread(moving, count // 10), weight)
    # In a planar movement with equal rates (a heel slide) other axes fit as well; they are told
    # apart by how much rotation they leave unexplained.
    valleys = _distinct(sorted((coarse.refine(x, 15) for x in _starts()), key=coarse.cost))
    quats = [
        fuse(r, FusionMethod.OFFLINE, magnetometer=False).quat_wxyz for r in (proximal, distal)
    ]
    step_s = proximal.interval_s

    def unexplained(x: Float) -> float:
        level = (rotate(quats[0], x[:3]), rotate(quats[1], x[3:]))
        heading, _ = _heading(*level, step_s, FusionMethod.OFFLINE, limits)
        turned = multiply(about_vertical(heading), quats[1])
        hinge = _about_hinge(multiply(conjugate(quats[0]), turned), x[:3], x[3:])
        return float(np.mean(_residual(hinge)[moving] ** 2))

    best = fit.refine(min(valleys, key=unexplained), 40)
    j1, j2 = best[:3], best[3:]
    ratio = fit.cost(np.concatenate([j1, -j2])) / max(fit.cost(best), 1e-12)
    return HingeAxis(_triple(j1), _triple(j2), float(ratio))


def _distinct(candidates: list[Float]) -> list[Float]:
    """Return the candidates without repeats; an axis and its opposite are one."""
    kept: list[Float] = []
    for x in candidates:
        if all(abs(float(x @ y)) < 2.0 * np.cos(np.radians(8.0)) for y in kept):
            kept.append(x)
    return kept


def _about_hinge(relative: Float, axis1: Float, axis2: Float) -> Float:
    """Return the relative rotation in frames whose z axis is the hinge."""
    return multiply(conjugate(_frame(axis1)), multiply(relative, _frame(axis2)))


def _residual(hinge: Float) -> Float:
    """Return the angle (N,) of what is not rotation about z, in radians."""
    return 2.0 * np.arccos(np.clip(np.hypot(hinge[:, 0], hinge[:, 3]), 0.0, 1.0))


class _AxisFit:
    def __init__(
        self, proximal: ImuRecording, distal: ImuRecording, chosen: NDArray[np.intp], weight: float
    ) -> None:
        self._gyr = (proximal.gyr_rads[chosen], distal.gyr_rads[chosen])
        self._acc = (proximal.acc_ms2[chosen], distal.acc_ms2[chosen])
        self._weight = np.sqrt(weight)

    def residuals(self, x: Float) -> Float:
        j1, j2 = _unit(x[:3]), _unit(x[3:])
        across = [
            np.linalg.norm(np.cross(g, j), axis=1) for g, j in zip(self._gyr, (j1, j2), strict=True)
        ]
        along = self._acc[0] @ j1 - self._acc[1] @ j2
        return np.concatenate([self._weight * (across[0] - across[1]), along])

    def cost(self, x: Float) -> float:
        return float(np.sum(self.residuals(x) ** 2))

    def refine(self, start: Float, steps: int) -> Float:
        from scipy import optimize

        tools: Any = optimize  # its types are partial
        x = np.asarray(
            tools.least_squares(self.residuals, start, max_nfev=steps).x, dtype=np.float64
        )
        return np.concatenate([_unit(x[:3]), _unit(x[3:])])


def _spread(samples: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return up to `count` of the samples, evenly over all."""
    return samples[np.unique(np.linspace(0, len(samples) - 1, count).astype(int))]


def _starts() -> list[Float]:
    """Return starting points over all axes and both signs: the cost has several valleys."""
    basis = np.eye(3) + 1e-3
    return [np.concatenate([a, s * b]) for a in basis for b in basis for s in (1.0, -1.0)]


def hinge_motion(
    proximal: ImuRecording,
    distal: ImuRecording,
    method: FusionMethod,
    limits: Mapping[str, float],
    axis: HingeAxis | None = None,
) -> JointMotion:
    """Return the flexion of a hinge joint over time.

    Flexion is counted from the still pose at the start, or from the first sample without one; its
    positive direction is the one in which the joint moves further from there, as a knee or elbow
    does from a straight limb.

    Parameters
    ----------
    proximal, distal
        At common times.
    method
        Live uses at each sample nothing that comes later, apart from the axis.
    limits
        The rows of `joint`.
    axis
        From a functional calibration; None to estimate it here.

    Raises
    ------
    ValueError
        The joint hardly moves and no axis was given.
    """
    found = axis or hinge_axis(proximal, distal, limits)
    j1, j2 = np.array(found.proximal), np.array(found.distal)
    first = fuse(proximal, method, magnetometer=False)
    q1 = first.quat_wxyz
    q2 = fuse(distal, method, magnetometer=False).quat_wxyz
    heading, share = _heading(rotate(q1, j1), rotate(q2, j2), proximal.interval_s, method, limits)
    relative = multiply(conjugate(q1), multiply(about_vertical(heading), q2))
    hinge = _about_hinge(relative, j1, j2)
    twist = np.unwrap(2.0 * np.arctan2(hinge[:, 3], hinge[:, 0]))
    residual = _residual(hinge)
    neutral = neutral_pose(proximal, distal, limits)
    zero = float(np.mean(twist[neutral])) if neutral is not None else float(twist[0])
    flexion = np.degrees(twist - zero)
    low, high = np.percentile(flexion, [1, 99])
    if -low > high:
        flexion, found = -flexion, _reversed(found)
    t_s = proximal.t_s
    span = None if neutral is None else (float(t_s[neutral][0]), float(t_s[neutral][-1]))
    return JointMotion(
        t_s, flexion, np.degrees(residual), np.degrees(heading), relative, found, share, span
    )


def _heading(
    axis1: Float, axis2: Float, step_s: float, method: FusionMethod, limits: Mapping[str, float]
) -> tuple[Float, float]:
    """Return the heading offset (N,) by which the second axis turns onto the first, and how level.

    Each sample votes by the horizontal length of the axis: a vertical axis has no heading.
    """
    from scipy import signal

    level1, level2 = axis1[:, 0] + 1j * axis1[:, 1], axis2[:, 0] + 1j * axis2[:, 1]
    votes = level1 * np.conj(level2)
    tools: Any = signal
    if method is FusionMethod.LIVE:
        keep = float(np.exp(-step_s / limits["window_s"]))
        mean = tools.lfilter([1.0 - keep], [1.0, -keep], votes)
    else:
        width = max(3, round(limits["window_s"] / step_s))
        mean = tools.fftconvolve(votes, np.hanning(width + 2)[1:-1], mode="full")
        mean = mean[(width - 1) // 2 :][: len(votes)]
    share = float(np.mean(np.sqrt(np.abs(votes))))
    return np.unwrap(np.angle(np.asarray(mean))), share


def neutral_pose(
    proximal: ImuRecording, distal: ImuRecording, limits: Mapping[str, float]
) -> slice | None:
    """Return the still stretch with which both recordings begin; None without one.

    Parameters
    ----------
    proximal, distal
        At common times.
    limits
        The rows of `joint`.
    """
    moving = np.flatnonzero(is_moving(proximal, distal, 0.5 * limits["moving_dps_min"]))
    end = int(moving[0]) if len(moving) else len(proximal)
    return slice(0, end) if end * proximal.interval_s >= limits["neutral_s_min"] else None


def _frame(axis: Float) -> Float:
    """Return the rotation (1, 4) that takes z onto an axis."""
    cross, dot = np.cross(_Z, axis), float(axis[2])
    if dot < -1.0 + 1e-9:
        return np.array([[0.0, 1.0, 0.0, 0.0]])
    return _unit(np.concatenate([[1.0 + dot], cross]))[None, :]


def _reversed(axis: HingeAxis) -> HingeAxis:
    j1, j2 = -np.array(axis.proximal), -np.array(axis.distal)
    return HingeAxis(_triple(j1), _triple(j2), axis.sign_ratio)


def _triple(vector: Float) -> tuple[float, float, float]:
    return float(vector[0]), float(vector[1]), float(vector[2])


def _unit(vector: Float) -> Float:
    return vector / np.linalg.norm(vector)
