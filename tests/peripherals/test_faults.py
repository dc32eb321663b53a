"""Each fault does what its name says, and spoils nothing else."""

from __future__ import annotations

import math
import struct
from contextlib import suppress
from itertools import pairwise

import pytest
from bleak.exc import BleakError

from . import thingy52
from .faults import FAULTS
from .link import MODELS, virtual_sensors
from .movella_dot import message, uuid
from .plain_client import Inbox, connected, found, until
from .sensor import SUPERVISION_S

RAW = thingy52.uuid(0x0406)
START, SETTINGS = b"\x01\x01\x15", uuid(0x1002)


def test_every_fault_can_happen_to_some_sensor_and_each_sensor_has_three():
    assert set().union(*(model.possible_faults for model in MODELS.values())) == set(FAULTS)
    assert all(len(model.possible_faults) >= 3 for model in MODELS.values())


@pytest.mark.parametrize(
    ("model", "name"), [("movella_dot", "no_such"), ("heart_rate", "saturated_gyro")]
)
async def test_a_fault_that_cannot_be_is_refused(model: str, name: str):
    with pytest.raises(ValueError, match=name):
        async with virtual_sensors([model], faults={name: None}):
            pass


async def streamed(count: int, model: str = "thingy52", ideal: bool = True, **faults: float):
    """Return the packets and the log of a stream of at least so many packets."""
    async with (
        virtual_sensors([model], faults=faults, ideal=ideal, seed=3) as world,
        connected(world) as client,
    ):
        sensor = world.sensors[0]
        if model == "thingy52":
            rate = struct.pack("<4HB", 100, 100, 100, 200, 0)
            await client.write_gatt_char(thingy52.uuid(0x0401), rate, response=True)
            inbox = await Inbox().subscribe(client, RAW)
        else:
            inbox = await Inbox().subscribe(client, uuid(0x2003))
            await client.write_gatt_char(uuid(0x2001), START, response=True)
        await inbox.after(count)
        sensor.stop_sampling()
        await client.read_gatt_char(SETTINGS if model == "movella_dot" else thingy52.uuid(0x0401))
        return inbox.packets, sensor.log


class TestPackets:
    async def test_without_a_fault_every_sample_comes_once(self):
        packets, log = await streamed(100)
        assert len(packets) == len(log)
        assert {sample.outcome for sample in log} == {"sent"}

    async def test_garbage_packets(self):
        packets, log = await streamed(100, garbage_packets=0.2)
        assert len(packets) > len(log)
        assert sum(len(packet) == 18 for packet in packets) >= len(log)

    async def test_duplicated_packets(self):
        packets, log = await streamed(100, ideal=False, duplicated_packets=0.2)
        same = sum(a == b for a, b in pairwise(packets))
        assert same == len(packets) - len(log) > 0

    async def test_truncated_packets(self):
        packets, log = await streamed(100, truncated_packets=0.2)
        short = [len(packet) < 18 for packet in packets]
        assert short == [sample.outcome == "truncated_packets" for sample in log]
        assert any(short)

    async def test_not_a_number(self):
        packets, _ = await streamed(40, "movella_dot", not_a_number=0.3)
        first = [struct.unpack_from("<f", packet, 4)[0] for packet in packets]
        assert 0 < sum(map(math.isnan, first)) < len(first)


