"""`rehabctl sensor`: motion sensors from the bench to the joint angle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands import _sensor_calibration, _sensor_certificate, _sensor_link
from rehabctl.commands._options import (
    Format,
    FormatOption,
    JsonFlag,
    OutputOption,
    PatientOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note, to_json_value
from rehabctl.commands._sensor_views import emit_joint_rows, joint_object
from rehabctl.domain.errors import ExitCode, UsageError
from rehabctl.domain.sensor import Joint

if TYPE_CHECKING:
    from rehabctl.analysis.orientation import FusionMethod

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
    "rehabctl sensor check left.npz right.npz --moved left --format json"
)
def check(
    recordings: Annotated[list[Path], typer.Argument(help="Recordings (.npz or .imurec).")],
    moved: Annotated[
        str, typer.Option(help="What the person was asked to move: left, right or a segment.")
    ] = "",
    calibration: Annotated[
        Path | None,
        typer.Option(help="Certificate of a functional calibration; above, then below the joint."),
    ] = None,
    patient: PatientOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check clipping, rate, gaps, magnetic field, mounting and swapped sensors.

    With --patient, recordings of a patient, which are encrypted. Exit code 3 on findings.
    """
    out = Output.of(format_, json_, output, quiet)
    say = _sensor_link.noter(quiet)
    if patient is None:
        from rehabctl.services.sensor_checking import check_files

        found = check_files(recordings, moved, calibration, note=say)
    else:
        from rehabctl.services.sensor_sessions import check_patient
        from rehabctl.services.settings import load_settings

        found = check_patient(load_settings(), patient, recordings, moved, calibration, say)
    findings = to_json_value(found)
    if out.format is Format.JSON:
        emit_object({"ok": not findings, "findings": findings}, out)
    else:
        emit_items(findings, _FINDING_COLUMNS, out)
    if findings:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog="Examples: rehabctl sensor joint thigh.npz shank.npz --joint knee | rehabctl sensor "
    "joint thigh.npz shank.npz --joint knee --exercise heel-slide-supine --format json"
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
    camera: Annotated[
        Path | None,
        typer.Option(help="Angles of the same movement by a camera (pose analyze --timeseries)."),
    ] = None,
    patient: PatientOption = None,
    method: MethodOption = "offline",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Measure a joint between two sensors: axis, angle, repetitions, range and quality.

    The recordings share one clock; a camera is aligned by the movement itself. With --patient the
    result is stored and queued for review, as a camera's is. Exit code 3 when the angle was refused
    (the result is still printed).
    """
    from rehabctl.services.sensors import JointRequest, joint_goal, measure_joint, timeseries_csv

    goal = joint_goal(exercise, rest_deg, target_deg)
    request = JointRequest(proximal, distal, joint_, _method(method), goal, camera)
    if patient is None:
        outcome = measure_joint(request)
    else:
        from rehabctl.services.sensor_sessions import measure_patient
        from rehabctl.services.settings import load_settings

        outcome = measure_patient(load_settings(), patient, request)
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


@app.command(
    epilog="Examples: rehabctl sensor simulate still -o still.npz | "
    "rehabctl sensor simulate poses --count 14 -o poses.npz"
)
def simulate(
    what: Annotated[str, typer.Argument(help="still, poses, tumble, shake, knee or shoulder.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Recording file (.npz).")],
    distal: Annotated[
        Path | None, typer.Option(help="Second recording file, for two sensors.")
    ] = None,
    duration_s: Annotated[float, typer.Option("--duration-s", min=1, max=7200)] = 60.0,
    count: Annotated[int, typer.Option(min=1, max=100, help="Poses or repetitions.")] = 14,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same recording.")] = 1,
    side: Annotated[str, typer.Option(help="left or right, as a label.")] = "",
    quiet: QuietFlag = False,
) -> None:
    """Write a recording of a simulated sensor, to practise with; it says so in its model name."""
    from rehabctl.services.sensors import simulate_recordings

    for path in simulate_recordings(what, output, distal, duration_s, count, seed, side):
        note(f"{path.name}: simulated", Output.of(Format.PLAIN, quiet=quiet))


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


@app.command(
    epilog="Examples: rehabctl sensor convert export.csv --layout movella-dot-csv -o thigh.npz | "
    "rehabctl sensor convert walk.mvnx --sensor RightLowerLeg -o shank.npz --side right"
)
def convert(
    table: Annotated[Path, typer.Argument(help="What another program exported.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Recording file (.npz).")],
    layout: Annotated[
        str, typer.Option(help="movella-dot-csv, xsens-mt-text, or a .toml file.")
    ] = "movella-dot-csv",
    sensor_: Annotated[
        str, typer.Option("--sensor", help="Which of a .sto, .mvnx or .h5 file with several.")
    ] = "",
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
    samples, rejected = convert_table(table, layout, output, meta, sensor_)
    view = {"read": samples + len(rejected), "samples": samples, "rejected_lines": rejected}
    emit_object(view, Output.of(format_, json_, None, quiet))
    if rejected:
        raise typer.Exit(ExitCode.PARTIAL)


app.add_typer(_sensor_calibration.app)
app.add_typer(_sensor_certificate.app, name="certificate")
app.add_typer(_sensor_link.app)
