"""Bluetooth Low Energy through bleak: scanning, and a connection that comes back after a drop.

After every drop `disconnect()` is called on the dropped client before a new one is made. On BlueZ,
bleak 3.1.0 otherwise delivers each notification once more per reconnection (hbldh/bleak#2002), and
sensors without a sample counter would show no sign of it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakError,
)

from rehabctl.devices.driver import (
    Advertisement,
    Driver,
    Link,
    LinkLostError,
    LogsOnBoard,
    OwnTransport,
    ignored,
)
from rehabctl.devices.model import SampleBatch
from rehabctl.devices.radio import Radio
from rehabctl.domain.errors import UnavailableError
from rehabctl.domain.sensor import BatteryState, SensorIdentity

BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
HEARTBEAT_S = 2.0
"""Without a sample for so long the link counts as dropped."""
_REQUEST_S = 10.0
_CONNECT_S = 10.0
_BATTERY_S = 60.0
_READ_AGAIN = 3
_FOREIGN = (BleakError, OSError, EOFError, TimeoutError)
_LOOK_S = 0.25

_OFF = BleakBluetoothNotAvailableReason.POWERED_OFF
_DENIED = (
    BleakBluetoothNotAvailableReason.DENIED_BY_USER,
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM,
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN,
)


def _no_radio(error: Exception) -> UnavailableError:
    """Return what to say of an adapter that is away, off or forbidden."""
    reason = error.reason if isinstance(error, BleakBluetoothNotAvailableError) else None
    if reason is _OFF:
        return UnavailableError("the Bluetooth adapter is off", "Switch Bluetooth on")
    if reason in _DENIED or isinstance(error, PermissionError):
        return UnavailableError(
            "Bluetooth may not be used by this program", "Allow it in the system's settings"
        )
    return UnavailableError(
        "no usable Bluetooth adapter",
        "Switch Bluetooth on, check the permission to use it, or work on a file with --replay",
    )


async def scan(
    seconds: float,
    radio: Radio,
    enough: Callable[[list[Advertisement]], bool] = lambda heard: False,
) -> list[tuple[Advertisement, Any]]:
    """Return every sensor heard, strongest first, each with the handle to connect it by.

    Parameters
    ----------
    seconds
        How long to listen at most.
    radio
        Where.
    enough
        Told what was heard so far; true ends the scan.

    Raises
    ------
    UnavailableError
        There is no adapter, it is off, or it may not be used.
    """
    options: dict[str, Any] = {} if radio.scanner is None else {"backend": radio.scanner}
    try:
        scanner = BleakScanner(**options)
        end = time.monotonic() + seconds
        async with scanner:
            while (left := end - time.monotonic()) > 0:
                await asyncio.sleep(min(left, 0.1))
                if enough([said for said, _ in _heard(scanner)]):
                    break
            found = _heard(scanner)
    except _FOREIGN as error:
        raise _no_radio(error) from None
    return sorted(found, key=lambda pair: (-(pair[0].rssi_dbm or 0), pair[0].address))


def _heard(scanner: BleakScanner) -> list[tuple[Advertisement, Any]]:
    found: list[tuple[Advertisement, Any]] = []
    for device, said in scanner.discovered_devices_and_advertisement_data.values():
        services = tuple(uuid.lower() for uuid in said.service_uuids)
        name = said.local_name or device.name or ""
        makers = dict(said.manufacturer_data)
        found.append((Advertisement(device.address, name, said.rssi, services, makers), device))
    return found


class BleakLink:
    """A `Link` over one bleak client.

    Parameters
    ----------
    client
        Connected.
    """

    def __init__(self, client: BleakClient) -> None:
        self._client = client

    async def read(self, uuid: str) -> bytes:
        """Return the value of a characteristic."""
        with _lost():
            return bytes(await asyncio.wait_for(self._client.read_gatt_char(uuid), _REQUEST_S))

    async def write(self, uuid: str, data: bytes) -> None:
        """Write a characteristic and wait for its answer where it gives one."""
        with _lost():
            await asyncio.wait_for(self._client.write_gatt_char(uuid, data), _REQUEST_S)

    async def subscribe(self, uuid: str, sink: Callable[[bytes], None]) -> None:
        """Hand on every notification of a characteristic."""

        def received(_: Any, data: bytearray) -> None:
            sink(bytes(data))

        with _lost():
            await asyncio.wait_for(self._client.start_notify(uuid, received), _REQUEST_S)

    async def unsubscribe(self, uuid: str) -> None:
        """End the notifications of a characteristic."""
        with _lost():
            await asyncio.wait_for(self._client.stop_notify(uuid), _REQUEST_S)


@contextmanager
def _lost() -> Generator[None]:
    """Translate bleak's errors.

    Raises
    ------
    UnavailableError
        The sensor has no such characteristic.
    LinkLostError
        The link broke, or the sensor took too long.
    """
    try:
        yield
    except BleakCharacteristicNotFoundError:
        raise UnavailableError(
            "the sensor lacks what its driver needs; its firmware is not the expected one",
            "Update it with its maker's program, and look at: rehabctl sensor info",
        ) from None
    except _FOREIGN:
        raise LinkLostError from None


@asynccontextmanager
async def connected(
    device: Any, radio: Radio, on_drop: Callable[[], None] = lambda: None, *, pair: bool = False
) -> AsyncGenerator[Link]:
    """Connect one sensor, and disconnect it whatever happens.

    Parameters
    ----------
    device
        The handle that `scan` gave, or one with a transport of its own.
    radio
        Where.
    on_drop
        Called when the link is lost.
    pair
        Whether to pair with it.

    Raises
    ------
    LinkLostError
        It does not answer.
    """
    if isinstance(device, OwnTransport):
        async with device.opened(on_drop) as link:
            yield link
        return
    options: dict[str, Any] = {} if radio.client is None else {"backend": radio.client}
    client = BleakClient(
        device, disconnected_callback=lambda _: on_drop(), timeout=_CONNECT_S, pair=pair, **options
    )
    try:
        with _lost():
            async with radio.connecting:
                await asyncio.wait_for(client.connect(), _CONNECT_S)
        yield BleakLink(client)
    finally:
        with suppress(*_FOREIGN):
            await asyncio.wait_for(client.disconnect(), _REQUEST_S)


@dataclass(frozen=True)
class Listener:
    """What a connection reports; all are called in the event loop."""

    batch: Callable[[SampleBatch], None]
    drop: Callable[[], None]
    """The link was lost, or connecting failed."""
    connected: Callable[[SensorIdentity, BatteryState | None], None] = lambda who, charge: None
    battery: Callable[[BatteryState], None] = lambda charge: None
    log: Callable[[Sequence[SampleBatch]], None] = lambda batches: None
    """What the sensor's own memory holds, at the end."""


