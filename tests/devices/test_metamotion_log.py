"""The memory of a MetaMotion: bytes of the maker's public tests, and a stream joined to it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.analysis.imu_recording import RecordingMeta
from rehabctl.analysis.log_alignment import align
from rehabctl.devices.driver import LogsOnBoard
from rehabctl.devices.drivers import metamotion_log as log
from rehabctl.devices.drivers.metamotion import COMMAND, Ranges
from rehabctl.devices.drivers.metamotion_driver import MetamotionDriver
from rehabctl.devices.model import SampleBatch, batch
from rehabctl.devices.recorder import Recorder, read_chunk_file
from rehabctl.domain.errors import UnavailableError, UsageError
from rehabctl.services.sensor_backfill import fill_file
from tests.devices.over_the_air import record
from tests.integrations.fakes.metamotion_log import FAULTS, FakeMetaMotionLog
from tests.peripherals.link import virtual_sensors

LOGGERS = {0: (0x03, 0), 1: (0x03, 4), 2: (0x13, 0), 3: (0x13, 4)}


def test_requests_are_those_of_the_makers_tests() -> None:
    """mbientlab/MetaWear-SDK-Cpp, test/test_logging.py."""
    acceleration = log.triggers()[:2]
    assert [command.hex() for command in acceleration] == ["0b020304ff60", "0b020304ff24"]
    assert [command.hex() for command in log.START] == ["0b0b01", "0b0101"]
    assert log.STOP.hex() == "0b0100"
    assert bytes.fromhex("0b09ffffffff") in log.CLEAR
    assert set(log.LISTEN) == {bytes.fromhex(t) for t in ("0b0801", "0b0d01", "0b0701")}
    assert log.LENGTH_READ.hex() == "0b85"
    assert log.PAGE_CONFIRM.hex() == "0b0e"
    asked = log.readout(bytes.fromhex("0b859e010000"))
    assert asked is not None
    assert asked.hex() == "0b069e01000014000000"
    assert log.readout(bytes.fromhex("0b8500000000")) is None


def test_entries_are_those_of_the_makers_tests() -> None:
    one = bytes.fromhex("0b07a1cc4d00006c010000")
    assert log.decode_entries(one) == [(1, 5, 0x4DCC, bytes.fromhex("6c010000"))]
    two = bytes.fromhex("0b0720751b04003e01cd0121761b0400c0070000")
    assert [(e[0], e[1], e[2]) for e in log.decode_entries(two)] == [
        (0, 1, 0x041B75), (1, 1, 0x041B76),
    ]  # fmt: skip
    assert log.entries_left(bytes.fromhex("0b0871020000")) == 0x271
    # the two entries are one acceleration at 8 g: halves of one tick apart are one sample
    read = log.Readout(LOGGERS)
    read.add(two)
    read.add(two.replace(b"\x20\x75", b"\x22\x75").replace(b"\x21\x76", b"\x23\x76"))
    [sample] = read.batches(Ranges(8, 500), 10_000)
    g = np.array([0x013E, 0x01CD, 0x07C0]) / 4096
    assert sample.acc_ms2[0] / 9.80665 == pytest.approx(g)
    assert sample.device_time_us == (round(0x041B75 * 48e6 / 32768),)


@given(st.lists(st.binary(max_size=20), max_size=6))
def test_no_bytes_break_a_readout(frames: list[bytes]) -> None:
    read = log.Readout(LOGGERS)
    for data in frames:
        read.add(b"\x0b\x07" + data)
        log.entries_left(data)
    for sample in read.batches(Ranges(), 10_000):
        assert np.isfinite(sample.acc_ms2).all()


def test_an_entry_of_before_the_last_reset_is_left_out() -> None:
    read = log.Readout(LOGGERS)
    for resets, tick in ((0, 900), (1, 100)):
        for number in LOGGERS:
            read.add(b"\x0b\x07" + struct.pack("<BIi", number | resets << 5, tick, 7))
    assert [s.device_time_us for s in read.batches(Ranges(), 10_000)] == [(146484,)]


class FakeLink:
    """A link to a board that somebody else wrote from the public library."""

    def __init__(self, board: FakeMetaMotionLog) -> None:
        self.board = board
        self._sinks: list[Callable[[bytes], None]] = []

    async def write(self, uuid: str, data: bytes) -> None:
        assert uuid == COMMAND
        for answer in self.board.write(data):
            for sink in list(self._sinks):
                sink(answer)

    async def subscribe(self, uuid: str, sink: Callable[[bytes], None]) -> None:
        self._sinks.append(sink)

    async def unsubscribe(self, uuid: str) -> None:
        self._sinks.clear()

    async def read(self, uuid: str) -> bytes:
        raise NotImplementedError


class AtEightG(MetamotionDriver):
    """As the fake board is set."""

    _ranges = Ranges(8, 500)


@pytest.mark.parametrize("fault", [None, *FAULTS], ids=str)
async def test_a_board_of_another_author_is_read(
    fault: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehabctl.devices.drivers.metamotion_driver._ANSWER_S", 0.02)
    board = FakeMetaMotionLog(fault=fault)
    true = {tuple(round(v, 6) for v in s.g) for s in board.samples if s.reset == board.reset_now}
    found = await AtEightG().read_log(FakeLink(board))
    read = [tuple(np.round(sample.acc_ms2[0] / 9.80665, 6).tolist()) for sample in found]
    times = [s.device_time_us[0] for s in found if s.device_time_us]
    assert times == sorted(set(times))
    assert set(read) <= true  # none invented
    at_least = {
        "half_missing": 199, "no_loggers": 0,
        "cut_notification": 186,  # two entries of each of seven pages
        "page_not_completed": 30,  # the board never goes on
    }.get(str(fault), len(true))  # fmt: skip
    assert at_least <= len(read) <= len(true)
    if fault == "no_logger_free":
        with pytest.raises(UnavailableError, match="refused to record"):
            await AtEightG().start_log(FakeLink(board), 0)
    else:
        await AtEightG().start_log(FakeLink(board), 0)
        assert sorted(board.loggers.values())[0] == (0x03, 0x04, 0xFF, 0x24)
        assert (len(board.loggers), board.logging) == (4, True)


def walk(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Return times of the sensor and values as coarse as those of one that lies still."""
    random = np.random.default_rng(seed)
    t_s = 50.0 + np.arange(count) * 0.01
    return t_s, random.integers(-15, 16, (count, 3)).astype(np.float32)


