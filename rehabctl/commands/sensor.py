"""`rehabctl sensor`: motion sensors from the bench to the joint angle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note, to_json_value
from rehabctl.commands._sensor_views import emit_joint_rows, joint_object
from rehabctl.domain.errors import ExitCode, UsageError
from rehabctl.domain.sensor import Joint, Procedure

if TYPE_CHECKING:
    from rehabctl.analysis.orientation import FusionMethod
    from rehabctl.analysis.sensor_drift import Judged
    from rehabctl.devices.model import SampleBatch

app = typer.Typer(help="Calibrate, check and record motion sensors.", no_args_is_help=True)

Recording = Annotated[Path, typer.Argument(help="A recording (.npz or .imurec).")]
MethodOption = Annotated[
    str, typer.Option("--method", help="live (as while streaming) or offline (all samples).")
]
_FINDING_COLUMNS = ("code", "text", "at_s")


@app.callback()
def sensor() -> None:
    """Calibrate, check and record motion sensors."""


@app.command(
    epilog="Examples: rehabctl sensor fuse thigh.npz -o thigh-orientation.npz | "
    "rehabctl sensor fuse thigh.npz --method live --no-magnetometer -o q.npz"
)
def fuse(
    recording: Recording,
    output: Annotated[Path, typer.Option("--output", "-o", help="Orientation file (.npz).")],
    method: MethodOption = "offline",
    magnetometer: Annotated[
        bool | None,
        typer.Option(
            help="Heading from the magnetometer (default: unless the field is disturbed)."
        ),
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Compute the orientation of one sensor, as quaternions from sensor axes to east-north-up."""
    from rehabctl.services.sensors import fuse_file, write_orientation

    fused = fuse_file(recording, _method(method), magnetometer)
    write_orientation(output, fused)
    found = fused.orientation
    view = {
        "method": fused.method.value,
        "heading": "magnetometer" if found.magnetic else "arbitrary",
        "samples": len(found.quat_wxyz),
        "rest_percent": round(100.0 * float(found.rest.mean()), 1),
        "bias_rads": [float(value) for value in found.bias_rads],
        "magnetic_disturbance_percent": fused.disturbed_percent,
        "output": output,
    }
    emit_object(view, Output.of(format_, json_, None, quiet))


