"""Connections that drop: every sample is recorded once or is in the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason

from rehabctl.devices.driver import Advertisement
from rehabctl.devices.drivers.movella_dot_driver import MovellaDotDriver
from rehabctl.devices.radio import Radio
from rehabctl.devices.recorder import read_chunk_file
from rehabctl.devices.registry import driver_for, drivers
from rehabctl.devices.transport import Connection, Listener, scan
from rehabctl.domain.errors import RehabctlError, UnavailableError, UsageError
from rehabctl.services import sensor_choice, sensor_link
from rehabctl.services.sensor_link import (
    LinkOutcome,
    LinkRequest,
    find_sensors,
    record,
    shown_sample,
)
from rehabctl.services.settings import load_settings

from .memory_bluetooth import ADDRESS, MemoryDot, backends


@pytest.fixture(autouse=True)
def short_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensor_choice, "SCAN_S", 0.15)


def in_memory(monkeypatch: pytest.MonkeyPatch, radio: Radio) -> None:
    """Let the service talk to sensors of this process."""

    @asynccontextmanager
    async def opened(_: str | None) -> AsyncIterator[Radio]:
        yield radio

    monkeypatch.setattr(sensor_link, "open_radio", opened)


def recorded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sensor: MemoryDot, seconds: float, **more: Any
) -> LinkOutcome:
    in_memory(monkeypatch, Radio(*backends(sensor)))
    request = LinkRequest(ADDRESS, tmp_path / "r.imurec", 60, seconds, "thigh", "left")
    [outcome] = record([request], load_settings(), **more)
    if isinstance(outcome, RehabctlError):
        raise outcome
    return outcome


def test_drops_leave_no_sample_unaccounted_and_none_twice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sensor = MemoryDot()
    sensor.drop_after = [200, 500, 800]
    outcome = recorded(monkeypatch, tmp_path, sensor, 4.0)
    assert outcome.drops == 3
    assert outcome.duplicates == 0
    file = read_chunk_file(tmp_path / "r.imurec")
    assert file.complete
    numbers = [round(t * 60) for t in file.device_t_s]
    assert len(set(numbers)) == len(numbers) == outcome.samples
    missing = sum(gap.missing or 0 for gap in file.gaps)
    assert missing > 0
    assert outcome.samples + missing == numbers[-1] - numbers[0] + 1
    assert {gap.reason for gap in file.gaps} == {"link lost"}
    assert len(file.gaps) == 3


def test_the_tap_sees_every_recorded_sample(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[dict[str, object]] = []
    taps = [lambda *sample: seen.append(shown_sample(*sample))]
    outcome = recorded(monkeypatch, tmp_path, MemoryDot(), 1.0, taps=taps)
    assert len(seen) == outcome.samples > 10
    assert seen[0]["mag_ut"] == [1.0, 0.0, 0.0]
    assert "quat_wxyz" not in seen[0]


def test_each_connection_is_closed_before_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sensor = MemoryDot()
    sensor.drop_after = [100, 300]
    recorded(monkeypatch, tmp_path, sensor, 2.0)
    assert sensor.connected == 3
    assert sensor.disconnected >= 3
    assert sensor.started_without_listener == 0
    assert sensor.control[24] == 60


def test_a_rate_that_does_not_stick_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sensor = MemoryDot()
    sensor.obeys = False
    with pytest.raises(UnavailableError, match="20 samples a second instead of 60"):
        recorded(monkeypatch, tmp_path, sensor, 2.0)
    assert sensor.disconnected >= 1


def test_a_sensor_that_never_sends_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Silent(MemoryDot):
        def write(self, uuid: str, data: bytes) -> None:
            if uuid.startswith("15171002"):
                self.control = data

    with pytest.raises(UnavailableError, match="not a single sample"):
        recorded(monkeypatch, tmp_path, Silent(), 1.0)
    assert list(tmp_path.glob("*.imurec")) == []


def connection(
    radio: Radio, device: Any, drops: list[int] | None = None, **more: Any
) -> Connection:
    noted = [] if drops is None else drops
    listener = Listener(lambda _: None, lambda: noted.append(1))
    return Connection(MovellaDotDriver(), device, 60, listener, radio, **more)


def test_a_silent_sensor_is_reconnected() -> None:
    class Silent(MemoryDot):
        def write(self, uuid: str, data: bytes) -> None:
            if uuid.startswith("15171002"):
                self.control = data

    async def run() -> tuple[int, int]:
        sensor, drops = Silent(), []
        radio = Radio(*backends(sensor))
        [(_, device)] = await scan(0.01, radio)
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(1.5, stop.set)
        await connection(radio, device, drops, heartbeat_s=0.1).run(stop)
        return len(drops), sensor.connected

    drops, connected = asyncio.run(run())
    assert drops >= 2
    assert drops <= connected <= drops + 1


def test_a_sensor_that_stays_away_ends_with_a_named_error(monkeypatch: Any) -> None:
    monkeypatch.setattr("rehabctl.devices.transport.BACK_OFF_S", (0.001,))

    async def run() -> None:
        scanner, client = backends(MemoryDot())

        class Away(client):  # type: ignore[misc,valid-type]
            async def connect(self, pair: bool, **_: Any) -> None:
                raise TimeoutError

        radio = Radio(scanner, Away)
        [(_, device)] = await scan(0.01, radio)
        await connection(radio, device, attempts=3).run(asyncio.Event())

    with pytest.raises(UnavailableError, match="does not answer"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            BleakBluetoothNotAvailableError("off", BleakBluetoothNotAvailableReason.POWERED_OFF),
            "the Bluetooth adapter is off",
        ),
        (
            BleakBluetoothNotAvailableError(
                "no", BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM
            ),
            "may not be used by this program",
        ),
        (PermissionError(13, "Permission denied"), "may not be used by this program"),
        (
            BleakBluetoothNotAvailableError("no", BleakBluetoothNotAvailableReason.NO_BLUETOOTH),
            "no usable Bluetooth adapter",
        ),
        (FileNotFoundError(2, "no bus"), "no usable Bluetooth adapter"),
    ],
)
def test_what_is_wrong_with_the_adapter_is_named(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scanner, client = backends(MemoryDot())

    class Refused(scanner):  # type: ignore[misc,valid-type]
        async def start(self) -> None:
            raise error

    in_memory(monkeypatch, Radio(Refused, client))
    request = LinkRequest(ADDRESS, tmp_path / "r.imurec", 60, 1.0)
    for ask in (
        lambda: find_sensors(load_settings(), 0.01),
        lambda: record([request], load_settings()),
    ):
        with pytest.raises(UnavailableError, match=said) as raised:
            ask()
        assert raised.value.exit_code == 6
    assert not (tmp_path / "r.imurec").exists()


def test_sensors_are_found_named_and_told_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = {"A0": "Movella DOT", "A1": "Movella DOT", "A2": "Kettle"}
    in_memory(monkeypatch, Radio(*backends(MemoryDot(), names)))
    found = find_sensors(load_settings(), 0.01)
    assert [(s.address, s.driver) for s in found] == [
        ("A0", "movella-dot"), ("A1", "movella-dot"), ("A2", ""),
    ]  # fmt: skip

    def ask(name: str, rate_hz: int = 60) -> None:
        record([LinkRequest(name, tmp_path / "r.imurec", rate_hz, 1.0)], load_settings())

    for name, said, code in (
        ("Movella DOT", "2 sensors are named", 4),
        ("Movela DOT", "no sensor 'Movela DOT' was heard", 4),  # out of reach, or no such one
        ("Kettle", "no driver knows this sensor", 6),
    ):
        with pytest.raises(RehabctlError, match=said) as raised:
            ask(name)
        assert raised.value.exit_code == code
    for rate_hz in (61, 120):  # 120 is of its own memory only, by its maker
        with pytest.raises(UsageError, match=f"no rate of {rate_hz}"):
            ask("A0", rate_hz)
    assert not (tmp_path / "r.imurec").exists()


def test_drivers_know_their_sensors() -> None:
    known, broken = drivers()
    assert broken == ()

    def name_of(**said: Any) -> str | None:
        driver = driver_for(Advertisement("A", rssi_dbm=-50, **said), known)
        return None if driver is None else driver.name

    assert name_of(name="Xsens DOT") == "movella-dot"
    assert name_of(name="", manufacturers={2182: b""}) == "movella-dot"
    assert name_of(name="WT901BLE68") == "witmotion"
    wit = ("0000ffe5-0000-1000-8000-00805f9a34fb",)
    assert name_of(name="", services=wit) == "witmotion"
    assert name_of(name="Thingy") == "thingy52"
    sig = ("0000ffe5-0000-1000-8000-00805f9b34fb",)  # another maker's service on the SIG base
    assert name_of(name="x", services=sig) is None


def test_a_broken_entry_point_is_named_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        def __init__(self, name: str, target: Any) -> None:
            self.name, self.load = name, target

    def fail() -> Any:
        raise ImportError

    entries = [Entry("bad", fail), Entry("empty", lambda: object), Entry("ok", lambda: Mine)]

    class Mine(MovellaDotDriver):
        name = "mine"

    monkeypatch.setattr("rehabctl.devices.registry.entry_points", lambda group: entries)
    found, broken = drivers()
    assert broken == ("bad", "empty")
    assert found[-1].name == "mine"
