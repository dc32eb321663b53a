"""What a driver makes of a sensor's bytes: batches of samples, battery, identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SampleBatch:
    """Samples of one notification, in SI units and the sensor's own axes.

    A quantity that the sensor did not send is NaN throughout.
    """

    gyr_rads: Float
    """(N, 3)."""
    acc_ms2: Float
    """(N, 3)."""
    mag_ut: Float
    """(N, 3)."""
    quat_wxyz: Float
    """(N, 4) of the sensor's own filter."""
    device_time_us: tuple[int, ...] | None = None
    """The sensor's clock as it was sent (it may wrap); None where it sends none."""
    status: tuple[int, ...] = field(default=())
    """Flags as they were sent, such as clipping."""

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.gyr_rads)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a sensor offers, as far as its protocol goes."""

    device_time: bool
    """Samples carry the sensor's time, so that lost ones can be counted exactly."""
    magnetometer: bool
    onboard_log: bool
    rates_hz: tuple[int, ...]
    verified_against: str
    """vendor bytes, real device or documentation only."""
    serial: bool
    """Whether the sensor tells its serial number; else it is known by its address."""
    gyroscope_dps_max: float
    """The widest range; a larger number is a damaged packet."""
    accelerometer_g_max: float
    battery_mid_stream: bool
    """Whether the charge can be asked for while samples come."""


Vector = Sequence[float]


def _missing(count: int, width: int) -> Float:
    """Return rows of NaN; those of one sample, the usual case, are shared and read-only."""
    return _ONE_MISSING[width] if count == 1 else np.full((count, width), np.nan)


def _one_missing(width: int) -> Float:
    rows = np.full((1, width), np.nan)
    rows.flags.writeable = False
    return rows


_ONE_MISSING = {3: _one_missing(3), 4: _one_missing(4)}


def batch(
    *,
    gyr: Sequence[Vector] | None = None,
    acc: Sequence[Vector] | None = None,
    mag: Sequence[Vector] | None = None,
    quat: Sequence[Vector] | None = None,
    device_time_us: Sequence[int] | None = None,
    status: Sequence[int] = (),
) -> SampleBatch:
    """Return a batch from the quantities that were sent.

    Parameters
    ----------
    gyr, acc, mag, quat
        Rows in rad/s, m/s², microtesla and w x y z; all of one length.
    device_time_us
        The sensor's clock.
    status
        Flags.
    """
    count = next((len(rows) for rows in (gyr, acc, mag, quat) if rows is not None), 0)

    def rows_of(rows: Sequence[Vector] | None, width: int) -> Float:
        return _missing(count, width) if rows is None else np.array(rows, dtype=np.float64)

    times = None if device_time_us is None else tuple(device_time_us)
    return SampleBatch(
        rows_of(gyr, 3), rows_of(acc, 3), rows_of(mag, 3), rows_of(quat, 4), times, tuple(status)
    )


EMPTY = batch()
"""No samples: what a decoder returns for bytes that it cannot read."""
