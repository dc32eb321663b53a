"""One joint seen by a camera and by two sensors: common time, and how far both agree.

The clocks are aligned by the correlation of the angular velocities, which needs neither a common
zero nor a common trigger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rehabctl.analysis.imu_recording import Float
from rehabctl.domain.sensor import SensorFinding


@dataclass(frozen=True, slots=True)
class InstrumentComparison:
    """How a camera's angle differs from the sensors'."""

    offset_s: float
    """What is added to the camera's times to get the sensors'."""
    correlation: float
    """Of the angular velocities, at that offset."""
    bias_deg: float
    """Median of camera minus sensors: mostly two different zeros."""
    rms_deg: float
    """Of the difference without its bias."""
    p95_deg: float
    """95 % of the differences without bias are smaller."""
    overlap_s: float
    findings: tuple[SensorFinding, ...]
    """Why both cannot be compared, or do not agree."""


def compare_instruments(
    camera_t_s: Float,
    camera_deg: Float,
    imu_t_s: Float,
    imu_deg: Float,
    limits: Mapping[str, float],
) -> InstrumentComparison:
    """Align a camera's angle with the sensors' and compare them.

    Parameters
    ----------
    camera_t_s, camera_deg
        (N,) increasing; NaN where the camera saw nothing.
    imu_t_s, imu_deg
        (M,).
    limits
        The rows of `camera_imu`.

    Raises
    ------
    ValueError
        One of the two is too short, or does not move.
    """
    rate = limits["rate_hz"]
    known = np.isfinite(camera_deg)
    if int(known.sum()) < 10 or len(imu_t_s) < 10:
        raise ValueError("too few angles to compare")
    ours = _even(imu_t_s, imu_deg, rate)
    theirs = _even(camera_t_s[known], camera_deg[known], rate)
    speeds = np.gradient(ours) * rate, np.gradient(theirs) * rate
    if min(float(np.std(v)) for v in speeds) < limits["speed_deg_s_min"]:
        raise ValueError("the joint hardly moves")
    lag, correlation = _best_lag(*speeds, round(limits["overlap_s_min"] * rate))
    offset = float(imu_t_s[0] - camera_t_s[known][0]) + lag / rate
    moved = camera_t_s[known] + offset
    inside = (moved >= imu_t_s[0]) & (moved <= imu_t_s[-1])
    difference = camera_deg[known][inside] - np.interp(moved[inside], imu_t_s, imu_deg)
    bias = float(np.median(difference))
    rest = np.abs(difference - bias)
    rms, p95 = float(np.sqrt(np.mean(rest**2))), float(np.percentile(rest, 95))
    findings: list[SensorFinding] = []
    if correlation < limits["correlation_min"]:
        text = f"the two movements are not alike (correlation {correlation:.2f})"
        findings.append(SensorFinding("camera_not_synchronous", text))
    elif rms > limits["disagreement_deg_max"]:
        text = f"camera and sensors differ by {rms:.0f} degrees beside their zeros"
        findings.append(SensorFinding("instruments_disagree", text))
    span = float(moved[inside][-1] - moved[inside][0])
    return InstrumentComparison(offset, correlation, bias, rms, p95, span, tuple(findings))


def _even(t_s: Float, deg: Float, rate_hz: float) -> Float:
    grid = np.arange(t_s[0], t_s[-1], 1.0 / rate_hz)
    return np.asarray(np.interp(grid, t_s, deg), dtype=np.float64)


def _best_lag(ours: Float, theirs: Float, least: int) -> tuple[float, float]:
    """Return the lag of `theirs` in samples at which both are most alike, and how alike.

    Only overlaps of at least `least` samples count; the peak is refined by a parabola.
    """
    shortest = min(len(ours), len(theirs))
    least = min(least, shortest)
    lags = range(least - len(theirs), len(ours) - least + 1)
    scores = np.array([_alike(ours, theirs, lag) for lag in lags])
    # a short overlap is alike by chance more easily than a long one
    overlaps = np.array([min(len(ours), lag + len(theirs)) - max(0, lag) for lag in lags])
    weighted = scores * np.sqrt(overlaps / shortest)
    at = int(np.argmax(weighted))
    shift = 0.0
    if 0 < at < len(weighted) - 1:
        before, here, after = weighted[at - 1 : at + 2]
        bend = before - 2.0 * here + after
        shift = 0.0 if bend == 0.0 else float(0.5 * (before - after) / bend)
    return lags[at] + shift, float(scores[at])


def _alike(ours: Float, theirs: Float, lag: int) -> float:
    start, end = max(0, lag), min(len(ours), lag + len(theirs))
    a, b = ours[start:end], theirs[start - lag : end - lag]
    a, b = a - a.mean(), b - b.mean()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return 0.0 if size == 0.0 else float(a @ b) / size
