"""Another program's statistics on the same peaks: poseaudit says what our report says."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rehabctl.analysis.accuracy import AccuracyRow, judge_clip
from rehabctl.services.pose_validation import groups_of, pairs_of
from tests.analysis.rendered_clips import clip, names

LIMITS = json.loads(
    (Path(__file__).resolve().parents[1] / "data" / "poseaudit_limits.json").read_text("utf-8")
)
"""Largest bias, mean error and share of large errors (5 degrees) per motion and view, with room of
half a degree and a twentieth for another rounding of the landmarks."""


@pytest.fixture(scope="module")
def ours() -> tuple[dict[str, AccuracyRow], list[dict[str, Any]]]:
    judged = [judge_clip(clip(name).truth, clip(name).measure()) for name in names()]
    rows = {
        f"{group.row.motion} {group.row.view}": group.row
        for group in groups_of(judged)
        if group.people == "all" and group.row.measured and group.row.motion != "all"
    }
    return rows, pairs_of(judged)


@pytest.fixture(scope="module")
def theirs(
    ours: tuple[dict[str, AccuracyRow], list[dict[str, Any]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("referee")
    with (folder / "pairs.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ours[1][0])
        writer.writeheader()
        writer.writerows(ours[1])
    subprocess.run(
        [
            Path(sys.executable).with_name("poseaudit"), "paired", "--table", "pairs.csv",
            "--big-error", "5", "--no-wrap", "--resamples", "50", "--json", "figures.json",
        ],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    measures = json.loads((folder / "figures.json").read_text("utf-8"))["measures"]
    return {row["measure"]["name"]: row for row in measures}


def test_both_see_the_same_figures(
    ours: tuple[dict[str, AccuracyRow], list[dict[str, Any]]], theirs: dict[str, dict[str, Any]]
) -> None:
    rows, _ = ours
    assert rows.keys() == theirs.keys()
    for name, row in rows.items():
        other = theirs[name]
        assert other["n"] == row.measured
        assert other["bias"] == pytest.approx(row.bias_deg, abs=1e-6)
        if row.measured > 1:
            assert other["limits"] == pytest.approx(row.limits_of_agreement_deg, abs=0.01)
        assert other["median_abs_error"] == pytest.approx(row.median_error_deg, abs=1e-6)
        assert 1 - other["big_error_rate"] == pytest.approx(row.within_5_share, abs=1e-6)


def test_the_referees_figures_stay_inside_the_stored_limits(
    theirs: dict[str, dict[str, Any]],
) -> None:
    assert theirs.keys() == LIMITS.keys()
    for name, limits in LIMITS.items():
        for figure, limit in limits.items():
            assert abs(theirs[name][figure]) <= limit, (name, figure)
