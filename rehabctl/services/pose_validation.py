"""How near the angles come to known ones: clips with their truth, the figures and their limits."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehabctl.analysis.accuracy import (
    AccuracyRow,
    ClipResult,
    RenderedTruth,
    accuracy_markdown,
    accuracy_report,
    judge_clip,
    read_truth,
)
from rehabctl.analysis.assessment import CodedText
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.services.pose_outputs import write_whole
from rehabctl.services.pose_recordings import Report

if TYPE_CHECKING:
    from rehabctl.services.settings import Settings

TRUTH_SUFFIX = ".truth.json"
FILM_SUFFIXES = (".npz", ".mp4")
"""A keypoint file stands for its film: nothing has to be extracted again."""
FIT_PEOPLE = frozenset({"adam", "bea", "carl"})
"""Rendered people that the packaged bias rows were fitted on."""
PEOPLE = {"kept out": "people kept out of the fit", "fit": "people of the fit", "all": "everybody"}
SLUGS: Mapping[str, str] = {
    "squat": "bodyweight-squat",
    "none": "bodyweight-squat",
    "sit_to_stand": "sit-to-stand",
    "standing_knee_flexion": "standing-knee-flexion",
    "standing_hip_abduction": "standing-hip-abduction",
    "shoulder_abduction": "active-abduction-stand",
    "shoulder_flexion": "active-flexion-stand",
    "elbow_flexion": "elbow-flex-arom",
    "seated_knee_extension": "long-arc-quad",
    "straight_leg_raise": "slr-flexion",
    "single_leg_stance": "stance-single-leg",
}
"""Exercises of the library by the word that the clips' maker uses; other words are slugs."""
BEGIN, END = "<!-- begin: rehabctl pose validate -->\n", "<!-- end: rehabctl pose validate -->\n"


@dataclass(frozen=True, slots=True)
class Group:
    """Figures of one motion and view over one set of people."""

    people: str
    """`kept out`, `fit` or `all`."""
    row: AccuracyRow


@dataclass(frozen=True, eq=False)
class ValidationReport:
    """What was measured on clips with known truth."""

    clips: tuple[ClipResult, ...]
    failed: tuple[tuple[str, RehabctlError], ...]
    groups: tuple[Group, ...]


def fixtures_folder(named: Path | None) -> Path:
    """Return the folder of clips: the named one, or the project's own in a checkout.

    Parameters
    ----------
    named
        What the user asked for.

    Raises
    ------
    UsageError
        There is no such folder.
    """
    import rehabctl

    folder = named or Path(rehabctl.__file__).resolve().parents[1] / "fixtures" / "videos"
    if not folder.is_dir():
        raise UsageError("there is no folder of clips with known truth", "Name one with --fixtures")
    return folder


def validate(
    folder: Path, settings: Settings, *, model: str = "full", jobs: int, report: Report
) -> ValidationReport:
    """Measure every clip of a folder that has a truth.

    Parameters
    ----------
    folder
        Holds `NAME.mp4` (or `NAME.npz`) beside `NAME.truth.json`.
    settings
        What this command runs with.
    model
        lite, full, heavy or the path of a `.task` file.
    jobs
        Clips at the same time.
    report
        Progress.

    Raises
    ------
    UsageError
        No clip was found.
    """
    from rehabctl.services.pose_analysis import AnalysisRequest, prepare, reading_of

    clips: list[ClipResult] = []
    failed: list[tuple[str, RehabctlError]] = []
    truths: dict[Path, RenderedTruth] = {}
    for file in sorted(folder.glob(f"*{TRUTH_SUFFIX}")):
        try:
            truths[_film_of(file)] = _truth(file)
        except RehabctlError as error:
            failed.append((file.name.removesuffix(TRUTH_SUFFIX), error))
    if not truths and not failed:
        raise UsageError("no clip with a truth was found to look at", "Check --fixtures")
    for result in reading_of(settings, model=model, jobs=jobs).read(list(truths), report):
        truth = truths[result.path]
        try:
            if result.series is None:
                raise result.error or RehabctlError("no answer", "Try again")
            slug = SLUGS.get(truth.exercise, truth.exercise)
            measured = prepare(AnalysisRequest(slug), settings).measure(result.series)
            clips.append(judge_clip(truth, measured))
        except RehabctlError as error:
            failed.append((truth.name, error))
    clips.sort(key=lambda clip: clip.truth.name)
    return ValidationReport(
        tuple(clips), tuple(sorted(failed, key=lambda f: f[0])), tuple(groups_of(clips))
    )


