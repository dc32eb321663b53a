"""The virtual DOT, asked by plain bleak."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from bleak.exc import BleakGATTProtocolError

from .link import World, virtual_sensors
from .movella_dot import MovellaDot, message, opened, uuid
from .plain_client import Inbox, connected, until

START_RATE_MAG, START_CUSTOM_5, STOP = b"\x01\x01\x14", b"\x01\x01\x1a", b"\x01\x00\x1a"


def dot(world: World) -> MovellaDot:
    sensor = world.sensors[0]
    assert isinstance(sensor, MovellaDot)
    return sensor


def settings(visit: int, rate_hz: int = 0, tag: bytes = b"", identify: int = 0) -> bytes:
    return struct.pack("<BB5xB16sHB5x", visit, identify, len(tag), tag, rate_hz, 0)


async def test_information_battery_and_identify():
    async with virtual_sensors(["movella_dot"]) as world, connected(world) as client:
        info = await client.read_gatt_char(uuid(0x1001))
        assert len(info) == 34
        assert info[:6][::-1].hex(":").upper() == world.sensors[0].address
        assert tuple(info[6:9]) == (3, 0, 0)
        assert info[-6:] == b"XS-T02"
        assert (await client.read_gatt_char(uuid(0x3001)))[0] == 87
        await client.write_gatt_char(uuid(0x1002), settings(1, identify=1), response=True)
        assert world.sensors[0].events == ["identify"]
        with pytest.raises(BleakGATTProtocolError):
            await client.write_gatt_char(uuid(0x1002), b"\x01", response=True)


async def test_only_visited_settings_change_and_read_back_shows_them():
    async with virtual_sensors(["movella_dot"]) as world, connected(world) as client:
        for sent, rate_hz in ((settings(0x10, 20), 20), (settings(0x10, 61), 20)):
            await client.write_gatt_char(uuid(0x1002), sent, response=True)
            back = await client.read_gatt_char(uuid(0x1002))
            assert len(back) == 32
            assert struct.unpack_from("<H", back, 24)[0] == rate_hz
            assert back[8 : 8 + back[7]] == b"Movella DOT"
        await client.write_gatt_char(uuid(0x1002), settings(0x08, 30, b"left knee"), response=True)
        back = await client.read_gatt_char(uuid(0x1002))
        assert back[8 : 8 + back[7]] == b"left knee"
        assert struct.unpack_from("<H", back, 24)[0] == 20


async def test_measurement_needs_the_subscription_first():
    async with virtual_sensors(["movella_dot"]) as world, connected(world) as client:
        await client.write_gatt_char(uuid(0x2001), START_CUSTOM_5, response=True)
        assert (await client.read_gatt_char(uuid(0x2001)))[1] == 0
        await Inbox().subscribe(client, uuid(0x2003))  # the wrong one for this mode
        await client.write_gatt_char(uuid(0x2001), START_CUSTOM_5, response=True)
        assert (await client.read_gatt_char(uuid(0x2001)))[1] == 0
        inbox = await Inbox().subscribe(client, uuid(0x2002))
        await client.write_gatt_char(uuid(0x2001), START_CUSTOM_5, response=True)
        assert bytes(await client.read_gatt_char(uuid(0x2001))) == START_CUSTOM_5
        packets = await inbox.after(5)
        assert {len(packet) for packet in packets} == {63}
        await client.write_gatt_char(uuid(0x1002), settings(0x10, 20), response=True)
        back = await client.read_gatt_char(uuid(0x1002))
        assert struct.unpack_from("<H", back, 24)[0] == 60  # not while measuring


async def test_samples_carry_the_truth_at_the_rate_of_the_device_clock():
    async with (
        virtual_sensors(["movella_dot"], ideal=True, motion="rotations") as world,
        connected(world) as client,
    ):
        inbox = await Inbox().subscribe(client, uuid(0x2003))
        await client.write_gatt_char(uuid(0x2001), START_RATE_MAG, response=True)
        packets = await inbox.after(60)
        await client.write_gatt_char(uuid(0x2001), STOP, response=True)
        stopped = len(world.sensors[0].log)
        log = world.sensors[0].log
        assert {len(packet) for packet in packets} == {40}
        stamps = [struct.unpack_from("<I", packet)[0] for packet in packets]
        assert {b - a for a, b in pairwise(stamps)} <= {16666, 16667}
        for packet, sample in zip(packets, log, strict=False):
            values = struct.unpack_from("<6f", packet, 4)
            assert values[:3] == pytest.approx(sample.state.acc_ms2, abs=1e-5)
            assert values[3:] == pytest.approx(sample.state.gyr_dps, abs=1e-4)
        assert [sample.outcome for sample in log] == ["sent"] * len(log)
        await client.read_gatt_char(uuid(0x3001))
        assert len(world.sensors[0].log) == stopped
        assert len(inbox.packets) == stopped


async def ask(client, inbox: Inbox, mid: int, data: str) -> str:
    count = len(inbox.packets)
    await client.write_gatt_char(uuid(0x7001), message(mid, bytes.fromhex(data)), response=True)
    await inbox.after(count + 1)
    reply = opened(inbox.packets[count])
    assert reply is not None
    assert bytes(await client.read_gatt_char(uuid(0x7002))) == inbox.packets[count]
    return reply[1].hex()


async def test_messages_of_the_specification():
    async with virtual_sensors(["movella_dot"]) as world, connected(world) as client:
        inbox = await Inbox().subscribe(client, uuid(0x7003))
        assert await ask(client, inbox, 1, "02") == "010602"
        assert await ask(client, inbox, 2, "08") == "5109"
        assert await ask(client, inbox, 2, "02") == "5000"
        assert await ask(client, inbox, 3, "04") == "00" * 8
        assert await ask(client, inbox, 1, "6001") == "6301"
        assert await ask(client, inbox, 1, "74000708") == "010074"
        assert await ask(client, inbox, 1, "7401FF") == "010174"
        assert await ask(client, inbox, 1, "55") == "7655"
        await client.write_gatt_char(uuid(0x7001), bytes.fromhex("010102FD"), response=True)
        await inbox.after(9)
        assert opened(inbox.packets[8]) == (1, b"\x76")


async def export(client, inbox: Inbox, counter: int | None = None) -> dict[int, tuple[float, ...]]:
    """Return counter -> (time us, acc, gyr) of file 1, refusing broken frames."""
    begin = len(inbox.packets)
    order = "7001" if counter is None else "75" + struct.pack("<I", counter).hex()
    await client.write_gatt_char(uuid(0x7001), message(1, bytes.fromhex(order)), response=True)
    await until(lambda: any(p[2:3] == b"\x72" for p in inbox.packets[begin:]))
    rows = {}
    for packet in inbox.packets[begin:]:
        frame = opened(packet)
        if frame and frame[1][0] == 0x71:
            number, *row = struct.unpack("<II6f", frame[1][1:])
            rows[number] = tuple(row)
    return rows


async def test_recording_goes_on_through_a_drop_and_fills_the_gap():
    async with virtual_sensors(["movella_dot"], ideal=True) as world:
        sensor = dot(world)
        live = Inbox()
        async with connected(world) as client:
            inbox = await Inbox().subscribe(client, uuid(0x7003))
            await live.subscribe(client, uuid(0x2003))
            assert await ask(client, inbox, 1, "40DF503B5BFFFF") == "010040"
            await client.write_gatt_char(uuid(0x2001), START_RATE_MAG, response=True)
            assert await ask(client, inbox, 1, "02") == "014002"
            await live.after(20)
            await sensor.drop()
            await until(lambda: not client.is_connected)
        async with connected(world) as client:
            inbox = await Inbox().subscribe(client, uuid(0x7003))
            await live.subscribe(client, uuid(0x2003))
            await live.after(40)
            assert await ask(client, inbox, 1, "41") == "010041"
            await client.write_gatt_char(uuid(0x2001), STOP, response=True)
            assert await ask(client, inbox, 1, "74000708") == "010074"
            info = bytes.fromhex(await ask(client, inbox, 1, "6001"))
            assert info[0] == 0x61
            rows = await export(client, inbox)
        file = sensor.recordings[0].samples
        assert struct.unpack("<BII", info[1:]) == (1, 0x5B3B50DF, len(file))
        assert sorted(rows) == list(range(len(file)))
        lost = [sample for sample in sensor.log if sample.outcome != "sent"]
        assert len(lost) > 0
        by_time = {row[0]: row[1:] for row in rows.values()}
        for sample in lost:
            expected = (*sample.acc_ms2, *sample.gyr_dps)
            assert by_time[sample.device_us] == pytest.approx(expected, rel=1e-6, abs=1e-5)


async def test_export_holes_are_sent_again_from_a_counter():
    faults = {"export_holes": 0.2, "export_bad_checksum": 0.1}
    async with (
        virtual_sensors(["movella_dot"], faults=faults) as world,
        connected(world) as client,
    ):
        inbox = await Inbox().subscribe(client, uuid(0x7003))
        await ask(client, inbox, 1, "40000000000100")
        await until(lambda: bool(dot(world).recordings))  # it ends by itself after 1 s
        await ask(client, inbox, 1, "74000708")
        rows = await export(client, inbox)
        missing = sorted(set(range(60)) - set(rows))
        assert 5 < len(missing) < 55
        rows |= await export(client, inbox, missing[0] or 1)
        assert set(range(1, 60)) <= set(rows)


async def test_120_hz_is_for_recording_only():
    for faults, started in (({}, 0), ({"stream_at_120_hz": None}, 1)):
        async with (
            virtual_sensors(["movella_dot"], faults=faults) as world,
            connected(world) as client,
        ):
            await client.write_gatt_char(uuid(0x1002), settings(0x10, 120), response=True)
            await Inbox().subscribe(client, uuid(0x2002))
            await client.write_gatt_char(uuid(0x2001), START_CUSTOM_5, response=True)
            assert (await client.read_gatt_char(uuid(0x2001)))[1] == started


async def test_switching_off_reports_and_leaves_the_air():
    async with virtual_sensors(["movella_dot"]) as world, connected(world) as client:
        inbox = await Inbox().subscribe(client, uuid(0x1004))
        await dot(world).press_button(2)
        data = bytearray(32)
        data[0], data[2] = 0x02, 0x01
        await client.write_gatt_char(uuid(0x1002), bytes(data), response=True)
        await until(lambda: not client.is_connected)
        assert [packet[0] for packet in inbox.packets] == [6, 1]
        assert {len(packet) for packet in inbox.packets} == {36}
        assert not world.sensors[0].powered


async def test_synchronised_sensors_share_a_clock(monkeypatch):
    monkeypatch.setattr("peripherals.movella_dot.SYNC_S", 0.1)
    async with virtual_sensors(["movella_dot"] * 2) as world:
        root = bytes.fromhex(world.sensors[0].address.replace(":", ""))[::-1]
        for number in (1, 2):
            async with connected(world, number) as client:
                frame = message(2, b"\x01" + root)
                await client.write_gatt_char(uuid(0x7001), frame, response=True)
        await until(lambda: all(getattr(sensor, "synced", False) for sensor in world.sensors))
        async with connected(world, 2) as client:
            assert bytes(await client.read_gatt_char(uuid(0x7002))).hex() == "02020300f9"
        assert world.sensors[0].clock.us(3.0) == world.sensors[1].clock.us(3.0)
