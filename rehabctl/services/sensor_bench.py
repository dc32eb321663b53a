"""A calibration at the bench: record with guidance, judge, sign. One service for both shells."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rehabctl.analysis.calibration_guide import CalibrationGuide, GuideView
from rehabctl.analysis.imu_recording import ImuRecording
from rehabctl.devices.model import SampleBatch
from rehabctl.domain.errors import FindingsError, RehabctlError, UnavailableError
from rehabctl.domain.sensor import CalibrationResult, Procedure
from rehabctl.reference.sensor_limits import load_sensor_limits
from rehabctl.services.sensor_calibration import (
    DURATIONS_S,
    CalibrationRequest,
    bench_folder,
    calibrate,
)
from rehabctl.services.sensor_intake import Tap
from rehabctl.services.sensor_link import LinkOutcome, LinkRequest, record
from rehabctl.services.sensors import open_recording
from rehabctl.services.settings import Settings

_SHOW_EVERY_S = 0.2
_UNFIT = frozenset({"lost", "rate", "damaged", "firmware"})
"""Findings after which a recording is not judged."""

FIRST_STEP = {
    Procedure.STATIC: "lay the sensor on a table and do not touch it",
    Procedure.ACCELEROMETER: "put it down on every face, edge and corner, two seconds each",
    Procedure.MAGNETOMETER: "turn it slowly through all directions, away from metal",
    Procedure.FUNCTIONAL: "stand still for three seconds, then bend the joint five to ten times",
    Procedure.ALLAN: "lay it where nothing shakes for half an hour",
}


@dataclass(frozen=True)
class BenchRequest:
    """What to calibrate now."""

    procedure: Procedure
    sensors: tuple[str, ...]
    """Addresses or names; or recording files (`.npz`, `.imurec`), to see how it would go."""
    operator: str = ""
    temperature_c: float | None = None
    certificate: Path | None = None
    """Where to write it; None for the home's own folder."""
    duration_s: float | None = None
    """At most; None for the procedure's own."""


@dataclass(frozen=True)
class BenchControl:
    """How a person ends a recording early, or leaves it."""

    ended: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)

    def end(self) -> None:
        """Stop recording, and judge what there is."""
        self.ended.set()

    def leave(self) -> None:
        """Stop recording, and keep nothing."""
        self.left.set()
        self.ended.set()


def calibrate_live(
    request: BenchRequest,
    settings: Settings,
    *,
    show: Callable[[GuideView], None] = lambda view: None,
    note: Callable[[str], None] = lambda text: None,
    control: BenchControl | None = None,
) -> tuple[CalibrationResult, Path | None]:
    """Record with guidance, judge and sign; what is left or fails leaves no file behind.

    Parameters
    ----------
    request
        Which sensors and procedure.
    settings
        Which Bluetooth, home and clock.
    show
        Given the picture five times a second, of a single sensor.
    note
        Told of connections, drops, new poses.
    control
        Through which a person ends it.

    Returns
    -------
    result, certificate
        As `calibrate`.

    Raises
    ------
    RehabctlError
        The person left, or the recording cannot be judged.
    """
    control = control or BenchControl()
    files = tuple(Path(name) for name in request.sensors)
    if all(file.suffix in (".npz", ".imurec") for file in files):
        if len(files) == 1:
            _replay(request, settings, open_recording(files[0]), show, note, control)
        _go_on(control)
        return _judged(request, files, settings)
    folder = bench_folder(settings, request.procedure)
    try:
        paths = _recorded(request, settings, folder, show, note, control)
        _go_on(control)
        return _judged(request, paths, settings)
    except BaseException:  # an interrupt by the terminal, too
        shutil.rmtree(folder, ignore_errors=True)
        _go_on(control)
        raise


def _go_on(control: BenchControl) -> None:
    if control.left.is_set():
        raise RehabctlError("the calibration was left", "Begin again; nothing was kept")


def _judged(
    request: BenchRequest, paths: tuple[Path, ...], settings: Settings
) -> tuple[CalibrationResult, Path | None]:
    certified = CalibrationRequest(
        request.procedure, paths, request.operator, request.temperature_c, request.certificate
    )
    return calibrate(certified, settings)


def _recorded(
    request: BenchRequest,
    settings: Settings,
    folder: Path,
    show: Callable[[GuideView], None],
    note: Callable[[str], None],
    control: BenchControl,
) -> tuple[Path, ...]:
    """Record every sensor, and return the files if all of them can be judged."""
    duration_s = request.duration_s or DURATIONS_S[request.procedure]
    requests = [
        LinkRequest(sensor, folder / f"{i}-{_plain(sensor)}.imurec", None, duration_s)
        for i, sensor in enumerate(request.sensors, 1)
    ]
    alone = len(requests) == 1
    taps = [
        guide(settings, request.procedure, sensor, note, show if alone else lambda view: None)
        for sensor in request.sensors
    ]
    note(FIRST_STEP[request.procedure])
    outcomes = record(requests, settings, taps=taps, note=note, ended=control.ended)
    for outcome in outcomes:
        _refuse_unfit(outcome)
    return tuple(each.path for each in requests)


def _plain(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in text)


def _refuse_unfit(outcome: LinkOutcome | RehabctlError) -> None:
    if isinstance(outcome, RehabctlError):
        raise outcome
    for finding in outcome.findings:
        if finding.code in _UNFIT:
            kind = UnavailableError if finding.code == "lost" else FindingsError
            raise kind(
                f"the recording is not fit for a calibration: {finding.text}",
                "Mend that and begin again; nothing was kept",
            )


def guide(
    settings: Settings,
    procedure: Procedure,
    sensor: str,
    say: Callable[[str], None],
    show: Callable[[GuideView], None],
) -> Tap:
    """Return what follows the samples of a live calibration and tells how it goes.

    Parameters
    ----------
    settings
        The clock chooses the limits.
    procedure
        Which.
    sensor
        Its name, for the lines.
    say
        Takes a line.
    show
        Takes the picture, five times a second.
    """
    found = CalibrationGuide(procedure, load_sensor_limits(settings.now().date()))
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


def _replay(
    request: BenchRequest,
    settings: Settings,
    recording: ImuRecording,
    show: Callable[[GuideView], None],
    note: Callable[[str], None],
    control: BenchControl,
) -> None:
    """Show how a recording went, at once."""
    tap = guide(settings, request.procedure, recording.meta.serial or "recording", note, show)
    missing = np.full((len(recording), 4), np.nan)
    mag_ut = missing[:, :3] if recording.mag_ut is None else recording.mag_ut
    batch = SampleBatch(recording.gyr_rads, recording.acc_ms2, mag_ut, missing)
    for row, t_s in enumerate(recording.t_s.tolist()):
        if control.ended.is_set():
            return
        tap(t_s, batch, row)
