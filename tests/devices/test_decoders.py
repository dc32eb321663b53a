"""Byte formats: the vectors of the reference bit by bit, and any bytes without an exception."""

from __future__ import annotations

import math
import struct
from math import radians

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.analysis.imu_recording import GRAVITY_MS2
from rehabctl.devices.drivers import gatt_standard as gatt
from rehabctl.devices.drivers import metamotion, movella_dot, thingy52, witmotion
from rehabctl.devices.drivers.movella_dot import Mode

CUSTOM_5 = bytes.fromhex(
    "15cd5b07 0000003f0000003f0000003f0000003f cdcccc3dc3f51cc1cdcc4c3e 0000c03f000020c000009643"
)
anything = st.binary(max_size=80)


def f32(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]


def test_dot_custom_5() -> None:
    payload = movella_dot.decode_payload(Mode.CUSTOM_5, CUSTOM_5)
    assert payload is not None
    assert payload.time_us == 123456789
    acc = (f32(0.1), f32(-9.81), f32(0.2))
    assert payload.values == (0.5, 0.5, 0.5, 0.5, *acc, 1.5, -2.5, 300.0)
    padded = movella_dot.decode_samples(Mode.CUSTOM_5, CUSTOM_5 + bytes(19))
    assert padded.device_time_us == (123456789,)
    assert padded.acc_ms2.tolist() == [list(acc)]
    assert padded.gyr_rads.tolist() == [[radians(1.5), radians(-2.5), radians(300.0)]]
    assert padded.quat_wxyz.tolist() == [[0.5] * 4]
    assert np.isnan(padded.mag_ut).all()


def test_dot_rate_with_magnetometer() -> None:
    data = struct.pack("<I6f3h", 7, 0.0, 0.0, 9.75, 90.0, 0.0, 0.0, 4096, -2048, 0)
    found = movella_dot.decode_samples(Mode.RATE_WITH_MAG, data)
    assert len(data) == 34
    assert found.mag_ut.tolist() == [[1.0, -0.5, 0.0]]
    assert found.gyr_rads[0, 0] == radians(90.0)


@pytest.mark.parametrize("mode", list(Mode))
def test_dot_sizes_are_those_of_the_specification(mode: Mode) -> None:
    sizes = {2: 36, 3: 32, 5: 20, 6: 16, 18: 38, 19: 32, 20: 34, 21: 28, 26: 44}
    assert movella_dot.decode_payload(mode, bytes(sizes[mode])) is not None
    assert movella_dot.decode_payload(mode, bytes(sizes[mode] - 1)) is None


def test_dot_commands() -> None:
    assert movella_dot.start_command(Mode.RATE_WITH_MAG).hex() == "010114"
    assert movella_dot.start_command(Mode.CUSTOM_5).hex() == "01011a"
    assert movella_dot.stop_command(Mode.CUSTOM_5).hex() == "01001a"
    rate = movella_dot.rate_command(60)
    assert (len(rate), rate[0], rate[24:26].hex()) == (32, 0x10, "3c00")
    assert movella_dot.decode_rate(rate) == 60
    assert movella_dot.identify_command()[:2].hex() == "0101"
    assert len(movella_dot.identify_command()) == 32
    with pytest.raises(ValueError, match="rates"):
        movella_dot.rate_command(120)  # on-board recording only
    assert movella_dot.uuid(0x2001) == "15172001-4947-11e9-8646-d663bd873d93"
    assert movella_dot.payload_characteristic(Mode.CUSTOM_5) == movella_dot.LONG


