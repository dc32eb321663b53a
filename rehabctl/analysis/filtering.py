"""From frames at their true times to smooth landmarks at a constant rate, with honest gaps.

A gap of up to `max_gap_s` is bridged by a straight line; a longer one splits the recording, and
nothing is ever filled across it. Smoothing is a 2nd-order Butterworth run forwards and backwards
(zero phase, 4th order together) with the cut-off corrected for the two passes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.analysis.landmarks import Float
from rehabctl.analysis.measured import Segment, UniformSeries
from rehabctl.reference.measurement import FilterParameters

Mask = NDArray[np.bool_]

TORSO = [11, 12, 23, 24]
"""Shoulders and hips: with them a person counts as found."""
DUAL_PASS = (np.sqrt(2.0) - 1.0) ** 0.25
"""0.8022: two passes lower the -3 dB point of a 2nd-order Butterworth to this share of it."""


def sampling_rate(t_s: Float) -> float:
    """Return the rate of the uniform grid: one over the median distance of frames, in hertz.

    Parameters
    ----------
    t_s
        (N,) increasing seconds; at least two.
    """
    return float(1.0 / np.median(np.diff(t_s)))


def cutoff_hz(fs_hz: float, parameters: FilterParameters) -> float:
    """Return the cut-off for a frame rate: never above what the rate can carry.

    Parameters
    ----------
    fs_hz
        Rate of the uniform series.
    parameters
        Largest cut-off and its largest share of the rate.
    """
    return min(parameters.cutoff_hz, parameters.cutoff_per_rate * fs_hz)


def smooth(values: Float, fs_hz: float, fc_hz: float) -> Float:
    """Smooth along the first axis without moving anything in time.

    The two passes of a 2nd-order Butterworth multiply the spectrum by 1 / (1 + (w / wc)^4), with
    both frequencies warped as the digital filter warps them; that is done here in one step.

    Parameters
    ----------
    values
        (N, ...) without missing values; fewer than 4 samples are returned unchanged.
    fs_hz
        Sampling rate.
    fc_hz
        -3 dB point after both passes.

    Raises
    ------
    ValueError
        The cut-off lies too near to half the sampling rate.
    """
    corrected = fc_hz / DUAL_PASS
    if corrected >= fs_hz / 2:
        raise ValueError(f"{fs_hz:.1f} Hz is too slow for a cut-off of {fc_hz:.1f} Hz")
    n = len(values)
    if n < 4:
        return values
    # Mirrored through its ends, the series goes on smoothly; the response has died away by then.
    pad = min(n - 1, round(3 * fs_hz / fc_hz))
    head, tail = 2 * values[0] - values[pad:0:-1], 2 * values[-1] - values[-2 : -pad - 2 : -1]
    longer = np.concatenate([head, values, tail])
    turn = np.fft.rfftfreq(len(longer)) * np.pi
    warped = np.tan(np.minimum(turn, np.pi / 2 - 1e-9)) / np.tan(np.pi * corrected / fs_hz)
    gain = (1.0 / (1.0 + warped**4)).reshape(-1, *([1] * (values.ndim - 1)))
    spectrum = np.fft.rfft(longer, axis=0) * gain
    return np.fft.irfft(spectrum, len(longer), axis=0)[pad : pad + n]


def median3(values: Float) -> Float:
    """Replace each sample by the median of itself and its neighbours: removes one-frame jumps.

    Parameters
    ----------
    values
        (N, ...); the first and last sample stay.
    """
    if len(values) < 3:
        return values
    out = values.copy()
    before, here, after = values[:-2], values[1:-1], values[2:]
    out[1:-1] = np.maximum(np.minimum(before, here), np.minimum(np.maximum(before, here), after))
    return out


def segments_of(t_s: Float, found: Mask, breaks: Mask, max_gap_s: float) -> list[tuple[int, int]]:
    """Split frames into stretches without a long gap or a break.

    Parameters
    ----------
    t_s
        (N,) times.
    found
        (N,) frames in which the person was found.
    breaks
        (N,) true where a frame must not be joined to the one before (a cut, another person).
    max_gap_s
        Longest gap that is bridged.

    Returns
    -------
    list of (int, int)
        First and last found frame of each stretch.
    """
    frames = np.flatnonzero(found)
    if not len(frames):
        return []
    # A break in a frame without a person still divides the found frames around it.
    breaks_before = np.cumsum(breaks)[frames]
    split = (np.diff(t_s[frames]) > max_gap_s) | (np.diff(breaks_before) > 0)
    edges = np.flatnonzero(split) + 1
    return [(int(part[0]), int(part[-1])) for part in np.split(frames, edges)]


def resample(
    series: KeypointSeries, xy_px: Float, breaks: Mask, parameters: FilterParameters
) -> UniformSeries:
    """Return smooth landmarks at a constant rate.

    Parameters
    ----------
    series
        The recording.
    xy_px
        (N, 33, 2) its coordinates, after sides were put right.
    breaks
        (N,) frames that must not be joined to the one before.
    parameters
        Gap and filter settings.
    """
    t_s = series.t_s
    if not len(t_s):
        empty = np.empty((0, *xy_px.shape[1:]))
        return UniformSeries(t_s, 1.0, empty, empty[..., 0], (), parameters.cutoff_hz)
    fs_hz = sampling_rate(t_s) if len(t_s) > 1 else 1.0
    # At very low rates the frames themselves lie further apart than a gap may last.
    max_gap_s = max(parameters.max_gap_s, 1.5 / fs_hz)
    grid = t_s[0] + np.arange(int(np.floor((t_s[-1] - t_s[0]) * fs_hz + 1e-6)) + 1) / fs_hz
    xy = np.full((len(grid), *xy_px.shape[1:]), np.nan)
    visibility = np.full((len(grid), xy_px.shape[1]), np.nan)
    fc_hz = cutoff_hz(fs_hz, parameters)
    found: Mask = np.asarray(np.isfinite(xy_px[:, TORSO]).all(axis=(1, 2)))
    segments: list[Segment] = []
    for first, last in segments_of(t_s, found, breaks, max_gap_s):
        start = int(np.ceil((t_s[first] - t_s[0]) * fs_hz - 1e-6))
        stop = min(int(np.floor((t_s[last] - t_s[0]) * fs_hz + 1e-6)) + 1, len(grid))
        if (stop - start) / fs_hz < parameters.min_segment_s:
            continue
        rows = np.flatnonzero(found[first : last + 1]) + first
        times, here = t_s[rows], grid[start:stop]
        raw, long_gaps = _bridged(times, median3(xy_px[rows]), max_gap_s)
        xy[start:stop] = smooth(_at(here, times, raw), fs_hz, fc_hz)
        xy[start:stop][_at(here, times, long_gaps) > 0] = np.nan
        visibility[start:stop] = _at(grid[start:stop], t_s[rows], series.visibility[rows])
        segments.append(Segment(start, stop))
    return UniformSeries(grid, fs_hz, xy, visibility, tuple(segments), fc_hz)


def _bridged(t_s: Float, xy: Float, max_gap_s: float) -> tuple[Float, Float]:
    """Fill single landmarks that are missing while the person is there.

    Returns
    -------
    filled : (n, 33, 2)
        NaN only for landmarks that are missing throughout.
    long_gaps : (n, 33)
        1 where a fill spans more than `max_gap_s` and has to be blanked again, else 0.
    """
    missing: Mask = np.asarray(~np.isfinite(xy).all(axis=-1))
    long_gaps = np.zeros(missing.shape)
    if not missing.any():
        return xy, long_gaps
    filled = xy.copy()
    partly: Mask = np.asarray(missing.any(axis=0) & ~missing.all(axis=0))
    for number in np.flatnonzero(partly).tolist():
        known = np.flatnonzero(~missing[:, number])
        for axis in (0, 1):
            filled[:, number, axis] = np.interp(t_s, t_s[known], xy[known, number, axis])
        # Distance in time between the known samples around each frame; the ends count as long.
        after = np.searchsorted(known, np.arange(len(t_s)))
        inside = (after > 0) & (after < len(known))
        around = np.clip(after, 1, max(len(known) - 1, 1))
        span = np.full(len(t_s), np.inf)
        if len(known) > 1:
            span[inside] = (t_s[known[around]] - t_s[known[around - 1]])[inside]
        long_gaps[:, number] = missing[:, number] & (span > max_gap_s)
    return filled, long_gaps


def _at(grid: Float, t_s: Float, values: NDArray[np.floating]) -> Float:
    """Interpolate each column of (n, ...) values at the times of a grid."""
    after = np.clip(np.searchsorted(t_s, grid), 1, max(len(t_s) - 1, 1))
    before = after - 1
    if len(t_s) == 1:
        return np.repeat(values.astype(np.float64), len(grid), axis=0)
    span = t_s[after] - t_s[before]
    weight = np.clip((grid - t_s[before]) / span, 0.0, 1.0)
    weight = weight.reshape(-1, *([1] * (values.ndim - 1)))
    return values[before] * (1.0 - weight) + values[after] * weight
