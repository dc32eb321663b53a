"""The live picture of a calibration in plain characters, for the terminal and the panel alike."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from rehabctl.analysis.calibration_guide import GuideView, direction_words
from rehabctl.analysis.joint_guide import JointView
from rehabctl.analysis.joint_picture import joint_picture
from rehabctl.analysis.sensor_calibration import cells_of

BenchView = GuideView | JointView
"""What is known of one sensor, or of the joint between two."""
_LEVEL_ROWS, _LEVEL_COLUMNS = 7, 15
_LEVEL_DEG = 45.0
"""Tilt at the frame of the level."""
_MAP_ROWS, _MAP_COLUMNS = 7, 32
_GAP = "      "
_BAR = 20


def picture(view: BenchView) -> list[str]:
    """Draw the level beside the sphere, and how still it is below; of a joint, its own picture.

    Colour carries nothing.

    Parameters
    ----------
    view
        What is known.
    """
    if isinstance(view, JointView):
        return joint_picture(view)
    left = _level(view)
    right = _sphere(view) if view.seen else [""] * len(left)
    lines = [
        f"{a:<{_LEVEL_COLUMNS + 2}}{_GAP}{b}".rstrip() for a, b in zip(left, right, strict=True)
    ]
    return [*lines, _stillness(view)]


def _level(view: GuideView) -> list[str]:
    """Draw a round spirit level: the bubble drifts to the side that is higher."""
    grid = [[" "] * _LEVEL_COLUMNS for _ in range(_LEVEL_ROWS)]
    middle_row, middle_column = _LEVEL_ROWS // 2, _LEVEL_COLUMNS // 2
    grid[middle_row][middle_column] = "+"
    title = "up: ?"
    if view.up is not None:
        axis = max(range(3), key=lambda i: abs(view.up[i]) if view.up else 0.0)
        others = [i for i in range(3) if i != axis]
        across, along = (math.degrees(math.asin(max(-1.0, min(1.0, view.up[i])))) for i in others)
        column = middle_column + round(_clip(across / _LEVEL_DEG) * middle_column)
        row = middle_row - round(_clip(along / _LEVEL_DEG) * middle_row)
        grid[row][column] = "O"
        tilt = math.degrees(math.acos(min(1.0, abs(view.up[axis]))))
        title = f"up: {direction_words(np.array(view.up))}, {tilt:.0f} deg"
    frame = "+" + "-" * _LEVEL_COLUMNS + "+"
    return [title, frame, *(f"|{''.join(line)}|" for line in grid), frame]


def _clip(value: float) -> float:
    return max(-1.0, min(1.0, value))


def _sphere(view: GuideView) -> list[str]:
    """Draw the sphere unrolled: rows of equal height along z, columns around it."""
    numbers = _map(len(view.seen))
    rows: list[str] = []
    for line in numbers:
        marks = ("O" if n == view.here else "#" if view.seen[n] else "." for n in line)
        rows.append("".join(marks))
    labels = ["+z", *[""] * (_MAP_ROWS - 2), "-z"]
    body = [f"{label:>2} {row}" for label, row in zip(labels, rows, strict=True)]
    quarter = _MAP_COLUMNS // 4
    around = "".join(f"{name:<{quarter}}" for name in ("+x", "+y", "-x", "-y"))
    return ["# seen   . missing   O now", "", *body, f"   {around}"]


@cache
def _map(cells: int) -> tuple[tuple[int, ...], ...]:
    """Return the number of the cell behind each character."""
    rows: list[tuple[int, ...]] = []
    for row in range(_MAP_ROWS):
        z = 1.0 - 2.0 * (row + 0.5) / _MAP_ROWS
        angle = 2.0 * np.pi * np.arange(_MAP_COLUMNS) / _MAP_COLUMNS
        level = math.sqrt(1.0 - z * z)
        around = np.stack([level * np.cos(angle), level * np.sin(angle), np.full_like(angle, z)], 1)
        rows.append(tuple(cells_of(around, cells).tolist()))
    return tuple(rows)


def _stillness(view: GuideView) -> str:
    turning = f"turning at {view.turning_dps:.0f} deg/s"
    if not view.wanted_still_s:
        return turning
    share = min(1.0, view.still_s / view.wanted_still_s)
    bar = "#" * round(_BAR * share)
    return f"still [{bar:.<{_BAR}}] {view.still_s:.1f} of {view.wanted_still_s:.1f} s, {turning}"
