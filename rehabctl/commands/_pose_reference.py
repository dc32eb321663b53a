"""`rehabctl pose compare` and `pose reference`: how an exercise looks when done as meant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rehabctl.commands._findings import FindingFormatOption, emit_findings
from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._pose_options import (
    ExerciseOption,
    JobsOption,
    ModelOption,
    SideOption,
    VideoArgument,
    VideosArgument,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import ExitCode

app = typer.Typer(no_args_is_help=True)
reference_app = typer.Typer(
    help="Build and check reference curves of exercises.", no_args_is_help=True
)
app.add_typer(reference_app, name="reference")


@app.command(
    epilog="Examples: rehabctl pose compare squat.npz --reference bodyweight-squat | "
    "rehabctl pose compare squat.mp4 --reference our-squat.toml --format json"
)
def compare(
    video: VideoArgument,
    reference: Annotated[
        str, typer.Option("--reference", "-r", help="Slug of a packaged one, or a .toml file.")
    ],
    side: SideOption = "auto",
    model: ModelOption = "full",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show where the mean repetition leaves a reference curve by more than the limit.

    Exit code 3 when the two cannot be compared (another view, no repetition, refused).
    """
    from rehabctl.commands._progress import progress
    from rehabctl.services import pose_references
    from rehabctl.services.pose_analysis import AnalysisRequest, prepare
    from rehabctl.services.settings import load_settings

    curve = pose_references.find_reference(reference)
    request = AnalysisRequest(curve.exercise, side=side, model=model)
    analyser = prepare(request, load_settings())
    with progress("Analysing", quiet=quiet) as report:
        series = analyser.reading().read_one(video, report)
    found = pose_references.compare(analyser, series, curve)
    compared = found.reference
    refused = compared is None or found.quality.status.value == "refused"
    deviations = () if compared is None else compared.deviations
    out = Output.of(format_, json_, output, quiet)
    if out.format in (Format.JSON, Format.JSONL):
        result = {
            "exercise": curve.exercise,
            "version": curve.version,
            "view": curve.view,
            "compared": not refused,
            "deviations": deviations,
            "quality": found.quality,
            "warnings": found.warnings,
        }
        emit_object(result, out)
    else:
        rows = [
            {
                "motion": d.motion,
                "phase_percent": d.phase_percent,
                "deviation_deg": d.deviation_deg,
                "limit_deg": d.limit_deg,
            }
            for d in deviations
        ]
        emit_items(rows, ("motion", "phase_percent", "deviation_deg", "limit_deg"), out)
        about = [w for w in found.warnings if w.code.startswith("reference_")]
        for reason in (*found.quality.reasons, *about):
            note(f"- {reason.text}", out)
        note(f"{counted(len(deviations), 'deviation')} from {curve.exercise} {curve.version}", out)
    if refused:
        raise typer.Exit(ExitCode.FINDINGS)


@reference_app.command(
    epilog="Examples: rehabctl pose reference build squat.mp4 -e bodyweight-squat -o squat.toml | "
    "rehabctl pose reference build a.npz b.npz -e sit-to-stand -o sts.toml --version 2"
)
def build(
    inputs: VideosArgument,
    exercise: ExerciseOption,
    output: Annotated[Path, typer.Option("--output", "-o", help="The reference file to write.")],
    source: Annotated[
        str, typer.Option(help="Where the recordings come from; no names of people.")
    ] = "own recordings",
    grade: Annotated[
        str, typer.Option(help="How far they are to be trusted: recorded, measured, expert.")
    ] = "recorded",
    version: Annotated[int, typer.Option(min=1, help="Version of the reference.")] = 1,
    model: ModelOption = "full",
    jobs: JobsOption = 1,
    quiet: QuietFlag = False,
) -> None:
    """Build a reference curve from the full repetitions of one or more recordings."""
    from rehabctl.commands._progress import progress
    from rehabctl.services import pose_references
    from rehabctl.services.pose_analysis import AnalysisRequest, prepare
    from rehabctl.services.settings import load_settings

    settings = load_settings()
    analyser = prepare(AnalysisRequest(exercise, model=model, jobs=jobs), settings)
    with progress("Analysing", quiet=quiet) as report:
        made = pose_references.build(
            analyser,
            inputs,
            output,
            today=settings.now().date(),
            source=source,
            grade=grade,
            version=version,
            report=report,
        )
    if not quiet:
        motions = ", ".join(curve.motion for curve in made.curves)
        note(f"{counted(made.repetitions, 'repetition')}, {made.view} view: {motions}: {output}")


@reference_app.command(
    epilog="Examples: rehabctl pose reference validate references/ | "
    "rehabctl pose reference validate squat.toml --format github"
)
def validate(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders of TOML files.")],
    format_: FindingFormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check reference files: schema, hashes, pose model, limits of the exercise, left and right.

    Exit code 0 when nothing was found, 3 with findings, 2 when there was no file to look at.
    """
    from rehabctl.services import pose_references

    files, findings = pose_references.validate(paths)
    options = (format_, json_, output, quiet)
    emit_findings("rehabctl pose reference validate", files, findings, options)
