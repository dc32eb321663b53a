"""Sensors over the air: what is there, and recordings that lose nothing unnoticed."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from rehabctl.analysis.imu_recording import RecordingMeta
from rehabctl.devices.driver import Advertisement, Driver, Link, LinkLostError, LogsOnBoard
from rehabctl.devices.model import SampleBatch
from rehabctl.devices.radio import Radio, open_radio
from rehabctl.devices.recorder import Recorder
from rehabctl.devices.registry import driver_for, drivers
from rehabctl.devices.transport import Connection, Listener, connected, scan
from rehabctl.devices.ximu3_link import announced
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import NotFoundError, RehabctlError, UnavailableError, UsageError
from rehabctl.domain.sensor import BatteryState, GapRecord, SensorFinding, SensorIdentity
from rehabctl.reference.sensor_limits import load_sensor_limits, minimum_firmware
from rehabctl.services.sensor_backfill import fill_file
from rehabctl.services.sensor_choice import Chosen, choose
from rehabctl.services.sensor_intake import SensorIntake, Tap
from rehabctl.services.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FoundSensor:
    """A sensor that was heard."""

    address: str
    name: str
    rssi_dbm: int | None
    """None for a sensor that is not on the radio."""
    driver: str
    """Empty for a device that no driver knows."""
    verified_against: str


@dataclass(frozen=True)
class LinkRequest:
    """Which sensor to record, how, and where to."""

    sensor: str
    """Address or name."""
    path: Path
    rate_hz: int | None
    """None for the sensor's own that is nearest to 60."""
    duration_s: float
    segment: str = ""
    side: str = ""
    key: bytes | None = None
    """For a recording of a patient."""
    onboard: bool = False
    """Also record in the sensor's own memory, and fill gaps from it."""


@dataclass(frozen=True)
class LinkOutcome:
    """What was recorded of one sensor."""

    sensor: str
    path: Path
    serial: str
    samples: int
    duplicates: int
    drops: int
    gaps: tuple[GapRecord, ...]
    filled: int
    """Samples that came from the sensor's own memory."""
    battery_percent: int | None
    rssi_dbm: int | None
    findings: tuple[SensorFinding, ...]


@dataclass(frozen=True, slots=True)
class SensorInformation:
    """What a sensor says of itself when asked."""

    address: str
    name: str
    driver: str
    serial: str
    model: str
    firmware: str
    battery_percent: int | None
    charging: bool | None
    rssi_dbm: int | None
    rates_hz: tuple[int, ...]
    device_time: bool
    magnetometer: bool
    onboard_log: bool
    verified_against: str


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


def find_sensors(settings: Settings, seconds: float) -> list[FoundSensor]:
    """Return the devices heard, those that a driver knows first.

    Parameters
    ----------
    settings
        Which Bluetooth.
    seconds
        How long to listen.
    """
    known, _ = drivers()

    async def run() -> list[Advertisement]:
        network = asyncio.create_task(announced(seconds))
        try:
            async with open_radio(settings.bluetooth) as radio:
                heard = [said for said, _ in await scan(seconds, radio)]
        except UnavailableError:
            # sensors on the network need no adapter
            if found := await network:
                return found
            raise
        return [*heard, *await network]

    found: list[FoundSensor] = []
    for heard in asyncio.run(run()):
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


def information(settings: Settings, sensor: str, *, pair: bool = False) -> SensorInformation:
    """Connect a sensor and return what it says of itself.

    Parameters
    ----------
    settings
        Which Bluetooth.
    sensor
        Address or name.
    pair
        Whether to pair with it.
    """

    async def ask(chosen: Chosen, link: Link) -> SensorInformation:
        driver = chosen.driver
        who, charge = await driver.identity(link), await driver.battery(link)
        able = driver.capabilities
        return SensorInformation(
            address=chosen.heard.address,
            name=chosen.heard.name,
            driver=driver.name,
            serial=who.serial,
            model=who.model,
            firmware=who.firmware,
            battery_percent=None if charge is None else charge.percent,
            charging=None if charge is None else charge.charging,
            rssi_dbm=chosen.heard.rssi_dbm,
            rates_hz=able.rates_hz,
            device_time=able.device_time,
            magnetometer=able.magnetometer,
            onboard_log=able.onboard_log,
            verified_against=able.verified_against,
        )

    return _asked(settings, sensor, ask, pair=pair)


