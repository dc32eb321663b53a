"""Sensors over the air: what is there, and recordings that lose nothing unnoticed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehabctl.analysis.imu_recording import RecordingMeta
from rehabctl.devices.driver import Advertisement, Driver
from rehabctl.devices.model import SampleBatch
from rehabctl.devices.recorder import Recorder
from rehabctl.devices.registry import driver_for, drivers
from rehabctl.devices.timeline import DeviceTimeline
from rehabctl.devices.transport import Connection, scan
from rehabctl.domain.errors import NotFoundError, UnavailableError, suggestion
from rehabctl.domain.sensor import GapRecord


@dataclass(frozen=True, slots=True)
class FoundSensor:
    """A sensor that was heard."""

    address: str
    name: str
    rssi_dbm: int
    driver: str
    """Empty for a device that no driver knows."""
    verified_against: str


@dataclass(frozen=True)
class LinkRequest:
    """Which sensor to record, how, and where to."""

    sensor: str
    """Address or name."""
    path: Path
    rate_hz: int
    duration_s: float
    segment: str = ""
    side: str = ""
    key: bytes | None = None
    """For a recording of a patient."""


@dataclass(frozen=True)
class LinkOutcome:
    """What was recorded."""

    samples: int
    duplicates: int
    drops: int
    gaps: tuple[GapRecord, ...]


Tap = Callable[[float, SampleBatch, int], None]
"""Called with each sample after it went to the recorder."""


class _Intake:
    """Gives each sample its time and writes it; keeps the ledger."""

    def __init__(self, recorder: Recorder, driver: Driver, rate_hz: int, tap: Tap) -> None:
        self._recorder, self._tap = recorder, tap
        self._device_time = driver.capabilities.device_time
        self._rate_hz = rate_hz
        self._line = DeviceTimeline(float(rate_hz))
        self._start_s = time.monotonic()
        self._last_s: float | None = None
        self._dropped = False
        self.samples = self.drops = 0
        self.gaps: list[GapRecord] = []

    @property
    def duplicates(self) -> int:
        return self._line.duplicates

    def drop(self) -> None:
        self._dropped = True
        self.drops += 1

    def take(self, batch: SampleBatch) -> None:
        for row in range(len(batch)):
            t_s = self._time_of(batch, row)
            if t_s is not None:
                self._recorder.add(t_s, batch, row)
                self._tap(t_s, batch, row)
                self.samples += 1

    def _time_of(self, batch: SampleBatch, row: int) -> float | None:
        reason = "link lost" if self._dropped else "lost on the way"
        if self._device_time and batch.device_time_us is not None:
            known = len(self._line.gaps)
            t_s = self._line.accept(batch.device_time_us[row], reason)
            for gap in self._line.gaps[known:]:
                self._enter(gap)
        else:
            t_s = time.monotonic() - self._start_s
            if self._last_s is not None and t_s <= self._last_s:
                t_s = self._last_s + 1e-6
            if self._dropped and self._last_s is not None:
                lost = max(0, round((t_s - self._last_s) * self._rate_hz) - 1)
                self._enter(GapRecord(self._last_s, t_s, None, reason, lost))
        if t_s is not None:
            self._last_s, self._dropped = t_s, False
        return t_s

    def _enter(self, gap: GapRecord) -> None:
        self.gaps.append(gap)
        self._recorder.add_gap(gap)


def shown_sample(t_s: float, batch: SampleBatch, row: int) -> dict[str, object]:
    """Return one sample as plain values; what the sensor did not send is left out.

    Parameters
    ----------
    t_s
        Its time.
    batch, row
        Where its values are.
    """
    values = {
        "gyr_rads": batch.gyr_rads[row].tolist(),
        "acc_ms2": batch.acc_ms2[row].tolist(),
        "mag_ut": batch.mag_ut[row].tolist(),
        "quat_wxyz": batch.quat_wxyz[row].tolist(),
    }
    known = {name: value for name, value in values.items() if value[0] == value[0]}
    return {"t_s": round(t_s, 6), **known}


def find_sensors(seconds: float, backend: type[Any] | None = None) -> list[FoundSensor]:
    """Return the devices heard, those that a driver knows first.

    Parameters
    ----------
    seconds
        How long to listen.
    backend
        Another scanner than the platform's.
    """
    known, _ = drivers()
    found: list[FoundSensor] = []
    for heard, _ in asyncio.run(scan(seconds, backend)):
        driver = driver_for(heard, known)
        found.append(
            FoundSensor(
                heard.address,
                heard.name,
                heard.rssi_dbm,
                "" if driver is None else driver.name,
                "" if driver is None else driver.capabilities.verified_against,
            )
        )
    return sorted(found, key=lambda sensor: not sensor.driver)


def record(
    request: LinkRequest,
    *,
    scanner: type[Any] | None = None,
    client: type[Any] | None = None,
    progress: Callable[[float, float | None], None] = lambda done, total: None,
    tap: Tap = lambda t_s, batch, row: None,
) -> LinkOutcome:
    """Record one sensor; every sample is on the disk within a second or in the ledger.

    Parameters
    ----------
    request
        What and where to.
    scanner, client
        Other bleak backends than the platform's.
    progress
        Told the seconds done.
    tap
        Shown each sample after it was recorded; it must not block.

    Raises
    ------
    NotFoundError
        No such sensor was heard.
    UnavailableError
        There is no adapter, or the sensor did not come back.
    """
    return asyncio.run(_record(request, scanner, client, progress, tap))


async def _record(
    request: LinkRequest,
    scanner: type[Any] | None,
    client: type[Any] | None,
    progress: Callable[[float, float | None], None],
    tap: Tap,
) -> LinkOutcome:
    known, _ = drivers()
    heard, device = _chosen(request.sensor, await scan(5.0, scanner))
    driver = driver_for(heard, known)
    if driver is None:
        raise UnavailableError("no driver knows this sensor", "List the known ones with scan")
    meta = RecordingMeta(
        heard.address, driver.name, "", float(request.rate_hz), request.segment, request.side
    )
    stop = asyncio.Event()
    with Recorder(request.path, meta, time.monotonic, request.key) as recorder:
        intake = _Intake(recorder, driver, request.rate_hz, tap)
        connection = Connection(
            driver, device, request.rate_hz, intake.take, intake.drop, backend=client
        )
        timer = asyncio.create_task(_until(request.duration_s, stop, progress))
        try:
            await connection.run(stop)
        finally:
            timer.cancel()
    return LinkOutcome(intake.samples, intake.duplicates, intake.drops, tuple(intake.gaps))


async def _until(
    seconds: float, stop: asyncio.Event, progress: Callable[[float, float | None], None]
) -> None:
    begin = time.monotonic()
    while (done := time.monotonic() - begin) < seconds:
        progress(done, seconds)
        await asyncio.sleep(min(0.2, seconds - done))
    stop.set()


def _chosen(wanted: str, heard: list[tuple[Advertisement, Any]]) -> tuple[Advertisement, Any]:
    """Return the one sensor of that address or name; two of one name are told apart by address."""
    text = wanted.lower()
    by_address = [pair for pair in heard if pair[0].address.lower() == text]
    by_name = [pair for pair in heard if pair[0].name.lower() == text]
    if by_address:
        return by_address[0]
    if len(by_name) > 1:
        raise NotFoundError(
            f"{len(by_name)} sensors are named {wanted!r}", "Name one by its address (see scan)"
        )
    if not by_name:
        near = suggestion(wanted, [p[0].name for p in heard] + [p[0].address for p in heard])
        raise NotFoundError(
            f"no sensor {wanted!r} was heard",
            f"Switch it on and bring it nearer; {near}".rstrip("; "),
        )
    return by_name[0]
