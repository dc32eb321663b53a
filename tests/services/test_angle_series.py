"""Counting in tables: any instrument's columns, and every way a table can be wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError, UsageError
from rehabctl.services.angle_series import count_repetitions, read_table


def table(rows: int = 401, fs_hz: float = 50.0, peaks: tuple[float, ...] = (90.0, 90.0)) -> str:
    """Two-second movements from 5 degrees, one after the other."""
    t_s = np.arange(rows) / fs_hz
    height = np.zeros(rows)
    for number, peak in enumerate(peaks):
        inside = (t_s >= 4 * number + 1) & (t_s < 4 * number + 3)
        height[inside] = (peak - 5) * (1 - np.cos(np.pi * (t_s[inside] - 4 * number - 1))) / 2
    lines = [f"{t:.4f},{5 + h:.3f},x" for t, h in zip(t_s, height, strict=True)]
    return "\n".join(["t_s,knee_deg,remark", *lines]) + "\n"


def test_full_and_partial_are_counted_by_exercise_or_by_angles() -> None:
    found = read_table(table(peaks=(90.0, 50.0)), "a.csv")
    by_slug = count_repetitions(found, column="knee_deg", exercise="bodyweight-squat")
    by_angle = count_repetitions(found, column="knee_deg", rest_deg=5, peak_deg=45)
    assert (by_slug.full, by_slug.partial) == (1, 1)
    assert (by_angle.full, by_angle.partial) == (2, 0)
    assert [item.peak_s for item in by_slug.items] == pytest.approx([2.0, 6.0], abs=0.05)
    assert [item.peak_deg for item in by_slug.items] == pytest.approx([90, 50], abs=0.5)


@given(st.floats(10, 120))
@settings(max_examples=25, deadline=None)
def test_the_count_does_not_depend_on_the_rate(fs_hz: float) -> None:
    found = read_table(table(int(8 * fs_hz) + 1, fs_hz), "a.csv")
    assert count_repetitions(found, column="knee_deg", rest_deg=5, peak_deg=90).full == 2


def test_missing_values_are_left_out_and_rates_replace_times() -> None:
    text = table()
    holes = text.replace(",5.000,", ",,", 3).replace(",5.000,", ",NaN,", 2)
    found = count_repetitions(read_table(holes, "a"), column="knee_deg", rest_deg=5, peak_deg=90)
    assert found.full == 2
    values = "angle\n" + "\n".join(line.split(",")[1] for line in text.splitlines()[1:])
    by_rate = count_repetitions(read_table(values, "a"), rest_deg=5, peak_deg=90, fps=50)
    assert by_rate.full == 2


@pytest.mark.parametrize(
    ("text", "options", "error", "says"),
    [
        ("", {}, RehabctlError, "no rows"),
        ("t_s,a\n", {}, RehabctlError, "no rows"),
        ("t_s,a\n0,\n1,\n", {}, RehabctlError, "holds no number"),
        ("t_s,a\n0,1\n1,high\n", {}, RehabctlError, "line 3 of a.csv: 'a' is no number"),
        ("t_s,a\n0,1\n1,inf\n", {}, RehabctlError, "line 3"),
        ("t_s,a\n1,1\n0,2\n", {}, RehabctlError, "do not rise"),
        ("time,a\n0,1\n1,2\n", {"column": "a"}, UsageError, "no column 't_s'"),
        ("t_s,knee_deg\n0,1\n", {"column": "kne_deg"}, UsageError, "no column 'kne_deg'"),
        ("t_s,a,b\n0,1,2\n", {}, UsageError, "2 columns"),
        ("t_s,a\n0,1\n", {"rest_deg": None}, UsageError, "not known"),
        ("t_s,a\n0,1\n", {"rest_deg": 90}, UsageError, "the same"),
        ("t_s,a\n0,1\n", {"peak_deg": float("nan")}, UsageError, "not a finite number"),
        ("t_s,a\n0,1\n", {"exercise": "squatt"}, NotFoundError, "squatt"),
        ("t_s,a\n0,1\n", {"exercise": "stance-single-leg"}, FindingsError, "not counted"),
    ],
)  # fmt: skip
def test_each_defect_is_named(
    text: str, options: dict[str, object], error: type[RehabctlError], says: str
) -> None:
    wanted = {"rest_deg": 5, "peak_deg": 90, **options}
    with pytest.raises(error, match=says) as caught:
        count_repetitions(read_table(text, "a.csv"), **wanted)  # type: ignore[arg-type]
    assert type(caught.value) is error


def test_a_wrong_column_is_suggested() -> None:
    found = read_table(table(), "a.csv")
    with pytest.raises(UsageError) as caught:
        count_repetitions(found, column="kne_deg", rest_deg=5, peak_deg=90)
    assert "knee_deg" in caught.value.next_step
