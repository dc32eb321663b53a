"""Calibration of a sensor from recordings: the procedures, their judgement, their certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from rehabctl.analysis.functional_calibration import functional
from rehabctl.analysis.imu_recording import ImuRecording
from rehabctl.analysis.sensor_calibration import accelerometer, magnetometer, static
from rehabctl.analysis.sensor_drift import Judged, allan, drift, synchronise
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.sensor import (
    CalibrationCertificate,
    CalibrationResult,
    Procedure,
    SensorFinding,
    SensorIdentity,
)
from rehabctl.reference.sensor_limits import SensorLimits, load_sensor_limits
from rehabctl.services.sensor_certificates import (
    CertificateState,
    certificate_book,
    write_certificate,
)
from rehabctl.services.sensors import open_recording, sha256_of
from rehabctl.services.settings import Settings

_TAKES = {
    Procedure.STATIC: (1, 1),
    Procedure.ACCELEROMETER: (1, 100),
    Procedure.MAGNETOMETER: (1, 1),
    Procedure.FUNCTIONAL: (1, 2),
    Procedure.ALLAN: (1, 1),
}
"""Least and most recordings."""

DURATIONS_S = {
    Procedure.STATIC: 6.0,
    Procedure.ACCELEROMETER: 90.0,
    Procedure.MAGNETOMETER: 60.0,
    Procedure.FUNCTIONAL: 30.0,
    Procedure.ALLAN: 1830.0,
}
"""How long a live recording for each takes when nobody ends it."""

BY_HAND_S = 600.0
"""What a person does until it is enough, and then ends; so long at most."""


def longest_s(procedure: Procedure) -> float:
    """Return how long a live recording may take that a person can end.

    Parameters
    ----------
    procedure
        Which.
    """
    still = procedure in (Procedure.STATIC, Procedure.ALLAN)
    return DURATIONS_S[procedure] if still else BY_HAND_S


@dataclass(frozen=True)
class CalibrationRequest:
    """What to calibrate, and what the certificate says about it."""

    procedure: Procedure
    recordings: tuple[Path, ...]
    operator: str = ""
    temperature_c: float | None = None
    certificate: Path | None = None
    """Where to write it; None for the home's own folder."""


def calibrate(
    request: CalibrationRequest, settings: Settings
) -> tuple[CalibrationResult, Path | None]:
    """Run a procedure on recordings and sign its result, passed or failed.

    Parameters
    ----------
    request
        What to do.
    settings
        Clock, home and key folder.

    Returns
    -------
    result, certificate
        The certificate's path; None where the recordings gave nothing to certify.
    """
    least, most = _TAKES[request.procedure]
    if not least <= len(request.recordings) <= most:
        wanted = "one recording" if most == 1 else f"{least} to {most} recordings"
        raise UsageError(f"{request.procedure.value} takes {wanted}", "Name them after --replay")
    recordings = [open_recording(path) for path in request.recordings]
    identity = _identity(recordings, request.procedure)
    now = settings.now()
    limits = load_sensor_limits(now.date())
    result = run_procedure(request.procedure, recordings, limits)
    if not result.results:
        return result, None
    certificate = CalibrationCertificate(
        procedure=request.procedure,
        sensor=identity,
        passed=result.passed,
        limits=result.limits,
        results=result.results,
        findings=result.findings,
        operator=request.operator,
        temperature_c=request.temperature_c,
        software=_software(),
        input_sha256=tuple(sha256_of(path) for path in request.recordings),
        issued_at=now,
        valid_until=now + timedelta(days=result.limits["validity_days"]),
        uncertainty=uncertainty_of(result),
    )
    return result, write_certificate(certificate, request.certificate, settings.paths)


def uncertainty_of(result: CalibrationResult) -> dict[str, float]:
    """Return the standard uncertainty of what a procedure measured, as far as it says one.

    A static pose gives the standard error of the bias; a fit gives its error on data that it has
    not seen.

    Parameters
    ----------
    result
        Of any procedure.
    """
    found: dict[str, float] = {}
    errors = result.results.get("gyroscope_bias_standard_error_dps")
    if isinstance(errors, list):
        found["gyroscope_bias_dps"] = max(float(e) for e in cast("list[float]", errors))
    for name, held_out in (
        ("acceleration_mg", "holdout_rms_mg"), ("field_percent", "holdout_norm_cv_percent"),
    ):  # fmt: skip
        value = result.results.get(held_out)
        if isinstance(value, int | float):
            found[name] = float(value)
    return found


