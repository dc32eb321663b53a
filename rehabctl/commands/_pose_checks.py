"""`rehabctl pose repetitions|check|validate`: counting, set-up and accuracy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._pose_options import (
    ExerciseOption,
    JobsOption,
    ModelOption,
    SideOption,
    TargetOption,
    VideoArgument,
)
from rehabctl.commands._render import Output, emit_items, emit_object, emit_text, note
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import ExitCode, FindingsError, NotFoundError, RehabctlError

if TYPE_CHECKING:
    from rehabctl.services.pose_validation import ValidationReport

app = typer.Typer(no_args_is_help=True)


@app.command(
    epilog="Examples: rehabctl pose repetitions angles.csv --column knee_flexion_left_deg "
    "-e bodyweight-squat | rehabctl pose repetitions knee.csv --rest-deg 5 --peak-deg 90 --fps 100"
)
def repetitions(
    series: Annotated[str, typer.Argument(help="CSV file with a header; - is standard input.")],
    column: Annotated[
        str | None, typer.Option("--column", help="The angle in degrees (default: the only one).")
    ] = None,
    exercise: Annotated[
        str | None, typer.Option("--exercise", "-e", help="Exercise that gives rest and target.")
    ] = None,
    rest_deg: Annotated[float | None, typer.Option(help="Angle at rest.")] = None,
    peak_deg: Annotated[float | None, typer.Option(help="Angle of a full repetition.")] = None,
    time_column: Annotated[str, typer.Option(help="Column of seconds.")] = "t_s",
    fps: Annotated[
        float | None, typer.Option(min=1, help="Samples a second, instead of a time column.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Count full and partial repetitions in any series of a joint angle."""
    from rehabctl.services.angle_series import count_repetitions, read_table

    name = "standard input" if series == "-" else Path(series).name or series
    found = count_repetitions(
        read_table(_text(series, name), name),
        column=column,
        exercise=exercise,
        rest_deg=rest_deg,
        peak_deg=peak_deg,
        time_column=time_column,
        fps=fps,
    )
    out = Output.of(format_, json_, output, quiet)
    if out.format in (Format.JSON, Format.JSONL):
        result = {"full": found.full, "partial": found.partial, "items": found.items}
        emit_object(result | {"rejected_s": found.rejected_s}, out)
        return
    rows = [
        {
            "repetition": item.index,
            "kind": item.kind,
            "start_s": round(item.start_s, 2),
            "peak_s": round(item.peak_s, 2),
            "end_s": round(item.end_s, 2),
            "peak_deg": round(item.peak_deg, 1),
            "rom_deg": round(item.rom_deg, 1),
            "hold_s": round(item.hold_s, 2),
        }
        for item in found.items
    ]
    columns = ("repetition", "kind", "start_s", "peak_s", "end_s", "peak_deg", "rom_deg", "hold_s")
    emit_items(rows, columns, out)
    note(f"{found.full} full, {found.partial} partial", out)


def _text(series: str, name: str) -> str:
    """Return the content of a text file or of standard input."""
    try:
        data = sys.stdin.buffer.read() if series == "-" else Path(series).read_bytes()
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        raise NotFoundError(f"{name} does not exist", "Check the path") from None
    except OSError as error:
        raise RehabctlError(
            f"{name} cannot be read: {error.strerror}", "Check the file's permissions"
        ) from None
    except UnicodeDecodeError:
        raise RehabctlError(f"{name} is no UTF-8 text", "Export the angles as CSV") from None


