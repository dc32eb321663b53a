"""Reference curves of exercises (`pose_references/*.toml`): format, loader, writer and checks.

A reference holds the mean and the band of each joint angle over one repetition, at 101 phases from
0 (start) to 100 (end), with the hashes of the videos and of the pose model that it was built from.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import cast

from rehabctl.domain.errors import NotFoundError, RehabctlError, suggestion
from rehabctl.domain.exercise import Exercise, Measurement, Sidedness
from rehabctl.reference.deviation_limits import load_deviation_limits
from rehabctl.reference.exercise_vocabulary import load_vocabulary
from rehabctl.reference.findings import Finding, Problem, Severity
from rehabctl.reference.table_reader import TableReader
from rehabctl.reference.toml_lines import map_lines

SCHEMA = "rehabctl-pose-reference/1"
PHASES = 101
FULL_SHARE = 0.9
"""A reference shows a full repetition: 90 % of the way from rest to target (command contract)."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FOLDER = "pose_references"


@dataclass(frozen=True, slots=True)
class ReferenceCurve:
    """One angle over the phases of a repetition; each tuple has 101 degrees."""

    motion: str
    mean_deg: tuple[float, ...]
    low_deg: tuple[float, ...]
    high_deg: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ReferenceModel:
    """The pose model whose landmarks the curves come from."""

    name: str
    sha256: str
    mediapipe: str


@dataclass(frozen=True, slots=True)
class PoseReference:
    """How an exercise looks when it is done as meant, from one view."""

    exercise: str
    version: int
    view: str
    side: str
    """left or right; either when it stands for both (the working side of the person)."""
    built_on: date
    source: str
    grade: str
    repetitions: int
    model: ReferenceModel
    videos_sha256: tuple[str, ...]
    curves: tuple[ReferenceCurve, ...]
    """The driving angle first."""
    left_right_difference_deg: float | None = None
    """Largest difference of the mean curves of both sides; None where one side was seen."""

    @property
    def driving(self) -> ReferenceCurve:
        """The curve that repetitions are counted on."""
        return self.curves[0]


@cache
def load_pose_reference(exercise: str) -> PoseReference:
    """Return the packaged reference of an exercise.

    Parameters
    ----------
    exercise
        A slug of the library.

    Raises
    ------
    NotFoundError
        There is none, with the nearest slugs that have one.
    """
    known = packaged_references()
    if exercise not in known:
        hint = suggestion(exercise, list(known))
        raise NotFoundError(f"no reference curve for {exercise}", hint or _BUILD)
    path = files("rehabctl.reference") / _FOLDER / f"{exercise}.toml"
    problems: list[Problem] = []
    reference = read_pose_reference(tomllib.loads(path.read_text("utf-8")), problems)
    if problems:
        raise RehabctlError(
            f"the packaged reference of {exercise} is damaged: {problems[0].message}",
            "Install rehabctl again",
        )
    return reference


_BUILD = "Build one with `rehabctl pose reference build`"


@cache
def packaged_references() -> tuple[str, ...]:
    """Return the slugs that have a packaged reference."""
    folder = files("rehabctl.reference") / _FOLDER
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(n.removesuffix(".toml") for n in names if n.endswith(".toml")))


def read_pose_reference(table: Mapping[str, object], problems: list[Problem]) -> PoseReference:
    """Read a reference document; what is wrong is added to `problems`.

    Parameters
    ----------
    table
        The document as `tomllib` returned it.
    problems
        The list that problems are added to. With a problem the result holds placeholders.
    """
    reader = TableReader(table, (), problems)
    if reader.text("schema") not in (SCHEMA, ""):
        reader.problem("schema", "schema", f"schema is not {SCHEMA}")
    model = reader.table("model")
    reference = PoseReference(
        exercise=reader.text("exercise"),
        version=reader.integer("version"),
        view=reader.text("view"),
        side=reader.text("side"),
        built_on=reader.day("built_on", required=True) or date.min,
        source=reader.text("source"),
        grade=reader.text("grade"),
        repetitions=reader.integer("repetitions"),
        model=ReferenceModel(model.text("name"), model.text("sha256"), model.text("mediapipe")),
        videos_sha256=reader.texts("videos_sha256", at_least=1),
        curves=tuple(_curve(row, table) for row in reader.tables("curve")),
        left_right_difference_deg=reader.optional_number("left_right_difference_deg"),
    )
    model.finish()
    reader.finish()
    return reference


def reference_toml(reference: PoseReference) -> str:
    """Return a reference as a document that `read_pose_reference` reads back.

    Parameters
    ----------
    reference
        The reference; angles are kept to a tenth of a degree.
    """
    lines = [
        f'schema = "{SCHEMA}"',
        f'exercise = "{reference.exercise}"',
        f"version = {reference.version}",
        f'view = "{reference.view}"',
        f'side = "{reference.side}"',
        f"built_on = {reference.built_on.isoformat()}",
        f"source = {_quoted(reference.source)}",
        f"grade = {_quoted(reference.grade)}",
        f"repetitions = {reference.repetitions}",
    ]
    if reference.left_right_difference_deg is not None:
        lines.append(f"left_right_difference_deg = {reference.left_right_difference_deg:.1f}")
    lines += ["videos_sha256 = [", *(f'  "{v}",' for v in reference.videos_sha256), "]", ""]
    lines += [
        "[model]",
        f"name = {_quoted(reference.model.name)}",
        f'sha256 = "{reference.model.sha256}"',
        f"mediapipe = {_quoted(reference.model.mediapipe)}",
    ]
    for curve in reference.curves:
        lines += ["", "[[curve]]", f'motion = "{curve.motion}"']
        for name in ("mean_deg", "low_deg", "high_deg"):
            values = ", ".join(f"{value:.1f}" for value in getattr(curve, name))
            lines.append(f"{name} = [{values}]")
    return "\n".join(lines) + "\n"