class TestSignalAndTime:
    async def test_stuck_accelerometer(self):
        packets, _ = await streamed(200, ideal=False, stuck_accelerometer=0.3)
        assert len({packet[:6] for packet in packets[-100:]}) == 1
        assert len({packet[6:12] for packet in packets[-100:]}) > 10

    async def test_saturated_gyro(self):
        packets, _ = await streamed(60, "movella_dot", ideal=False, saturated_gyro=0.2)
        rates = [struct.unpack_from("<3f", packet, 16) for packet in packets]
        assert max(abs(rate) for row in rates for rate in row) == pytest.approx(0.2)

    async def test_wrong_rate(self):
        _, log = await streamed(20, wrong_rate=0.5)
        assert log[1].t_s - log[0].t_s == pytest.approx(0.01)

    async def test_clock_drift(self):
        _, log = await streamed(30, "movella_dot", clock_drift=1000)
        host_s, device_s = log[-1].t_s - log[0].t_s, (log[-1].device_us - log[0].device_us) / 1e6
        assert device_s / host_s == pytest.approx(1.001, rel=1e-5)

    @pytest.mark.parametrize(("name", "step_s"), [("clock_jump", 5), ("clock_backwards", -1)])
    async def test_clock_jumps(self, name: str, step_s: int):
        packets, _ = await streamed(80, "movella_dot", **{name: FAULTS[name]})
        stamps = [struct.unpack_from("<I", packet)[0] for packet in packets]
        odd = [b - a for a, b in pairwise(stamps) if not 16666 <= b - a <= 16667]
        assert odd == [pytest.approx(step_s * 1e6 + 16667, abs=2)]

    async def test_counter_wrap(self):
        packets, log = await streamed(60, "movella_dot", counter_wrap=0.5)
        stamps = [struct.unpack_from("<I", packet)[0] for packet in packets]
        assert sum(b < a for a, b in pairwise(stamps)) == 1
        assert log[-1].device_us > 2**32 > log[0].device_us


class TestLink:
    async def test_link_drops_lose_what_fell_into_the_gap(self):
        faults = {"link_drops": 1.0}
        async with virtual_sensors(["movella_dot"], faults=faults, ideal=True) as world:
            sensor, inbox = world.sensors[0], Inbox()
            while len(sensor.drops) < 3:
                with suppress(BleakError):  # a drop may fall into the connecting
                    async with connected(world) as client:
                        await inbox.subscribe(client, uuid(0x2003))
                        await client.write_gatt_char(uuid(0x2001), START, response=True)
                        await until(lambda client=client: not client.is_connected)
        got = {struct.unpack_from("<I", packet)[0] for packet in inbox.packets}
        sent = {s.device_us & 0xFFFFFFFF for s in sensor.log if s.outcome == "sent"}
        assert len(got) == len(inbox.packets)
        assert got == sent
        assert sum(s.outcome == "link_lost" for s in sensor.log) >= SUPERVISION_S * 60 - 1

    async def test_slow_connection_keeps_order_and_loses_nothing(self):
        packets, log = await streamed(100, slow_connection=50)
        assert len(packets) == len(log)
        for packet, sample in zip(packets, log, strict=True):
            gyr = struct.unpack_from("<3h", packet, 6)
            assert gyr == tuple(round(32 * rate) for rate in sample.gyr_dps)

    async def test_refused_connections(self):
        async with virtual_sensors(["thingy52"], faults={"refused_connections": 2}) as world:
            for _ in range(2):
                with pytest.raises(BleakError):
                    async with connected(world) as client:
                        await client.read_gatt_char(thingy52.uuid(0x0401))
            async with connected(world) as client:
                await client.read_gatt_char(thingy52.uuid(0x0401))

    async def test_out_of_range(self):
        async with virtual_sensors(["thingy52"], faults={"out_of_range": 0.6}) as world:
            async with connected(world) as client:
                await world.sensors[0].drop()
                await until(lambda: not client.is_connected)
            assert not world.sensors[0].device.is_advertising
            await until(lambda: world.sensors[0].device.is_advertising)
            await found(world)

    async def test_silent_notifications(self):
        faults = {"silent_notifications": 0.3}
        async with (
            virtual_sensors(["thingy52"], faults=faults) as world,
            connected(world) as client,
        ):
            inbox, log = await Inbox().subscribe(client, RAW), world.sensors[0].log
            await until(lambda: bool(log) and log[-1].outcome == "silent_notifications")
            count = len(inbox.packets)
            await until(lambda: len(log) > 3 * count)
            assert len(inbox.packets) == count
            assert client.is_connected

    async def test_small_mtu(self):
        async with (
            virtual_sensors(["movella_dot"], faults={"small_mtu": 23}) as world,
            connected(world) as client,
        ):
            inbox = await Inbox().subscribe(client, uuid(0x2003))
            await client.write_gatt_char(uuid(0x2001), START, response=True)
            assert {len(packet) for packet in await inbox.after(3)} == {20}
            assert client.mtu_size == 23


