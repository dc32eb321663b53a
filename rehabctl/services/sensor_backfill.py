"""Gaps of a recording filled from the sensor's own memory, by its own time stamps."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.log_alignment import align
from rehabctl.devices.model import SampleBatch, batch
from rehabctl.devices.recorder import RecordedFile, Recorder, read_chunk_file
from rehabctl.devices.timeline import ClockFollower
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.sensor import GapRecord

_WRAP_US = 2**32
_LEAST_COMMON = 20
"""Samples that stream and memory must share."""
_FOREIGN_S = 3600.0
"""A memory whose samples all lie further away than this is of another session."""


def fill_file(
    path: Path, logged: Sequence[SampleBatch], key: bytes | None = None
) -> tuple[int, tuple[GapRecord, ...]]:
    """Add to a recording what only the sensor's memory holds; replaced whole or not at all.

    Parameters
    ----------
    path
        An append-only recording of the same sensor.
    logged
        The samples of its memory.
    key
        Of an encrypted recording.

    Returns
    -------
    filled, gaps
        How many samples were added, and what is still missing.

    Raises
    ------
    UsageError
        The recording has no times of the sensor, and its values are not in the memory.
    """
    file = read_chunk_file(path, key)
    if file.clock is None:
        aligned = _on_the_ticks(file, logged)
        if aligned is None:
            raise UsageError(
                f"{path.name} and the sensor's memory have nothing in common",
                "Record with --onboard, and name the sensor of that recording",
            )
        file, logged = aligned
    have = file.device_t_s
    interval_s = float(np.median(np.diff(have)))
    fresh: list[tuple[float, SampleBatch, int]] = []
    for one in logged:
        for row in range(len(one)):
            moment = _moment(one, row, have)
            if moment is not None and not _is_near(have, moment, 0.5 * interval_s):
                fresh.append((moment, one, row))
    inside = [f for f in fresh if have[0] < f[0] < have[-1]]
    if not inside:
        return 0, file.gaps
    part = path.with_name(path.name + ".filled")
    part.unlink(missing_ok=True)
    gaps = _rewritten(part, file, inside, interval_s, key)
    try:
        part.replace(path)
    except OSError as error:
        raise RehabctlError(f"cannot write {path.name}: {error.strerror}", "Check it") from None
    return len(inside), gaps


def _on_the_ticks(
    file: RecordedFile, logged: Sequence[SampleBatch]
) -> tuple[RecordedFile, list[SampleBatch]] | None:
    """Put a stream that carries no time on the sensor's own, which its memory tells.

    Returns
    -------
    file, logged
        The recording with times of the sensor, and what it has not; None where nothing agrees.
    """
    batches = [
        one
        for one in logged
        if one.device_time_us is not None
        and len(one) == 1
        and bool(np.isfinite(one.gyr_rads).all())
    ]
    log_t_s = np.array([one.device_time_us[0] / 1e6 for one in batches if one.device_time_us])
    values = np.array([one.acc_ms2[0] for one in batches], dtype=np.float32).reshape(-1, 3)
    arrived = file.recording.t_s
    place = align(arrived, file.recording.acc_ms2.astype(np.float32), log_t_s, values)
    known = np.flatnonzero(place >= 0)
    if len(known) < _LEAST_COMMON:
        return None
    follower = ClockFollower()
    for i in known.tolist():
        follower.add(float(log_t_s[place[i]]), float(arrived[i]))
    clock = follower.model()
    inner = np.arange(len(arrived))
    device_t_s = np.interp(inner, known, log_t_s[place[known]])
    for edge, ends in ((inner < known[0], known[0]), (inner > known[-1], known[-1])):
        device_t_s[edge] = log_t_s[place[ends]] + arrived[edge] - arrived[ends]
    if not bool(np.all(np.diff(device_t_s) > 0)):
        return None
    # between two neighbours of the stream, everything that was logged is missing there
    missing = [
        batches[number]
        for a, b in itertools.pairwise(known.tolist())
        if b == a + 1
        for number in range(int(place[a]) + 1, int(place[b]))
    ]
    return replace(file, device_t_s=device_t_s, clock=clock), missing


def _moment(one: SampleBatch, row: int, have: NDArray[np.float64]) -> float | None:
    """Return the time of a sample on the recording's unwrapped clock of the sensor."""
    if one.device_time_us is None:
        return None
    raw, middle_us = one.device_time_us[row], float(have[len(have) // 2]) * 1e6
    turns = round((middle_us - raw) / _WRAP_US)
    moment = (raw + turns * _WRAP_US) / 1e6
    away = max(float(have[0]) - moment, moment - float(have[-1]))
    return None if away > _FOREIGN_S else moment


def _is_near(have: NDArray[np.float64], moment: float, distance_s: float) -> bool:
    at = int(np.searchsorted(have, moment))
    near = have[max(0, at - 1) : at + 1]
    return bool(np.any(np.abs(near - moment) < distance_s))


def _rewritten(
    path: Path,
    file: RecordedFile,
    fresh: list[tuple[float, SampleBatch, int]],
    interval_s: float,
    key: bytes | None,
) -> tuple[GapRecord, ...]:
    """Write the joined samples, the clock and the ledger of what is still missing."""
    recording, clock = file.recording, file.clock
    mag = recording.mag_ut
    rows = [
        (
            float(file.device_t_s[i]),
            batch(
                gyr=[recording.gyr_rads[i].tolist()],
                acc=[recording.acc_ms2[i].tolist()],
                mag=None if mag is None else [mag[i].tolist()],
            ),
            0,
        )
        for i in range(len(recording))
    ]
    joined = sorted([*rows, *fresh], key=lambda row: row[0])
    times = np.array([row[0] for row in joined])
    written = 0.0

    def never_full() -> float:  # a chunk a second of recording, as when it was made
        return written

    gaps: list[GapRecord] = []
    with Recorder(path, recording.meta, never_full, key, file.started_at) as recorder:
        if clock is not None:
            recorder.set_clock(clock)
        for moment, one, row in joined:
            recorder.add(moment, one, row)
            written = moment - joined[0][0]
        for i in np.flatnonzero(np.diff(times) > 1.5 * interval_s):
            missing = round(float(times[i + 1] - times[i]) / interval_s) - 1
            reason = _reason(file, times, int(i))
            gap = GapRecord(float(times[i]), float(times[i + 1]), missing, reason)
            recorder.add_gap(gap)
            gaps.append(gap)
    if clock is None:
        return tuple(gaps)
    return tuple(
        replace(gap, from_s=clock.to_host(gap.from_s), to_s=clock.to_host(gap.to_s)) for gap in gaps
    )


def _reason(file: RecordedFile, times: NDArray[np.float64], at: int) -> str:
    clock = file.clock
    moment = float(times[at]) if clock is None else clock.to_host(float(times[at]))
    for gap in file.gaps:
        if gap.from_s - 0.5 <= moment <= gap.to_s + 0.5:
            return gap.reason
    return "lost on the way"