def pairs_of(clips: Sequence[ClipResult]) -> list[dict[str, Any]]:
    """Return reported beside true peaks in the long form that other auditors read (poseaudit).

    Parameters
    ----------
    clips
        Judged clips; peaks without an angle are left out.
    """
    return [
        {
            "subject": peak.person,
            "trial": peak.clip,
            "frame": number,
            "measure": f"{peak.motion} {peak.view}",
            "unit": "deg",
            "pred": peak.reported_deg,
            "ref": peak.true_deg,
        }
        for clip in clips
        for number, peak in enumerate(clip.peaks)
        if peak.reported_deg is not None
    ]


def groups_of(clips: Sequence[ClipResult]) -> Iterator[Group]:
    """Yield the figures per set of people, motion and view.

    Parameters
    ----------
    clips
        Judged clips.
    """
    for people in PEOPLE:
        chosen = [clip for clip in clips if _belongs(clip.truth.person, people)]
        for row in accuracy_report(chosen):
            yield Group(people, row)


def _belongs(person: str, people: str) -> bool:
    return people == "all" or (person in FIT_PEOPLE) == (people == "fit")


def _film_of(file: Path) -> Path:
    stem = file.name.removesuffix(TRUTH_SUFFIX)
    films = [file.with_name(stem + suffix) for suffix in FILM_SUFFIXES]
    found = next((film for film in films if film.is_file()), None)
    if found is None:
        raise RehabctlError(f"{file.name} has no film beside it", "Add the film")
    return found


def _truth(file: Path) -> RenderedTruth:
    try:
        return read_truth(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise RehabctlError(f"{file.name} holds no truth of a clip", "Make it again") from None


def outside_limits(groups: Sequence[Group], limits_file: Path) -> list[CodedText]:
    """Return which figures lie outside stored limits, and which limits have no figures.

    Parameters
    ----------
    groups
        The figures.
    limits_file
        TOML with `[[limit]]` rows: people, motion, view, and `<figure>_min` or `<figure>_max`;
        a signed figure is compared by its size.

    Raises
    ------
    RehabctlError
        The file cannot be read as such.
    """
    try:
        rows: list[dict[str, Any]] = tomllib.loads(limits_file.read_text("utf-8"))["limit"]
        named = {(row["people"], row["motion"], row["view"]): row for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        raise RehabctlError(
            f"{limits_file.name} holds no limits", "Check the file's [[limit]] rows"
        ) from None
    figures = {(g.people, g.row.motion, g.row.view): g.row for g in groups}
    found: list[CodedText] = []
    for key, row in named.items():
        name = ", ".join(key)
        if key not in figures:
            found.append(CodedText("no_figures", f"There are no figures of {name}."))
            continue
        found += _outside(name, figures[key], row)
    return found


def _outside(name: str, row: AccuracyRow, limits: Mapping[str, Any]) -> Iterator[CodedText]:
    for key, limit in limits.items():
        figure, _, bound = key.rpartition("_")
        if bound not in ("min", "max"):
            continue
        value = getattr(row, figure, None)
        if not isinstance(value, int | float):
            yield CodedText("no_figures", f"There is no {figure} of {name}.")
        elif (abs(value) > limit) if bound == "max" else (value < limit):
            text = f"{figure} of {name} is {value:.3g}, limit {limit:g}."
            yield CodedText("outside_limit", text)


def write_page(page: Path, groups: Sequence[Group]) -> None:
    """Put the tables between the two marks of a page; the rest of it stays.

    Parameters
    ----------
    page
        A Markdown file with the marks.
    groups
        The figures.

    Raises
    ------
    RehabctlError
        The page or its marks are missing, or it cannot be written.
    """
    try:
        text = page.read_text("utf-8")
        before, rest = text.split(BEGIN)
        _, after = rest.split(END)
    except (OSError, ValueError):
        raise RehabctlError(
            f"{page.name} is no page with the marks of `rehabctl pose validate`",
            "Name docs/accuracy.md",
        ) from None
    write_whole(page, f"{before}{BEGIN}{tables(groups)}{END}{after}".encode())


def tables(groups: Sequence[Group]) -> str:
    """Return the figures as Markdown, one table for each set of people.

    Parameters
    ----------
    groups
        The figures.
    """
    parts: list[str] = []
    for people, title in PEOPLE.items():
        rows = [group.row for group in groups if group.people == people]
        if rows:
            parts.append(f"### Shipped clips: {title}\n\n{accuracy_markdown(rows)}")
    return "\n" + "\n".join(parts) + "\n"
