"""bleak over the bumble host stack: a plain client for the tests, without a radio.

`BleakClient(device, backend=make_client_backend(central))`, likewise for `BleakScanner`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)
from bumble import att, core, hci
from bumble.core import AdvertisingData
from bumble.device import Advertisement, Connection, Device, Peer

PROPERTIES = {
    0x01: "broadcast",
    0x02: "read",
    0x04: "write-without-response",
    0x08: "write",
    0x10: "notify",
    0x20: "indicate",
    0x40: "authenticated-signed-writes",
    0x80: "extended-properties",
}
UUID_LISTS = (
    AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    AdvertisingData.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
    AdvertisingData.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
)
MTU = 247


def long_form(short: core.UUID) -> str:
    """Return a UUID as bleak writes it."""
    return str(uuid.UUID(bytes=bytes(reversed(short.to_bytes(force_128=True)))))


class BumbleScanner(BaseBleakScanner):
    """Scan with a bumble device."""

    central: Device

    def __init__(
        self,
        detection_callback: Any = None,
        service_uuids: list[str] | None = None,
        scanning_mode: str = "active",
        **_options: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode == "active"

    async def start(self) -> None:
        """Begin."""
        self.seen_devices = {}
        self.central.on("advertisement", self._on_advertisement)
        await self.central.start_scanning(active=self._active, filter_duplicates=False)

    async def stop(self) -> None:
        """End."""
        self.central.remove_listener("advertisement", self._on_advertisement)
        await self.central.stop_scanning()

    def _on_advertisement(self, seen: Advertisement) -> None:
        data = seen.data
        name: Any = data.get(AdvertisingData.COMPLETE_LOCAL_NAME)
        uuids = [
            long_form(each) for kind in UUID_LISTS for some in data.get_all(kind) for each in some
        ]
        if not self.is_allowed_uuid(uuids):
            return
        makers = {
            company: bytes(rest)
            for company, rest in data.get_all(AdvertisingData.MANUFACTURER_SPECIFIC_DATA)
        }
        advertisement = AdvertisementData(name, makers, {}, uuids, None, seen.rssi, (seen,))
        address = seen.address.to_string(False)
        device = self.create_or_update_device(
            address, address, name, {"bumble": seen.address}, advertisement
        )
        self.call_detection_callbacks(device, advertisement)


class BumbleClient(BaseBleakClient):
    """Connect with a bumble device."""

    central: Device

    def __init__(self, address_or_ble_device: Any, **options: Any) -> None:
        super().__init__(address_or_ble_device, **options)
        details = getattr(address_or_ble_device, "details", None) or {}
        self._peer_address = details.get("bumble") or hci.Address(
            self.address, hci.Address.RANDOM_DEVICE_ADDRESS
        )
        self._name = getattr(address_or_ble_device, "name", None)
        self._connection: Connection | None = None
        self._peer: Any = None
        self._subscriptions: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """Name, or the address for want of one."""
        return self._name or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        """Bytes of the largest packet."""
        return self._peer.gatt_client.mtu if self._peer else 23

    @property
    def is_connected(self) -> bool:
        """Whether the link is up."""
        return self._connection is not None

    async def connect(self, pair: bool, **_options: Any) -> None:
        """Connect and find the services."""
        if self._connection:
            raise BleakError("already connected")
        try:
            connection = await self.central.connect(self._peer_address, timeout=self._timeout)
        except core.TimeoutError as error:
            raise BleakDeviceNotFoundError(self.address, "connection timed out") from error
        except core.BaseBumbleError as error:
            raise BleakError(f"connection failed: {error}") from error
        self._connection = connection
        connection.on(connection.EVENT_DISCONNECTION, self._on_disconnection)
        try:
            self._peer = peer = Peer(connection)
            await self._while_connected(peer.request_mtu(MTU))
            await self._while_connected(self._discover(peer))
        except BaseException:
            await self.disconnect()
            raise

    async def _discover(self, peer: Peer) -> None:
        found = BleakGATTServiceCollection()
        await peer.discover_services()
        for service in peer.services:
            ours = BleakGATTService(service, service.handle, long_form(service.uuid))
            found.add_service(ours)
            for each in await service.discover_characteristics():
                properties: Any = [n for bit, n in PROPERTIES.items() if each.properties & bit]
                characteristic = BleakGATTCharacteristic(
                    each,
                    each.handle,
                    long_form(each.uuid),
                    properties,
                    lambda: self.mtu_size - 3,
                    ours,
                )
                found.add_characteristic(characteristic)
                for descriptor in await each.discover_descriptors():
                    found.add_descriptor(
                        BleakGATTDescriptor(
                            descriptor,
                            descriptor.handle,
                            long_form(descriptor.type),
                            characteristic,
                        )
                    )
        self.services = found

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = self._peer = self.services = None
        self._subscriptions.clear()
        if self._disconnected_callback:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        """End the link, if there is one."""
        if self._connection:
            await self._connection.disconnect()

    async def pair(self, *_args: Any, **_options: Any) -> None:
        """Pair."""
        await self.central.pair(self._connection)

    async def unpair(self) -> None:
        """Forget the peer."""
        if self.central.keystore:
            await self.central.keystore.delete(str(self._peer_address))

    async def _while_connected(self, work: Awaitable[Any]) -> Any:
        connection = self._connection
        if connection is None:
            raise BleakError("not connected")
        try:
            return await connection.cancel_on_disconnection(work)
        except att.ATT_Error as error:
            try:
                code = BleakGATTProtocolErrorCode(int(error.error_code))
            except ValueError:
                raise BleakError(str(error)) from error
            raise BleakGATTProtocolError(code) from error
        except asyncio.CancelledError as error:
            if self._connection is None:
                raise BleakError("disconnected meanwhile") from error
            raise

    def _gatt(self) -> Any:
        if self._peer is None:
            raise BleakError("not connected")
        return self._peer.gatt_client

    async def read_gatt_char(self, characteristic: Any, **_options: Any) -> bytearray:
        """Read a characteristic."""
        work = self._gatt().read_value(characteristic.obj)
        return bytearray(await self._while_connected(work))

    async def read_gatt_descriptor(self, descriptor: Any, **_options: Any) -> bytearray:
        """Read a descriptor."""
        return bytearray(await self._while_connected(self._gatt().read_value(descriptor.obj)))

    async def write_gatt_char(self, characteristic: Any, data: Any, response: bool) -> None:
        """Write a characteristic."""
        work = self._gatt().write_value(characteristic.obj, bytes(data), with_response=response)
        await self._while_connected(work)

    async def write_gatt_descriptor(self, descriptor: Any, data: Any) -> None:
        """Write a descriptor."""
        work = self._gatt().write_value(descriptor.obj, bytes(data), with_response=True)
        await self._while_connected(work)

    async def start_notify(self, characteristic: Any, callback: Any, **_options: Any) -> None:
        """Subscribe."""

        def receive(value: bytes) -> None:
            callback(bytearray(value))

        self._subscriptions[characteristic.handle] = receive
        await self._while_connected(self._gatt().subscribe(characteristic.obj, receive))

    async def stop_notify(self, characteristic: Any) -> None:
        """Unsubscribe."""
        receive = self._subscriptions.pop(characteristic.handle, None)
        if receive:
            await self._while_connected(self._gatt().unsubscribe(characteristic.obj, receive))


def make_client_backend(central: Device) -> type[BumbleClient]:
    """Return a bleak client backend on a bumble device."""
    return type("BumbleClient", (BumbleClient,), {"central": central})


def make_scanner_backend(central: Device) -> type[BumbleScanner]:
    """Return a bleak scanner backend on a bumble device."""
    return type("BumbleScanner", (BumbleScanner,), {"central": central})
