"""`rehabctl pose`: measure recorded exercise videos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands import _pose_checks, _pose_model, _pose_reference
from rehabctl.commands._options import (
    Format,
    FormatOption,
    JsonFlag,
    OutputOption,
    PatientOption,
    QuietFlag,
)
from rehabctl.commands._pose_options import (
    CorrectOption,
    ExerciseOption,
    FastOption,
    FpsOption,
    JobsOption,
    MirrorOption,
    ModelOption,
    NeutralOption,
    SideOption,
    TargetOption,
    VideoArgument,
    VideosArgument,
)
from rehabctl.commands._pose_views import emit_many, emit_outcomes, exit_with, item_of
from rehabctl.commands._render import Output, emit_items, note
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import UsageError

if TYPE_CHECKING:
    from rehabctl.domain.review_item import ReviewComment
    from rehabctl.services.pose_analysis import AnalysisOutcome
    from rehabctl.services.settings import Settings

app = typer.Typer(help="Measure recorded exercise videos.", no_args_is_help=True)


@app.command(
    epilog="Examples: rehabctl pose analyze squat.mp4 --exercise bodyweight-squat | "
    "rehabctl pose analyze elbow.mp4 -e elbow-flex-arom --target-deg 90 --html report.html"
)
def analyze(
    inputs: VideosArgument,
    exercise: ExerciseOption,
    side: SideOption = "auto",
    target_deg: TargetOption = None,
    patient: PatientOption = None,
    timeseries: Annotated[
        Path | None, typer.Option(help="Write the angles at the video's time stamps as CSV.")
    ] = None,
    keypoints: Annotated[Path | None, typer.Option(help="Write the landmarks (.npz).")] = None,
    annotate: Annotated[
        Path | None, typer.Option(help="Write the film with skeleton, angle, count and cues (MP4).")
    ] = None,
    beside: Annotated[
        Path | None, typer.Option(help="Show this reference film beside it, in step.")
    ] = None,
    marks: Annotated[
        str | None,
        typer.Option(help="Draw the remarks of this reviewed assessment into --annotate."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the angle curve (PNG).")] = None,
    html: Annotated[Path | None, typer.Option(help="Write one page with everything.")] = None,
    trc: Annotated[Path | None, typer.Option(help="Write the landmarks for OpenSim.")] = None,
    mot: Annotated[Path | None, typer.Option(help="Write the angles for OpenSim.")] = None,
    model: ModelOption = "full",
    fps: FpsOption = None,
    fast: FastOption = False,
    correct: CorrectOption = True,
    neutral: NeutralOption = None,
    mirror_average: MirrorOption = False,
    keep_film: Annotated[
        bool,
        typer.Option(
            "--keep-film/--no-keep-film",
            help="With --patient: keep the film, encrypted, if she consents to video recording.",
        ),
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
    from rehabctl.commands._progress import progress
    from rehabctl.services.pose_analysis import AnalysisRequest, analyse_and_store, prepare
    from rehabctl.services.pose_outputs import OutputFiles, write_outputs
    from rehabctl.services.settings import load_settings

    files = OutputFiles(timeseries, keypoints, annotate, beside, plot, html, trc, mot)
    files.require_possible(inputs)
    request = AnalysisRequest(
        exercise=exercise,
        side=side,
        target_deg=target_deg,
        model=model,
        fps=fps,
        fast=fast,
        mirror_average=mirror_average,
        correct=correct,
        neutral=neutral,
        jobs=jobs,
    )
    out = Output.of(format_, json_, output, quiet)
    settings = load_settings()
    analyser = prepare(request, settings)
    remarks = _remarks(marks, annotate, settings)
    with progress("Analysing", quiet=quiet) as report:
        if patient is None:
            found = list(analyser.outcomes(inputs, report))
        else:
            found = analyse_and_store(analyser, inputs, patient, report, keep_film=keep_film)
    if patient is not None and keep_film:
        kept = sum(outcome.film_kept for outcome in found)
        note(f"{kept} of {counted(len(found), 'film')} kept for the review", out)
    order = {path: number for number, path in enumerate(inputs)}
    outcomes = sorted(found, key=lambda outcome: order[outcome.path])
    for outcome in outcomes:
        if outcome.error is not None and len(inputs) > 1:
            note(f"rehabctl: error: {outcome.path.name}: {outcome.error}")
        _write_series(timeseries, keypoints, outcome)
        with progress("Drawing", quiet=quiet or annotate is None) as report:
            for text in write_outputs(files, outcome, analyser, remarks=remarks, report=report):
                note(text, out)
    emit_outcomes(outcomes, out)
    _exit(outcomes)


def _remarks(
    marks: str | None, annotate: Path | None, settings: Settings
) -> tuple[ReviewComment, ...]:
    if marks is None:
        return ()
    if annotate is None:
        raise UsageError("--marks are drawn into --annotate", "Give --annotate too")
    from rehabctl.services import review
    from rehabctl.services.wiring import open_store

    with open_store(settings) as store:
        return review.comments(store, marks)


def _exit(outcomes: Sequence[AnalysisOutcome]) -> None:
    exit_with(
        [outcome.error for outcome in outcomes if outcome.error is not None],
        total=len(outcomes),
        refused=any(
            o.assessment is not None and o.assessment.quality.status.value == "refused"
            for o in outcomes
        ),
    )


def _write_series(
    timeseries: Path | None, landmarks: Path | None, outcome: AnalysisOutcome
) -> None:
    from rehabctl.analysis.assess import timeseries_rows
    from rehabctl.vision import keypoints

    if outcome.assessment is None or outcome.series is None:
        return
    if timeseries is not None:
        header, rows = timeseries_rows(outcome.assessment.series, outcome.series.t_s)
        emit_items(rows, header, Output(Format.CSV, str(timeseries)))
    if landmarks is not None:
        keypoints.write(outcome.series, landmarks)


@app.command(
    epilog="Examples: rehabctl pose batch recordings/ -e bodyweight-squat --jobs 2 --out results | "
    "rehabctl pose batch 'week1/*.mp4' -e sit-to-stand --format csv"
)
def batch(
    inputs: Annotated[
        list[str], typer.Argument(help="Folders, files or patterns such as 'week1/*.mp4'.")
    ],
    exercise: ExerciseOption,
    out: Annotated[
        Path | None, typer.Option("--out", help="Keep each result here; go on where it stopped.")
    ] = None,
    side: SideOption = "auto",
    target_deg: TargetOption = None,
    model: ModelOption = "full",
    fps: FpsOption = None,
    fast: FastOption = False,
    jobs: JobsOption = 1,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Measure many recordings of one exercise and print a JSON line for each.

    With --out a second run does only what is missing or has changed. A file that fails stops
    nothing: exit code 7. Nothing is stored for a patient.
    """
    from rehabctl.commands._progress import progress
    from rehabctl.services.pose_analysis import AnalysisRequest, prepare
    from rehabctl.services.pose_batch import find_inputs, run_batch
    from rehabctl.services.settings import load_settings

    paths = find_inputs(inputs)
    request = AnalysisRequest(
        exercise, side=side, target_deg=target_deg, model=model, fps=fps, fast=fast, jobs=jobs
    )
    analyser = prepare(request, load_settings())
    with progress("Analysing", quiet=quiet) as report:
        found = {item.path: item for item in run_batch(analyser, paths, out, report)}
    items = [found[path] for path in paths]
    errors = [item.error for item in items if item.error is not None]
    for item in items:
        if item.error is not None:
            note(f"rehabctl: error: {item.path.name}: {item.error}")
    chosen = Output.of(format_ or Format.JSONL, json_, output, quiet)
    emit_many([item_of(str(i.path), i.result, i.error) for i in items], chosen)
    resumed = sum(item.resumed for item in items)
    note(f"{counted(len(items), 'recording')}, {resumed} done before, {len(errors)} failed", chosen)
    exit_with(errors, total=len(items), refused=any(item.refused for item in items))