@app.command(
    epilog="Examples: rehabctl pose plot squat.npz -e bodyweight-squat | "
    "rehabctl pose plot squat.mp4 -e bodyweight-squat --width 120 --height 20"
)
def plot(
    video: VideoArgument,
    exercise: ExerciseOption,
    side: SideOption = "auto",
    target_deg: TargetOption = None,
    width: Annotated[
        int | None, typer.Option(min=30, help="Characters across (default: the terminal's).")
    ] = None,
    height: Annotated[int, typer.Option(min=5, help="Lines of one curve.")] = 14,
    model: ModelOption = "full",
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Draw the driving angle with its repetitions as plain text, in any terminal or file.

    Exit code 3 when no angle could be measured.
    """
    from shutil import get_terminal_size

    from rehabctl.commands import _terminal_plot
    from rehabctl.commands._progress import progress
    from rehabctl.services.movement_report import driving_series
    from rehabctl.services.pose_analysis import AnalysisRequest, prepare
    from rehabctl.services.settings import load_settings

    request = AnalysisRequest(exercise, side=side, target_deg=target_deg, model=model)
    analyser = prepare(request, load_settings())
    with progress("Analysing", quiet=quiet) as report:
        found = analyser.assess(analyser.reading().read_one(video, report))
    motion, target = (found.parameters.get(k) for k in ("driving_motion", "target_deg"))
    curves = [
        c
        for c in driving_series(found)
        if c.motion == motion and any(deg is not None for deg in c.deg)
    ]
    if not curves:
        reasons = "; ".join(reason.text.rstrip(".") for reason in found.quality.reasons)
        raise FindingsError(f"no driving angle to draw: {reasons}", "Look at: rehabctl pose check")
    drawings = [
        _terminal_plot.plot(
            curve,
            [r for r in found.repetitions if r.side in (curve.side, "both")],
            float(target) if isinstance(target, int | float) else None,
            columns=width or get_terminal_size().columns,
            rows=height,
        )
        for curve in curves
    ]
    emit_text("\n\n".join(drawings), Output.of(None, False, output, quiet))


@app.command(
    epilog="Examples: rehabctl pose check setup.mp4 | "
    "rehabctl pose check setup.mp4 --exercise bodyweight-squat --format json"
)
def check(
    video: VideoArgument,
    exercise: Annotated[
        str | None, typer.Option("--exercise", "-e", help="Check the view that it needs, too.")
    ] = None,
    model: ModelOption = "full",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check camera place, light, framing, people and frame rate before a session.

    A few frames a second are looked at. Exit code 3 with findings.
    """
    from rehabctl.commands._progress import progress
    from rehabctl.services.pose_analysis import AnalysisRequest, prepare, reading_of
    from rehabctl.services.pose_checks import CHECK_FPS, check_set_up
    from rehabctl.services.settings import load_settings

    settings = load_settings()
    spec = None
    if exercise is not None:
        spec = prepare(AnalysisRequest(exercise), settings).exercise.measurement
    with progress("Looking", quiet=quiet) as report:
        series = reading_of(settings, model=model, fps=CHECK_FPS).read_one(video, report)
    findings = check_set_up(series, spec)
    out = Output.of(format_, json_, output, quiet)
    if out.format in (Format.JSON, Format.JSONL):
        emit_object({"ok": not findings, "findings": findings}, out)
    else:
        rows = [{"code": f.code, "at_s": f.at_s, "text": f.text} for f in findings]
        emit_items(rows, ("code", "at_s", "text"), out)
        note(counted(len(findings), "finding"), out)
    if findings:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog="Examples: rehabctl pose validate --model heavy | "
    "rehabctl pose validate --fixtures fixtures/videos --limits accuracy_limits.toml --json"
)
def validate(
    fixtures: Annotated[
        Path | None,
        typer.Option(help="Folder of clips with truth (default: those of a source checkout)."),
    ] = None,
    limits: Annotated[
        Path | None, typer.Option(help="TOML file of limits that the figures are held against.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Renew the tables in this Markdown page.")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="Write reported and true peaks as CSV, for `poseaudit`.")
    ] = None,
    model: ModelOption = "full",
    jobs: JobsOption = 1,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Measure clips with known angles and print how near the results come.

    Exit code 3 when a figure lies outside --limits, 7 when a clip failed, 2 when there is no clip.
    """
    from rehabctl.commands._progress import progress
    from rehabctl.services import pose_validation
    from rehabctl.services.settings import load_settings

    folder = pose_validation.fixtures_folder(fixtures)
    with progress("Measuring", quiet=quiet) as report:
        found = pose_validation.validate(
            folder, load_settings(), model=model, jobs=jobs, report=report
        )
    findings = pose_validation.outside_limits(found.groups, limits) if limits is not None else []
    out = Output.of(format_, json_, output, quiet)
    _emit_accuracy(found, findings, out)
    if page is not None:
        pose_validation.write_page(page, found.groups)
    if pairs is not None:
        columns = ("subject", "trial", "frame", "measure", "unit", "pred", "ref")
        emit_items(pose_validation.pairs_of(found.clips), columns, Output(Format.CSV, str(pairs)))
    for name, error in found.failed:
        note(f"rehabctl: error: {name}: {error}")
    if findings:
        raise typer.Exit(ExitCode.FINDINGS)
    if found.failed:
        raise typer.Exit(ExitCode.PARTIAL if found.clips else ExitCode.FAILED)


def _emit_accuracy(found: ValidationReport, findings: list[Any], out: Output) -> None:
    from dataclasses import asdict

    groups: list[dict[str, Any]] = [
        {"people": group.people, **asdict(group.row)} for group in found.groups
    ]
    if out.format in (Format.JSON, Format.JSONL):
        clips = [
            {
                "clip": clip.truth.name,
                "person": clip.truth.person,
                "status": clip.status,
                "movements": len(clip.truth.movements),
                "full": clip.full,
                "partial": clip.partial,
                "count_right": clip.count_right,
                "peaks": clip.peaks,
            }
            for clip in found.clips
        ]
        failed = [{"clip": name, "error": error.what} for name, error in found.failed]
        result = {"ok": not findings, "groups": groups, "clips": clips}
        emit_object(result | {"failed": failed, "findings": findings}, out)
        return
    rows = [
        {key: _rounded(value) for key, value in group.items()}
        | {"limits_of_agreement_deg": _span(group["limits_of_agreement_deg"])}
        for group in groups
    ]
    columns = (
        "people", "motion", "view", "peaks", "refused_share", "bias_deg",
        "limits_of_agreement_deg", "median_error_deg", "within_5_share", "covered_share",
        "median_width_deg",
    )  # fmt: skip
    emit_items(rows, columns, out)
    for finding in findings:
        note(finding.text, out)


def _rounded(value: Any) -> Any:
    return round(value, 2) if isinstance(value, float) else value


def _span(limits: tuple[float, float] | None) -> str:
    return "" if limits is None else f"{limits[0]:.1f} to {limits[1]:.1f}"