class Connection:
    """Streams one sensor until it is stopped, through any number of drops.

    Parameters
    ----------
    driver
        Its kind.
    device
        The handle that `scan` gave.
    rate_hz
        Set again after every reconnection.
    listener
        Told of everything.
    radio
        Where.
    attempts
        First connections that may fail in a row; once it has streamed, a sensor is waited for.
    heartbeat_s
        Longest silence.
    log_at
        UTC in seconds with which a recording in the sensor's own memory is started; None for none.
    """

    def __init__(
        self,
        driver: Driver,
        device: Any,
        rate_hz: int,
        listener: Listener,
        radio: Radio,
        *,
        attempts: int = 10,
        heartbeat_s: float = HEARTBEAT_S,
        log_at: int | None = None,
    ) -> None:
        self._driver, self._device, self._rate_hz = driver, device, rate_hz
        self._listener, self._radio = listener, radio
        self._attempts = attempts
        self._heartbeat_s = max(heartbeat_s, 3.0 / rate_hz)
        self._log = driver if log_at is not None and isinstance(driver, LogsOnBoard) else None
        self._log_at = log_at or 0
        self._logging = False
        self._last_s = 0.0
        self.streamed = False
        """Whether it ever sent a sample."""
        self.streaming = False
        """Whether it sent samples until the end."""

    async def run(self, stop: asyncio.Event) -> None:
        """Stream until `stop` is set.

        Raises
        ------
        UnavailableError
            The sensor never answered, or it cannot do what was asked for.
        """
        failed = 0
        while not stop.is_set():
            self.streaming = False
            dropped = asyncio.Event()
            try:
                async with connected(self._device, self._radio, dropped.set) as link:
                    await self._stream(link, dropped, stop)
            except LinkLostError:
                self.streaming = self.streaming and stop.is_set()
            failed = 0 if self.streaming else failed + 1
            if stop.is_set():
                break
            if failed >= self._attempts and not self.streamed:
                raise UnavailableError(
                    "the sensor does not answer", "Bring it nearer, charge it, and try again"
                )
            self._listener.drop()
            wait = BACK_OFF_S[min(failed, len(BACK_OFF_S) - 1)]
            await _wait(stop, wait * (1.0 + 0.2 * random.random()))  # noqa: S311 - spreads retries
        await self._read_again()

    def _received(self, batch: SampleBatch) -> None:
        self._last_s = time.monotonic()
        self.streaming = self.streamed = True
        self._listener.batch(batch)

    async def _stream(self, link: Link, dropped: asyncio.Event, stop: asyncio.Event) -> None:
        driver = self._driver
        self._listener.connected(await driver.identity(link), await driver.battery(link))
        await driver.configure(link, self._rate_hz)
        if self._log is not None and not self._logging:
            await self._log.start_log(link, self._log_at)
            self._logging = True
        await driver.start(link, self._received)
        self._last_s = time.monotonic()
        looked_s = self._last_s
        while not dropped.is_set() and not stop.is_set():
            await _wait(stop, min(_LOOK_S, self._heartbeat_s / 2), dropped)
            now = time.monotonic()
            if now - self._last_s > self._heartbeat_s:
                return  # silent: the link counts as dropped
            if driver.capabilities.battery_mid_stream and now - looked_s > _BATTERY_S:
                looked_s = now
                charge = await driver.battery(link)
                if charge is not None:
                    self._listener.battery(charge)
        if not dropped.is_set():
            with ignored():
                await driver.stop(link)
                if self._log is not None:
                    await self._log.stop_log(link)
                    await self._read(self._log, link)

    async def _read(self, log: LogsOnBoard, link: Link) -> None:
        self._listener.log(await log.read_log(link))
        self._logging = False

    async def _read_again(self) -> None:
        """Fetch the sensor's memory all the same when the link was lost before it was read."""
        for wait_s in BACK_OFF_S[:_READ_AGAIN]:
            if self._log is None or not self._logging:
                return
            await asyncio.sleep(wait_s)
            with ignored():
                async with connected(self._device, self._radio) as link:
                    with suppress(UnavailableError):  # it may have been ended before the drop
                        await self._log.stop_log(link)
                    await self._read(self._log, link)


async def _wait(stop: asyncio.Event, seconds: float, other: asyncio.Event | None = None) -> None:
    """Wait until either event or the time."""
    events = [stop] if other is None else [stop, other]
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
