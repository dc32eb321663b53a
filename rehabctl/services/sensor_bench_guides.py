"""From the samples of sensors at the bench to what a person sees and is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module

import numpy as np

from rehabctl.analysis.calibration_guide import CalibrationGuide
from rehabctl.analysis.calibration_picture import BenchView
from rehabctl.analysis.functional_calibration import FunctionalAxis, from_neutral, functional_axis
from rehabctl.analysis.imu_recording import ImuRecording
from rehabctl.analysis.joint_angle import on_common_time
from rehabctl.analysis.joint_guide import JointGuide, JointView
from rehabctl.devices.model import SampleBatch
from rehabctl.domain.sensor import Procedure
from rehabctl.reference.sensor_limits import SensorLimits
from rehabctl.services.sensor_intake import Tap

Show = Callable[[BenchView], None]
"""Takes the picture, five times a second."""
_SHOW_EVERY_S = 0.2


@contextmanager
def guides(
    procedure: Procedure,
    sensors: Sequence[str],
    limits: SensorLimits,
    say: Callable[[str], None],
    show: Show,
    *,
    at_once: bool = False,
) -> Generator[tuple[Tap, ...]]:
    """Yield what follows the samples of each sensor of a calibration and tells how it goes.

    Parameters
    ----------
    procedure
        Which.
    sensors
        Their names, for the lines; two of them are the ones above and below a joint.
    limits
        The rows in force.
    say
        Takes a line.
    show
        Takes the picture.
    at_once
        Look at the axis of a joint in the flow of samples (a replay) instead of beside it.
    """
    if len(sensors) == 1:
        yield (_one(CalibrationGuide(procedure, limits), sensors[0], say, show),)
        return
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_warm)
        follower = _Joint(limits, say, show, pool, at_once)
        yield follower.tap(0), follower.tap(1)


def _one(found: CalibrationGuide, sensor: str, say: Callable[[str], None], show: Show) -> Tap:
    next_s = 0.0

    def tap(t_s: float, batch: SampleBatch, row: int) -> None:
        nonlocal next_s
        line = found.add(t_s, batch.gyr_rads[row], batch.acc_ms2[row], batch.mag_ut[row])
        if line is not None:
            say(f"{sensor}: {line}")
        if t_s >= next_s:
            next_s = t_s + _SHOW_EVERY_S
            show(found.view())

    return tap


class _Joint:
    """Follows two sensors; the axis is looked for beside the flow of samples."""

    def __init__(
        self,
        limits: SensorLimits,
        say: Callable[[str], None],
        show: Show,
        pool: ThreadPoolExecutor,
        at_once: bool,
    ) -> None:
        self._guide, self._limits = JointGuide(limits), limits
        self._say, self._show, self._pool, self._at_once = say, show, pool, at_once
        self._look: Future[FunctionalAxis | None] | None = None
        self._seen_s = self._next_s = 0.0
        self._told = ""

    def tap(self, which: int) -> Tap:
        """Return what takes the samples of one of the two."""

        def take(t_s: float, batch: SampleBatch, row: int) -> None:
            self._guide.add(which, t_s, batch.gyr_rads[row], batch.acc_ms2[row])
            self._learn()
            if t_s >= self._next_s:
                self._next_s = t_s + _SHOW_EVERY_S
                view = self._guide.view()
                self._show(view)
                self._tell(view)

        return take

    def _learn(self) -> None:
        if self._look is None and (pair := self._guide.due()) is not None:
            self._seen_s = float(pair[0].t_s[-1])
            self._look = self._pool.submit(self._axis, pair)
        if self._look is not None and (self._at_once or self._look.done()):
            found, self._look = self._look.result(), None
            if found is not None:
                self._guide.take_axis(found, self._seen_s)

    def _tell(self, view: JointView) -> None:
        """Say it once the axis is known, and again when something else is to be done."""
        if view.found is not None and view.next_step != self._told:
            self._told = view.next_step
            self._say(f"{view.done}. {view.next_step}")

    def _axis(self, pair: tuple[ImuRecording, ImuRecording]) -> FunctionalAxis | None:
        try:
            since = from_neutral(*on_common_time(*pair), self._limits.of("joint"))
            return None if since is None else functional_axis(*since, self._limits)
        except ValueError:  # too little movement so far
            return None


def _warm() -> None:
    """Load what the first look needs while nobody waits for it."""
    for name in ("scipy.optimize", "scipy.signal", "vqf"):
        import_module(name)


def replay(recordings: Sequence[ImuRecording], taps: Sequence[Tap], ended: threading.Event) -> None:
    """Show how recordings went, at once, in the order of time.

    Parameters
    ----------
    recordings
        Of one clock.
    taps
        One a recording.
    ended
        Whether somebody has seen enough.
    """
    batches: list[SampleBatch] = []
    for recording in recordings:
        missing = np.full((len(recording), 4), np.nan)
        mag_ut = missing[:, :3] if recording.mag_ut is None else recording.mag_ut
        batches.append(SampleBatch(recording.gyr_rads, recording.acc_ms2, mag_ut, missing))
    rows = ((t, i, k) for i, each in enumerate(recordings) for k, t in enumerate(each.t_s.tolist()))
    for t_s, which, row in sorted(rows):
        if ended.is_set():
            return
        taps[which](t_s, batches[which], row)
