"""The virtual WitMotion, Thingy:52, MetaMotion and heart-rate strap, asked by plain bleak."""

from __future__ import annotations

import struct

import pytest
from bleak import BleakScanner
from bleak.exc import BleakGATTProtocolError

from . import metamotion, thingy52, witmotion
from .heart_rate import HeartRate
from .link import MODELS, virtual_sensors
from .motion import G_MS2, euler_deg
from .plain_client import Inbox, connected, until
from .witmotion import WitMotion

PULSE, BATTERY, FIRMWARE = (
    f"0000{short}-0000-1000-8000-00805f9b34fb" for short in ("2a37", "2a19", "2a26")
)


async def test_every_model_is_found_by_name_and_maker():
    async with virtual_sensors(list(MODELS)) as world:
        seen = await BleakScanner.discover(timeout=0.3, backend=world.scanner, return_adv=True)
    by_model = {sensor.model: seen[sensor.address] for sensor in world.sensors}
    names = {model: device.name for model, (device, _) in by_model.items()}
    assert names == {
        "movella_dot": "Movella DOT",
        "witmotion": "WT901BLE02",
        "thingy52": "Thingy",
        "metamotion": "MetaWear",
        "heart_rate": "HR Strap 5",
    }
    assert 0x0886 in by_model["movella_dot"][1].manufacturer_data
    assert thingy52.uuid(0x0100) in by_model["thingy52"][1].service_uuids
    assert metamotion.SERVICE in by_model["metamotion"][1].service_uuids


class TestWitMotion:
    async def command(self, client, *sent: str) -> None:
        for each in sent:
            await client.write_gatt_char(witmotion.WRITE, bytes.fromhex(each), response=False)

    async def register(self, client, inbox: Inbox, number: int) -> tuple[int, ...]:
        head = bytes([0x55, 0x71, number, 0])
        inbox.packets.clear()
        await self.command(client, f"FFAA27{number:02X}00")
        await until(lambda: any(p[:4] == head for p in inbox.packets))
        packet = next(p for p in inbox.packets if p[:4] == head)
        assert len(packet) == 20
        return struct.unpack("<8h", packet[4:])

    async def test_it_streams_at_10_hz_by_default_without_being_asked(self):
        async with (
            virtual_sensors(["witmotion"], ideal=True) as world,
            connected(world) as client,
        ):
            inbox = await Inbox().subscribe(client, witmotion.NOTIFY)
            packets = await inbox.after(3)
            sent = [sample for sample in world.sensors[0].log if sample.outcome == "sent"]
            log = world.sensors[0].log
            assert log[1].t_s - log[0].t_s == pytest.approx(0.1)
        for packet, sample in zip(packets, sent, strict=False):
            head, *values = struct.unpack("<H9h", packet)
            assert head == 0x6155
            acc = [value / 2048 * G_MS2 for value in values[:3]]
            assert acc == pytest.approx(sample.state.acc_ms2, abs=0.003)
            angles = [value / 32768 * 180 for value in values[6:]]
            assert angles == pytest.approx(euler_deg(sample.state.quat_wxyz), abs=0.003)

    async def test_a_rate_needs_the_key_and_only_a_saved_one_survives(self):
        async with virtual_sensors(["witmotion"]) as world, connected(world) as client:
            inbox = await Inbox().subscribe(client, witmotion.NOTIFY)
            sensor = world.sensors[0]
            assert isinstance(sensor, WitMotion)
            await self.command(client, "FFAA030900")
            assert (await self.register(client, inbox, 0x03))[0] == 6
            await self.command(client, "FFAA6988B5", "FFAA030900")
            assert (await self.register(client, inbox, 0x03))[0] == 9
            sensor.power_cycle()
            assert (await self.register(client, inbox, 0x03))[0] == 6
            await self.command(client, "FFAA6988B5", "FFAA030900", "FFAA000000")
            assert (await self.register(client, inbox, 0x03))[0] == 9
            sensor.power_cycle()
            assert (await self.register(client, inbox, 0x03))[0] == 9
            assert sensor.rate_hz == pytest.approx(100, rel=1e-3)

    async def test_field_battery_and_temperature_are_polled(self):
        async with (
            virtual_sensors(["witmotion"], ideal=True, motion="still") as world,
            connected(world) as client,
        ):
            inbox = await Inbox().subscribe(client, witmotion.NOTIFY)
            mag = await self.register(client, inbox, 0x3A)
            truth = world.sensors[0].log[-1].state.mag_ut
            assert mag[:3] == tuple(round(10 * value) for value in truth)
            assert (await self.register(client, inbox, 0x64))[0] == 387  # 87 %: 75 to 90
            assert (await self.register(client, inbox, 0x40))[0] == 2650

    async def test_pieces_join_to_the_same_stream(self):
        faults = {"merged_packets": 3, "split_packets": 0.7}
        async with (
            virtual_sensors(["witmotion"], faults=faults) as world,
            connected(world) as client,
        ):
            inbox = await Inbox().subscribe(client, witmotion.NOTIFY)
            await self.command(client, "FFAA6988B5", "FFAA030A00")
            await until(lambda: len(b"".join(inbox.packets)) > 2400)
            sizes = {len(packet) for packet in inbox.packets}
        stream = b"".join(inbox.packets)
        assert len(sizes) > 3
        assert all(stream[k : k + 2] == b"\x55\x61" for k in range(0, len(stream) - 20, 20))