def identify(settings: Settings, sensor: str) -> str:
    """Make a sensor show itself, and return its address.

    Parameters
    ----------
    settings
        Which Bluetooth.
    sensor
        Address or name.
    """

    async def ask(chosen: Chosen, link: Link) -> str:
        await chosen.driver.identify(link)
        return chosen.heard.address

    return _asked(settings, sensor, ask)


def onboard_samples(settings: Settings, sensor: str) -> Sequence[SampleBatch]:
    """Return the newest recording in a sensor's own memory.

    Parameters
    ----------
    settings
        Which Bluetooth.
    sensor
        Address or name.
    """

    async def ask(chosen: Chosen, link: Link) -> Sequence[SampleBatch]:
        if not isinstance(chosen.driver, LogsOnBoard):
            raise UnavailableError(
                f"{chosen.driver.name} has no memory that this program reads",
                "A Movella DOT and a MetaMotion can be filled from their memory",
            )
        return await chosen.driver.read_log(link)

    return _asked(settings, sensor, ask)


def _asked(
    settings: Settings,
    sensor: str,
    ask: Callable[[Chosen, Link], Awaitable[T]],
    *,
    pair: bool = False,
) -> T:
    """Connect one sensor for one question."""

    async def run() -> T:
        async with open_radio(settings.bluetooth) as radio:
            [chosen] = await choose([sensor], radio)
            for _ in range(3):
                try:
                    async with connected(chosen.device, radio, pair=pair) as link:
                        return await ask(chosen, link)
                except LinkLostError:
                    await asyncio.sleep(0.2)
            raise UnavailableError(
                "the sensor does not answer", "Bring it nearer, charge it, and try again"
            )

    return asyncio.run(run())


def record(
    requests: Sequence[LinkRequest],
    settings: Settings,
    *,
    progress: Callable[[float, float | None], None] = lambda done, total: None,
    taps: Sequence[Tap] | None = None,
    note: Callable[[str], None] = lambda text: None,
    ended: threading.Event | None = None,
) -> tuple[LinkOutcome | RehabctlError, ...]:
    """Record sensors at once; every sample is on the disk within a second or in the ledger.

    Parameters
    ----------
    requests
        What and where to; all of one duration.
    settings
        Which Bluetooth, and the clock.
    progress
        Told the seconds done.
    taps
        One a request: shown each sample after it was recorded; it must not block.
    note
        Told of drops, reconnections and weak batteries.
    ended
        Set by another thread, it ends the recordings early.

    Returns
    -------
    tuple
        One a request: what was recorded, or why nothing was. One that fails leaves the others be.

    Raises
    ------
    NotFoundError
        No such sensor was heard.
    UnavailableError
        There is no adapter.
    """
    paths = [request.path for request in requests]
    if len(set(paths)) != len(paths) or len({r.sensor.lower() for r in requests}) != len(requests):
        raise UsageError("a sensor or a file is named twice", "Name each once")

    async def run() -> tuple[LinkOutcome | RehabctlError, ...]:
        async with open_radio(settings.bluetooth) as radio:
            return await _record(
                requests, settings, radio, progress, taps, note, ended or threading.Event()
            )

    return asyncio.run(run())


async def _record(
    requests: Sequence[LinkRequest],
    settings: Settings,
    radio: Radio,
    progress: Callable[[float, float | None], None],
    taps: Sequence[Tap] | None,
    note: Callable[[str], None],
    ended: threading.Event,
) -> tuple[LinkOutcome | RehabctlError, ...]:
    try:
        chosen = await choose([request.sensor for request in requests], radio, ended.is_set)
    except NotFoundError:
        if ended.is_set():
            raise UnavailableError(
                "it was ended before the sensor was heard", "Run it again"
            ) from None
        raise
    rates = [
        _rate(request.rate_hz, one.driver) for request, one in zip(requests, chosen, strict=True)
    ]
    stop, start_s = asyncio.Event(), time.monotonic()
    silent: Tap = lambda t_s, batch, row: None  # noqa: E731 - a default of a sequence
    works = [
        asyncio.create_task(
            _record_one(
                request,
                one,
                rates[i],
                settings,
                radio,
                stop,
                start_s,
                taps[i] if taps else silent,
                note,
            )
        )
        for i, (request, one) in enumerate(zip(requests, chosen, strict=True))
    ]
    timer = asyncio.create_task(_until(requests[0].duration_s, start_s, stop, progress, ended))
    try:
        return tuple(await asyncio.gather(*works))
    finally:
        timer.cancel()


