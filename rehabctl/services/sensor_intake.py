"""From the samples of a link to a recording: times, ledger, and what speaks against the sensor."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from rehabctl.analysis.imu_recording import GRAVITY_MS2, RecordingMeta
from rehabctl.devices.driver import Driver
from rehabctl.devices.model import SampleBatch
from rehabctl.devices.recorder import Recorder
from rehabctl.devices.timeline import CLOCK_JUMP, ClockFollower, ClockModel, DeviceTimeline
from rehabctl.domain.counting import counted
from rehabctl.domain.sensor import BatteryState, GapRecord, SensorFinding, SensorIdentity

Tap = Callable[[float, SampleBatch, int], None]
"""Called with each sample after it went to the recorder."""
_CLOCK_S = 10.0
_LEARN = 12
"""Samples by whose own times the true rate is found before any gap is counted."""
LINK_LOST, DAMAGED, ON_THE_WAY = "link lost", "damaged", "lost on the way"


@dataclass
class SensorIntake:
    """Gives each sample of one sensor its time and writes it; keeps the ledger.

    Parameters
    ----------
    recorder
        Where samples go first.
    driver
        Its kind.
    meta
        What is known before the sensor is connected.
    rate_hz
        Nominal rate.
    start_s
        The moment, on the steady clock, from which times count; one for all sensors of a session.
    limits
        The rows of `link`.
    tap
        Shown each sample afterwards.
    """

    recorder: Recorder
    driver: Driver
    meta: RecordingMeta
    rate_hz: int
    start_s: float
    limits: Mapping[str, float]
    tap: Tap
    samples: int = 0
    drops: int = 0
    damaged: int = 0
    gaps: list[GapRecord] = field(default_factory=list[GapRecord])
    battery: BatteryState | None = None
    _dropped: bool = False
    _spoiled: bool = False
    _last_s: float | None = None
    _first_host_s: float | None = None
    _last_host_s: float = 0.0
    _lost_time_s: float = 0.0
    _clock_s: float = 0.0
    _waiting: list[tuple[SampleBatch, int, float]] | None = None
    _true_rate_hz: float | None = None
    _model: ClockModel | None = None

    def __post_init__(self) -> None:
        """Begin a line of time."""
        self._line = DeviceTimeline(float(self.rate_hz))
        self._clock = ClockFollower()
        capabilities = self.driver.capabilities
        if capabilities.device_time:
            self._waiting = []
        self._gyr_max = 1.01 * np.radians(capabilities.gyroscope_dps_max)
        self._acc_max = 1.01 * GRAVITY_MS2 * capabilities.accelerometer_g_max

    @property
    def duplicates(self) -> int:
        """Samples that came twice and were written once."""
        return self._line.duplicates

    def connected(self, identity: SensorIdentity, battery: BatteryState | None) -> None:
        """Note who the sensor is, and its charge."""
        self.meta = replace(
            self.meta,
            serial=identity.serial or self.meta.serial,
            model=identity.model or self.meta.model,
            firmware=identity.firmware,
        )
        self.recorder.describe(self.meta)
        if battery is not None:
            self.battery = battery

    def charged(self, battery: BatteryState) -> None:
        """Note the charge."""
        self.battery = battery

    def drop(self) -> None:
        """Note that the link was lost; only the first of several failed attempts is a drop."""
        if self.samples and not self._dropped:
            self.drops += 1
        self._dropped = True

    def take(self, batch: SampleBatch) -> None:
        """Write what came."""
        host_s = time.monotonic() - self.start_s
        for row in range(len(batch)):
            if not self._is_possible(batch, row):
                self.damaged += 1
                self._spoiled = True
                continue
            if self._waiting is None:
                self._write(batch, row, host_s)
                continue
            self._waiting.append((batch, row, host_s))
            if len(self._waiting) >= _LEARN:
                self._learn_rate()
        if self._first_host_s is None:
            self._first_host_s = host_s
        self._last_host_s = host_s

    def _write(self, batch: SampleBatch, row: int, host_s: float) -> None:
        t_s = self._time_of(batch, row, host_s)
        if t_s is not None:
            self.recorder.add(t_s, batch, row)
            self.tap(self._on_host(t_s), batch, row)
            self.samples += 1

    def _on_host(self, t_s: float) -> float:
        """Return the host's time of a sample, as far as its clock is known by now."""
        return t_s if self._model is None else self._model.to_host(t_s)

    def _learn_rate(self) -> None:
        """Find the true rate by the sensor's own times, so that a wrong one is no row of gaps."""
        waiting, self._waiting = self._waiting or [], None
        stamps = [b.device_time_us[row] for b, row, _ in waiting if b.device_time_us is not None]
        steps = [(b - a) % 2**32 for a, b in pairwise(stamps) if b != a]
        step_us = float(np.median(steps)) if steps else 0.0
        if step_us > 0.0:
            self._true_rate_hz = 1e6 / step_us
            if self._is_off(self._true_rate_hz):
                self._line.rate_hz = self._true_rate_hz
        for batch, row, host_s in waiting:
            self._write(batch, row, host_s)

    def _is_off(self, rate_hz: float) -> bool:
        off_percent = 100.0 * abs(rate_hz / self.rate_hz - 1.0)
        return off_percent > self.limits["rate_deviation_percent_max"]

    def _is_possible(self, batch: SampleBatch, row: int) -> bool:
        """Tell whether a sensor of this kind can have measured the values; NaN was not sent."""
        gyr, acc = np.abs(batch.gyr_rads[row]), np.abs(batch.acc_ms2[row])
        return bool(gyr.max() <= self._gyr_max and acc.max() <= self._acc_max)

    def _time_of(self, batch: SampleBatch, row: int, host_s: float) -> float | None:
        reason = LINK_LOST if self._dropped else DAMAGED if self._spoiled else ON_THE_WAY
        if self.driver.capabilities.device_time and batch.device_time_us is not None:
            known = len(self._line.gaps)
            t_s = self._line.accept(batch.device_time_us[row], reason, host_s, anew=self._dropped)
            for gap in self._line.gaps[known:]:
                self._enter(gap)
            if t_s is not None:
                self._follow(t_s, host_s)
        else:
            t_s = host_s
            if self._last_s is not None and t_s <= self._last_s:
                t_s = self._last_s + 1e-6
            if (self._dropped or self._spoiled) and self._last_s is not None:
                lost = max(0, round((t_s - self._last_s) * self.rate_hz) - 1)
                self._enter(GapRecord(self._last_s, t_s, None, reason, lost))
        if t_s is not None:
            if self._dropped and self._first_host_s is not None:
                self._lost_time_s += host_s - self._last_host_s
            self._last_s, self._dropped, self._spoiled = t_s, False, False
        return t_s

    def _follow(self, device_s: float, host_s: float) -> None:
        self._clock.add(device_s, host_s)
        if self._model is None:
            self._model = self._clock.model()
        if host_s - self._clock_s >= _CLOCK_S or self.samples == 0:
            self._clock_s = host_s
            self._write_clock()

    def _write_clock(self) -> None:
        self._model = self._clock.model()
        if self._model is not None:
            self.recorder.set_clock(self._model)

    def _enter(self, gap: GapRecord) -> None:
        self.gaps.append(gap)
        self.recorder.add_gap(gap)

    def finish(self, end_s: float) -> None:
        """Note what is missing at the end, and the final clock.

        Parameters
        ----------
        end_s
            Seconds since the start at which the recording ended.
        """
        if self._waiting is not None:
            self._learn_rate()
        if self.driver.capabilities.device_time:
            self._write_clock()
        silent_s = end_s - self._last_host_s
        if self._dropped and self._last_s is not None and silent_s * self.rate_hz >= 1.0:
            lost = round(silent_s * self.rate_hz)
            self._enter(GapRecord(self._last_s, self._last_s + silent_s, None, LINK_LOST, lost))
        self.gaps = [
            replace(g, from_s=self._on_host(g.from_s), to_s=self._on_host(g.to_s))
            for g in self.gaps
        ]

    def findings(self) -> tuple[SensorFinding, ...]:
        """Return what speaks against the sensor or its recording."""
        found: list[SensorFinding] = []
        percent = None if self.battery is None else self.battery.percent
        if percent is not None and percent < self.limits["battery_percent_min"]:
            found.append(SensorFinding("battery_low", f"the battery has {percent} % left"))
        rate = self._measured_rate()
        if rate is not None and self._is_off(rate):
            text = f"{rate:.1f} samples a second came instead of {self.rate_hz}"
            found.append(SensorFinding("rate", text))
        damaged = self.damaged + self._line.damaged
        if damaged:
            text = f"{counted(damaged, 'sample')} with impossible values"
            found.append(SensorFinding("damaged", text))
        if any(gap.reason == CLOCK_JUMP for gap in self.gaps):
            text = "the sensor's clock jumped; times go on by the computer's clock"
            found.append(SensorFinding("clock_jump", text))
        if self.samples and self._dropped:
            found.append(SensorFinding("lost", "the link was lost and did not come back"))
        return tuple(found)

    def _measured_rate(self) -> float | None:
        """Return the sensor's own rate, else that of arrival; None from too short a time."""
        if self._true_rate_hz is not None:
            return self._true_rate_hz
        if self._first_host_s is None:
            return None
        up_s = self._last_host_s - self._first_host_s - self._lost_time_s
        if up_s < self.limits["rate_after_s"]:
            return None
        return (self.samples + self.duplicates + self.damaged - 1) / up_s
