"""x-IMU3: the manual's bytes, and the real executable through the maker's library over TCP."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.devices import ximu3_link
from rehabctl.devices.drivers import ximu3
from rehabctl.devices.recorder import read_chunk_file
from rehabctl.domain.sensor import BatteryState
from tests.conftest import Rehabctl
from tests.peripherals.ximu3 import framed, virtual_ximu3

pytestmark = pytest.mark.slow
STAMP = bytes.fromhex("40420f0000000000")


def test_the_manual_s_examples() -> None:
    found = ximu3.decode_inertial(b"\xc9" + STAMP + bytes(20) + bytes.fromhex("0000803f"))
    assert found.device_time_us == (1_000_000,)
    assert found.gyr_rads.tolist() == [[0.0, 0.0, 0.0]]
    assert found.acc_ms2.tolist() == [[0.0, 0.0, 9.80665]]
    charge = ximu3.decode_battery(b"\xc2" + STAMP + bytes.fromhex("0000c8426666864000000040"))
    assert charge == BatteryState(100, True, pytest.approx(4.2, abs=1e-6))
    # and the escapes, since the virtual sensor that the library reads is built on them
    assert framed(b"EXAMP\xdb\n") == b"EXAMP\xdb\xdd\xdb\xdc\n"
    assert [ximu3.decode_rate(v) for v in (b"8", b"7", b"0", b"null", b"x")] == [50] + 4 * [None]


@given(st.binary(max_size=64))
def test_no_bytes_can_break_the_decoders(data: bytes) -> None:
    for message in (data, b"\xc9" + data, b"\xc2" + data):
        assert len(ximu3.decode_inertial(message)) in (0, 1)
        ximu3.decode_battery(message)
    ximu3.decode_rate(data)
    ximu3.decode_text(data)


def test_what_cannot_be_a_number_is_left_out() -> None:
    broken = struct.pack("<6f", 0, float("nan"), 0, 0, 0, 1)
    assert len(ximu3.decode_inertial(b"\xc9" + STAMP + broken)) == 0


def recorded(
    rehabctl: Rehabctl, address: str, path: Path, *more: str, seconds: int = 3, code: int = 0
) -> Any:
    done = rehabctl(
        "sensor", "record", address, "-o", str(path), "--duration-s", str(seconds), "-q", "--json",
        *more,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else done.stderr


def test_it_is_told_identified_and_recorded(rehabctl: Rehabctl, tmp_path: Path) -> None:
    pytest.importorskip("ximu3")
    with virtual_ximu3() as sensor:
        address = f"ximu3:tcp:127.0.0.1:{sensor.port}"
        told = json.loads(rehabctl("sensor", "info", address, "--json").stdout)
        assert (told["serial"], told["firmware"]) == ("0123-4567-89AB-CDEF", "v1.3.2")
        assert (told["battery_percent"], told["rssi_dbm"]) == (83, None)
        assert rehabctl("sensor", "identify", address).returncode == 0
        found = recorded(rehabctl, address, tmp_path / "x.imurec", "--rate-hz", "100")
    assert "strobe" in sensor.commands
    assert sensor.settings["inertial_message_rate_divisor"] == 4
    assert (found["drops"], found["gaps"], found["duplicates"]) == (0, [], 0)
    file = read_chunk_file(tmp_path / "x.imurec")
    assert len(file.recording) == found["samples"] > 150
    assert file.recording.meta.serial == "0123-4567-89AB-CDEF"
    rate_dps = struct.unpack("<f", bytes((10, 219, 10, 66)))[0]
    assert file.recording.gyr_rads[:, 0] == pytest.approx(rate_dps * 3.14159265 / 180.0, rel=1e-6)
    assert file.device_t_s[1:] - file.device_t_s[:-1] == pytest.approx(0.01)


def test_drops_are_in_the_ledger(rehabctl: Rehabctl, tmp_path: Path) -> None:
    pytest.importorskip("ximu3")
    with virtual_ximu3("link_drops") as sensor:
        address = f"ximu3:tcp:127.0.0.1:{sensor.port}"
        found = recorded(rehabctl, address, tmp_path / "x.imurec", seconds=8)
    file = read_chunk_file(tmp_path / "x.imurec")
    assert found["drops"] == sensor.drops == len(file.gaps) == 1
    missing = sum(gap.missing or 0 for gap in file.gaps)
    span_s = file.device_t_s[-1] - file.device_t_s[0]
    assert missing > 0
    assert len(file.recording) + missing == round(span_s * 50) + 1


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("config_ignored", 6, "kept 50 samples a second instead of 100"),
        ("old_firmware", 6, "firmware"),
        ("mute", 6, "does not answer"),
        ("low_battery", 3, "battery_low"),
        ("clock_jump", 3, "clock_jump"),
        ("garbage", 0, ""),
    ],
)
def test_a_fault_has_a_name(
    fault: str, code: int, said: str, rehabctl: Rehabctl, tmp_path: Path
) -> None:
    pytest.importorskip("ximu3")
    with virtual_ximu3(fault) as sensor:
        address = f"ximu3:tcp:127.0.0.1:{sensor.port}"
        more = ("--rate-hz", "100")
        if fault == "mute":
            done = rehabctl("sensor", "info", address)
            assert (done.returncode, "Traceback" in done.stderr) == (code, False)
            assert said in done.stderr
            return
        found = recorded(rehabctl, address, tmp_path / "x.imurec", *more, seconds=5, code=code)
    if isinstance(found, str):
        assert said in found
    else:
        assert [one["code"] for one in found["findings"]] == ([said] if said else [])
        assert found["samples"] > 200


@pytest.mark.parametrize(
    ("address", "code"),
    [("ximu3:tcp:127.0.0.1:1", 6), ("ximu3:tcp:127.0.0.1", 2), ("ximu3:pigeon:1", 2)],
)
def test_wrong_addresses(address: str, code: int, rehabctl: Rehabctl) -> None:
    pytest.importorskip("ximu3")
    done = rehabctl("sensor", "info", address)
    assert done.returncode == code
    assert done.stderr.strip().splitlines()[-1].startswith("rehabctl: error: ")


async def test_sensors_on_the_network_announce_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ximu3")
    said = json.dumps(
        {
            "sync": 0, "name": "left shank", "sn": "0123", "ip": "127.0.0.1", "port": 7000,
            "send": 8000, "receive": 9000, "rssi": 80, "battery": 90, "status": 0,
        }
    )  # fmt: skip
    over = threading.Event()

    def announce() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as air:
            while not over.wait(0.05):
                air.sendto(said.encode(), ("127.0.0.1", 10000))

    thread = threading.Thread(target=announce)
    thread.start()
    try:
        [found] = await ximu3_link.announced(0.5)
    finally:
        over.set()
        thread.join()
    assert (found.address, found.name) == ("ximu3:tcp:127.0.0.1:7000", "left shank")
    monkeypatch.setitem(sys.modules, "ximu3", None)  # as if it were not installed
    assert await ximu3_link.announced(0.0) == []