class TestDevice:
    async def test_low_battery_falls_until_the_sensor_is_off(self):
        async with (
            virtual_sensors(["movella_dot"], faults={"low_battery": 3}) as world,
            connected(world) as client,
        ):
            inbox = await Inbox().subscribe(client, uuid(0x3001))
            first = (await client.read_gatt_char(uuid(0x3001)))[0]
            assert 0 < first <= 3
            await until(lambda: not client.is_connected)
            assert "battery empty" in world.sensors[0].events
            assert {packet[0] for packet in inbox.packets} <= set(range(first))
            assert inbox.packets

    @pytest.mark.parametrize(
        ("fault", "rate_hz"), [("config_ignored", 60), ("config_forgotten", 60), (None, 20)]
    )
    async def test_config_ignored_and_forgotten(self, fault: str | None, rate_hz: int):
        wanted = struct.pack("<B23xH6x", 0x10, 20)
        async with virtual_sensors(["movella_dot"], faults={fault: None} if fault else {}) as world:
            async with connected(world) as client:
                await client.write_gatt_char(SETTINGS, wanted, response=True)
                back = struct.unpack_from("<H", await client.read_gatt_char(SETTINGS), 24)[0]
                assert back == (60 if fault == "config_ignored" else 20)
            async with connected(world) as client:
                back = struct.unpack_from("<H", await client.read_gatt_char(SETTINGS), 24)[0]
                assert back == rate_hz

    async def test_measurement_forgotten(self):
        faults = {"measurement_forgotten": None}
        async with virtual_sensors(["movella_dot"], faults=faults) as world:
            async with connected(world) as client:
                await Inbox().subscribe(client, uuid(0x2003))
                await client.write_gatt_char(uuid(0x2001), START, response=True)
                assert world.sensors[0].sampling
            async with connected(world) as client:
                assert (await client.read_gatt_char(uuid(0x2001)))[1] == 0

    async def test_wrong_firmware_shows_in_name_and_version(self):
        async with virtual_sensors(["movella_dot"], faults={"wrong_firmware": None}) as world:
            assert (await found(world)).name == "Xsens DOT"
            async with connected(world) as client:
                info = await client.read_gatt_char(uuid(0x1001))
            assert tuple(info[6:9]) == (1, 0, 0)

    @pytest.mark.parametrize("model", ["heart_rate", "metamotion"])
    async def test_wrong_firmware_shows_in_device_information(self, model: str):
        versions = []
        for faults in ({}, {"wrong_firmware": None}):
            async with virtual_sensors([model], faults=faults) as world, connected(world) as client:
                versions.append(bytes(await client.read_gatt_char("2a26")))
        assert versions[0] > versions[1]

    @pytest.mark.parametrize("model", ["witmotion", "heart_rate"])
    async def test_name_collision(self, model: str):
        faults = {"name_collision": None}
        async with virtual_sensors([model] * 2, faults=faults) as world:
            assert len({sensor.name for sensor in world.sensors}) == 1
            assert len({sensor.address for sensor in world.sensors}) == 2

    @pytest.mark.parametrize(
        ("fault", "answer"), [("recording_refused", "010140"), ("flash_full", "010040")]
    )
    async def test_recordings_refused_and_cut(self, fault: str, answer: str):
        async with (
            virtual_sensors(["movella_dot"], faults={fault: None}) as world,
            connected(world) as client,
        ):
            inbox = await Inbox().subscribe(client, uuid(0x7003))
            start = message(1, bytes.fromhex("4000000000FFFF"))
            await client.write_gatt_char(uuid(0x7001), start, response=True)
            assert (await inbox.after(1))[0][2:-1].hex() == answer
            if fault == "flash_full":
                await until(lambda: not world.sensors[0].sampling)
                assert len(world.sensors[0].log) == 60

    async def test_sync_fails(self, monkeypatch):
        monkeypatch.setattr("peripherals.movella_dot.SYNC_S", 0.05)
        async with (
            virtual_sensors(["movella_dot"], faults={"sync_fails": None}) as world,
            connected(world) as client,
        ):
            root = bytes.fromhex(world.sensors[0].address.replace(":", ""))[::-1]
            await client.write_gatt_char(uuid(0x7001), message(2, b"\x01" + root), response=True)
            await until(lambda: "synchronisation ended" in world.sensors[0].events)
            assert bytes(await client.read_gatt_char(uuid(0x7002))) == message(2, b"\x03\x07")