def _rate(wanted_hz: int | None, driver: Driver) -> int:
    rates = driver.capabilities.rates_hz
    if not rates:
        raise UsageError(f"{driver.name} measures no motion", "Name a motion sensor (see scan)")
    if wanted_hz is None:
        return min(rates, key=lambda rate: (abs(rate - 60), rate))
    if wanted_hz not in rates:
        raise UsageError(
            f"{driver.name} has no rate of {counted(wanted_hz, 'sample')} a second",
            f"Use one of {', '.join(map(str, rates))}",
        )
    return wanted_hz


async def _record_one(
    request: LinkRequest,
    chosen: Chosen,
    rate_hz: int,
    settings: Settings,
    radio: Radio,
    stop: asyncio.Event,
    start_s: float,
    tap: Tap,
    note: Callable[[str], None],
) -> LinkOutcome | RehabctlError:
    """Record one sensor; an error of its own is returned, since others go on."""
    driver, heard = chosen.driver, chosen.heard
    limits = load_sensor_limits(settings.now().date()).of("link")
    meta = RecordingMeta(
        heard.address, driver.name, "", float(rate_hz), request.segment, request.side
    )
    logged: list[SampleBatch] = []
    try:
        recorder = Recorder(request.path, meta, time.monotonic, request.key, settings.now())
    except RehabctlError as error:
        return error
    intake = SensorIntake(recorder, driver, meta, rate_hz, start_s, limits, tap)

    def is_connected(who: SensorIdentity, charge: BatteryState | None) -> None:
        intake.connected(who, charge)
        note(f"{request.sensor}: connected")

    def is_dropped() -> None:
        before = intake.drops
        intake.drop()
        if intake.drops > before:
            note(f"{request.sensor}: link lost, reconnecting")

    listener = Listener(intake.take, is_dropped, is_connected, intake.charged, logged.extend)
    log_at = int(settings.now().timestamp()) if request.onboard else None
    connection = Connection(driver, chosen.device, rate_hz, listener, radio, log_at=log_at)
    failure = UnavailableError(
        "not a single sample came", "Bring the sensor nearer, charge it, and try again"
    )
    try:
        with recorder:
            try:
                await connection.run(stop)
            finally:  # an interrupt by the terminal, too: what came is kept whole
                intake.finish(time.monotonic() - start_s)
    except RehabctlError as error:
        failure = error
        if intake.samples:
            note(f"{request.sensor}: {error.what}")
    finally:
        if not intake.samples:
            request.path.unlink(missing_ok=True)
    if not intake.samples:
        return failure
    gaps, filled = tuple(intake.gaps), 0
    findings = intake.findings()
    if logged:
        try:
            filled, gaps = fill_file(request.path, logged, request.key)
        except RehabctlError as error:  # the recording is there, only its gaps stay
            findings = (*findings, SensorFinding("memory", error.what))
    elif request.onboard and gaps:
        text = "the gaps were not filled from its memory; do it with: rehabctl sensor backfill"
        findings = (*findings, SensorFinding("memory", text))
    if heard.rssi_dbm is not None and heard.rssi_dbm < limits["rssi_dbm_min"]:
        text = f"the signal was weak ({heard.rssi_dbm} dBm)"
        findings = (*findings, SensorFinding("weak_signal", text))
    findings = (*findings, *_old_firmware(driver.name, intake.meta.firmware, settings.now().date()))
    return LinkOutcome(
        request.sensor,
        request.path,
        intake.meta.serial,
        intake.samples + filled,
        intake.duplicates,
        intake.drops,
        gaps,
        filled,
        None if intake.battery is None else intake.battery.percent,
        heard.rssi_dbm,
        findings,
    )


def _old_firmware(driver: str, firmware: str, on: date) -> list[SensorFinding]:
    """Return what speaks against a sensor's firmware, where it tells one."""
    least = minimum_firmware(driver, on)
    if least is None or not _version(firmware) or _version(firmware) >= _version(least):
        return []
    text = f"firmware {firmware} is older than {least}; update it with its maker's program"
    return [SensorFinding("firmware", text)]


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


async def _until(
    seconds: float,
    start_s: float,
    stop: asyncio.Event,
    progress: Callable[[float, float | None], None],
    ended: threading.Event,
) -> None:
    while (done := time.monotonic() - start_s) < seconds and not ended.is_set():
        progress(done, seconds)
        await asyncio.sleep(min(0.2, seconds - done))
    stop.set()
