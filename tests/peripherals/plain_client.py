"""Plain bleak for the tests of the sensors: no driver between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice

from .link import World


async def found(world: World, number: int = 1) -> BLEDevice:
    """Scan for the sensor with a number."""
    address = world.sensors[number - 1].address
    device = await BleakScanner.find_device_by_address(address, timeout=5, backend=world.scanner)
    assert device is not None
    return device


@asynccontextmanager
async def connected(world: World, number: int = 1) -> AsyncIterator[BleakClient]:
    """Connect to the sensor with a number."""
    async with BleakClient(await found(world, number), backend=world.client, timeout=5) as client:
        yield client


async def until(condition: Callable[[], bool], within_s: float = 8.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)


class Inbox:
    """Notifications of one characteristic."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    async def subscribe(self, client: BleakClient, uuid: str) -> Inbox:
        """Ask for the notifications."""
        await client.start_notify(uuid, lambda _, value: self.packets.append(bytes(value)))
        return self

    async def after(self, count: int) -> list[bytes]:
        """Wait for so many packets in all."""
        await until(lambda: len(self.packets) >= count)
        return self.packets
