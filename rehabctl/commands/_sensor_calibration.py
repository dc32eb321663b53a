"""`rehabctl sensor calibrate|drift|sync`: the procedures of the bench."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_object, to_json_value
from rehabctl.domain.errors import ExitCode, RehabctlError, UsageError
from rehabctl.domain.sensor import Procedure

if TYPE_CHECKING:
    from rehabctl.analysis.sensor_drift import Judged

app = typer.Typer(no_args_is_help=True)

Recording = Annotated[Path, typer.Argument(help="A recording (.npz or .imurec).")]


@app.command(
    epilog="Examples: rehabctl sensor calibrate --replay still.npz --procedure static | rehabctl "
    "sensor calibrate --replay poses.npz --procedure accelerometer --operator 'A. Technician'"
)
def calibrate(
    target: Annotated[
        list[str] | None,
        typer.Argument(metavar="SERIAL", help="Serial; after --replay, further recordings."),
    ] = None,
    procedure: Annotated[Procedure, typer.Option("--procedure", help="Which.")] = Procedure.STATIC,
    replay_: Annotated[
        list[Path] | None, typer.Option("--replay", help="Recordings instead of a sensor.")
    ] = None,
    operator: Annotated[str, typer.Option(help="Name for the certificate.")] = "",
    temperature_c: Annotated[
        float | None, typer.Option("--temperature-c", help="Of the room, for the certificate.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="Where to write the certificate.")
    ] = None,
    duration_s: Annotated[
        float | None, typer.Option("--duration-s", min=3, help="Of a live recording.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Run a calibration procedure and sign its certificate. Exit code 3 when it fails."""
    from rehabctl.services.sensor_calibration import CalibrationRequest
    from rehabctl.services.sensor_calibration import calibrate as run
    from rehabctl.services.settings import load_settings

    recordings = (*(replay_ or []), *(Path(name) for name in target or []))
    if not replay_:
        most = 2 if procedure is Procedure.FUNCTIONAL else 1
        if not target or len(target) > most:
            raise UsageError("no sensor and no recording named", "Name a SERIAL, or --replay FILE")
        recordings = _recorded_now(target, procedure, duration_s, quiet)
    request = CalibrationRequest(procedure, recordings, operator, temperature_c, certificate)
    result, path = run(request, load_settings())
    view = {
        "procedure": procedure,
        "passed": result.passed,
        "limits": result.limits,
        "results": result.results,
        "findings": result.findings,
        "certificate": path,
    }
    emit_object(view, Output.of(format_, json_, output, quiet))
    if not result.passed:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog="Examples: rehabctl sensor drift still.npz | rehabctl sensor drift still.npz --json"
)
def drift(
    recording: Recording,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Measure how far the heading of a still sensor drifts. Exit code 3 beyond the limits."""
    from rehabctl.services.sensor_calibration import drift_file
    from rehabctl.services.settings import load_settings

    _emit_judged(drift_file(recording, load_settings()), Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl sensor sync thigh.npz shank.npz | "
    "rehabctl sensor sync thigh.npz shank.npz --format json"
)
def sync(
    first: Recording,
    second: Annotated[Path, typer.Argument(help="The other sensor, shaken together with it.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Find offset and speed of the second clock against the first. Exit code 3 when unsure."""
    from rehabctl.services.sensor_calibration import sync_files
    from rehabctl.services.settings import load_settings

    judged = sync_files(first, second, load_settings())
    _emit_judged(judged, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl sensor verify 0000D422CD001122 | "
    "rehabctl sensor verify SIM-0001 --recording still.npz --format json"
)
def verify(
    serial: Annotated[str, typer.Argument(help="Serial number, as on the certificate.")],
    recording: Annotated[
        Path | None, typer.Option(help="A fresh still recording, to compare with the certificates.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Tell whether a sensor may record patients: valid certificates, and a fresh still check.

    Exit code 3 when something speaks against it.
    """
    from rehabctl.services.sensor_calibration import verify_sensor
    from rehabctl.services.settings import load_settings

    found = verify_sensor(serial, recording, load_settings())
    emit_object(to_json_value(found), Output.of(format_, json_, output, quiet))
    if not found.ok:
        raise typer.Exit(ExitCode.FINDINGS)


def _recorded_now(
    targets: list[str], procedure: Procedure, duration_s: float | None, quiet: bool
) -> tuple[Path, ...]:
    """Record the sensors that were named, for as long as the procedure needs, with guidance."""
    from rehabctl.commands._sensor_link import emit_outcomes, noter, requests_of
    from rehabctl.services.sensor_calibration import DURATIONS_S, bench_folder, guide
    from rehabctl.services.sensor_link import record as run
    from rehabctl.services.settings import load_settings

    settings = load_settings()
    say = noter(quiet)
    requests = requests_of(
        targets, bench_folder(settings, procedure), None, duration_s or DURATIONS_S[procedure]
    )
    say(GUIDANCE[procedure])
    taps = [guide(settings, procedure, request.sensor, say) for request in requests]
    outcomes = run(requests, settings, taps=taps, note=say)
    lost = {"lost", "rate", "damaged", "firmware"}
    if any(isinstance(o, RehabctlError) or lost & {f.code for f in o.findings} for o in outcomes):
        emit_outcomes(outcomes, None, Output(Format.PLAIN, quiet=quiet))
    return tuple(request.path for request in requests)


GUIDANCE = {
    Procedure.STATIC: "lay the sensor on a table and do not touch it",
    Procedure.ACCELEROMETER: "put it down on every face, edge and corner, two seconds each",
    Procedure.MAGNETOMETER: "turn it slowly through all directions, away from metal",
    Procedure.FUNCTIONAL: "stand still for three seconds, then bend the joint five to ten times",
    Procedure.ALLAN: "lay it where nothing shakes for half an hour",
}


def _emit_judged(judged: Judged, out: Output) -> None:
    view = {
        "passed": judged.passed,
        "limits": judged.limits,
        "results": judged.results,
        "findings": judged.findings,
    }
    emit_object(view, out)
    if not judged.passed:
        raise typer.Exit(ExitCode.FINDINGS)
