"""Inertial samples of one sensor over time: what devices write and analysis reads."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

GRAVITY_MS2 = 9.80665
"""Standard gravity (CGPM 1901)."""


@dataclass(frozen=True, slots=True)
class RecordingMeta:
    """What the file says about itself; empty where it says nothing."""

    serial: str = ""
    model: str = ""
    firmware: str = ""
    rate_hz: float | None = None
    """Nominal rate."""
    segment: str = ""
    """Body segment, such as thigh."""
    side: str = ""
    """left, right or empty."""


@dataclass(frozen=True, eq=False)
class ImuRecording:
    """Samples of one sensor in its own axes, without missing values.

    `acc_ms2` is the specific force: a sensor at rest with z upwards reads +9.8 there.
    """

    t_s: Float
    """(N,) strictly increasing."""
    gyr_rads: Float
    """(N, 3)."""
    acc_ms2: Float
    """(N, 3)."""
    mag_ut: Float | None = None
    """(N, 3), or None for a sensor without a magnetometer."""
    meta: RecordingMeta = field(default_factory=RecordingMeta)

    def __post_init__(self) -> None:
        """Check shapes and values, so that every later step may rely on them."""
        n = len(self.t_s)
        if self.t_s.shape != (n,) or n < 2:
            raise ValueError("t_s needs at least two samples in one dimension")
        for name, array in self._vectors():
            if array.shape != (n, 3):
                raise ValueError(f"{name}: expected shape {(n, 3)}, got {array.shape}")
            if not bool(np.isfinite(array).all()):
                raise ValueError(f"{name} holds missing or infinite values")
        if not bool(np.isfinite(self.t_s).all()) or not bool(np.all(np.diff(self.t_s) > 0)):
            raise ValueError("t_s must be finite and strictly increasing")

    def _vectors(self) -> list[tuple[str, Float]]:
        named = [("gyr_rads", self.gyr_rads), ("acc_ms2", self.acc_ms2)]
        return named if self.mag_ut is None else [*named, ("mag_ut", self.mag_ut)]

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.t_s)

    @property
    def interval_s(self) -> float:
        """Usual time between samples."""
        return float(np.median(np.diff(self.t_s)))

    @property
    def duration_s(self) -> float:
        """Time from the first sample to the last."""
        return float(self.t_s[-1] - self.t_s[0])


def on_uniform_time(recording: ImuRecording) -> ImuRecording:
    """Return the recording at a constant rate, for filters that need one.

    Jitter and gaps are filled linearly; a recording whose times are even already is returned as it
    is. What was filled stays visible through `sensor_checks`.

    Parameters
    ----------
    recording
        At any spacing.
    """
    step = recording.interval_s
    count = round(recording.duration_s / step) + 1
    grid = recording.t_s[0] + np.arange(count) * step
    if count == len(recording) and bool(np.all(np.abs(grid - recording.t_s) < 0.5 * step)):
        return recording
    return resampled(recording, grid)


def resampled(recording: ImuRecording, t_s: Float) -> ImuRecording:
    """Return the recording at other times, by straight lines between its samples.

    Parameters
    ----------
    recording
        At any spacing.
    t_s
        (M,) increasing; outside the recording its first or last sample stands.
    """

    def at(values: Float) -> Float:
        columns = [np.interp(t_s, recording.t_s, values[:, axis]) for axis in range(3)]
        return np.stack(columns, axis=1)

    mag = None if recording.mag_ut is None else at(recording.mag_ut)
    return ImuRecording(t_s, at(recording.gyr_rads), at(recording.acc_ms2), mag, recording.meta)
