"""Counting and cueing while two sensors stream, live or from recordings."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path

import numpy as np

from rehabctl.analysis.imu_recording import Float
from rehabctl.analysis.joint_angle import HingeAxis, on_common_time
from rehabctl.analysis.joint_live import (
    LiveCounter,
    LiveEvent,
    LiveHinge,
    Pair,
    PairedStream,
    learned_axis,
    moved_s,
)
from rehabctl.domain.errors import FindingsError, UsageError
from rehabctl.reference.sensor_limits import load_sensor_limits
from rehabctl.services.sensor_certificates import hinge_axis_of
from rehabctl.services.sensors import open_recording

_AGAIN_S = 1.0
"""Movement until the axis is looked for again."""
_MOTIONS = ("knee_flexion", "knee_extension", "elbow_flexion", "elbow_extension")


@dataclass(frozen=True)
class Spoken:
    """One event, and what is said about it."""

    event: LiveEvent
    text: str


@dataclass
class Biofeedback:
    """Follows one hinge joint. Made by `biofeedback`.

    Attributes
    ----------
    learning
        Whether the axis is still being learned.
    """

    step_s: float
    counter: LiveCounter
    limits_on: date
    cue: str
    emit: Callable[[Spoken], None]
    axis: HingeAxis | None
    at_once: bool
    """Learn in the flow of samples (a replay) instead of beside it (a stream)."""
    learning: bool = True
    angle_deg: float | None = None
    low_deg: float = float("inf")
    high_deg: float = float("-inf")
    delays_ms: list[float] = field(default_factory=list[float])
    _pairs: list[Pair] = field(default_factory=list[Pair])
    _hinge: LiveHinge | None = None
    _future: Future[HingeAxis | None] | None = None
    _arrived: dict[float, float] = field(default_factory=dict[float, float])

    def __post_init__(self) -> None:
        """Load limits; start at once where the axis is known."""
        limits = load_sensor_limits(self.limits_on)
        self._joint, self._live = limits.of("joint"), limits.of("live")
        self._stream = PairedStream()
        self._moved_s = 0.0
        self._pool = ThreadPoolExecutor(1)
        if self.axis is not None:
            self._begin(self.axis)

    def take(self, which: int, t_s: float, gyr_rads: Float, acc_ms2: Float) -> None:
        """Take one sample.

        Parameters
        ----------
        which
            0 for the proximal sensor, 1 for the distal one.
        t_s, gyr_rads, acc_ms2
            Time on the common clock, (3,), (3,).
        """
        now = time.perf_counter()
        if which == 0:
            self._stream.proximal(t_s, gyr_rads, acc_ms2)
            self._arrived[t_s] = now
            if len(self._arrived) > 500:
                self._arrived.pop(next(iter(self._arrived)))
            return
        for pair in self._stream.distal(t_s, gyr_rads, acc_ms2):
            self._follow(pair)

    def _follow(self, pair: Pair) -> None:
        if self._hinge is None:
            self._learn(pair)
            return
        self._measure(pair)
        arrived = self._arrived.pop(pair[0], None)
        if arrived is not None:
            self.delays_ms.append(1000.0 * (time.perf_counter() - arrived))

    def _measure(self, pair: Pair) -> None:
        if self._hinge is None:
            return
        angle = self.angle_deg = self._hinge.add(pair)
        self.low_deg, self.high_deg = min(self.low_deg, angle), max(self.high_deg, angle)
        event = self.counter.add(pair[0], angle)
        if event is not None:
            self.emit(Spoken(event, self._text(event)))

    def _text(self, event: LiveEvent) -> str:
        if event.kind == "turn":
            return "" if event.full else self.cue.format(degrees=max(1, round(event.missing_deg)))
        word = "full" if event.full else "partial"
        return f"Repetition {event.number}: {word}, {event.peak_deg:.0f} degrees."

    def _learn(self, pair: Pair) -> None:
        self._pairs.append(pair)
        self._moved_s += moved_s([pair], self.step_s, self._joint)
        if self._future is None and self._moved_s >= self._live["learn_moving_s"]:
            level = self._live["horizontal_share_min"]
            self._future = self._pool.submit(learned_axis, list(self._pairs), self._joint, level)
        if self._future is not None and (self.at_once or self._future.done()):
            axis, self._future = self._future.result(), None
            self._moved_s = self._live["learn_moving_s"] - _AGAIN_S
            if axis is not None:
                self._begin(axis)

    def _begin(self, axis: HingeAxis) -> None:
        """Start measuring, with everything that was kept while the axis was learned."""
        self.axis, self.learning = axis, False
        self._hinge = LiveHinge(self.step_s, self._joint, axis)
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            self._measure(pair)

    def finish(self) -> dict[str, object]:
        """Return the counts, the range, and how late the cues were."""
        self._pool.shutdown(cancel_futures=True)
        known = not self.learning and self.high_deg >= self.low_deg
        delays = self.delays_ms
        return {
            "repetitions": {"full": self.counter.full, "partial": self.counter.partial},
            "min_deg": round(self.low_deg, 1) if known else None,
            "max_deg": round(self.high_deg, 1) if known else None,
            "axis_learned": not self.learning,
            "added_latency_ms_p95": round(float(np.percentile(delays, 95)), 2) if delays else None,
        }


def biofeedback(
    exercise: str,
    target_deg: float | None,
    rate_hz: float,
    on: date,
    emit: Callable[[Spoken], None],
    calibration: Path | None = None,
    *,
    at_once: bool,
) -> Biofeedback:
    """Return what counts and cues one exercise.

    Parameters
    ----------
    exercise
        Slug.
    target_deg
        Replaces the exercise's own.
    rate_hz
        Of both sensors.
    on
        Day whose limits apply.
    emit
        Told of turning points and repetitions; must not block.
    calibration
        Certificate of a functional calibration; None to learn the axis from the first movements.
    at_once
        See `Biofeedback`.

    Raises
    ------
    UsageError
        The exercise has no hinge joint that two sensors measure.
    """
    from rehabctl.reference.exercise_library import load_exercise
    from rehabctl.reference.measurement import load_measurement_data

    measurement = load_exercise(exercise).measurement
    motion, rest = measurement.motion, measurement.rest_deg
    target = measurement.target_deg if target_deg is None else target_deg
    if motion not in _MOTIONS or rest is None or target is None or target == rest:
        raise UsageError(
            f"{exercise} is not driven by a knee or an elbow",
            "Record it, and measure it with: rehabctl sensor joint",
        )
    thresholds = load_measurement_data(on).repetitions
    limits = load_sensor_limits(on)
    counter = LiveCounter(
        rest, target, thresholds.full_share, measurement.min_rep_s, limits.of("live")
    )
    cue = _cues()[f"{motion} {'up' if target > rest else 'down'}"]
    axis = None if calibration is None else hinge_axis_of(calibration)
    return Biofeedback(1.0 / rate_hz, counter, on, cue, emit, axis, at_once)


def _cues() -> dict[str, str]:
    import tomllib

    path = files("rehabctl.reference") / "sensors" / "cues.toml"
    return tomllib.loads(path.read_text("utf-8"))["cue"]


def replayed(paths: tuple[Path, ...], speed: float) -> Iterator[tuple[int, float, Float, Float]]:
    """Yield the samples of recordings in the order of time, at their own pace or faster.

    Parameters
    ----------
    paths
        One or two recordings of one clock.
    speed
        1 for real time, 0 for at once.

    Yields
    ------
    tuple
        Number of the recording, time, rate (3,), specific force (3,).
    """
    recordings = [open_recording(path) for path in paths]
    if len(recordings) == 2:
        try:
            recordings = list(on_common_time(recordings[0], recordings[1]))
        except ValueError as error:
            raise FindingsError(str(error), "Record both sensors at once") from None
    rows = sorted((float(t), i, k) for i, r in enumerate(recordings) for k, t in enumerate(r.t_s))
    began, first = time.monotonic(), rows[0][0]
    for t_s, which, at in rows:
        if speed > 0.0:
            wait = (t_s - first) / speed - (time.monotonic() - began)
            if wait > 0.0:
                time.sleep(wait)
        yield which, t_s, recordings[which].gyr_rads[at], recordings[which].acc_ms2[at]


def as_json(spoken: Spoken) -> str:
    """Return one event as a JSON line.

    Parameters
    ----------
    spoken
        The event.
    """
    event = spoken.event
    return json.dumps(
        {
            "t_s": round(event.t_s, 3),
            "event": event.kind,
            "number": event.number,
            "full": event.full,
            "peak_deg": round(event.peak_deg, 1),
            "missing_deg": round(event.missing_deg, 1),
            "text": spoken.text,
        }
    )