def bench_folder(settings: Settings, procedure: Procedure) -> Path:
    """Return a new folder of the home for live recordings of a procedure.

    Parameters
    ----------
    settings
        Home and clock.
    procedure
        Which.
    """
    moment = settings.now().strftime("%Y%m%dT%H%M%S%f")
    folder = settings.paths.home / "bench" / f"{procedure.value}-{moment}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RehabctlError(
            f"cannot make a folder in the home: {error.strerror}", "Check REHABCTL_HOME"
        ) from None
    return folder


def run_procedure(
    procedure: Procedure, recordings: Sequence[ImuRecording], limits: SensorLimits
) -> CalibrationResult:
    """Fit and judge.

    Parameters
    ----------
    procedure
        Which one.
    recordings
        As many as it takes.
    limits
        The rows in force.
    """
    if procedure is Procedure.ACCELEROMETER:
        return accelerometer(list(recordings), limits)
    if procedure is Procedure.FUNCTIONAL:
        return functional(list(recordings), limits)
    single = {
        Procedure.STATIC: static,
        Procedure.MAGNETOMETER: magnetometer,
        Procedure.ALLAN: allan,
    }
    return single[procedure](recordings[0], limits)


@dataclass(frozen=True)
class SensorVerdict:
    """Whether a sensor may record patients, and what speaks against it."""

    ok: bool
    serial: str
    certificates: tuple[CertificateState, ...]
    findings: tuple[SensorFinding, ...]


def verify_sensor(serial: str, recording: Path | None, settings: Settings) -> SensorVerdict:
    """Check a sensor's certificates, and a fresh still recording against them.

    Parameters
    ----------
    serial
        Of the sensor.
    recording
        Still, of the same sensor; None to look at the certificates only.
    settings
        Home and clock.
    """
    book = certificate_book(settings)
    states = book.states(serial)
    findings = [
        SensorFinding(f.code, f"{state.procedure.value} certificate {f.text}")
        for state in states
        for f in state.findings
    ]
    if recording is not None:
        fresh = open_recording(recording)
        if fresh.meta.serial != serial:
            raise UsageError(
                f"{recording.name} is of another sensor", "Record the one that is verified"
            )
        result = static(fresh, load_sensor_limits(settings.now().date()))
        findings += result.findings
        found = book.newest.get((serial, Procedure.STATIC.value))
        if found is not None:
            findings += _moved_bias(found[1].statement.get("results"), result)
    return SensorVerdict(not findings, serial, states, tuple(findings))


def _moved_bias(before: object, now: CalibrationResult) -> list[SensorFinding]:
    """Return a finding when the bias is no longer the certified one."""
    key, limit = "gyroscope_bias_dps", now.limits["bias_change_dps_max"]
    old = cast("dict[str, Any]", before).get(key) if isinstance(before, dict) else None
    new = now.results.get(key)
    if not isinstance(old, list) or not isinstance(new, list):
        return []
    pairs = zip(cast("list[float]", old), cast("list[float]", new), strict=False)
    change = max((abs(b - a) for a, b in pairs), default=0.0)
    if change <= limit:
        return []
    return [SensorFinding("bias_changed", f"the bias has moved by {change:.2f} deg/s")]


def drift_file(path: Path, settings: Settings) -> Judged:
    """Measure the drift of a still recording.

    Parameters
    ----------
    path
        A recording file.
    settings
        The clock chooses the limits.
    """
    return drift(open_recording(path), load_sensor_limits(settings.now().date()))


def sync_files(first: Path, second: Path, settings: Settings) -> Judged:
    """Compare the clocks of two recordings that were shaken together.

    Parameters
    ----------
    first, second
        Recording files.
    settings
        The clock chooses the limits.
    """
    limits = load_sensor_limits(settings.now().date())
    return synchronise(open_recording(first), open_recording(second), limits)


def _identity(recordings: Sequence[ImuRecording], procedure: Procedure) -> SensorIdentity:
    metas = [recording.meta for recording in recordings]
    serials = {meta.serial for meta in metas}
    if procedure is not Procedure.FUNCTIONAL and len(serials) > 1:
        raise UsageError(
            "the recordings are of different sensors", "Calibrate one sensor at a time"
        )
    return SensorIdentity(
        "+".join(dict.fromkeys(meta.serial for meta in metas)), metas[0].model, metas[0].firmware
    )


def _software() -> str:
    from rehabctl import __version__

    return f"rehabctl {__version__}"
