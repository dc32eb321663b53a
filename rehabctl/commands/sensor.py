"""`rehabctl sensor`: motion sensors from the bench to the joint angle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note, to_json_value
from rehabctl.domain.errors import ExitCode, UsageError
from rehabctl.domain.sensor import Joint

if TYPE_CHECKING:
    from rehabctl.analysis.orientation import FusionMethod
    from rehabctl.services.sensors import JointOutcome

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
        emit_object(_joint_object(outcome), out)
    else:
        _joint_rows(outcome, out)
    if outcome.assessment.quality.status.value == "refused":
        raise typer.Exit(ExitCode.FINDINGS)


def _joint_object(outcome: JointOutcome) -> dict[str, Any]:
    import numpy as np

    from rehabctl import __version__

    found, motion = outcome.assessment.as_contract(__version__), outcome.motion
    view: dict[str, Any] = {"joint": outcome.joint.value, "method": outcome.method.value}
    if motion is not None:
        axis, residual = motion.axis, motion.residual_deg
        view["axis"] = (
            None
            if axis is None
            else {
                "proximal": axis.proximal,
                "distal": axis.distal,
                "sign_ratio": round(axis.sign_ratio, 2),
            }
        )
        view["flexion"] = {
            "t_s": [round(float(t), 4) for t in motion.t_s],
            "deg": [round(float(v), 3) for v in motion.angle_deg],
        }
        view["residual_deg"] = (
            None
            if residual is None
            else {
                "median": round(float(np.median(residual)), 3),
                "p95": round(float(np.percentile(residual, 95)), 3),
            }
        )
        view["heading_deg"] = [round(float(motion.heading_deg[i]), 2) for i in (0, -1)]
        view["neutral_s"] = motion.neutral_s
    return {**view, "rom_deg": found["motions"][0]["rom_deg"], **found}


def _joint_rows(outcome: JointOutcome, out: Output) -> None:
    found = outcome.assessment
    rows = [
        {
            "repetition": r.index,
            "kind": r.kind.value,
            "side": r.side,
            "start_s": round(r.start_s, 2),
            "peak_deg": None if r.peak_deg is None else round(r.peak_deg, 1),
            "rom_deg": None if r.rom_deg is None else round(r.rom_deg, 1),
            "hold_s": round(r.hold_s, 2),
        }
        for r in found.repetitions
    ]
    columns = ("repetition", "kind", "side", "start_s", "peak_deg", "rom_deg", "hold_s")
    emit_items(rows, columns, out)
    motion = found.motions[0]
    note(
        f"{motion.motion}: {found.full_count} full, {found.partial_count} partial; "
        f"quality {found.quality.status.value}",
        out,
    )
    if motion.rom_deg is not None:
        note(f"- from {motion.min_deg:.1f} to {motion.max_deg:.1f} deg", out)
    for reason in found.quality.reasons:
        note(f"- {reason.text}", out)


def _method(name: str) -> FusionMethod:
    from rehabctl.analysis.orientation import FusionMethod

    try:
        return FusionMethod(name)
    except ValueError:
        raise UsageError(f"unknown method {name!r}", "Use live or offline") from None
