"""Bluetooth Low Energy through bleak: scanning, and a connection that comes back after a drop.

After every drop `disconnect()` is called on the dropped client before a new one is made. On BlueZ,
bleak 3.1.0 otherwise delivers each notification once more per reconnection (hbldh/bleak#2002), and
sensors without a sample counter would show no sign of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError

from rehabctl.devices.driver import Advertisement, Driver
from rehabctl.devices.model import SampleBatch
from rehabctl.domain.errors import UnavailableError

BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
HEARTBEAT_S = 2.0
"""Without a sample for so long the link counts as dropped."""

_NO_ADAPTER = UnavailableError(
    "no usable Bluetooth adapter",
    "Switch Bluetooth on, check the permission to use it, or work on a file with --replay",
)


async def scan(seconds: float, backend: type[Any] | None = None) -> list[tuple[Advertisement, Any]]:
    """Return every sensor heard, strongest first, each with the handle to connect it by.

    Parameters
    ----------
    seconds
        How long to listen.
    backend
        Another scanner class than the platform's.

    Raises
    ------
    UnavailableError
        There is no adapter, it is off, or it may not be used.
    """
    options: dict[str, Any] = {} if backend is None else {"backend": backend}
    try:
        heard = await BleakScanner.discover(timeout=seconds, return_adv=True, **options)
    except (BleakError, OSError, EOFError):
        raise _NO_ADAPTER from None
    found = [
        (
            Advertisement(
                device.address,
                said.local_name or device.name or "",
                said.rssi,
                tuple(uuid.lower() for uuid in said.service_uuids),
                dict(said.manufacturer_data),
            ),
            device,
        )
        for device, said in heard.values()
    ]
    return sorted(found, key=lambda pair: (-pair[0].rssi_dbm, pair[0].address))


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
        return bytes(await self._client.read_gatt_char(uuid))

    async def write(self, uuid: str, data: bytes) -> None:
        """Write a characteristic and wait for its answer where it gives one."""
        await self._client.write_gatt_char(uuid, data)

    async def subscribe(self, uuid: str, sink: Callable[[bytes], None]) -> None:
        """Hand on every notification of a characteristic."""

        def received(_: Any, data: bytearray) -> None:
            sink(bytes(data))

        await self._client.start_notify(uuid, received)

    async def unsubscribe(self, uuid: str) -> None:
        """End the notifications of a characteristic."""
        await self._client.stop_notify(uuid)


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
    on_batch, on_drop
        Called in the event loop: with samples; and when the link is lost.
    attempts
        Connections that may fail in a row before the sensor counts as gone.
    backend
        Another client class than the platform's.
    """

    def __init__(
        self,
        driver: Driver,
        device: Any,
        rate_hz: int,
        on_batch: Callable[[SampleBatch], None],
        on_drop: Callable[[], None],
        *,
        attempts: int = 10,
        heartbeat_s: float = HEARTBEAT_S,
        backend: type[Any] | None = None,
    ) -> None:
        self._driver, self._device, self._rate_hz = driver, device, rate_hz
        self._on_batch, self._on_drop = on_batch, on_drop
        self._attempts, self._heartbeat_s = attempts, heartbeat_s
        self._options: dict[str, Any] = {} if backend is None else {"backend": backend}
        self._alive = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Stream until `stop` is set.

        Raises
        ------
        UnavailableError
            The sensor did not come back.
        """
        failed = 0
        while not stop.is_set():
            dropped = asyncio.Event()
            client = BleakClient(
                self._device, disconnected_callback=lambda _, e=dropped: e.set(), **self._options
            )
            try:
                await client.connect()
                await self._stream(BleakLink(client), dropped, stop)
                failed = 0
            except (BleakError, OSError, EOFError, TimeoutError):
                failed += 1
            finally:
                await _disconnect(client)
            if stop.is_set():
                return
            if failed >= self._attempts:
                raise UnavailableError(
                    "the sensor does not answer", "Bring it nearer, charge it, and try again"
                )
            self._on_drop()
            await _wait(stop, BACK_OFF_S[min(failed, len(BACK_OFF_S) - 1)])

    async def _stream(self, link: BleakLink, dropped: asyncio.Event, stop: asyncio.Event) -> None:
        def received(batch: SampleBatch) -> None:
            self._alive.set()
            self._on_batch(batch)

        await self._driver.configure(link, self._rate_hz)
        await self._driver.start(link, received)
        while not dropped.is_set() and not stop.is_set():
            self._alive.clear()
            ends = [asyncio.ensure_future(e.wait()) for e in (dropped, stop, self._alive)]
            done, waiting = await asyncio.wait(
                ends, timeout=self._heartbeat_s, return_when=asyncio.FIRST_COMPLETED
            )
            for task in waiting:
                task.cancel()
            if not done:
                return  # silent: the link counts as dropped
            if self._alive.is_set():
                await _wait(stop, self._heartbeat_s / 4, dropped)
        if stop.is_set() and not dropped.is_set():
            await self._driver.stop(link)


async def _wait(stop: asyncio.Event, seconds: float, other: asyncio.Event | None = None) -> None:
    """Wait until either event or the time."""
    events = [stop] if other is None else [stop, other]
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


async def _disconnect(client: BleakClient) -> None:
    """Close a client whatever its state; its errors say nothing new."""
    try:
        await client.disconnect()
    except (BleakError, OSError, EOFError, TimeoutError):
        return
