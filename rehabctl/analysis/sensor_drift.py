"""Noise and drift of a still sensor, and the clocks of two sensors shaken together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rehabctl.analysis.imu_recording import Float, ImuRecording
from rehabctl.analysis.orientation import FusionMethod, fuse, rotate
from rehabctl.domain.sensor import CalibrationResult, Procedure, SensorFinding
from rehabctl.reference.sensor_limits import SensorLimits

_FLICKER = 0.664
"""Allan deviation of flicker noise per bias instability: sqrt(2 ln 2 / pi)."""


@dataclass(frozen=True)
class Judged:
    """Numbers with the limits that they were held against."""

    passed: bool
    limits: Mapping[str, float]
    results: Mapping[str, object]
    findings: tuple[SensorFinding, ...]


def allan_deviation(rate: Float, rate_hz: float) -> tuple[Float, Float]:
    """Return averaging times in seconds and the overlapping Allan deviation of a rate.

    Parameters
    ----------
    rate
        (N,) in any unit.
    rate_hz
        Sampling rate.
    """
    angle = np.concatenate([[0.0], np.cumsum(rate)]) / rate_hz
    taus: list[float] = []
    deviations: list[float] = []
    step = 1
    while 3 * step < len(angle):
        second = angle[2 * step :] - 2.0 * angle[step:-step] + angle[: -2 * step]
        tau = step / rate_hz
        taus.append(tau)
        deviations.append(float(np.sqrt(np.mean(second**2) / 2.0) / tau))
        step *= 2
    return np.array(taus), np.array(deviations)


def allan(recording: ImuRecording, limits: SensorLimits) -> CalibrationResult:
    """Measure the noise density and bias instability of the gyroscope.

    Parameters
    ----------
    recording
        Still for half an hour or more.
    limits
        The rows in force.
    """
    rows = limits.of("allan")
    results: dict[str, object] = {"duration_s": recording.duration_s}
    findings: list[SensorFinding] = []
    if recording.duration_s < rows["duration_s_min"]:
        text = f"{recording.duration_s:.0f} s; {rows['duration_s_min']:.0f} s are needed"
        findings.append(SensorFinding("too_short", text))
        return CalibrationResult(Procedure.ALLAN, False, rows, results, tuple(findings))
    walk: list[float] = []
    instability: list[float] = []
    for axis in range(3):
        dps = np.degrees(recording.gyr_rads[:, axis])
        taus, deviation = allan_deviation(dps, 1.0 / recording.interval_s)
        walk.append(float(np.interp(0.0, np.log(taus), deviation)))
        # beyond a ninth of the length the estimate itself is noise
        sure = taus <= recording.duration_s / 9.0
        instability.append(3600.0 * float(deviation[sure].min()) / _FLICKER)
    results |= {
        "angle_random_walk": walk,
        "angle_random_walk_unit": "deg/s/sqrt(Hz)",
        "bias_instability_dph": instability,
    }
    if max(walk) > rows["angle_random_walk_max"]:
        findings.append(SensorFinding("noise", f"angle random walk {max(walk):.3f}"))
    if max(instability) > rows["bias_instability_dph_max"]:
        text = f"bias instability {max(instability):.0f} degrees an hour"
        findings.append(SensorFinding("instability", text))
    return CalibrationResult(Procedure.ALLAN, not findings, rows, results, tuple(findings))


def drift(recording: ImuRecording, limits: SensorLimits) -> Judged:
    """Measure how far heading and inclination of a still sensor wander, without magnetometer.

    Parameters
    ----------
    recording
        Still for a minute or more.
    limits
        The rows in force.
    """
    rows = limits.of("drift")
    found = fuse(recording, FusionMethod.LIVE, magnetometer=False)
    settled = (recording.t_s - recording.t_s[0]) >= rows["settle_s"]
    results: dict[str, object] = {"duration_s": recording.duration_s}
    findings: list[SensorFinding] = []
    if recording.duration_s < rows["duration_s_min"]:
        text = f"{recording.duration_s:.0f} s; {rows['duration_s_min']:.0f} s are needed"
        return Judged(False, rows, results, (SensorFinding("too_short", text),))
    if not bool(found.rest[settled].all()):
        at = recording.t_s[settled & ~found.rest]
        findings.append(SensorFinding("moved", "the sensor moved", (round(float(at[0]), 2),)))
    quat = found.quat_wxyz
    heading = np.degrees(np.unwrap(2.0 * np.arctan2(quat[:, 3], quat[:, 0])))
    up = rotate(quat * np.array([1.0, -1.0, -1.0, -1.0]), np.array([0.0, 0.0, 1.0]))[settled]
    mean: Float = np.mean(up, axis=0)
    middle = mean / np.linalg.norm(mean)
    tilt: Float = np.degrees(np.arctan2(np.linalg.norm(np.cross(up, middle), axis=1), up @ middle))
    drifted = abs(float(heading[settled][-1] - heading[settled][0]))
    wandered = float(np.sqrt(np.mean(tilt**2)))
    results |= {
        "heading_deg": drifted,
        "inclination_rms_deg": wandered,
        "gyroscope_bias_dps": np.degrees(found.bias_rads).tolist(),
    }
    if drifted > rows["heading_deg_max"]:
        findings.append(SensorFinding("heading", f"heading drifted by {drifted:.2f} degrees"))
    if wandered > rows["inclination_deg_max"]:
        text = f"inclination wandered by {wandered:.2f} degrees"
        findings.append(SensorFinding("inclination", text))
    return Judged(not findings, rows, results, tuple(findings))


def synchronise(first: ImuRecording, second: ImuRecording, limits: SensorLimits) -> Judged:
    """Find by how much the second clock is ahead of the first, from a shake of both together.

    The rotation rates are compared in windows; the offsets of those that hold a movement give a
    straight line, whose slope is the difference in speed of the clocks.

    Parameters
    ----------
    first, second
        Both fixed to one thing, shaken at the start and again at the end.
    limits
        The rows in force.
    """
    rows = limits.of("sync")
    step = min(first.interval_s, second.interval_s, 0.01)
    rates = [_rate(recording, step) for recording in (first, second)]
    whole, correlation = _offset(rates[0][1], rates[1][1], round(rows["search_s"] / step), step)
    results: dict[str, object] = {"correlation": correlation}
    if correlation < rows["correlation_min"]:
        text = f"the movements do not agree (correlation {correlation:.2f})"
        return Judged(False, rows, results, (SensorFinding("correlation", text),))
    whole += float(rates[1][0] - rates[0][0])
    times, offsets = _windows(rates, whole, rows, step)
    slope = float(np.polyfit(times, offsets, 1)[0]) if len(times) > 1 else 0.0
    offset = float(np.mean(offsets)) if len(times) else whole
    fitted = offset + slope * (times - times.mean()) if len(times) else np.array([whole])
    residual_ms = 1000.0 * float(np.abs(offsets - fitted).max()) if len(times) else 0.0
    results |= {
        "offset_s": offset,
        "skew_ppm": 1e6 * slope,
        "residual_ms": residual_ms,
        "windows": len(times),
    }
    findings: list[SensorFinding] = []
    if residual_ms > min(rows["residual_ms_max"], 1000.0 * first.interval_s):
        findings.append(SensorFinding("residual", f"{residual_ms:.1f} ms between windows"))
    return Judged(not findings, rows, results, tuple(findings))


def _rate(recording: ImuRecording, step: float) -> tuple[float, Float]:
    start = float(recording.t_s[0])
    grid = start + np.arange(int(recording.duration_s / step) + 1) * step
    norm = np.linalg.norm(recording.gyr_rads, axis=1)
    values: Float = np.asarray(np.interp(grid, recording.t_s, norm), dtype=np.float64)
    return start, values


def _windows(
    rates: list[tuple[float, Float]], offset_s: float, rows: Mapping[str, float], step: float
) -> tuple[Float, Float]:
    """Return times and offsets of the windows in which both were shaken."""
    width = round(rows["window_s"] / step)
    shift = round((offset_s - (rates[1][0] - rates[0][0])) / step)
    times: list[float] = []
    offsets: list[float] = []
    for begin in range(0, len(rates[0][1]) - width + 1, width):
        start = begin + shift
        if start < 0 or start + width > len(rates[1][1]):
            continue
        a, b = rates[0][1][begin : begin + width], rates[1][1][start : start + width]
        if min(float(a.std()), float(b.std())) < np.radians(20.0):
            continue
        more, correlation = _offset(a, b, round(0.2 / step), step)
        if correlation >= rows["correlation_min"]:
            times.append(rates[0][0] + (begin + width / 2) * step)
            offsets.append(shift * step + more + rates[1][0] - rates[0][0])
    return np.array(times), np.array(offsets)


def _offset(a: Float, b: Float, most: int, step: float) -> tuple[float, float]:
    """Return by how many seconds b lags a, and the correlation there."""
    from scipy import signal

    tools: Any = signal
    x, y = a - a.mean(), b - b.mean()
    scale = float(np.linalg.norm(x) * np.linalg.norm(y))
    if scale <= 0.0:
        return 0.0, 0.0
    product: Float = np.asarray(tools.correlate(y, x, mode="full", method="fft")) / scale
    middle = len(x) - 1
    low, high = max(0, middle - most), min(len(product), middle + most + 1)
    peak = low + int(np.argmax(product[low:high]))
    shift = float(peak - middle)
    if 0 < peak < len(product) - 1:
        before, at, after = (float(v) for v in product[peak - 1 : peak + 2])
        bend = before - 2.0 * at + after
        shift += 0.5 * (before - after) / bend if bend < 0.0 else 0.0
    return shift * step, float(product[peak])
