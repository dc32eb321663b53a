"""Inside the virtual machine: bleak's own BlueZ backend against the virtual sensors.

One virtual controller becomes hci0 through /dev/vhci. Each sensor loses its link three times; the
dropped client is closed before a new one is made; no packet may come twice, and none may be lost
in the middle of a connection.
"""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import dataclass, field

from bleak import BleakClient, BleakScanner
from bumble import hci
from bumble.controller import Controller
from bumble.transport import open_transport
from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio.message_bus import MessageBus

from tests.peripherals import movella_dot, thingy52
from tests.peripherals.link import virtual_sensors
from tests.peripherals.sensor import VirtualSensor

DROPS = 3


@dataclass
class Case:
    """How to start one sensor's stream, and what came."""

    sensor: VirtualSensor
    characteristic: str
    start: tuple[str, bytes] | None = None
    stamped: bool = False
    packets: list[bytes] = field(default_factory=list)


async def power_on() -> None:
    """Switch hci0 on when bluetoothd has found it."""
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    wanted = Message(
        destination="org.bluez",
        path="/org/bluez/hci0",
        interface="org.freedesktop.DBus.Properties",
        member="Set",
        signature="ssv",
        body=["org.bluez.Adapter1", "Powered", Variant("b", True)],
    )
    try:
        for _ in range(100):
            reply = await bus.call(wanted)
            if reply is not None and reply.message_type == MessageType.METHOD_RETURN:
                return
            await asyncio.sleep(0.1)
        raise RuntimeError("the adapter does not power on")
    finally:
        bus.disconnect()


async def stream(case: Case) -> bool:
    """Stream through the drops; return whether packets and truth agree."""
    device = await BleakScanner.find_device_by_address(case.sensor.address, timeout=20)
    if device is None:
        raise RuntimeError(f"{case.sensor.model} is not seen")
    for connection in range(DROPS + 1):
        gone = asyncio.Event()
        client = BleakClient(device, lambda _client, gone=gone: gone.set(), timeout=20)
        await client.connect()
        await client.start_notify(
            case.characteristic, lambda _, value: case.packets.append(bytes(value))
        )
        if connection == 0 and case.start:
            await client.write_gatt_char(*case.start, response=True)
        await asyncio.sleep(2.5)
        if connection < DROPS:
            await case.sensor.drop()
            await asyncio.wait_for(gone.wait(), 10)
        else:
            case.sensor.stop_sampling()
            await asyncio.sleep(0.5)
        await client.disconnect()
    sent = sum(sample.outcome == "sent" for sample in case.sensor.log)
    twice = len(case.packets) - len(set(case.packets))
    holes = inner_holes(case) if case.stamped else 0
    sys.stdout.write(
        f"{case.sensor.model}: took {len(case.sensor.log)}, sent {sent}, received "
        f"{len(case.packets)}, twice {twice}, holes {holes}, drops {len(case.sensor.drops)}\n"
    )
    return twice == holes == 0 and 0 < len(case.packets) <= sent


def inner_holes(case: Case) -> int:
    """Count runs of lost packets that neither begin nor end a connection.

    On a busy machine BlueZ is seconds behind; what it has not read when the link breaks is lost.
    """
    received = {int.from_bytes(packet[:4], "little") for packet in case.packets}
    story = "".join(
        "." if sample.outcome != "sent" else "rl"[sample.device_us % 2**32 not in received]
        for sample in case.sensor.log
    )
    return len(re.findall("(?<=r)l+(?=r)", story))


async def main() -> int:
    """Run each sensor in turn; BlueZ connects to one at a time."""
    async with (
        virtual_sensors(["movella_dot", "thingy52"], central=False) as world,
        await open_transport("vhci") as transport,
    ):
        # at once: the kernel resets the device as soon as it is there
        adapter = Controller(
            "hci0", host_source=transport.source, host_sink=transport.sink, link=world.air
        )
        # bumble's controller does not do what it promises here
        adapter.le_features &= ~(
            hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
        )
        await power_on()
        dot, thingy = world.sensors
        cases = [
            Case(dot, movella_dot.uuid(0x2002), (movella_dot.uuid(0x2001), b"\x01\x01\x1a"), True),
            Case(thingy, thingy52.uuid(0x0406)),
        ]
        right = [await stream(case) for case in cases]
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