def validate_reference(
    text: str,
    file: str,
    find_exercise: Mapping[str, Exercise],
    known_models: frozenset[str] | None = None,
) -> list[Finding]:
    """Return everything that is wrong with a reference document, with its lines.

    Parameters
    ----------
    text
        The document.
    file
        Its name, for the findings.
    find_exercise
        The exercises by slug.
    known_models
        sha256 of the pose models that references may be built with; None accepts any.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = int(found[1]) if (found := re.search(r"line (\d+)", str(error))) else 1
        return [Finding(file, line, "toml", Severity.ERROR, "this is not TOML")]
    problems: list[Problem] = []
    reference = read_pose_reference(table, problems)
    if not problems:
        problems += _curve_problems(reference)
        problems += _hash_problems(reference, known_models)
        exercise = find_exercise.get(reference.exercise)
        if exercise is None:
            text_ = f"{reference.exercise} is not in the library"
            problems.append(Problem(("exercise",), "exercise", text_))
        else:
            problems += _exercise_problems(reference, exercise.measurement)
    lines = map_lines(text)
    return sorted(
        Finding(file, lines.line_of(p.path), p.rule, p.severity, p.message) for p in problems
    )


def _curve(reader: TableReader, table: Mapping[str, object]) -> ReferenceCurve:
    row = cast("list[dict[str, object]]", table["curve"])[cast("int", reader.path[-1])]
    curves = [_numbers(reader, row, name) for name in ("mean_deg", "low_deg", "high_deg")]
    for key in row:
        if key not in ("motion", "mean_deg", "low_deg", "high_deg"):
            reader.problem(key, "unknown-key", f"unknown key {key!r}")
    return ReferenceCurve(reader.text("motion"), *curves)


def _numbers(reader: TableReader, row: Mapping[str, object], key: str) -> tuple[float, ...]:
    value = row.get(key)
    items = cast("list[object]", value) if isinstance(value, list) else []
    numbers = [
        float(item)
        for item in items
        if isinstance(item, int | float) and not isinstance(item, bool) and isfinite(item)
    ]
    if len(numbers) != len(items) or len(numbers) != PHASES:
        reader.problem(key, "schema", f"{key} needs {PHASES} finite numbers")
        return (0.0,) * PHASES
    return tuple(numbers)


def _curve_problems(reference: PoseReference) -> Iterator[Problem]:
    if not reference.curves:
        yield Problem(("curve",), "schema", "there is no curve")
    motions = load_vocabulary().motions
    for number, curve in enumerate(reference.curves):
        triples = zip(curve.low_deg, curve.mean_deg, curve.high_deg, strict=True)
        if any(not low <= mean <= high for low, mean, high in triples):
            yield Problem(("curve", number), "band", f"{curve.motion} leaves its own band")
        known = motions.get(curve.motion)
        if known is None:
            yield Problem(("curve", number), "motion", f"{curve.motion} is not a known motion")
            continue
        low, high = known.range_deg
        if min(curve.mean_deg) < low or max(curve.mean_deg) > high:
            text = f"{curve.motion} leaves {low:g} to {high:g} degrees"
            yield Problem(("curve", number, "mean_deg"), "range", text)


def _hash_problems(reference: PoseReference, known: frozenset[str] | None) -> Iterator[Problem]:
    for number, sha256 in enumerate(reference.videos_sha256):
        if not _SHA256.fullmatch(sha256):
            yield Problem(("videos_sha256", number), "hash", "this is not a sha256")
    if known is not None and reference.model.sha256 not in known:
        text = "the pose model is not one that rehabctl knows"
        yield Problem(("model", "sha256"), "model", text)


def _exercise_problems(reference: PoseReference, spec: Measurement) -> Iterator[Problem]:
    if reference.view != spec.view.value:
        text = f"the exercise is seen in a {spec.view.value} view, not a {reference.view} one"
        yield Problem(("view",), "view", text)
    if not reference.curves or spec.rest_deg is None or spec.target_deg is None:
        return
    driving = reference.driving
    if driving.motion != spec.motion:
        text = f"the first curve is {driving.motion}, the exercise is counted on {spec.motion}"
        yield Problem(("curve", 0, "motion"), "motion", text)
        return
    extreme = min(driving.mean_deg) if spec.towards_extension else max(driving.mean_deg)
    if (extreme - spec.rest_deg) / (spec.target_deg - spec.rest_deg) < FULL_SHARE:
        text = f"it turns at {extreme:.0f} degrees, the target is {spec.target_deg:.0f}"
        yield Problem(("curve", 0, "mean_deg"), "target", text)
    limit, difference = load_deviation_limits().left_right_deg, reference.left_right_difference_deg
    if spec.sidedness is Sidedness.BILATERAL and difference is not None and difference > limit:
        text = f"left and right differ by {difference:.0f} degrees, limit {limit:.0f}"
        yield Problem(("left_right_difference_deg",), "symmetry", text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
