"""From a sensor's clock to the host's: unwrapping, duplicates, gaps, a linear clock model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rehabctl.domain.sensor import GapRecord

_WRAP_US = 2**32
_HALF_US = 2**31


@dataclass
class DeviceTimeline:
    """Follows the 32-bit microsecond clock of one sensor.

    Parameters
    ----------
    rate_hz
        Nominal rate, by which lost samples are counted.
    """

    rate_hz: float
    gaps: list[GapRecord] = field(default_factory=list[GapRecord])
    duplicates: int = 0
    _last_us: int | None = None

    def accept(self, raw_us: int, reason: str = "lost on the way") -> float | None:
        """Return the seconds of a sample on an unwrapped clock, or None for one seen before.

        Parameters
        ----------
        raw_us
            As sent.
        reason
            Why samples before it may be missing.
        """
        raw_us %= _WRAP_US
        if self._last_us is None:
            self._last_us = raw_us
            return raw_us / 1e6
        step = (raw_us - self._last_us) % _WRAP_US
        if step == 0 or step >= _HALF_US:
            self.duplicates += 1
            return None
        missing = round(step * 1e-6 * self.rate_hz) - 1
        before = self._last_us
        self._last_us = before + step
        if missing > 0:
            self.gaps.append(GapRecord(before / 1e6, self._last_us / 1e6, missing, reason))
        return self._last_us / 1e6


@dataclass(frozen=True, slots=True)
class ClockModel:
    """host = device * (1 + skew_ppm / 1e6) + offset."""

    offset_s: float
    skew_ppm: float

    def to_host(self, device_s: float) -> float:
        """Return the host's time of a device time.

        Parameters
        ----------
        device_s
            Seconds on the device's clock.
        """
        return device_s * (1.0 + self.skew_ppm / 1e6) + self.offset_s


def fit_clock(device_s: Sequence[float], host_s: Sequence[float]) -> ClockModel:
    """Fit the line that lies below every arrival and touches the quickest ones.

    Radio and operating system only ever delay a packet, so the lower edge of the arrivals is the
    true relation; a mean would drift with the load.

    Parameters
    ----------
    device_s, host_s
        Times of sending and of arrival, at least one pair; device times increase.
    """
    x = np.asarray(device_s, dtype=np.float64)
    y = np.asarray(host_s, dtype=np.float64) - x
    hull = _lower_hull(x, y)
    if len(hull) == 1:
        return ClockModel(float(y[hull[0]]), 0.0)
    middle = float(x.mean())
    for left, right in pairwise(hull):
        if x[right] >= middle:
            slope = float((y[right] - y[left]) / (x[right] - x[left]))
            return ClockModel(float(y[left] - slope * x[left]), 1e6 * slope)
    return ClockModel(float(y[hull[0]]), 0.0)


def _lower_hull(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[int]:
    hull: list[int] = []
    for i in range(len(x)):
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            if (x[b] - x[a]) * (y[i] - y[a]) > (y[b] - y[a]) * (x[i] - x[a]):
                break
            hull.pop()
        hull.append(i)
    return hull
