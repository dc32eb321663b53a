"""Smoothness of movement from a speed profile: spectral arc length and log dimensionless jerk.

Both are negative and closer to zero the smoother the movement is. The spectral arc length (SPARC,
Balasubramanian et al. 2015) hardly depends on the frame rate and is the one that is reported; the
jerk measure (LDLJ-V) changes with the frame rate below 100 Hz, so that its value means something
only beside the rate and the filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rehabctl.analysis.assessment import Repetition, RepetitionKind
from rehabctl.analysis.measured import Float, MeasuredMovement

SHORTEST_STROKE_S = 0.2
"""A shorter stroke holds too few frames for a spectrum."""
MOVING_SHARE = 0.05
"""A stroke begins and ends at this share of its top speed, the customary onset of movement."""


@dataclass(frozen=True, slots=True)
class Smoothness:
    """Smoothness of one repetition, with what the jerk measure depends on."""

    sparc: float
    ldlj_v: float
    fs_hz: float
    cutoff_hz: float


def spectral_arc_length(
    speed: ArrayLike,
    fs_hz: float,
    *,
    pad_level: int = 4,
    cutoff_hz: float = 10.0,
    amplitude_threshold: float = 0.05,
) -> float:
    """Return the spectral arc length (SPARC) of a speed profile.

    Length of the curve of the normalised Fourier magnitude over the normalised frequency, up to
    the last frequency below `cutoff_hz` that reaches the threshold, times -1.

    Parameters
    ----------
    speed
        (N,) speed of one movement, N >= 2, not all zero.
    fs_hz
        Sampling rate.
    pad_level
        The spectrum is refined by this many powers of two.
    cutoff_hz
        Frequencies above hold noise, not movement.
    amplitude_threshold
        Share of the largest magnitude.

    Raises
    ------
    ValueError
        Fewer than two samples, missing values, or no movement at all.
    """
    profile = _checked(speed, at_least=2)
    points = 2 ** (int(np.ceil(np.log2(len(profile)))) + pad_level)
    frequency = np.arange(points, dtype=np.float64) * (fs_hz / points)
    spectrum: NDArray[np.complex128] = np.fft.fft(profile, points)
    magnitude: Float = np.abs(spectrum)
    magnitude /= magnitude.max()
    below = frequency <= cutoff_hz
    frequency, magnitude = frequency[below], magnitude[below]
    reaching = np.flatnonzero(magnitude >= amplitude_threshold)
    used = slice(int(reaching[0]), int(reaching[-1]) + 1)
    frequency, magnitude = frequency[used], magnitude[used]
    steps = np.diff(frequency) / (frequency[-1] - frequency[0])
    return float(-np.hypot(steps, np.diff(magnitude)).sum())


def log_dimensionless_jerk(speed: ArrayLike, fs_hz: float) -> float:
    """Return the log dimensionless jerk (LDLJ-V) of a speed profile.

    -ln(T^3 / v_peak^2 * integral of (d2v/dt2)^2), with second differences, the trapezoid rule and
    T = (N - 1) / fs: the value depends on that scheme and on the frame rate.

    Parameters
    ----------
    speed
        (N,) speed of one movement, N >= 4.
    fs_hz
        Sampling rate.

    Raises
    ------
    ValueError
        Fewer than four samples, missing values, or a speed without any change of slope.
    """
    profile = _checked(speed, at_least=4)
    duration_s = (len(profile) - 1) / fs_hz
    jerk_squared = (np.diff(profile, 2) * fs_hz**2) ** 2
    integral = float(np.sum((jerk_squared[1:] + jerk_squared[:-1]) / 2) / fs_hz)
    if integral <= 0.0:
        raise ValueError("the speed never changes its slope")
    return float(-np.log(duration_s**3 / np.abs(profile).max() ** 2 * integral))


def repetition_smoothness(measured: MeasuredMovement, repetition: Repetition) -> Smoothness | None:
    """Return the smoothness of one repetition from the speed of its driving angle.

    The stroke to the turning point and the stroke back are judged apart, each from the first to
    the last frame at 5 % of its top speed, and averaged by duration: a pause between them is part
    of the exercise, not a lack of smoothness.

    Parameters
    ----------
    measured
        The recording.
    repetition
        One of its repetitions.

    Returns
    -------
    Smoothness or None
        None for a repetition that the recording cuts, a refused angle, or strokes too short.
    """
    angle = _driving_angle(measured, repetition)
    if angle is None or repetition.kind is RepetitionKind.CUT:
        return None
    fs_hz = measured.series.fs_hz
    speed = np.abs(np.gradient(angle) * fs_hz)
    index = measured.series.index_at
    start, peak, end = (index(t) for t in (repetition.start_s, repetition.peak_s, repetition.end_s))
    strokes = (_moving_part(speed[start : peak + 1]), _moving_part(speed[peak : end + 1]))
    usable = [stroke for stroke in strokes if len(stroke) >= max(5.0, SHORTEST_STROKE_S * fs_hz)]
    if not usable:
        return None
    weights = [len(s) for s in usable]
    return Smoothness(
        sparc=float(np.average([spectral_arc_length(s, fs_hz) for s in usable], weights=weights)),
        ldlj_v=float(
            np.average([log_dimensionless_jerk(s, fs_hz) for s in usable], weights=weights)
        ),
        fs_hz=fs_hz,
        cutoff_hz=measured.series.cutoff_hz,
    )


def with_smoothness(
    measured: MeasuredMovement, repetitions: Sequence[Repetition] | None = None
) -> tuple[Repetition, ...]:
    """Return the repetitions with `smoothness_sparc` filled in.

    Parameters
    ----------
    measured
        The recording.
    repetitions
        Its repetitions, where they were changed meanwhile; otherwise its own.
    """
    result: list[Repetition] = []
    for repetition in measured.repetitions if repetitions is None else repetitions:
        found = repetition_smoothness(measured, repetition)
        result.append(replace(repetition, smoothness_sparc=None if found is None else found.sparc))
    return tuple(result)


def _driving_angle(measured: MeasuredMovement, repetition: Repetition) -> Float | None:
    """Return the angle that the repetition was counted on; of both sides, their mean."""
    keys = [key for key in measured.driving if repetition.side in (key[1], "both")]
    curves = [measured.angle(*key) for key in keys or measured.driving]
    usable = [curve for curve in curves if curve is not None]
    return None if not usable else np.mean(usable, axis=0)


def _moving_part(speed: Float) -> Float:
    """Return a stroke without its still ends; empty where samples are missing or nothing moves."""
    if not len(speed) or not np.isfinite(speed).all():
        return speed[:0]
    moving = np.flatnonzero(speed >= MOVING_SHARE * speed.max())
    part = speed[moving[0] : moving[-1] + 1]
    return part if len(part) > 3 and np.abs(np.diff(part, 2)).max() > 0.0 else speed[:0]


def _checked(speed: ArrayLike, *, at_least: int) -> Float:
    profile = np.asarray(speed, dtype=np.float64)
    if profile.ndim != 1 or len(profile) < at_least:
        raise ValueError(f"a speed profile needs one dimension and at least {at_least} samples")
    if not np.isfinite(profile).all():
        raise ValueError("a speed profile with missing values has no smoothness")
    if not profile.any():
        raise ValueError("without movement there is no smoothness")
    return profile
