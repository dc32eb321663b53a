"""bleak over a Bluetooth controller in another process: for tests and development, not for care.

A scanner and a client class of bleak on top of the bumble host stack, whose controller is reached
by HCI over TCP. bumble is a development dependency and is imported only here.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError

from rehabctl.domain.errors import UnavailableError

_PROPERTIES = (
    (0x01, "broadcast"),
    (0x02, "read"),
    (0x04, "write-without-response"),
    (0x08, "write"),
    (0x10, "notify"),
    (0x20, "indicate"),
    (0x40, "authenticated-signed-writes"),
    (0x80, "extended-properties"),
)
_HOST_ADDRESS = "F0:00:00:00:00:AA"
_PREFERRED_MTU = 247


@asynccontextmanager
async def open_controller(address: str) -> AsyncGenerator[tuple[type[Any], type[Any]]]:
    """Yield bleak's scanner and client classes over the controller at an address.

    Parameters
    ----------
    address
        `HOST:PORT` of a process that serves HCI.

    Raises
    ------
    UnavailableError
        bumble is not installed, or nothing answers there.
    """
    try:
        from bumble.device import Device
        from bumble.hci import Address
        from bumble.transport import open_transport
    except ImportError:
        raise UnavailableError(
            "bumble is not installed", "Install the development group, or unset REHABCTL_BLUETOOTH"
        ) from None
    logging.getLogger("bumble").setLevel(logging.CRITICAL)  # its remarks are no error of ours
    stack: Any = Device
    try:
        transport: Any = await open_transport(f"tcp-client:{address}")
    except OSError:
        raise UnavailableError(
            f"no Bluetooth controller answers at {address}", "Start it, or unset REHABCTL_BLUETOOTH"
        ) from None
    async with transport:
        host = stack.with_hci("rehabctl", Address(_HOST_ADDRESS), transport.source, transport.sink)
        await host.power_on()
        bound = {"host": host}
        try:
            yield (
                type("BumbleScanner", (_BumbleScanner,), bound),
                type("BumbleClient", (_BumbleClient,), bound),
            )
        finally:
            # an interrupted command is over; the end of the transport would fail it once more
            host.host.pending_response = None


def _uuid_text(value: Any) -> str:
    return str(uuid.UUID(bytes=bytes(reversed(value.to_bytes(force_128=True)))))


class _BumbleScanner(BaseBleakScanner):
    """Scanning; `host` is bound by `open_controller`."""

    host: Any

    def __init__(
        self, detection_callback: Any, service_uuids: Any, scanning_mode: str = "active", **_: Any
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode == "active"

    async def start(self) -> None:
        """Listen."""
        self.seen_devices = {}
        self.host.on("advertisement", self._heard)
        await self.host.start_scanning(active=self._active, filter_duplicates=False)

    async def stop(self) -> None:
        """Listen no more."""
        self.host.remove_listener("advertisement", self._heard)
        await self.host.stop_scanning()

    def _heard(self, said: Any) -> None:
        from bumble.core import AdvertisingData as Field

        name = said.data.get(Field.COMPLETE_LOCAL_NAME) or said.data.get(Field.SHORTENED_LOCAL_NAME)
        kinds = (
            Field.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
            Field.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
            Field.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
            Field.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
        )
        services = [
            _uuid_text(one) for kind in kinds for some in said.data.get_all(kind) for one in some
        ]
        makers = {m[0]: bytes(m[1]) for m in said.data.get_all(Field.MANUFACTURER_SPECIFIC_DATA)}
        if not self.is_allowed_uuid(services):
            return
        found = AdvertisementData(name, makers, {}, services, None, said.rssi, (said,))
        key = said.address.to_string(False)
        device = self.create_or_update_device(key, key, name, {"bumble": said.address}, found)
        self.call_detection_callbacks(device, found)


class _BumbleClient(BaseBleakClient):
    """One connection; `host` is bound by `open_controller`."""

    host: Any

    def __init__(self, address_or_ble_device: Any, **options: Any) -> None:
        super().__init__(address_or_ble_device, **options)
        self._peer_address = address_or_ble_device.details["bumble"]
        self._peer_name = address_or_ble_device.name or self.address
        self._connection: Any = None
        self._peer: Any = None
        self._sinks: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """Name of the peer."""
        return str(self._peer_name)

    @property
    def mtu_size(self) -> int:
        """Size of a packet."""
        return 23 if self._peer is None else int(self._peer.gatt_client.mtu)

    @property
    def is_connected(self) -> bool:
        """Whether the link is up."""
        return self._connection is not None

    async def connect(self, pair: bool, **_: Any) -> None:
        """Connect, ask for large packets, and discover everything."""
        from bumble import core
        from bumble.device import Peer

        if self._connection is not None:
            raise BleakError("already connected")
        try:
            connection: Any = await self.host.connect(self._peer_address, timeout=self._timeout)
        except (TimeoutError, core.TimeoutError):
            raise BleakDeviceNotFoundError(self.address, "connecting took too long") from None
        except (core.BaseBumbleError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError):
                raise
            raise BleakError(f"cannot connect: {error}") from None
        self._connection = connection
        connection.on(connection.EVENT_DISCONNECTION, self._lost)
        if pair:
            await self.host.pair(connection)
        self._peer = peer = Peer(connection)
        await self._guarded(peer.request_mtu(_PREFERRED_MTU))
        await self._guarded(self._discover(peer))

    async def _discover(self, peer: Any) -> None:
        found = BleakGATTServiceCollection()
        await peer.discover_services()
        for one in peer.services:
            service = BleakGATTService(one, one.handle, _uuid_text(one.uuid))
            found.add_service(service)
            for characteristic in await one.discover_characteristics():
                can = [word for bit, word in _PROPERTIES if int(characteristic.properties) & bit]
                added = BleakGATTCharacteristic(
                    characteristic,
                    characteristic.handle,
                    _uuid_text(characteristic.uuid),
                    can,  # pyright: ignore[reportArgumentType]
                    lambda: self.mtu_size - 3,
                    service,
                )
                found.add_characteristic(added)
                for descriptor in await characteristic.discover_descriptors():
                    text = _uuid_text(descriptor.type)
                    found.add_descriptor(
                        BleakGATTDescriptor(descriptor, descriptor.handle, text, added)
                    )
        self.services = found

    def _lost(self, _: int) -> None:
        self._connection = self._peer = None
        self._sinks.clear()
        self.services = None  # pyright: ignore[reportAttributeAccessIssue]
        if self._disconnected_callback:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        """End the connection; nothing happens where there is none."""
        if self._connection is not None:
            await self._connection.disconnect()

    async def pair(self, *_: Any, **__: Any) -> None:
        """Pair with the peer."""
        await self.host.pair(self._live())

    async def unpair(self) -> None:
        """Forget the peer."""
        if self.host.keystore:
            await self.host.keystore.delete(str(self._peer_address))

    def _live(self) -> Any:
        if self._connection is None:
            raise BleakError("not connected")
        return self._connection

    async def _guarded(self, work: Any) -> Any:
        """Do something that a drop ends, with bleak's own errors."""
        from bumble import att, core

        connection = self._live()
        try:
            return await connection.cancel_on_disconnection(work)
        except (att.ATT_Error, core.BaseBumbleError) as error:
            raise BleakError(f"the sensor refused: {error}") from None
        except asyncio.CancelledError:
            if self._connection is None:
                raise BleakError("the link was lost") from None
            raise

    def _attributes(self) -> Any:
        self._live()
        return self._peer.gatt_client

    async def read_gatt_char(self, characteristic: Any, **_: Any) -> bytearray:
        """Read a characteristic."""
        return bytearray(await self._guarded(self._attributes().read_value(characteristic.obj)))

    async def read_gatt_descriptor(self, descriptor: Any, **_: Any) -> bytearray:
        """Read a descriptor."""
        return bytearray(await self._guarded(self._attributes().read_value(descriptor.obj)))

    async def write_gatt_char(self, characteristic: Any, data: Any, response: bool) -> None:
        """Write a characteristic."""
        await self._guarded(
            self._attributes().write_value(characteristic.obj, bytes(data), with_response=response)
        )

    async def write_gatt_descriptor(self, descriptor: Any, data: Any) -> None:
        """Write a descriptor."""
        await self._guarded(
            self._attributes().write_value(descriptor.obj, bytes(data), with_response=True)
        )

    async def start_notify(self, characteristic: Any, callback: Any, **_: Any) -> None:
        """Subscribe."""

        def sink(value: bytes) -> None:
            callback(bytearray(value))

        self._sinks[characteristic.handle] = sink
        await self._guarded(self._attributes().subscribe(characteristic.obj, sink))

    async def stop_notify(self, characteristic: Any) -> None:
        """Unsubscribe."""
        sink = self._sinks.pop(characteristic.handle, None)
        if sink is not None:
            await self._guarded(self._attributes().unsubscribe(characteristic.obj, sink))
