"""Is a recording fit for use: clipping, rate, gaps, magnetic environment, mounting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.imu_recording import GRAVITY_MS2, Float, ImuRecording
from rehabctl.analysis.orientation import FusionMethod, Orientation, fuse, rotate
from rehabctl.domain.counting import counted
from rehabctl.domain.sensor import GapRecord, SensorFinding
from rehabctl.reference.sensor_limits import SensorLimits

_MOST_PLACES = 20
Runs = list[tuple[int, int]]


def check(recording: ImuRecording, limits: SensorLimits) -> tuple[SensorFinding, ...]:
    """Return everything that limits the use of a recording, empty when nothing does.

    Parameters
    ----------
    recording
        One sensor.
    limits
        The rows in force on the day of the recording.
    """
    orientation = fuse(recording, FusionMethod.OFFLINE)
    return (
        *clipping(recording, limits.of("clipping")),
        *rate(recording, limits.of("recording")),
        *gap_findings(recording, limits.of("recording")),
        *magnetic(recording, orientation, limits.of("magnetic")),
        *mounting(recording, orientation, limits.of("mounting")),
    )


def clipping(recording: ImuRecording, limits: Mapping[str, float]) -> tuple[SensorFinding, ...]:
    """Find axes that stood at the end of their range.

    A plateau is a run of samples at the largest value that is flat, or that is entered or left
    steeply: a smooth peak is neither, however fast it is sampled.

    Parameters
    ----------
    recording
        One sensor.
    limits
        The rows of `clipping`.
    """
    channels = (
        ("gyroscope", np.degrees(recording.gyr_rads), limits["gyroscope_dps_min"], "deg/s"),
        ("accelerometer", recording.acc_ms2, limits["accelerometer_ms2_min"], "m/s²"),
    )
    found: list[SensorFinding] = []
    for name, values, least, unit in channels:
        for axis in range(3):
            column = np.abs(values[:, axis])
            top = float(column.max())
            runs = _plateaus(column, limits) if top > least else []
            count = sum(end - start for start, end in runs)
            if count >= limits["samples_min"]:
                at_s = _seconds(recording, [start for start, _ in runs])
                text = f"{name} {'xyz'[axis]} stands at {top:.0f} {unit} for {count} samples"
                found.append(SensorFinding("clipping", text, at_s))
    return tuple(found)


def _plateaus(column: Float, limits: Mapping[str, float]) -> Runs:
    top = float(column.max())
    back = int(limits["steep_samples"])
    kept: Runs = []
    for start, end in _runs(column >= limits["ceiling_share"] * top):
        flat = _longest_flat(column[start:end], limits["flat_share"] * top)
        around = [column[i] for i in (start - back, end - 1 + back) if 0 <= i < len(column)]
        steep = bool(around) and min(around) < limits["steep_share"] * top
        long = end - start >= limits["samples_min"]
        if flat >= limits["flat_run_min"] or (long and steep):
            kept.append((start, end))
    return kept


def _longest_flat(values: Float, tolerance: float) -> int:
    """Return the length of the longest run that stays within the tolerance of its first value."""
    longest = length = 0
    level = float("inf")
    for value in values.tolist():
        if abs(value - level) <= tolerance:
            length += 1
        else:
            length, level = 1, value
        longest = max(longest, length)
    return longest


def rate(recording: ImuRecording, limits: Mapping[str, float]) -> tuple[SensorFinding, ...]:
    """Compare the usual interval with the nominal rate.

    Parameters
    ----------
    recording
        With `meta.rate_hz`; without it there is nothing to compare.
    limits
        The rows of `recording`.
    """
    nominal = recording.meta.rate_hz
    if nominal is None:
        return ()
    measured = 1.0 / recording.interval_s
    off = 100.0 * abs(measured / nominal - 1.0)
    if off <= limits["rate_deviation_percent_max"]:
        return ()
    text = f"{measured:.1f} samples a second instead of {nominal:g} ({off:.1f} % off)"
    return (SensorFinding("rate", text),)


def gaps(recording: ImuRecording, limits: Mapping[str, float]) -> tuple[GapRecord, ...]:
    """Return the stretches without samples, with the number that the usual interval implies.

    Parameters
    ----------
    recording
        One sensor.
    limits
        The rows of `recording`.
    """
    step = recording.interval_s
    between = np.diff(recording.t_s)
    places = np.flatnonzero(between > limits["gap_intervals_min"] * step)
    return tuple(
        GapRecord(
            from_s=float(recording.t_s[i]),
            to_s=float(recording.t_s[i + 1]),
            missing=None,
            reason="time stamps",
            estimated=max(1, round(float(between[i]) / step) - 1),
        )
        for i in places
    )


def gap_findings(recording: ImuRecording, limits: Mapping[str, float]) -> tuple[SensorFinding, ...]:
    """Judge the gaps: a share of the samples, or one that is long by itself.

    Parameters
    ----------
    recording
        One sensor.
    limits
        The rows of `recording`.
    """
    found = gaps(recording, limits)
    lost = sum(gap.estimated or 0 for gap in found)
    percent = 100.0 * lost / (len(recording) + lost)
    longest = max((gap.to_s - gap.from_s for gap in found), default=0.0)
    if percent <= limits["lost_percent_max"] and longest <= limits["gap_s_max"]:
        return ()
    text = (
        f"{counted(len(found), 'gap')}, {counted(lost, 'sample')} ({percent:.2f} %) lost, "
        f"longest {longest:.2f} s"
    )
    at_s = tuple(round(gap.from_s, 3) for gap in found[:_MOST_PLACES])
    return (SensorFinding("gap", text, at_s),)


def magnetically_disturbed(
    recording: ImuRecording, orientation: Orientation, limits: Mapping[str, float]
) -> NDArray[np.bool_]:
    """Tell at which samples (N,) the field's strength or dip is away from its usual value.

    The filter's own flag is no measure here: it stays set until a first reference has been
    accepted, which takes movement.

    Parameters
    ----------
    recording, orientation
        Of the same samples; False throughout without a magnetometer.
    limits
        The rows of `magnetic`.
    """
    if recording.mag_ut is None:
        return np.zeros(len(recording), dtype=bool)
    norm = np.linalg.norm(recording.mag_ut, axis=1)
    up = rotate(orientation.quat_wxyz, recording.mag_ut)[:, 2]
    dip = np.degrees(np.arcsin(np.clip(up / np.maximum(norm, 1e-12), -1.0, 1.0)))
    usual = max(float(np.median(norm)), 1e-12)
    strength_off = np.abs(norm / usual - 1.0) > limits["norm_percent_max"] / 100.0
    return strength_off | (np.abs(dip - np.median(dip)) > limits["dip_deg_max"])


def magnetic(
    recording: ImuRecording, orientation: Orientation, limits: Mapping[str, float]
) -> tuple[SensorFinding, ...]:
    """Judge the magnetic environment.

    Parameters
    ----------
    recording, orientation
        Of the same samples; without a magnetometer there is nothing to judge.
    limits
        The rows of `magnetic`.
    """
    disturbed = magnetically_disturbed(recording, orientation, limits)
    percent = 100.0 * float(disturbed.mean())
    if percent <= limits["disturbed_percent_max"]:
        return ()
    text = (
        f"magnetic field disturbed for {percent:.0f} % of the time "
        f"(strength or dip away from its usual value); heading without the magnetometer is surer"
    )
    starts = [start for start, _ in _runs(disturbed)]
    return (SensorFinding("magnetic", text, _seconds(recording, starts)),)


def mounting(
    recording: ImuRecording, orientation: Orientation, limits: Mapping[str, float]
) -> tuple[SensorFinding, ...]:
    """Judge the mounting by the still stretches: present at the start, plausible, unchanged.

    Parameters
    ----------
    recording, orientation
        Of the same samples.
    limits
        The rows of `mounting`.
    """
    still = _runs(orientation.rest)
    start_s = float(recording.t_s[0])
    if not still or recording.t_s[still[0][0]] - start_s > limits["still_start_s_max"]:
        text = "no still standing at the start; the sensor's place on the body cannot be checked"
        return (SensorFinding("mounting", text, (round(start_s, 3),)),)
    means = [recording.acc_ms2[a:b].mean(axis=0) for a, b in still]
    found: list[SensorFinding] = []
    strength = float(np.linalg.norm(means[0]))
    if abs(strength - GRAVITY_MS2) > limits["gravity_ms2_max"]:
        text = f"a still sensor reads {strength:.2f} m/s² instead of {GRAVITY_MS2:.2f}"
        found.append(SensorFinding("mounting", text, _seconds(recording, [still[0][0]])))
    apart = angle_deg(means[0], means[-1])
    if recording.meta.segment and apart > limits["slip_deg_max"]:
        text = f"gravity in the sensor moved by {apart:.0f} deg between first and last still stand"
        found.append(SensorFinding("mounting", text, _seconds(recording, [still[-1][0]])))
    return tuple(found)


def still_stretches(
    recording: ImuRecording, limits: Mapping[str, float], *, min_s: float | None = None
) -> Runs:
    """Return the stretches in which a sensor lies still, as (first, past the last) sample numbers.

    A sample is still when rotation rate and specific force stay near their own running median; the
    gyroscope's bias therefore plays no part.

    Parameters
    ----------
    recording
        One sensor.
    limits
        The rows of `still`.
    min_s
        Shortest stretch; None for the table's.
    """
    from scipy import ndimage

    tools: Any = ndimage  # its types are partial

    width = max(3, round(limits["filter_s"] / recording.interval_s))

    def spread(values: Float) -> Float:
        mean: Float = tools.uniform_filter1d(values, width, axis=0, mode="nearest")
        square: Float = tools.uniform_filter1d(values**2, width, axis=0, mode="nearest")
        return np.sqrt(np.maximum(np.sum(square - mean**2, axis=1), 0.0))

    gyr_dps = np.degrees(recording.gyr_rads)
    still = spread(gyr_dps) < limits["gyroscope_dps_max"]
    still &= spread(recording.acc_ms2) < limits["accelerometer_ms2_max"]
    least = round((limits["duration_s_min"] if min_s is None else min_s) / recording.interval_s)
    slow = np.linalg.norm(tools.uniform_filter1d(gyr_dps, width, axis=0), axis=1)
    still &= slow < 5.0 * limits["gyroscope_dps_max"]  # a steady turn is not lying still
    return [(a, b) for a, b in _runs(still) if b - a >= max(least, 2)]


def angle_deg(a: Float, b: Float) -> float:
    """Return the angle between two vectors.

    Parameters
    ----------
    a, b
        (3,), not zero.
    """
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), np.dot(a, b))))


def _runs(flags: NDArray[np.bool_]) -> Runs:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _seconds(recording: ImuRecording, samples: list[int]) -> tuple[float, ...]:
    return tuple(round(float(recording.t_s[i]), 3) for i in samples[:_MOST_PLACES])
