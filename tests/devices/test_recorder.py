"""Append-only recordings: what a crash, damage or a wrong key leaves; clocks and gaps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.analysis.imu_recording import RecordingMeta
from rehabctl.devices.model import batch
from rehabctl.devices.recorder import Recorder, is_chunk_file, read_chunk_file
from rehabctl.devices.timeline import DeviceTimeline, fit_clock
from rehabctl.domain.errors import NotPermittedError, RehabctlError
from rehabctl.domain.sensor import GapRecord

META = RecordingMeta("S1", "simulated", "", 100.0, "thigh", "left")
KEY = bytes(range(32))


def ticks() -> Iterator[float]:
    """A clock that goes on by a hundredth of a second at each look."""
    now = 0.0
    while True:
        yield now
        now += 0.01


def record(path: Path, count: int = 500, key: bytes | None = None, mag: bool = True) -> None:
    clock = ticks()
    with Recorder(path, META, lambda: next(clock), key) as recorder:
        for i in range(count):
            field = [[20.0, 0.0, -40.0]] if mag else None
            one = batch(gyr=[[i, 0, 0]], acc=[[0, 0, 9.75]], mag=field)
            recorder.add(i / 100.0, one)
        recorder.add_gap(GapRecord(5.0, 6.0, 99, "link lost"))


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("mag", [True, False])
def test_round_trip(tmp_path: Path, key: bytes | None, mag: bool) -> None:
    file = tmp_path / "r.imurec"
    record(file, key=key, mag=mag)
    found = read_chunk_file(file, key)
    assert is_chunk_file(file)
    assert found.complete
    assert found.dropped_bytes == 0
    assert found.recording.meta == META
    assert found.recording.t_s.tolist() == [i / 100.0 for i in range(500)]
    assert found.recording.gyr_rads[:, 0].tolist() == list(range(500))
    assert (found.recording.mag_ut is not None) is mag
    assert found.gaps == (GapRecord(5.0, 6.0, 99, "link lost"),)


def test_an_encrypted_recording_needs_its_key(tmp_path: Path) -> None:
    file = tmp_path / "r.imurec"
    record(file, key=KEY)
    plain = np.float32(9.75).tobytes() * 1
    assert plain not in file.read_bytes()
    with pytest.raises(NotPermittedError):
        read_chunk_file(file)
    with pytest.raises(NotPermittedError):
        read_chunk_file(file, bytes(32))
    with pytest.raises(NotPermittedError):
        Recorder(tmp_path / "x.imurec", META, lambda: 0.0, b"short")


def test_chunks_of_an_encrypted_recording_cannot_change_places(tmp_path: Path) -> None:
    file = tmp_path / "r.imurec"
    record(file, key=KEY)
    data = file.read_bytes()
    first = data.index(b"CHNK")
    second = data.index(b"CHNK", first + 4)
    third = data.index(b"CHNK", second + 4)
    file.write_bytes(data[:first] + data[second:third] + data[first:second] + data[third:])
    with pytest.raises(NotPermittedError):
        read_chunk_file(file, KEY)


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    record(tmp_path / "r.imurec")
    with pytest.raises(RehabctlError, match="exists"):
        record(tmp_path / "r.imurec")


def test_a_cut_tail_costs_one_chunk(tmp_path: Path) -> None:
    file = tmp_path / "r.imurec"
    record(file, 1000)
    whole = file.read_bytes()
    for cut in range(600, len(whole), 997):
        file.write_bytes(whole[:cut])
        try:
            found = read_chunk_file(file)
        except RehabctlError as error:
            assert "no samples" in str(error)  # noqa: PT017 - cut before the first chunk
            continue
        assert not found.complete
        lost_s = cut / len(whole) * 10.0 - found.recording.t_s[-1]
        assert lost_s < 1.2


def test_damage_ends_the_recording_there(tmp_path: Path) -> None:
    file = tmp_path / "r.imurec"
    record(file)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    found = read_chunk_file(file)
    assert not found.complete
    assert found.dropped_bytes > 0
    assert 1.0 < found.recording.t_s[-1] < 4.0
    file.write_bytes(b"RIMU\x01\n" + b"\xff" * 40)
    with pytest.raises(RehabctlError, match="damaged"):
        read_chunk_file(file)


_WRITER = """
import sys, time
from pathlib import Path
from rehabctl.analysis.imu_recording import RecordingMeta
from rehabctl.devices.model import batch
from rehabctl.devices.recorder import Recorder
recorder = Recorder(Path(sys.argv[1]), RecordingMeta(rate_hz=100.0), time.monotonic)
one, start = batch(gyr=[[0, 0, 0]], acc=[[0, 0, 9.8]]), time.monotonic()
while True:
    recorder.add(time.monotonic() - start, one)
    print(f"{time.monotonic() - start:.3f}", flush=True)
    time.sleep(0.01)