@app.command(
    epilog="Examples: rehabctl sensor check session.npz | "
    "rehabctl sensor check session.npz --format json"
)
def check(
    recording: Recording,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check clipping, rate, gaps, magnetic field and mounting. Exit code 3 on findings."""
    from rehabctl.services.sensors import check_file

    findings = to_json_value(check_file(recording))
    out = Output.of(format_, json_, output, quiet)
    if out.format is Format.JSON:
        emit_object({"ok": not findings, "findings": findings}, out)
    else:
        emit_items(findings, _FINDING_COLUMNS, out)
    if findings:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog="Examples: rehabctl sensor joint thigh.npz shank.npz --joint knee | rehabctl sensor "
    "joint thigh.npz shank.npz --joint knee --exercise heel-slide --format json"
)
def joint(
    proximal: Annotated[Path, typer.Argument(help="Recording of the sensor above the joint.")],
    distal: Annotated[Path, typer.Argument(help="Recording of the sensor below the joint.")],
    joint_: Annotated[Joint, typer.Option("--joint", help="Which joint lies between them.")],
    exercise: Annotated[
        str | None, typer.Option("--exercise", "-e", help="Slug; gives rest and target.")
    ] = None,
    rest_deg: Annotated[float | None, typer.Option("--rest-deg", help="Angle at rest.")] = None,
    target_deg: Annotated[
        float | None,
        typer.Option(
            "--target-deg",
            "--peak-deg",
            help="What counts as full (default: the exercise's, or the recording's largest).",
        ),
    ] = None,
    timeseries: Annotated[Path | None, typer.Option(help="Write the angle as CSV.")] = None,
    method: MethodOption = "offline",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Measure a joint between two sensors: axis, angle, repetitions, range and quality.

    The recordings share one clock. Exit code 3 when the angle was refused (the result is still
    printed).
    """
    from rehabctl.services.sensors import joint_goal, measure_joint, timeseries_csv

    goal = joint_goal(exercise, rest_deg, target_deg)
    outcome = measure_joint(proximal, distal, joint_, _method(method), goal)
    out = Output.of(format_, json_, output, quiet)
    motion = outcome.assessment.motions[0]
    if timeseries and outcome.motion is not None:
        from rehabctl.commands._render import emit_text

        column = f"{motion.motion}_{motion.side}_deg"
        emit_text(
            timeseries_csv(outcome.motion, column),
            Output(Format.PLAIN, None if str(timeseries) == "-" else str(timeseries)),
        )
    if out.format in (Format.JSON, Format.JSONL):
        emit_object(joint_object(outcome), out)
    else:
        emit_joint_rows(outcome, out)
    if outcome.assessment.quality.status.value == "refused":
        raise typer.Exit(ExitCode.FINDINGS)


def _method(name: str) -> FusionMethod:
    from rehabctl.analysis.orientation import FusionMethod

    try:
        return FusionMethod(name)
    except ValueError:
        raise UsageError(f"unknown method {name!r}", "Use live or offline") from None


certificate_app = typer.Typer(
    help="Show and verify calibration certificates.", no_args_is_help=True
)
app.add_typer(certificate_app, name="certificate")

CertificateFile = Annotated[Path, typer.Argument(help="A certificate (.json).")]


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
        recordings = _recorded_now(target, procedure)
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


@certificate_app.command(
    epilog="Examples: rehabctl sensor certificate show c.json | "
    "rehabctl sensor certificate show c.json --format json"
)
def show(
    file: CertificateFile,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show what a certificate says, without judging it."""
    from rehabctl.services.sensor_certificates import read_certificate

    signed = read_certificate(file)
    view = {**signed.statement, "public_key": signed.public_key}
    emit_object(view, Output.of(format_, json_, output, quiet))


@certificate_app.command(
    epilog="Examples: rehabctl sensor certificate verify c.json | "
    "rehabctl sensor certificate verify c.json --public-key BASE64"
)
def verify(
    file: CertificateFile,
    public_key: Annotated[
        str | None, typer.Option(help="Trusted key in base64 (default: this bench's own).")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check signature, signer, result and expiry of a certificate. Exit code 3 on findings."""
    from rehabctl.services.sensor_certificates import own_public_key, read_certificate
    from rehabctl.services.sensor_certificates import verify as verify_signed
    from rehabctl.services.settings import load_settings

    settings = load_settings()
    signed = read_certificate(file)
    trusted = public_key or own_public_key(settings.paths)
    findings = to_json_value(verify_signed(signed, settings.now(), trusted))
    view = {
        "ok": not findings,
        "serial": signed.statement.get("serial"),
        "procedure": signed.statement.get("procedure"),
        "valid_until": signed.statement.get("valid_until"),
        "findings": findings,
    }
    emit_object(view, Output.of(format_, json_, output, quiet))
    if findings:
        raise typer.Exit(ExitCode.FINDINGS)


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


@app.command(
    epilog="Examples: rehabctl sensor simulate still -o still.npz | "
    "rehabctl sensor simulate poses --count 14 -o poses.npz"
)
def simulate(
    what: Annotated[str, typer.Argument(help="still, poses, tumble or knee.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Recording file (.npz).")],
    distal: Annotated[Path | None, typer.Option(help="Second recording file, for a knee.")] = None,
    duration_s: Annotated[float, typer.Option("--duration-s", min=1, max=7200)] = 60.0,
    count: Annotated[int, typer.Option(min=1, max=100, help="Poses or repetitions.")] = 14,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same recording.")] = 1,
    quiet: QuietFlag = False,
) -> None:
    """Write a recording of a simulated sensor, to practise with; it says so in its model name."""
    from rehabctl.services.sensors import simulate_recordings

    for path in simulate_recordings(what, output, distal, duration_s, count, seed):
        note(f"{path.name}: simulated", Output.of(Format.PLAIN, quiet=quiet))


@app.command(
    epilog="Examples: rehabctl sensor scan | rehabctl sensor scan --seconds 10 --format json"
)
def scan(
    seconds: Annotated[float, typer.Option(min=0.5, max=120, help="How long to listen.")] = 5.0,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the sensors in reach. Exit code 6 without a Bluetooth adapter."""
    from rehabctl.services.sensor_link import find_sensors

    found = to_json_value(find_sensors(seconds))
    columns = ("address", "name", "rssi_dbm", "driver", "verified_against")
    emit_items(found, columns, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl sensor record D4:22:CD:00:11:22 -o thigh.imurec --duration-s 60 | "
    "rehabctl sensor record 'Movella DOT' -o t.imurec --segment thigh --side left"
)
def record(
    sensor_: Annotated[str, typer.Argument(metavar="SENSOR", help="Address or name.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="New recording (.imurec).")],
    duration_s: Annotated[float, typer.Option("--duration-s", min=1, max=86400)] = 60.0,
    rate_hz: Annotated[int, typer.Option("--rate-hz", min=1, max=200)] = 60,
    segment: Annotated[str, typer.Option(help="Body segment, such as thigh.")] = "",
    side: Annotated[str, typer.Option(help="left or right.")] = "",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Record one sensor to an append-only file, through dropped links, with a ledger of gaps."""
    from rehabctl.commands._progress import progress
    from rehabctl.services.sensor_link import LinkRequest
    from rehabctl.services.sensor_link import record as run

    request = LinkRequest(sensor_, output, rate_hz, duration_s, segment, side)
    with progress("recording", quiet=quiet) as report:
        outcome = run(request, progress=report)
    emit_object(to_json_value(outcome), Output.of(format_, json_, None, quiet))


@app.command(
    epilog="Examples: rehabctl sensor replay session.imurec | "
    "rehabctl sensor replay session.npz --format csv --output session.csv"
)
def replay(
    recording: Recording,
    npz: Annotated[Path | None, typer.Option(help="Write it as .npz instead.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Print the samples of a recording, one row each, or convert it to .npz."""
    from rehabctl.services.sensors import open_recording, sample_rows, save_recording

    found = open_recording(recording)
    if npz is not None:
        save_recording(npz, found)
        return
    columns = ("t_s", "gyr_rads", "acc_ms2", "mag_ut")
    emit_items(sample_rows(found), columns, Output.of(format_, json_, output, quiet))


def _recorded_now(target: list[str] | None, procedure: Procedure) -> tuple[Path, ...]:
    """Record the sensor that was named, for as long as the procedure needs."""
    from rehabctl.commands._progress import progress
    from rehabctl.services.sensor_calibration import DURATIONS_S
    from rehabctl.services.sensor_link import LinkRequest
    from rehabctl.services.sensor_link import record as run
    from rehabctl.services.settings import load_settings

    if not target or len(target) != 1:
        raise UsageError("no sensor and no recording named", "Name a SERIAL, or --replay FILE")
    settings = load_settings()
    moment = settings.now().strftime("%Y%m%dT%H%M%S%f")
    path = settings.paths.home / "bench" / f"{procedure.value}-{moment}.imurec"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with progress(f"recording for {procedure.value}") as report:
        run(LinkRequest(target[0], path, 60, DURATIONS_S[procedure]), progress=report)
    return (path,)


@app.command(
    epilog="Examples: rehabctl sensor convert export.csv --layout movella-dot-csv -o thigh.npz | "
    "rehabctl sensor convert other.csv --layout own-layout.toml -o shank.npz --side left"
)
def convert(
    table: Annotated[Path, typer.Argument(help="A table that another program exported.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Recording file (.npz).")],
    layout: Annotated[
        str, typer.Option(help="movella-dot-csv, xsens-mt-text, or a .toml file.")
    ] = "movella-dot-csv",
    serial: Annotated[str, typer.Option(help="Of the sensor.")] = "",
    segment: Annotated[str, typer.Option(help="Body segment, such as thigh.")] = "",
    side: Annotated[str, typer.Option(help="left or right.")] = "",
    rate_hz: Annotated[float | None, typer.Option("--rate-hz", help="Nominal rate.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Convert an exported table into a recording. Exit code 7 when lines were left out."""
    from rehabctl.analysis.imu_recording import RecordingMeta
    from rehabctl.services.sensors import convert_table

    meta = RecordingMeta(serial, layout, "", rate_hz, segment, side)
    samples, rejected = convert_table(table, layout, output, meta)
    view = {"read": samples + len(rejected), "samples": samples, "rejected_lines": rejected}
    emit_object(view, Output.of(format_, json_, None, quiet))
    if rejected:
        raise typer.Exit(ExitCode.PARTIAL)


@app.command(
    epilog="Examples: rehabctl sensor stream 'Movella DOT' --record thigh.imurec | "
    "rehabctl sensor stream D4:22:CD:00:11:22 --record t.imurec --duration-s 10"
)
def stream(
    sensor_: Annotated[str, typer.Argument(metavar="SENSOR", help="Address or name.")],
    record_: Annotated[Path, typer.Option("--record", help="New recording (.imurec).")],
    duration_s: Annotated[float, typer.Option("--duration-s", min=1, max=86400)] = 60.0,
    rate_hz: Annotated[int, typer.Option("--rate-hz", min=1, max=200)] = 60,
) -> None:
    """Record one sensor and print each sample as a JSON line, after it went to the recorder."""
    import json
    import sys

    from rehabctl.services.sensor_link import LinkRequest, shown_sample
    from rehabctl.services.sensor_link import record as run

    def show_sample(t_s: float, batch: SampleBatch, row: int) -> None:
        sys.stdout.write(json.dumps(shown_sample(t_s, batch, row)) + "\n")
        sys.stdout.flush()

    request = LinkRequest(sensor_, record_, rate_hz, duration_s)
    outcome = run(request, tap=show_sample)
    note(f"{outcome.samples} samples, {outcome.drops} drops, {len(outcome.gaps)} gaps")