@pytest.mark.parametrize(
    ("kind", "data", "frame"),
    [
        (1, "02", "010102FC"),
        (1, "0602", "0103010602F3"),
        (1, "41", "010141BD"),
        (1, "6001", "010260019C"),
        (1, "74000105060708090A", "010974000105060708090A54"),
        (1, "70", None),
        (2, "08", "020108F5"),
        (2, "5104", "02025104A7"),
        (2, "5109", "02025109A2"),
        (2, "01CCBBAACD22D4", "020701CCBBAACD22D402"),
        (2, "0300", "02020300F9"),
        (2, "02", "020102FB"),
        (2, "5000", "02025000AC"),
        (3, "04", "030104F8"),
    ],
)
def test_dot_messages(kind: int, data: str, frame: str | None) -> None:
    built = movella_dot.message(kind, bytes.fromhex(data))
    assert sum(built) & 0xFF == 0
    assert movella_dot.decode_message(built + bytes(5)) == (kind, bytes.fromhex(data))
    if frame is not None and len(data) // 2 == bytes.fromhex(frame)[1]:
        assert built == bytes.fromhex(frame)
    if frame is not None:
        assert movella_dot.decode_message(bytes.fromhex(frame)) is not None


def test_dot_message_of_the_specification_with_a_wrong_checksum_is_refused() -> None:
    assert movella_dot.decode_message(bytes.fromhex("010740DF503B5B0807E0")) is None


def test_dot_information_and_battery() -> None:
    data = bytes.fromhex("D422CD001122") + bytes((3, 0, 1))
    data += struct.pack("<HBBBBB", 2023, 7, 4, 12, 30, 5) + struct.pack("<IQ", 0, 0xD422CD001122)
    found = movella_dot.decode_information(data + b"XS-T02")
    assert found is not None
    assert len(data) + 6 == 34
    assert (found.address, found.firmware) == ("D4:22:CD:00:11:22", "3.0.1")
    assert (found.built, found.product) == ("2023-07-04 12:30:05", "XS-T02")
    battery = movella_dot.decode_battery(bytes((83, 1)))
    assert battery is not None
    assert (battery.percent, battery.charging) == (83, True)


def test_witmotion_capture() -> None:
    packet = bytes.fromhex("556135ff59ff0a08000000000000b9fc")
    acc = witmotion.decode_acceleration_g(packet)
    assert acc is not None
    assert [round(v, 4) for v in acc] == [-0.0991, -0.0815, 1.0049]
    assert acc == (-203 / 2048, -167 / 2048, 2058 / 2048)
    found = witmotion.decode_samples(packet)
    assert found.acc_ms2[0] == pytest.approx([v * GRAVITY_MS2 for v in acc], rel=1e-15)
    assert found.gyr_rads.tolist() == [[0.0, 0.0, 0.0]]
    assert found.device_time_us is None


def test_witmotion_registers_and_commands() -> None:
    register = witmotion.decode_register(bytes.fromhex("55713A00680169007A00"))
    assert register == witmotion.Register(0x3A, (360, 105, 122))
    assert witmotion.read_command(0x3A).hex() == "ffaa273a00"
    assert witmotion.UNLOCK.hex() == "ffaa6988b5"
    assert witmotion.SAVE.hex() == "ffaa000000"
    assert witmotion.rate_command(10).hex() == "ffaa030600"
    assert witmotion.rate_command(200).hex() == "ffaa030a00"
    levels = [(400, 100), (396, 100), (395, 90), (379, 50), (340, 5), (339, 0)]
    for centivolt, percent in levels:
        battery = witmotion.battery_of(witmotion.Register(0x64, (centivolt,)))
        assert battery is not None
        assert battery.percent == percent


@given(
    st.lists(st.tuples(*[st.integers(-32768, 32767)] * 9), min_size=1, max_size=8),
    st.lists(st.integers(1, 33), min_size=1, max_size=6),
    st.binary(max_size=12).filter(lambda b: b"\x55" not in b),
)
def test_witmotion_packets_survive_splitting_and_garbage(
    words: list[tuple[int, ...]], cuts: list[int], garbage: bytes
) -> None:
    packets = [b"\x55\x61" + struct.pack("<9h", *row) for row in words]
    stream = garbage + b"".join(packets)
    reader, found, at, turn = witmotion.PacketStream(), [], 0, 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        found += reader.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert found == packets
    assert reader.skipped_bytes == len(garbage)