"""


@pytest.mark.slow
def test_kill_9_loses_at_most_a_second(tmp_path: Path) -> None:
    file = tmp_path / "r.imurec"
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(file)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    times = [0.0]
    while times[-1] < 3.3:
        times.append(float(writer.stdout.readline()))
    os.kill(writer.pid, signal.SIGKILL)
    rest, _ = writer.communicate()
    times += [float(line) for line in rest.splitlines() if len(line) >= 5]
    found = read_chunk_file(file)
    assert not found.complete
    # one second between two writes, and however long this machine made one step wait
    longest_step = max(b - a for a, b in pairwise(times))
    assert times[-1] - found.recording.t_s[-1] <= 1.0 + 2 * longest_step


def test_lost_and_repeated_samples_are_counted_across_a_wrap() -> None:
    line = DeviceTimeline(rate_hz=100.0)
    start = 2**32 - 50_000
    sent = [start + 10_000 * i for i in range(20)]
    kept = [*sent[:7], sent[6], sent[3], *sent[12:]]
    times = [line.accept(t % 2**32) for t in kept]
    assert times.count(None) == 2
    assert line.duplicates == 2
    assert [(g.missing, g.reason) for g in line.gaps] == [(5, "lost on the way")]
    known = [t for t in times if t is not None]
    assert known == [t / 1e6 for t in sent[:7] + sent[12:]]


@given(st.lists(st.booleans(), min_size=2, max_size=200), st.integers(0, 2**32 - 1))
def test_every_missing_sample_is_in_the_ledger(arrives: list[bool], start: int) -> None:
    arrives[0] = arrives[-1] = True
    line = DeviceTimeline(rate_hz=60.0)
    accepted = 0
    for i, arrived in enumerate(arrives):
        if arrived and line.accept((start + round(i * 1e6 / 60.0)) % 2**32) is not None:
            accepted += 1
    assert accepted + sum(g.missing or 0 for g in line.gaps) == len(arrives)


@given(st.integers(2, 2000), st.floats(0.0, 0.999), st.integers(0, 2**32 - 1))
def test_never_fewer_are_missing_than_a_sensor_took_that_was_started_anew(
    took: int, part: float, start: int
) -> None:
    line = DeviceTimeline(rate_hz=60.0)
    line.accept(start)
    after = start + round((took + part) * 1e6 / 60.0)  # its last sample stands at `took`
    line.accept(after % 2**32, "link lost", anew=True)
    missing = line.gaps[0].missing
    assert missing == (took if part > 0.35 else pytest.approx(took, abs=1))
    assert missing is not None
    assert missing >= took - 1


@given(
    st.floats(-500, 500),
    st.floats(-100, 100),
    st.lists(st.floats(0.001, 0.5), min_size=30, max_size=200),
)
def test_the_clock_model_sees_through_delays(
    offset_s: float, skew_ppm: float, delays: list[float]
) -> None:
    device = [i * 0.5 for i in range(len(delays))]
    delays[0] = delays[-1] = 0.001  # the quickest packets
    host = [d * (1 + skew_ppm / 1e6) + offset_s + w for d, w in zip(device, delays, strict=True)]
    model = fit_clock(device, host)
    for moment in device:
        true = moment * (1 + skew_ppm / 1e6) + offset_s + 0.001
        assert model.to_host(moment) == pytest.approx(true, abs=1e-6)
    assert fit_clock([3.0], [10.0]).to_host(3.0) == 10.0