@app.command(
    epilog="Examples: rehabctl pose extract squat.mp4 -o squat.npz | "
    "rehabctl pose extract squat.mp4 -o squat.npz --profile compact"
)
def extract(
    video: VideoArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="The keypoint file to write.")],
    profile: Annotated[str, typer.Option(help="full, or compact (smaller, no depth).")] = "full",
    model: ModelOption = "full",
    fps: FpsOption = None,
    mirror_average: MirrorOption = False,
    quiet: QuietFlag = False,
) -> None:
    """Write the body landmarks of a video to a keypoint file, without measuring anything."""
    from rehabctl.commands._progress import progress
    from rehabctl.services.pose_analysis import reading_of
    from rehabctl.services.pose_recordings import extract_keypoints
    from rehabctl.services.settings import load_settings

    reading = reading_of(load_settings(), model=model, fps=fps, mirror_average=mirror_average)
    with progress("Extracting", quiet=quiet) as report:
        frames, found = extract_keypoints(reading, video, output, profile=profile, report=report)
    if not quiet:
        note(f"{counted(frames, 'frame')}, a person in {found}: {output}")


@app.command(
    "import",
    epilog="Examples: rehabctl pose import squat.trc -e bodyweight-squat | "
    "rehabctl pose import openpose_json/ -e bodyweight-squat --fps 30 -o squat.npz",
)
def import_(
    source: Annotated[
        Path, typer.Argument(help="TRC or JSON file, or a folder of OpenPose files.")
    ],
    exercise: ExerciseOption,
    fps: Annotated[
        float | None, typer.Option("--fps", min=1, help="Frames a second (JSON carries none).")
    ] = None,
    plane: Annotated[
        str, typer.Option(help="sagittal or frontal: how 3-D points are looked at.")
    ] = "sagittal",
    side: SideOption = "auto",
    target_deg: TargetOption = None,
    keypoints: Annotated[
        Path | None,
        typer.Option("--keypoints", "--output", "-o", help="Write the landmarks too (.npz)."),
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Measure keypoints that another program found (OpenPose, COCO, HALPE, TRC).

    The result is that of `pose analyze`; nothing is corrected, and intervals are wider.
    """
    from rehabctl.services.pose_analysis import AnalysisRequest, prepare
    from rehabctl.services.pose_recordings import import_recording
    from rehabctl.services.settings import load_settings

    request = AnalysisRequest(exercise, side=side, target_deg=target_deg, fps=fps)
    analyser = prepare(request, load_settings())
    outcome = analyser.outcome(source, import_recording(source, fps=fps, plane=plane))
    _write_series(None, keypoints, outcome)
    emit_outcomes([outcome], Output.of(format_, json_, None, quiet))
    _exit([outcome])


app.add_typer(_pose_checks.app)
app.add_typer(_pose_reference.app)
app.add_typer(_pose_model.app, name="model")
