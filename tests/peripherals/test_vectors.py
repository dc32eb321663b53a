"""The encoders against the byte vectors of the reference, which came from vendors and captures."""

from __future__ import annotations

import struct

import pytest

from .dot_payloads import PAYLOADS, Frame
from .heart_rate import measurement
from .metamotion import data_frame
from .movella_dot import message, opened
from .thingy52 import quaternion_packet, raw_packet
from .witmotion import motion_packet, register_packet

FRAME = Frame(
    time_us=123456789,
    quat_wxyz=(0.5, 0.5, 0.5, 0.5),
    acc_ms2=(0.1, -9.81, 0.2),
    gyr_dps=(1.5, -2.5, 300.0),
    mag_au=(0.5, -0.25, 1.0),
    delta_quat=(1.0, 0.0, 0.0, 0.0),
    delta_v_ms=(0.0, 0.0, 0.1),
    status=0x208,
)


def test_dot_custom_5():
    assert PAYLOADS[26].pack(FRAME).hex() == (
        "15cd5b070000003f0000003f0000003f0000003fcdcccc3dc3f51cc1cdcc4c3e0000c03f000020c000009643"
    )


@pytest.mark.parametrize(
    ("mode", "size"),
    [
        (2, 36), (3, 32), (4, 16), (5, 20), (6, 16), (7, 32), (16, 28), (18, 38), (19, 32),
        (20, 34), (21, 28), (22, 40), (23, 34), (24, 32), (26, 44),
    ],
)  # fmt: skip
def test_dot_payload_sizes(mode: int, size: int):
    assert len(PAYLOADS[mode].pack(FRAME)) == size


def test_dot_field_is_in_4096ths_and_status_ends_extended_modes():
    assert PAYLOADS[20].pack(FRAME)[-6:] == struct.pack("<3h", 2048, -1024, 4096)
    assert PAYLOADS[2].pack(FRAME)[-4:] == bytes([0x08, 0x02, 0, 1])


@pytest.mark.parametrize(
    ("frame", "mid", "data"),
    [
        ("010102FC", 1, "02"),
        ("0103010602F3", 1, "010602"),
        ("010141BD", 1, "41"),
        ("010260019C", 1, "6001"),
        ("010974000105060708090A54", 1, "74000105060708090A"),
        ("0102700786", 1, "7007"),
        ("01040100700783", 1, "01007007"),
        ("020108F5", 2, "08"),
        ("02025104A7", 2, "5104"),
        ("02025109A2", 2, "5109"),
        ("020701CCBBAACD22D402", 2, "01CCBBAACD22D4"),
        ("02020300F9", 2, "0300"),
        ("020102FB", 2, "02"),
        ("02025000AC", 2, "5000"),
        ("030104F8", 3, "04"),
        ("03080000000000000000F5", 3, "0000000000000000"),
    ],
)
def test_dot_messages(frame: str, mid: int, data: str):
    assert message(mid, bytes.fromhex(data)).hex().upper() == frame
    assert opened(bytes.fromhex(frame)) == (mid, bytes.fromhex(data))


def test_the_specification_s_own_wrong_check_sum_is_refused():
    assert opened(bytes.fromhex("010740DF503B5B0807E0")) is None


def test_witmotion_capture_and_register_reply():
    packet = motion_packet((-0.0991, -0.0815, 1.0049), (0, 0, 0), (0, 0, 0))
    assert packet[:14].hex() == "556135ff59ff0a08000000000000"
    assert len(packet) == 20
    assert register_packet(0x3A, [360, 105, 122]).hex().startswith("55713a00680169007a00")
    assert len(register_packet(0x3A, [])) == 20


def test_thingy_raw_and_quaternion():
    assert raw_packet((0, 0, 1), (10.5, -20, 0), (20, -5, 40)).hex() == (
        "000000000004500180fd00004001b0ff8002"
    )
    near_one = 0x3FFFFFFE / 2**30
    assert quaternion_packet((near_one, 0, 0, 0)).hex() == "feffff3f" + "00" * 12


def test_metamotion_samples():
    # counts of the captures: -1.872, -2.919, -1.495 g at 8192, and 262.409 ... dps at 65.6
    assert data_frame(3, 4, [-15338, -23916, -12246]).hex() == "030416c494a22ad0"
    assert data_frame(0x13, 5, [17214, 32767, -32768]).hex() == "13053e43ff7f0080"
    assert [round(count / 8192, 3) for count in (-15338, -23916, -12246)] == [
        -1.872, -2.919, -1.495,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "octets"),
    [
        (measurement(72), "0048"),
        (measurement(300), "012c01"),
        (measurement(72, contact=False), "0448"),
        (measurement(72, contact=True, rr_s=(1.0, 0.5)), "164800040002"),
        (measurement(60, energy_kj=258), "083c0201"),
    ],
)
def test_heart_rate_measurement(made: bytes, octets: str):
    assert made.hex() == octets
