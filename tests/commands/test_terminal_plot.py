"""The angle curve as plain text: size, shape, gaps, marks, and the command around it."""

from __future__ import annotations

from dataclasses import replace
from math import cos, pi
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.analysis.assessment import AngleSeries, Repetition, RepetitionKind
from rehabctl.commands._terminal_plot import LEAST_COLUMNS, LEAST_ROWS, plot
from tests.services.pose_files import keypoint_file

TIMES = tuple(i / 10 for i in range(101))
WAVE = AngleSeries(
    "knee_flexion", "right", TIMES, tuple(45 - 45 * cos(2 * pi * t / 5) for t in TIMES)
)
FULL = Repetition(
    1, RepetitionKind.FULL, "right", 0, 2.5, 5, 90, 85, (84, 96), 90, 0, 1, 1, None
)  # fmt: skip


def cells(drawn: str) -> list[str]:
    """The braille part of every line that has one."""
    return [line[5:] for line in drawn.splitlines()[1:-2]]


@given(st.integers(0, 200), st.integers(0, 60))
def test_it_has_the_asked_for_size(columns: int, rows: int) -> None:
    lines = plot(WAVE, [FULL], 80.0, columns=columns, rows=rows).splitlines()
    assert len(lines) == max(rows, LEAST_ROWS)
    assert max(map(len, lines[1:])) <= max(columns, LEAST_COLUMNS)
    assert "\x1b" not in "".join(lines)


def test_the_peak_stands_above_its_number() -> None:
    partial = replace(FULL, index=2, kind=RepetitionKind.PARTIAL, peak_s=7.5)
    drawn = plot(WAVE, [FULL, partial], None, columns=80, rows=14)
    lines = drawn.splitlines()
    assert lines[0] == "knee flexion, right (degrees)"
    top = [i for i, character in enumerate(lines[1]) if character > "\u2800"]
    assert min(top) <= lines[-2].index("1") <= max(top)
    assert lines[-2].split() == ["1", "2p"]
    assert lines[-1].split() == ["0.0", "s", "10.0", "s"]
    assert [line[:4].strip() for line in lines[1:-2] if line[:4].strip()] == ["90", "60", "30", "0"]


def test_a_gap_stays_empty_and_a_target_is_dashed() -> None:
    holed = replace(WAVE, deg=tuple(None if 3 < t < 7 else d for t, d in zip(TIMES, WAVE.deg)))  # noqa: B905
    middle = [line[30:45] for line in cells(plot(holed, [], None, columns=80, rows=14))]
    assert set("".join(middle)) == {"\u2800"}
    dashed = plot(holed, [], 60.0, columns=80, rows=14)
    assert "dashed: target 60" in dashed
    row = next(line for line in dashed.splitlines() if line.startswith("  60"))
    assert 0 < row[30:60].count("\u2800") < 30


@given(st.lists(st.one_of(st.none(), st.floats(-180, 270)), min_size=2, max_size=50))
def test_any_curve_can_be_drawn(values: list[float | None]) -> None:
    curve = AngleSeries("knee_flexion", "left", TIMES[: len(values)], (*values[:-1], 1.0))
    assert plot(curve, [], None, columns=60, rows=10)


@pytest.mark.parametrize("no_colour", ["", "1"])
def test_the_command_draws_without_a_terminal(in_process, tmp_path: Path, no_colour: str) -> None:
    film = str(keypoint_file(tmp_path, "squat_count5_partial2"))
    environment = {"COLUMNS": "72", "NO_COLOR": no_colour, "TERM": "dumb", "LC_ALL": "C"}
    drawn = in_process("pose", "plot", film, "-e", "bodyweight-squat", **environment)
    lines = drawn.stdout.splitlines()
    assert (drawn.returncode, len(lines), max(map(len, lines)) <= 72) == (0, 14, True)
    assert lines[-2].split() == ["1", "2", "3p", "4", "5p", "6", "7"]
    target = tmp_path / "plot.txt"
    in_process("pose", "plot", film, "-e", "bodyweight-squat", "-o", str(target), "--width", "72")
    assert target.read_text("utf-8") == drawn.stdout


def test_a_refused_angle_is_not_drawn(in_process, tmp_path: Path) -> None:
    film = str(keypoint_file(tmp_path, "squat_front_valgus_left"))
    drawn = in_process("pose", "plot", film, "-e", "bodyweight-squat")
    assert (drawn.returncode, drawn.stdout) == (3, "")
    assert "no driving angle to draw" in drawn.stderr
