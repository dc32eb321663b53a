"""From a sensor's clock to the host's: unwrapping, duplicates, gaps, a linear clock model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rehabctl.domain.sensor import GapRecord

_WRAP_US = 2**32
_HALF_US = 2**31
CLOCK_JUMP = "clock jump"


@dataclass
class DeviceTimeline:
    """Follows the 32-bit microsecond clock of one sensor.

    Parameters
    ----------
    rate_hz
        Nominal rate, by which lost samples are counted.
    jump_s
        A step of the sensor's clock that differs from the host's by more is no gap: one such sample
        is damaged, two in a row that agree are a clock that was set or started anew.
    """

    rate_hz: float
    jump_s: float = 2.5
    gaps: list[GapRecord] = field(default_factory=list[GapRecord])
    duplicates: int = 0
    damaged: int = 0
    _last_us: int | None = None
    _shift_us: int = 0
    _last_host_s: float = 0.0
    _suspect_us: int | None = None

    def accept(
        self,
        raw_us: int,
        reason: str = "lost on the way",
        host_s: float | None = None,
        *,
        anew: bool = False,
    ) -> float | None:
        """Return the seconds of a sample on an unwrapped clock, or None for one to leave out.

        Parameters
        ----------
        raw_us
            As sent.
        reason
            Why samples before it may be missing.
        host_s
            When it arrived, on any steady clock; None where that is not known.
        anew
            Whether the sensor was started again since the sample before.
        """
        raw_us %= _WRAP_US
        if self._last_us is None:
            self._last_us = raw_us
            self._last_host_s = host_s or 0.0
            return raw_us / 1e6
        step = (raw_us - self._last_us - self._shift_us) % _WRAP_US
        if host_s is not None and self._is_jump(step, host_s):
            return self._after_jump(raw_us, host_s)
        self._suspect_us = None
        if step == 0 or step >= _HALF_US:
            self.duplicates += 1
            return None
        self._enter(step, reason, None, anew=anew)
        self._last_host_s = host_s or 0.0
        return self._last_us / 1e6

    def _is_jump(self, step: int, host_s: float) -> bool:
        signed = step if step < _HALF_US else step - _WRAP_US
        elapsed = host_s - self._last_host_s
        return signed * 1e-6 < -self.jump_s or signed * 1e-6 - elapsed > self.jump_s

    def _after_jump(self, raw_us: int, host_s: float) -> float | None:
        before, self._suspect_us = self._suspect_us, raw_us
        follows = before is not None and 0 < (raw_us - before) % _WRAP_US < self.jump_s * 1e6
        if not follows or self._last_us is None:
            self.damaged += 1
            return None
        step = max(1, round((host_s - self._last_host_s) * 1e6))
        self._shift_us = (raw_us - self._last_us - step) % _WRAP_US
        self._suspect_us = None
        self.damaged -= 1  # the sample before was a good one; it is in the gap
        self._enter(step, CLOCK_JUMP, max(0, round(step * 1e-6 * self.rate_hz) - 1))
        self._last_host_s = host_s
        return self._last_us / 1e6

    def _enter(
        self, step_us: int, reason: str, estimated: int | None, *, anew: bool = False
    ) -> None:
        """Go on by a step, and note what is missing inside it.

        A sensor that was started anew begins between two of its old samples: the part of a period
        counts as one, so that never fewer are named than it took.
        """
        before = self._last_us or 0
        self._last_us = before + step_us
        periods = step_us * 1e-6 * self.rate_hz
        missing = (math.ceil(periods - _tolerance(periods)) if anew else round(periods)) - 1
        if estimated is not None:
            gap = GapRecord(before / 1e6, self._last_us / 1e6, None, reason, estimated)
            self.gaps.append(gap)
        elif missing > 0:
            self.gaps.append(GapRecord(before / 1e6, self._last_us / 1e6, missing, reason))


def _tolerance(periods: float) -> float:
    """Return by how much of a period the nominal rate may be wrong over so many."""
    return min(0.5, 0.1 + 1e-4 * periods)


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


@dataclass
class ClockFollower:
    """Collects the quickest packet of every half second, and fits the clock from them.

    Parameters
    ----------
    skew_ppm_max
        A crystal is better than this; a larger skew is a fault and only the offset is used.
    """

    skew_ppm_max: float = 500.0
    _device_s: list[float] = field(default_factory=list[float])
    _host_s: list[float] = field(default_factory=list[float])

    def add(self, device_s: float, host_s: float) -> None:
        """Take one sample's two times.

        Parameters
        ----------
        device_s, host_s
            When it was measured, and when it arrived.
        """
        if self._device_s and device_s - self._device_s[-1] < 0.5:
            if host_s - device_s < self._host_s[-1] - self._device_s[-1]:
                self._device_s[-1], self._host_s[-1] = device_s, host_s
            return
        self._device_s.append(device_s)
        self._host_s.append(host_s)

    def model(self) -> ClockModel | None:
        """Return the clock as far as it is known; None before the first sample."""
        if not self._device_s:
            return None
        span = self._device_s[-1] - self._device_s[0]
        if span >= 10.0:
            found = fit_clock(self._device_s, self._host_s)
            if abs(found.skew_ppm) <= self.skew_ppm_max:
                return found
        pairs = zip(self._device_s, self._host_s, strict=True)
        return ClockModel(min(host - device for device, host in pairs), 0.0)


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