class TestThingy52:
    async def test_configuration_is_checked_and_read_back(self):
        async with virtual_sensors(["thingy52"]) as world, connected(world) as client:
            wanted = struct.pack("<4HB", 1000, 1000, 500, 120, 0)
            await client.write_gatt_char(thingy52.uuid(0x0401), wanted, response=True)
            assert await client.read_gatt_char(thingy52.uuid(0x0401)) == wanted
            for wrong in (struct.pack("<4HB", 1000, 1000, 500, 201, 0), b"\0"):
                with pytest.raises(BleakGATTProtocolError):
                    await client.write_gatt_char(thingy52.uuid(0x0401), wrong, response=True)
            assert await client.read_gatt_char(thingy52.uuid(0x0401)) == wanted
            assert (await client.read_gatt_char(BATTERY))[0] == 87

    async def test_subscriptions_start_and_stop_the_streams(self):
        async with (
            virtual_sensors(["thingy52"], ideal=True) as world,
            connected(world) as client,
        ):
            sensor = world.sensors[0]
            await client.write_gatt_char(
                thingy52.uuid(0x0401), struct.pack("<4HB", 100, 100, 100, 100, 0), response=True
            )
            assert not sensor.sampling
            inboxes = {
                short: await Inbox().subscribe(client, thingy52.uuid(short))
                for short in thingy52.STREAMED
            }
            for inbox in inboxes.values():
                await inbox.after(10)
            sizes = {short: len(inbox.packets[0]) for short, inbox in inboxes.items()}
            assert sizes == {
                0x0404: 16, 0x0406: 18, 0x0407: 12, 0x0408: 18, 0x0409: 4, 0x040A: 12,
            }  # fmt: skip
            for short in inboxes:
                await client.stop_notify(thingy52.uuid(short))
            assert not sensor.sampling
            sample = sensor.log[0]
            quat = struct.unpack("<4i", inboxes[0x0404].packets[0])
            raw = struct.unpack("<9h", inboxes[0x0406].packets[-1])
            last = sensor.log[-1]
        assert [q / 2**30 for q in quat] == pytest.approx(sample.state.quat_wxyz, abs=1e-8)
        assert [a / 2**10 * G_MS2 for a in raw[:3]] == pytest.approx(last.state.acc_ms2, abs=0.006)

    async def test_a_drop_ends_the_stream_until_it_is_subscribed_again(self):
        async with virtual_sensors(["thingy52"]) as world:
            for _ in range(2):
                async with connected(world) as client:
                    inbox = await Inbox().subscribe(client, thingy52.uuid(0x0406))
                    await inbox.after(3)
                    await world.sensors[0].drop()
                    await until(lambda client=client: not client.is_connected)
                    assert not world.sensors[0].sampling


class TestMetaMotion:
    async def send(self, client, *frames: str) -> None:
        for frame in frames:
            data = bytes.fromhex(frame)
            await client.write_gatt_char(metamotion.COMMAND, data, response=False)

    async def test_accelerometer_and_gyro(self):
        async with (
            virtual_sensors(["metamotion"], ideal=True) as world,
            connected(world) as client,
        ):
            inbox = await Inbox().subscribe(client, metamotion.NOTIFY)
            await self.send(client, "0303280C", "13032801", "0383", "1383", "0380", "11CC")
            assert [packet.hex() for packet in await inbox.after(4)][:3] == [
                "0383280c",
                "13832801",
                "03800000",
            ]
            assert inbox.packets[3][2] == 87
            await self.send(client, "030401", "03020100", "030101")
            await self.send(client, "130501", "13020100", "130101")
            await inbox.after(44)
            await self.send(client, "030100", "03020001", "130100", "13020001")
            await until(lambda: not world.sensors[0].sampling)
            data = inbox.packets[4:]
            assert {packet[:2].hex() for packet in data} == {"0304", "1305"}
            acc = [struct.unpack("<3h", p[2:]) for p in data if p[0] == 3]
            assert [a / 2048 * G_MS2 for a in acc[0]] == pytest.approx(
                world.sensors[0].log[0].state.acc_ms2, abs=0.003
            )

    async def test_packed_samples_and_fusion(self):
        async with virtual_sensors(["metamotion"], ideal=True) as world, connected(world) as client:
            inbox = await Inbox().subscribe(client, metamotion.NOTIFY)
            await self.send(client, "031C01", "03020100", "030101")
            assert {len(packet) for packet in await inbox.after(5)} == {20}
            await self.send(client, "030100", "190701")
            await until(lambda: any(p[:2] == b"\x19\x07" for p in inbox.packets))
            packet = next(p for p in inbox.packets if p[:2] == b"\x19\x07")
            assert sum(q * q for q in struct.unpack("<4f", packet[2:])) == pytest.approx(1)


class TestHeartRate:
    async def test_pulse_battery_and_firmware(self):
        async with virtual_sensors(["heart_rate"]) as world, connected(world) as client:
            inbox = await Inbox().subscribe(client, PULSE)
            packet = (await inbox.after(1))[0]
            flags, bpm, interval = struct.unpack("<BBH", packet)
            assert flags == 0x16
            assert bpm == round(HeartRate.true_bpm(world.sensors[0].log[-1].t_s))
            assert interval / 1024 == pytest.approx(60 / bpm, rel=0.01)
            assert bytes(await client.read_gatt_char(FIRMWARE)) == b"2.1.0"

    async def test_lost_contact_wide_values_and_many_intervals(self):
        named = {"wide_heart_rate": None, "many_intervals": 3}
        async with (
            virtual_sensors(["heart_rate"] * 2, faults=[named, {"contact_lost": 0}]) as world,
            connected(world, 1) as one,
            connected(world, 2) as two,
        ):
            wide = await (await Inbox().subscribe(one, PULSE)).after(1)
            lost = await (await Inbox().subscribe(two, PULSE)).after(1)
        assert len(wide[0]) == 3 + 3 * 2
        assert lost[0] == b"\x04\x00"
