"""From samples to a ledger: wrong rates, jumps, damage, and gaps filled from a sensor's memory."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.analysis.imu_recording import RecordingMeta
from rehabctl.devices.drivers import movella_dot_log as log
from rehabctl.devices.drivers.movella_dot_driver import MovellaDotDriver
from rehabctl.devices.model import SampleBatch, batch
from rehabctl.devices.recorder import Recorder, read_chunk_file
from rehabctl.devices.timeline import ClockFollower
from rehabctl.domain.sensor import BatteryState
from rehabctl.reference.sensor_limits import load_sensor_limits
from rehabctl.services import sensor_intake
from rehabctl.services.sensor_backfill import fill_file
from rehabctl.services.sensor_intake import SensorIntake

LIMITS = load_sensor_limits().of("link")
STEP_US = 16_667


def sample(time_us: int, gyr: float = 0.1) -> SampleBatch:
    return batch(gyr=[[gyr, 0.0, 0.0]], acc=[[0.0, 0.0, 9.8]], device_time_us=[time_us % 2**32])


class Bench:
    """An intake whose clock is set by hand."""

    def __init__(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, key: bytes | None = None
    ) -> None:
        self.now_s = 100.0
        monkeypatch.setattr(sensor_intake.time, "monotonic", lambda: self.now_s)
        self.recorder = Recorder(path, RecordingMeta("S"), lambda: self.now_s, key)
        self.intake = SensorIntake(
            self.recorder, MovellaDotDriver(), RecordingMeta("S"), 60, 100.0, LIMITS,
            lambda t_s, one, row: None,
        )  # fmt: skip

    def send(self, index: int, host_s: float | None = None, shift_us: int = 0) -> None:
        self.now_s = 100.02 + (index * STEP_US / 1e6 if host_s is None else host_s)
        self.intake.take(sample(5_000_000 + index * STEP_US + shift_us))

    def end(self) -> set[str]:
        self.intake.finish(self.now_s - 100.0)
        self.recorder.close()
        return {finding.code for finding in self.intake.findings()}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path / "r.imurec", monkeypatch)


def test_times_become_the_computers(bench: Bench, tmp_path: Path) -> None:
    for i in range(120):
        bench.send(i)
    assert bench.end() == set()
    file = read_chunk_file(tmp_path / "r.imurec")
    assert len(file.recording) == 120
    assert file.device_t_s[0] == 5.0
    assert file.recording.t_s[0] == pytest.approx(0.02, abs=1e-6)


def test_a_clock_that_was_set_is_one_gap_of_its_own_name(bench: Bench, tmp_path: Path) -> None:
    for i in range(200):
        bench.send(i, shift_us=0 if i < 100 else 3_600_000_000)
    assert bench.end() == {"clock_jump"}
    [gap] = bench.intake.gaps
    assert (gap.reason, gap.missing, gap.estimated) == ("clock jump", None, 1)
    t_s = read_chunk_file(tmp_path / "r.imurec").recording.t_s
    assert t_s[-1] == pytest.approx(199 * STEP_US / 1e6 + 0.02, abs=0.05)


def test_a_wrong_rate_is_a_finding_and_no_row_of_gaps(bench: Bench) -> None:
    for i in range(0, 240, 2):
        bench.send(i)
    assert bench.end() == {"rate"}
    assert bench.intake.gaps == []


def test_damage_low_charge_and_a_lost_end_have_names(bench: Bench) -> None:
    bench.intake.charged(BatteryState(percent=5))
    for i in range(60):
        bench.send(i)
    bench.intake.take(batch(gyr=[[900.0, 0, 0]], acc=[[0, 0, 9.8]], device_time_us=[6_000_020]))
    for i in range(61, 90):
        bench.send(i)
    bench.intake.drop()
    bench.intake.drop()
    bench.now_s += 3.0
    assert bench.end() == {"battery_low", "damaged", "lost"}
    assert bench.intake.drops == 1
    reasons = [(gap.reason, gap.missing) for gap in bench.intake.gaps]
    assert reasons[0] == ("damaged", 1)
    assert reasons[-1] == ("link lost", None)


@pytest.mark.parametrize("key", [None, bytes(range(32))], ids=["plain", "encrypted"])
def test_gaps_are_filled_from_the_memory(
    key: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.imurec"
    bench = Bench(path, monkeypatch, key)
    for i in [*range(100), *range(150, 200), *range(260, 300)]:
        bench.send(i)
    bench.end()
    assert sum(gap.missing or 0 for gap in bench.intake.gaps) == 110
    # the memory holds all but five samples, and some of an older session
    memory = [sample(5_000_000 + i * STEP_US, 0.2) for i in range(300) if not 170 < i < 176]
    memory = [sample(3_000_000_000), *[m for i, m in enumerate(memory) if i != 120]]
    filled, gaps = fill_file(path, memory, key)
    assert filled == 109
    assert [gap.missing for gap in gaps] == [1]
    file = read_chunk_file(path, key)
    assert file.complete
    assert len(file.recording) == 299
    assert file.recording.gyr_rads[50, 0] == pytest.approx(0.1)
    assert file.recording.gyr_rads[110, 0] == pytest.approx(0.2)
    assert fill_file(path, memory, key)[0] == 0


def test_an_export_asks_for_what_is_missing() -> None:
    import struct

    def frame(counter: int) -> bytes:
        values = (0.0, 0.0, 9.75, 90.0, 0.0, 0.0, 4096, 0, 0)
        return bytes((log.FILE_DATA,)) + struct.pack("<II6f3h", counter, 7 * counter, *values)

    export = log.Export()
    for counter in (0, 1, 4, 5, 1):
        export.add(frame(counter))
    assert (export.first_missing(), export.next()) == (2, 6)
    for counter in (2, 3):
        export.add(frame(counter))
    assert export.first_missing() is None
    times = [b.device_time_us for b in export.batches()]
    assert times == [(7 * i,) for i in range(6)]
    assert export.batches()[0].mag_ut.tolist() == [[1.0, 0.0, 0.0]]
    assert log.decode_acknowledgement(bytes.fromhex("01040100700783"), 0x70) == 0
    assert log.decode_acknowledgement(bytes.fromhex("01040100700784"), 0x70) is None
    assert log.decode_acknowledgement(bytes.fromhex("01040100700783"), 0x74) is None


@given(st.binary(max_size=60))
def test_no_bytes_break_an_export(data: bytes) -> None:
    export = log.Export()
    export.add(data)
    export.add(bytes((log.FILE_DATA,)) + data)
    export.first_missing()
    log.decode_acknowledgement(data, 0x70)
    assert all(np.isfinite(one.acc_ms2).all() for one in export.batches())


@given(st.lists(st.floats(0.0, 0.4), min_size=50, max_size=120), st.floats(-100, 100))
def test_the_clock_is_never_later_than_the_quickest_packet(
    delays: list[float], skew_ppm: float
) -> None:
    follower = ClockFollower()
    truth: Callable[[float], float] = lambda t: t * (1 + skew_ppm / 1e6) + 3.0  # noqa: E731
    for i, delay in enumerate(delays):
        follower.add(0.1 * i, truth(0.1 * i) + delay)
    model = follower.model()
    assert model is not None
    early = [model.to_host(0.1 * i) - truth(0.1 * i) - d for i, d in enumerate(delays)]
    assert max(early) < 2e-3
    mapped = [model.to_host(0.1 * i) for i in range(len(delays))]
    assert all(b > a for a, b in pairwise(mapped))
