"""A bleak backend in memory: the real BleakClient and BleakScanner over a sensor of this process.

It is no radio and no Bluetooth stack, and was written beside the driver: it shows the order of
calls and what happens after a drop, not that a real sensor answers so.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError

from rehabctl.devices.drivers import movella_dot as dot

ADDRESS = "D4:22:CD:00:11:22"


class MemoryDot:
    """A Movella DOT whose link can be cut."""

    def __init__(self, rate_hz: int = 60, speed: float = 10.0) -> None:
        self.control = dot.rate_command(20)
        self.client: MemoryClient | None = None
        self.connected = self.disconnected = self.started_without_listener = 0
        self.obeys = True
        self.sent = 0
        self._rate_hz, self._speed = rate_hz, speed
        self._task: asyncio.Task[None] | None = None
        self._sinks: dict[str, Callable[[bytearray], None]] = {}
        self.drop_after: list[int] = []
        """Sample numbers at which the link breaks."""

    def read(self, uuid: str) -> bytes:
        if uuid == dot.CONTROL:
            return self.control
        return bytes((77, 0)) if uuid == dot.BATTERY else bytes(34)

    def write(self, uuid: str, data: bytes) -> None:
        if uuid == dot.CONTROL and self.obeys:
            self.control = data
        if uuid == dot.MEASUREMENT and data[1] == 1:
            if not self._sinks:
                self.started_without_listener += 1
            self._task = self._task or asyncio.get_running_loop().create_task(self._measure())

    async def _measure(self) -> None:
        """Count on while nobody is connected, as a sensor does."""
        while True:
            self.sent += 1
            time_us = round(self.sent * 1e6 / self._rate_hz) % 2**32
            sample = struct.pack("<I6f3h", time_us, 0, 0, 9.75, 0, 0, 0, 4096, 0, 0)
            for sink in list(self._sinks.values()):
                sink(bytearray(sample))
            if self.sent in self.drop_after and self.client is not None:
                self.client.lose()
            await asyncio.sleep(1.0 / self._rate_hz / self._speed)


class MemoryClient(BaseBleakClient):
    """The client side; bound to a sensor by `backends`."""

    dot: MemoryDot

    def __init__(self, device: Any, **options: Any) -> None:
        super().__init__(device, **options)
        self._open = False

    @property
    def name(self) -> str:
        return "Movella DOT"

    @property
    def mtu_size(self) -> int:
        return 247

    @property
    def is_connected(self) -> bool:
        return self._open

    async def connect(self, pair: bool, **_: Any) -> None:
        self.services = BleakGATTServiceCollection()
        service = BleakGATTService(None, 1, dot.uuid(0x2000))
        self.services.add_service(service)
        uuids = (dot.INFORMATION, dot.CONTROL, dot.MEASUREMENT, dot.MEDIUM, dot.BATTERY)
        for handle, uuid in enumerate(uuids, start=2):
            every = ["read", "write", "notify"]
            self.services.add_characteristic(
                BleakGATTCharacteristic(None, handle, uuid, every, lambda: 244, service)
            )
        self._open, self.dot.client = True, self
        self.dot.connected += 1

    async def disconnect(self) -> None:
        self.dot.disconnected += 1
        self._open = False

    def lose(self) -> None:
        self._open = False
        self.dot._sinks.clear()
        if self._disconnected_callback:
            self._disconnected_callback()

    async def pair(self, *_: Any, **__: Any) -> None: ...

    async def unpair(self) -> None: ...

    def _live(self) -> MemoryDot:
        if not self._open:
            raise BleakError("not connected")
        return self.dot

    async def read_gatt_char(self, characteristic: Any, **_: Any) -> bytearray:
        return bytearray(self._live().read(characteristic.uuid))

    async def write_gatt_char(self, characteristic: Any, data: Any, response: bool) -> None:
        self._live().write(characteristic.uuid, bytes(data))

    async def read_gatt_descriptor(self, descriptor: Any, **_: Any) -> bytearray:
        return bytearray()

    async def write_gatt_descriptor(self, descriptor: Any, data: Any) -> None: ...

    async def start_notify(self, characteristic: Any, callback: Any, **_: Any) -> None:
        self._live()._sinks[characteristic.uuid] = callback

    async def stop_notify(self, characteristic: Any) -> None:
        self._live()._sinks.pop(characteristic.uuid, None)


class MemoryScanner(BaseBleakScanner):
    """Hears the devices of `names`."""

    names: dict[str, str]

    def __init__(self, detection_callback: Any, service_uuids: Any, *_: Any, **__: Any) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        self.seen_devices = {}
        for address, name in self.names.items():
            said = AdvertisementData(name, {}, {}, [], None, -60, ())
            device = self.create_or_update_device(address, address, name, {}, said)
            self.call_detection_callbacks(device, said)

    async def stop(self) -> None: ...


def backends(sensor: MemoryDot, names: dict[str, str] | None = None) -> tuple[type, type]:
    """Return scanner and client classes bound to a sensor."""
    heard = {ADDRESS: "Movella DOT"} if names is None else names
    return (
        type("Scanner", (MemoryScanner,), {"names": heard}),
        type("Client", (MemoryClient,), {"dot": sensor}),
    )
