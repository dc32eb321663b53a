"""Reference curves: comparing a recording with one, building one, checking files of them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError, UsageError
from rehabctl.reference.findings import Finding, Problem, Severity
from rehabctl.reference.pose_references import (
    PoseReference,
    load_pose_reference,
    read_pose_reference,
    reference_toml,
    validate_reference,
)
from rehabctl.services.pose_outputs import write_whole
from rehabctl.services.pose_recordings import Report

if TYPE_CHECKING:
    from rehabctl.analysis.assessment import MovementAssessment
    from rehabctl.analysis.keypoint_series import KeypointSeries
    from rehabctl.services.pose_analysis import Analyser

SUFFIX = ".toml"


def find_reference(name: str) -> PoseReference:
    """Return a packaged reference, or one from a file.

    Parameters
    ----------
    name
        Slug of an exercise, or the path of a `.toml` file.

    Raises
    ------
    NotFoundError
        There is none.
    RehabctlError
        The file is no reference.
    """
    path = Path(name)
    if path.suffix.lower() != SUFFIX:
        return load_pose_reference(name)
    problems: list[Problem] = []
    reference: PoseReference | None = None
    try:
        reference = read_pose_reference(tomllib.loads(path.read_text("utf-8")), problems)
    except FileNotFoundError:
        raise NotFoundError(f"{path.name} does not exist", "Check the path") from None
    except (OSError, ValueError, RecursionError):
        reference = None
    if reference is None or problems or not reference.curves:
        raise RehabctlError(
            f"{path.name} is no reference that can be read",
            f"Look at: rehabctl pose reference validate {path.name}",
        )
    return reference


def compare(
    analyser: Analyser, series: KeypointSeries, reference: PoseReference
) -> MovementAssessment:
    """Measure a recording and compare it with a reference.

    Parameters
    ----------
    analyser
        Of the reference's exercise.
    series
        Landmarks of the recording.
    reference
        What to compare with.

    Returns
    -------
    MovementAssessment
        Its `reference` is None where the two cannot be compared; a warning says why.
    """
    from rehabctl.analysis.completion import complete

    measured = analyser.measure(series)
    return complete(measured, series, reference=reference, input_sha256=series.video.sha256)


def build(
    analyser: Analyser,
    inputs: Sequence[Path],
    target: Path,
    *,
    today: date,
    source: str,
    grade: str,
    version: int,
    report: Report,
) -> PoseReference:
    """Build a reference from recordings and write it.

    Parameters
    ----------
    analyser
        Of the exercise.
    inputs
        Videos or keypoint files, each with at least one full repetition in all.
    target
        The file to write.
    today
        Written into it.
    source, grade
        Where the recordings come from and how far that is to be trusted.
    version
        Of the reference.
    report
        Progress.

    Raises
    ------
    FindingsError
        The recordings make no reference: another view, other models, no full repetition.
    RehabctlError
        A recording cannot be read, or the file cannot be written.
    """
    from rehabctl.analysis.reference_comparison import build_reference

    read: dict[Path, KeypointSeries] = {}
    for result in analyser.reading().read(inputs, report):
        if result.series is None:
            raise result.error or RehabctlError(f"{result.path.name} gave no answer", "Try again")
        read[result.path] = result.series
    recordings = [read[path] for path in inputs]
    models = {recording.model.sha256: recording.model for recording in recordings}
    if len(models) != 1:
        raise FindingsError(
            "the recordings were analysed with different models", "Extract them again with one"
        )
    try:
        reference = build_reference(
            [analyser.measure(recording) for recording in recordings],
            videos_sha256=[recording.video.sha256 for recording in recordings],
            model=next(iter(models.values())),
            built_on=today,
            source=source,
            grade=grade,
            version=version,
        )
    except ValueError as error:
        raise FindingsError(
            f"no reference can be built: {error}", "Look at each with `rehabctl pose analyze`"
        ) from None
    write_whole(target, reference_toml(reference).encode())
    return reference


def validate(paths: Sequence[Path]) -> tuple[list[str], list[Finding]]:
    """Check files of reference curves; what cannot be read is a finding too.

    Parameters
    ----------
    paths
        Files, or folders that are searched for TOML files.

    Returns
    -------
    tuple of list
        Every file that was looked at, and what was found.

    Raises
    ------
    UsageError
        A path does not exist, or no file was found.
    """
    from rehabctl.reference.exercise_library import load_library
    from rehabctl.reference.pose_models import load_pose_models

    files = list(dict.fromkeys(file for path in paths for file in _files_of(path)))
    if not files:
        raise UsageError("no TOML file was found to look at", "Check the path")
    exercises = {exercise.slug: exercise for exercise in load_library().all()}
    models = frozenset(model.sha256 for model in load_pose_models().models)
    findings: list[Finding] = []
    for file in files:
        name = file.as_posix()
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            message = "this cannot be read as UTF-8 text"
            findings.append(Finding(name, 1, "unreadable", Severity.ERROR, message))
            continue
        findings += validate_reference(text, name, exercises, models)
    return [file.as_posix() for file in files], findings


def _files_of(path: Path) -> list[Path]:
    if not path.exists():
        raise UsageError(f"no file or folder {path.name}", "Check the path")
    if path.is_file():
        return [path]
    return [file for file in sorted(path.rglob(f"*{SUFFIX}")) if file.is_file()]