@given(st.data())
def test_a_stream_finds_its_own_samples_in_the_memory(data: st.DataObject) -> None:
    t_s, values = walk(400, data.draw(st.integers(0, 50)))
    kept = np.ones(400, dtype=bool)
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(20, 370))
        kept[start : start + data.draw(st.integers(1, 60))] = False
    kept[380:] = True
    random = np.random.default_rng(2)
    arrived = t_s[kept] - 48.0 + np.maximum.accumulate(random.uniform(0, 0.004, kept.sum()))
    found = align(arrived, values[kept], t_s, values)
    assert np.array_equal(values[found], values[kept])
    assert (found != np.flatnonzero(kept)).sum() <= 1  # equal neighbours cannot be told apart


def memory(values: np.ndarray, t_s: np.ndarray) -> list[SampleBatch]:  # type: ignore[type-arg]
    return [
        batch(acc=[v], gyr=[[0.1, 0.2, 0.3]], device_time_us=(round(t * 1e6),))
        for t, v in zip(t_s.tolist(), values.tolist(), strict=True)
    ]


def test_a_recording_without_times_takes_those_of_the_memory(tmp_path: Path) -> None:
    t_s, values = walk(500)
    path = tmp_path / "m.imurec"
    kept = [*range(100), *range(180, 500)]
    with Recorder(path, RecordingMeta("S", "MetaMotion", "", 100.0), lambda: 0.0) as recorder:
        for i in kept:
            one = batch(acc=[values[i].tolist()], gyr=[[0.1, 0.2, 0.3]])
            recorder.add(t_s[i] - 49.0 + 0.003 * (i % 3), one)
    filled, gaps = fill_file(path, memory(values, t_s))
    assert (filled, gaps) == (80, ())
    file = read_chunk_file(path)
    assert file.recording.acc_ms2 == pytest.approx(values)
    assert file.recording.t_s == pytest.approx(t_s - 49.0, abs=0.004)
    assert fill_file(path, memory(values, t_s))[0] == 0
    before = path.read_bytes()
    other = tmp_path / "other.imurec"
    with Recorder(other, RecordingMeta("S"), lambda: 0.0) as recorder:
        for i in range(60):
            recorder.add(0.01 * i, batch(acc=[[0.5, 0.5, 0.5]], gyr=[[0.0, 0.0, 0.0]]))
    with pytest.raises(UsageError, match="nothing in common"):
        fill_file(other, memory(values, t_s))
    assert path.read_bytes() == before


async def test_drops_of_a_virtual_sensor_are_filled(tmp_path: Path) -> None:
    assert isinstance(MetamotionDriver(), LogsOnBoard)
    async with virtual_sensors(["metamotion"], seed=3) as world:
        [heard] = await record(world, tmp_path, 6.0, 100, drops=1, seed=5, onboard=True)
    assert heard.outcome.drops == 1
    assert heard.outcome.filled > 10
    assert heard.outcome.gaps == ()
    took = [round(s.device_us / log.TICK_US) for s in heard.sensor.log]
    have = [round(t * 1e6 / log.TICK_US) for t in heard.file.device_t_s]
    within = [tick for tick in took if have[0] <= tick <= have[-1]]
    assert have == within  # each once, none missing


async def test_a_recording_stays_when_its_memory_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehabctl.services.sensor_backfill._LEAST_COMMON", 10**6)
    async with virtual_sensors(["metamotion"], seed=4) as world:
        [heard] = await record(world, tmp_path, 1.0, 100, onboard=True)
    assert heard.outcome.samples > 20
    assert [f.code for f in heard.outcome.findings if f.code != "rate"] == ["memory"]
