"""Several sensors at once, the same truth from the same seed, and a process of its own."""

from __future__ import annotations

import asyncio
import json
import random
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakGATTProtocolError
from bumble.device import Device
from bumble.hci import Address
from bumble.transport import open_transport

from . import thingy52
from .bleak_bumble import make_client_backend, make_scanner_backend
from .link import CENTRAL_ADDRESS, MODELS, virtual_sensors
from .movella_dot import message, uuid
from .plain_client import Inbox, connected, until

PROJECT = Path(__file__).resolve().parents[2]
RAW, CONFIG = thingy52.uuid(0x0406), thingy52.uuid(0x0401)


async def test_six_sensors_at_120_hz_lose_nothing():
    async with virtual_sensors(["thingy52"] * 6) as world, AsyncExitStack() as stack:
        inboxes = []
        for number in range(1, 7):
            client = await stack.enter_async_context(connected(world, number))
            await client.write_gatt_char(
                CONFIG, struct.pack("<4HB", 100, 100, 100, 120, 0), response=True
            )
            inboxes.append(await Inbox().subscribe(client, RAW))
        await until(lambda: all(len(inbox.packets) >= 360 for inbox in inboxes))
        for sensor in world.sensors:
            sensor.stop_sampling()
        await client.read_gatt_char(CONFIG)
        await asyncio.sleep(0.05)
        for sensor, inbox in zip(world.sensors, inboxes, strict=True):
            assert len(inbox.packets) == len(sensor.log)
            last = sensor.log[-1].t_s - sensor.log[0].t_s
            assert (len(sensor.log) - 1) / last == pytest.approx(120, rel=1e-3)
            expected = [tuple(round(32 * rate) for rate in s.gyr_dps) for s in sensor.log]
            assert [struct.unpack_from("<3h", p, 6) for p in inbox.packets] == expected


async def test_a_seed_gives_the_same_sensors_again():
    facts = []
    for seed in (7, 7, 8):
        async with virtual_sensors(["movella_dot", "witmotion"], seed=seed) as world:
            facts.append(
                [(s.gyr_bias_dps, s.clock.drift_ppm, s.motion.at(9.0)) for s in world.sensors]
            )
    assert facts[0] == facts[1] != facts[2]


@pytest.mark.parametrize("model", MODELS)
async def test_nothing_that_is_written_breaks_a_sensor(model: str):
    rng = random.Random(1)
    starts = [b"", b"\xff\xaa", b"\x01\x01", b"\x03\x02", b"\x13\x03"]
    async with virtual_sensors([model]) as world, connected(world) as client:
        writable = [
            each
            for service in client.services
            for each in service.characteristics
            if "write" in each.properties and not each.uuid.startswith("00002")
        ]
        for each in writable:
            for _ in range(150):
                data = rng.choice(starts) + rng.randbytes(rng.choice((1, 2, 3, 5, 9, 32)))
                if each.uuid == uuid(0x1002):
                    data = b"\x3d" + data[1:]  # anything but switching off
                elif each.uuid == uuid(0x7001):
                    data = message(rng.choice((1, 2, 3)), data[:-1] or b"\x02")
                with suppress(BleakGATTProtocolError):
                    await client.write_gatt_char(each, data, response=True)
        assert client.is_connected
        assert (await client.read_gatt_char("2a00")).decode() == world.sensors[0].name
        assert world.sensors[0].failures == []


async def test_unknown_models_are_named():
    with pytest.raises(ValueError, match="movella_dot"):
        async with virtual_sensors(["no_such"]):
            pass


@asynccontextmanager
async def process(*argv: str) -> AsyncIterator[tuple[subprocess.Popen[str], dict]]:
    """Run the sensors in a process of their own; yields it and what it says when ready."""
    running = subprocess.Popen(
        [sys.executable, "-m", "tests.peripherals", *argv],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        line = await asyncio.to_thread(running.stdout.readline)
        word, _, facts = line.partition(" ")
        assert word == "ready"
        yield running, json.loads(facts)
    finally:
        running.terminate()
        await asyncio.to_thread(running.communicate, timeout=20)


@asynccontextmanager
async def adapter(address: str) -> AsyncIterator[Device]:
    """Open the served controller as a process with bumble does."""
    transport = await open_transport(f"tcp-client:{address}")
    central = Device.with_hci("c", Address(CENTRAL_ADDRESS), transport.source, transport.sink)
    await central.power_on()
    try:
        yield central
    finally:
        await transport.close()


async def measured(central: Device, sensor: str, count: int) -> list[bytes]:
    device = await BleakScanner.find_device_by_address(
        sensor, timeout=5, backend=make_scanner_backend(central)
    )
    assert device is not None
    client = BleakClient(device, backend=make_client_backend(central), timeout=5)
    await client.connect()
    inbox = await Inbox().subscribe(client, uuid(0x2003))
    await client.write_gatt_char(uuid(0x2001), b"\x01\x01\x15", response=True)
    return list(await inbox.after(count))


async def test_one_process_after_the_other_uses_the_served_adapter(tmp_path: Path):
    truth = tmp_path / "truth.jsonl"
    argv = ("movella_dot", "thingy52", "--hci-tcp", "127.0.0.1:0", "--truth", str(truth))
    async with process(*argv, "--seconds", "60", "--fault", "2:low_battery=50") as (running, facts):
        assert [sensor["model"] for sensor in facts["sensors"]] == ["movella_dot", "thingy52"]
        dot, thingy = (sensor["address"] for sensor in facts["sensors"])
        async with adapter(facts["hci_tcp"]) as central:
            first = await measured(central, dot, 10)
            # this client goes without a good-bye, as a killed one does
        async with adapter(facts["hci_tcp"]) as central:
            second = await measured(central, dot, 10)
            device = await BleakScanner.find_device_by_address(
                thingy, timeout=5, backend=make_scanner_backend(central)
            )
            assert device is not None
            backend = make_client_backend(central)
            async with BleakClient(device, backend=backend, timeout=5) as client:
                assert (await client.read_gatt_char("2a19"))[0] <= 50
        running.terminate()
        await asyncio.to_thread(running.wait, 20)
        assert running.returncode == 0
    rows = [json.loads(line) for line in truth.read_text().splitlines()]
    stamps = {row["device_us"] & 0xFFFFFFFF for row in rows if row["address"] == dot}
    received = [struct.unpack_from("<I", packet)[0] for packet in first + second]
    assert len(set(received)) == len(received)
    assert set(received) <= stamps


def test_names_of_faults_are_listed_and_nothing_else():
    listed = subprocess.run(
        [sys.executable, "-m", "tests.peripherals", "--list-faults"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "link_drops" in listed
    assert all(name.replace("_", "").isalnum() for name in listed)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("no_such", "no fault is called no_such"),
        ("2:link_drops", "there is no sensor 2"),
        ("0:link_drops", "there is no sensor 0"),
        ("clock_jump", "thingy52 cannot have: clock_jump"),
        ("link_drops=often", "could not convert string to float: 'often'"),
    ],
)
def test_a_wrong_fault_is_one_line(fault: str, said: str):
    wrong = subprocess.run(
        [
            *(sys.executable, "-m", "tests.peripherals", "thingy52"),
            *("--hci-tcp", "127.0.0.1:0", "--fault", fault),
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert wrong.returncode == 1
    assert wrong.stderr == f"peripherals: {said}\n"
