"""The printed accuracy page says what the fixtures give today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rehabctl.analysis.accuracy import accuracy_markdown, accuracy_report, judge_clip
from tests.analysis.rendered_clips import FIT_PEOPLE, clip, names

PAGE = Path(__file__).resolve().parents[2] / "docs" / "accuracy.md"


def cells(text: str) -> dict[tuple[str, str], list[float]]:
    """Return the numbers of each line of a table by motion and view."""
    found: dict[tuple[str, str], list[float]] = {}
    for line in text.splitlines():
        parts = [part.strip() for part in line.strip().strip("|").split("|")]
        if len(parts) == 10 and parts[2].isdigit():
            numbers = re.findall(r"-?\d+(?:\.\d+)?", " ".join(parts[2:]))
            found[parts[0], parts[1]] = [float(n) for n in numbers]
    return found


@pytest.mark.parametrize(
    ("heading", "fitted"),
    [("## People kept out of the fit", False), ("## People of the fit", True)],
)
def test_the_tables_are_of_today(heading: str, fitted: bool) -> None:
    section = PAGE.read_text("utf-8").split(heading)[1].split("\n## ")[0]
    results = [
        judge_clip(clip(n).truth, clip(n).measure())
        for n in names()
        if (clip(n).truth.person in FIT_PEOPLE) == fitted
    ]
    today = cells(accuracy_markdown(accuracy_report(results)))
    printed = cells(section)
    assert printed.keys() == today.keys()
    for key, numbers in today.items():
        assert printed[key] == pytest.approx(numbers, abs=0.3)
