"""The printed accuracy page says what the fixtures give today."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from rehabctl.analysis.accuracy import (
    ClipResult,
    accuracy_markdown,
    accuracy_report,
    judge_clip,
    summarise,
)
from rehabctl.analysis.assessment import QualityStatus
from rehabctl.analysis.bias_fit import DESIGNS, observe
from rehabctl.analysis.uncertainty import Conditions, estimate
from rehabctl.reference.measurement import load_measurement_data
from rehabctl.services.pose_validation import groups_of, outside_limits
from tests.analysis.rendered_clips import (
    FIT_PEOPLE,
    NEW_PEOPLE,
    Clip,
    clip,
    held_out_clips,
    names,
)

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "accuracy.md"
DATA = PROJECT / "tests" / "data"


def cells(text: str) -> dict[tuple[str, str], list[float]]:
    """Return the numbers of each line of a table by motion and view."""
    found: dict[tuple[str, str], list[float]] = {}
    for line in text.splitlines():
        parts = [part.strip() for part in line.strip().strip("|").split("|")]
        if len(parts) == 10 and parts[2].isdigit():
            numbers = re.findall(r"-?\d+(?:\.\d+)?", " ".join(parts[2:]))
            found[parts[0], parts[1]] = [float(n) for n in numbers]
    return found


def judged(clips: Sequence[Clip]) -> list[ClipResult]:
    return [judge_clip(one.truth, one.measure()) for one in clips]


def clips_of(fitted: bool) -> list[Clip]:
    return [one for one in map(clip, names()) if (one.truth.person in FIT_PEOPLE) == fitted]


@cache
def judged_new(which: str, model: str = "full") -> tuple[ClipResult, ...]:
    return tuple(judged(held_out_clips(which, model)))


EVERY_LOOK = [(which, model) for which in NEW_PEOPLE for model in DESIGNS]


@pytest.mark.parametrize(
    ("heading", "results"),
    [
        ("## New people, first set", lambda: judged_new("first")),
        ("## New people, second set", lambda: judged_new("second")),
        ("## New people, third set", lambda: judged_new("third")),
        ("## The heavy model: first set", lambda: judged_new("first", "heavy")),
        ("## The heavy model: second set", lambda: judged_new("second", "heavy")),
        ("## The heavy model: third set", lambda: judged_new("third", "heavy")),
        ("## People kept out of the fit", lambda: judged(clips_of(False))),
        ("## People of the fit", lambda: judged(clips_of(True))),
    ],
    ids=[
        "new first",
        "new second",
        "new third",
        "heavy first",
        "heavy second",
        "heavy third",
        "kept out",
        "fit",
    ],
)
def test_the_tables_are_of_today(heading: str, results: Callable[[], Sequence[ClipResult]]) -> None:
    section = PAGE.read_text("utf-8").split(heading)[1].split("\n## ")[0]
    today = cells(accuracy_markdown(accuracy_report(results())))
    printed = cells(section)
    assert printed.keys() == today.keys()
    for key, numbers in today.items():
        assert printed[key] == pytest.approx(numbers, abs=0.3)


@pytest.mark.parametrize(("which", "model"), EVERY_LOOK)
def test_new_people_stay_inside_their_limits(which: str, model: str) -> None:
    limits = DATA / f"new_people_{which}_{model}_limits.toml"
    found = judged_new(which, model)
    assert outside_limits(tuple(groups_of(found)), limits) == []
    assert all(one.count_right or one.status is not QualityStatus.GOOD for one in found)


@pytest.mark.parametrize(("which", "model"), EVERY_LOOK)
def test_no_large_error_of_new_people_goes_unsaid(which: str, model: str) -> None:
    """An angle that is 10 degrees off lies in its interval, or the recording is `limited`."""
    peaks = [p for one in judged_new(which, model) for p in one.peaks]
    large = [p for p in peaks if p.error_deg is not None and abs(p.error_deg) > 10]
    unsaid = [p.clip for p in large if not p.covered and p.status is QualityStatus.GOOD]
    # The page names this one: an arm at 171 degrees that the heavy model reads 10.4 low.
    assert unsaid == (["shflex_a_gwen"] if (which, model) == ("first", "heavy") else [])


def test_new_people_are_no_others() -> None:
    others = {clip(name).truth.person for name in names()} | set(FIT_PEOPLE)
    for which, people in NEW_PEOPLE.items():
        assert {one.truth.person for one in held_out_clips(which)} == set(people)
        assert not others & set(people)


def test_the_turning_points_of_all_angles_are_those_printed() -> None:
    """Every angle of the kept-out people that turned in plane, not the driving one alone."""
    table = load_measurement_data().bias()
    errors, halves = [], []
    for name in names():
        one = clip(name)
        kept_out = one.truth.person not in FIT_PEOPLE and one.truth.off_plane_deg <= 10.0
        for seen in observe(one.truth, one.measure()) if kept_out else ():
            row = table.find(seen.motion, seen.view, seen.posture, seen.extreme)
            if seen.turning and row.grade == "measured":
                found = estimate(seen.seen_deg, row, table, seen.covariates, Conditions())
                errors.append(abs(found.deg - seen.true_deg))
                halves.append(found.half_width_deg)
    sentence = re.search(
        r"show (\d+) turning points .*?median error\s(\d+\.\d), (\d+) % within 5 degrees, "
        r"all inside the interval, median width (\d+\.\d)",
        PAGE.read_text("utf-8"),
        re.DOTALL,
    )
    assert sentence is not None
    count, median, within, width = (float(group) for group in sentence.groups())
    assert len(errors) == count
    assert np.median(errors) == pytest.approx(median, abs=0.1)
    assert 100 * np.mean(np.array(errors) <= 5.0) == pytest.approx(within, abs=1)
    assert np.all(np.array(errors) <= np.array(halves))
    assert 2 * np.median(halves) == pytest.approx(width, abs=0.1)


@pytest.mark.parametrize("model", DESIGNS)
def test_all_new_people_together_give_the_figures_printed(model: str) -> None:
    """Bias and what follows leave out nora's two peaks of exchanged legs, as the page says."""
    seen = [p for which in NEW_PEOPLE for one in judged_new(which, model) for p in one.peaks]
    plane = [p for p in seen if p.off_plane_deg <= 10.0]
    kept = [p for p in plane if p.clip != "march_nora"]
    row = summarise(kept, "all", "in plane")
    errors = np.array([p.error_deg for p in kept if p.error_deg is not None])
    assert None not in (row.median_error_deg, row.within_5_share, row.covered_share)
    today = [
        len(plane), 100 * np.mean([not p.measured for p in plane]), errors.mean(),
        errors.std(ddof=1), row.median_error_deg, 100 * (row.within_5_share or 0),
        int((np.abs(errors) > 10).sum()), 100 * (row.covered_share or 0), row.median_width_deg,
    ]  # fmt: skip
    line = re.search(rf"^\| {model} \| sets one to three \|(.*)\|$", PAGE.read_text("utf-8"), re.M)
    assert line is not None
    for cell, value in zip(line[1].split("|"), today, strict=True):
        assert float(cell) == pytest.approx(value, abs=0.06 if "." in cell else 0.51)
