"""A calibration at the bench: record with guidance, judge, sign. One service for both shells."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rehabctl.domain.errors import FindingsError, RehabctlError, UnavailableError
from rehabctl.domain.sensor import CalibrationResult, Procedure
from rehabctl.reference.sensor_limits import load_sensor_limits
from rehabctl.services.sensor_bench_guides import Show, guides, replay
from rehabctl.services.sensor_calibration import (
    DURATIONS_S,
    CalibrationRequest,
    bench_folder,
    calibrate,
)
from rehabctl.services.sensor_link import LinkOutcome, LinkRequest, record
from rehabctl.services.sensors import open_recording
from rehabctl.services.settings import Settings

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
    show: Show = lambda view: None,
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
        Given the picture five times a second.
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
        _shown(request, files, settings, show, note, control)
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


def _shown(
    request: BenchRequest,
    files: tuple[Path, ...],
    settings: Settings,
    show: Show,
    note: Callable[[str], None],
    control: BenchControl,
) -> None:
    """Show how recordings went, at once."""
    recordings = [open_recording(file) for file in files]
    names = [each.meta.serial or "recording" for each in recordings]
    limits = load_sensor_limits(settings.now().date())
    with guides(request.procedure, names, limits, note, show, at_once=True) as taps:
        replay(recordings, taps, control.ended)


def _recorded(
    request: BenchRequest,
    settings: Settings,
    folder: Path,
    show: Show,
    note: Callable[[str], None],
    control: BenchControl,
) -> tuple[Path, ...]:
    """Record every sensor, and return the files if all of them can be judged."""
    duration_s = request.duration_s or DURATIONS_S[request.procedure]
    requests = [
        LinkRequest(sensor, folder / f"{i}-{_plain(sensor)}.imurec", None, duration_s)
        for i, sensor in enumerate(request.sensors, 1)
    ]
    limits = load_sensor_limits(settings.now().date())
    note(FIRST_STEP[request.procedure])
    with guides(request.procedure, request.sensors, limits, note, show) as taps:
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
