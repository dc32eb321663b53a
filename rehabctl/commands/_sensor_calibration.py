"""`rehabctl sensor calibrate|drift|sync`: the procedures of the bench."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_object, emit_text, to_json_value
from rehabctl.domain.errors import ExitCode, UsageError
from rehabctl.domain.sensor import CalibrationResult, Procedure

if TYPE_CHECKING:
    from rehabctl.analysis.sensor_drift import Judged

_LEAD = 36
app = typer.Typer(no_args_is_help=True)

Recording = Annotated[Path, typer.Argument(help="A recording (.npz or .imurec).")]


@app.command(
    epilog="Examples: rehabctl sensor calibrate --replay still.npz --procedure static | rehabctl "
    "sensor calibrate --replay poses.npz --procedure accelerometer --operator 'A. Technician'"
)
def calibrate(
    target: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SENSOR", help="Address or name; after --replay, further recordings."
        ),
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

    most = 2 if procedure is Procedure.FUNCTIONAL else 1
    if replay_:
        recordings = (*replay_, *(Path(name) for name in target or []))
        request = CalibrationRequest(procedure, recordings, operator, temperature_c, certificate)
        result, path = run(request, load_settings())
    elif target and len(target) <= most:
        result, path = _live(
            target, procedure, duration_s, quiet, operator, temperature_c, certificate
        )
    elif target:
        wanted = "one sensor" if most == 1 else "one sensor, or the two beside a joint"
        raise UsageError(f"{procedure.value} takes {wanted}", "Calibrate the others one by one")
    else:
        raise UsageError("no sensor and no recording named", "Name a SENSOR, or --replay FILE")
    view = {
        "procedure": procedure,
        "passed": result.passed,
        "limits": result.limits,
        "results": result.results,
        "findings": result.findings,
        "certificate": path,
    }
    out = Output.of(format_, json_, output, quiet)
    if out.format is Format.TABLE:
        emit_text(_for_a_person(result, path), out)
    else:
        emit_object(view, out)
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


def _live(
    target: list[str], procedure: Procedure, duration_s: float | None, quiet: bool,
    operator: str, temperature_c: float | None, certificate: Path | None,
) -> tuple[CalibrationResult, Path | None]:  # fmt: skip
    """Record the sensors that were named, with the picture of the panel, and judge them."""
    from rehabctl.commands._end_key import end_key
    from rehabctl.commands._sensor_link import noter
    from rehabctl.commands._sensor_picture import live_picture
    from rehabctl.services.sensor_bench import BenchControl, BenchRequest, calibrate_live
    from rehabctl.services.sensor_calibration import longest_s
    from rehabctl.services.settings import load_settings

    control, say = BenchControl(), noter(quiet)
    with end_key(control.ended) as key, live_picture(quiet=quiet) as show:
        if key.listens:
            say("q or Enter ends the recording and judges it")
            duration_s = duration_s or longest_s(procedure)
        request = BenchRequest(
            procedure, tuple(target), operator, temperature_c, certificate, duration_s
        )
        try:
            found = calibrate_live(request, load_settings(), show=show, note=say, control=control)
        except KeyboardInterrupt:
            say("the calibration was left; nothing was kept")
            raise
    if control.ended.is_set():
        say("ended early by key; what was recorded by then was judged")
    return found


def _for_a_person(result: CalibrationResult, certificate: Path | None) -> str:
    """Return the verdict, why, and each number beside its limit."""
    from rehabctl.analysis.calibration_words import facts

    rows = [(finding.code.replace("_", " "), finding.text) for finding in result.findings]
    rows += [*facts(result), ("certificate", "none" if certificate is None else str(certificate))]
    verdict = f"{result.procedure.value}: {'passed' if result.passed else 'failed'}"
    return "\n".join([verdict, *(f"{name:<{_LEAD}}{text}" for name, text in rows)]) + "\n"


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