def test_thingy_raw_and_quaternion() -> None:
    found = thingy52.decode_raw(bytes.fromhex("000000000004500180fd00004001b0ff8002"))
    assert found.acc_ms2.tolist() == [[0.0, 0.0, GRAVITY_MS2]]
    assert found.gyr_rads.tolist() == [[radians(10.5), radians(-20.0), 0.0]]
    assert found.mag_ut.tolist() == [[20.0, -5.0, 40.0]]
    quat = thingy52.decode_quaternion(bytes.fromhex("feffff3f" + "00" * 12))
    assert quat == ((2**30 - 2) / 2**30, 0.0, 0.0, 0.0)
    assert thingy52.decode_rate(thingy52.configuration(100)) == 100
    assert len(thingy52.configuration(100)) == 9
    assert thingy52.uuid(0x0406) == "ef680406-9b35-4933-9b10-52ffa9740042"


def test_metamotion_frames() -> None:
    [acc] = metamotion.decode_acceleration_g(bytes.fromhex("030416c494a22ad0"), 4)
    assert acc == (-15338 / 8192, -23916 / 8192, -12246 / 8192)
    assert [round(v, 3) for v in acc] == [-1.872, -2.919, -1.495]
    [gyr] = metamotion.decode_rate_dps(bytes.fromhex("13053e43ff7f0080"), 500)
    assert [round(v, 3) for v in gyr] == [262.409, 499.497, -499.512]
    quat = metamotion.decode_quaternion(bytes.fromhex("19071b9b703f8c5e4dbd077f1dbe78029abe"))
    assert quat is not None
    assert [round(v, 3) for v in quat] == [0.94, -0.05, -0.154, -0.301]
    packed = bytes.fromhex("031c") + bytes.fromhex("16c494a22ad0") * 3
    samples = metamotion.decode_samples(packed, metamotion.Ranges())
    assert samples.acc_ms2.shape == (3, 3)
    assert np.isnan(samples.gyr_rads).all()
    battery = metamotion.decode_battery(bytes((0x11, 0x8C, 99)) + struct.pack("<H", 4178))
    assert battery is not None
    assert (battery.percent, battery.volts) == (99, 4.178)
    assert metamotion.BATTERY_READ.hex() == "11cc"


def test_standard_services() -> None:
    assert gatt.BATTERY_LEVEL == "00002a19-0000-1000-8000-00805f9b34fb"
    battery = gatt.decode_battery(b"\x57")
    assert battery is not None
    assert battery.percent == 87
    assert gatt.decode_battery(b"\xff") is None
    assert gatt.decode_text(b"Movella\0\0junk") == "Movella"
    assert gatt.decode_text(b"a\x1b[31mb") == "a[31mb"
    plain = gatt.decode_heart_rate(bytes((0x00, 72)))
    assert plain == gatt.HeartRate(72, None, (), None)
    full = gatt.decode_heart_rate(bytes.fromhex("1f 4800 3412 0004 0002"))
    assert full == gatt.HeartRate(72, True, (1.0, 0.5), 0x1234)
    assert gatt.decode_heart_rate(bytes((0x01, 72))) is None


@given(anything, st.sampled_from(list(Mode)))
def test_no_bytes_make_a_decoder_raise(data: bytes, mode: Mode) -> None:
    samples = [
        movella_dot.decode_samples(mode, data),
        witmotion.decode_samples(data),
        thingy52.decode_raw(data),
        metamotion.decode_samples(data, metamotion.Ranges()),
    ]
    for found in samples:
        given_values = found.acc_ms2[~np.isnan(found.acc_ms2)]
        assert all(math.isfinite(v) for v in given_values.tolist())
    movella_dot.decode_information(data)
    movella_dot.decode_battery(data)
    movella_dot.decode_message(data)
    movella_dot.decode_rate(data)
    witmotion.decode_register(data)
    witmotion.PacketStream().feed(data)
    thingy52.decode_quaternion(data)
    thingy52.decode_rate(data)
    metamotion.decode_battery(data)
    gatt.decode_battery(data)
    gatt.decode_heart_rate(data)
    assert "\x1b" not in gatt.decode_text(data)


@given(st.binary(max_size=30), st.integers(1, 3))
def test_messages_come_back(data: bytes, kind: int) -> None:
    assert movella_dot.decode_message(movella_dot.message(kind, data)) == (kind, data)
