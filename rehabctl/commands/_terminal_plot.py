"""An angle over time as plain text: braille dots, an axis, the target and the repetitions.

No colour and no control characters, so that it reads the same in a terminal, over ssh, in a file
and in a mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

from rehabctl.analysis.assessment import AngleSeries, Repetition, RepetitionKind

LEAST_COLUMNS, LEAST_ROWS = 30, 5
_LEFT = 5
"""Characters of the angle axis."""
_BLANK = 0x2800
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Braille's dot by row and column of a cell of 4 by 2."""
_STEPS = (5, 10, 15, 30, 45, 90, 180)
_MARK = {RepetitionKind.FULL: "", RepetitionKind.PARTIAL: "p", RepetitionKind.CUT: "c"}


def plot(
    curve: AngleSeries,
    repetitions: Sequence[Repetition],
    target_deg: float | None,
    *,
    columns: int,
    rows: int,
) -> str:
    """Return the lines of one curve; missing angles leave a gap.

    Parameters
    ----------
    curve
        With at least one known angle.
    repetitions
        Their numbers are written below their turning points (p partial, c cut).
    target_deg
        A dashed line.
    columns, rows
        Size of the whole drawing in characters.
    """
    columns, rows = max(columns, LEAST_COLUMNS), max(rows, LEAST_ROWS)
    known = [deg for deg in curve.deg if deg is not None]
    shown = known if target_deg is None else [*known, target_deg]
    dots = _Dots(columns - _LEFT, rows - 3, curve.t_s, min(0.0, *shown), max(shown) + 2.0)
    if target_deg is not None:
        for x in range(0, dots.width, 6):
            for dash in range(3):
                dots.dot(x + dash, dots.y(target_deg))
    before: tuple[int, int] | None = None
    for t_s, deg in zip(curve.t_s, curve.deg, strict=True):
        here = None if deg is None else (dots.x(t_s), dots.y(deg))
        if here is not None:
            dots.line(before or here, here)
        before = here
    title = f"{curve.motion.replace('_', ' ')}, {curve.side} (degrees)"
    goal = "" if target_deg is None else f"; dashed: target {target_deg:g}"
    first, last = f"{curve.t_s[0]:.1f} s", f"{curve.t_s[-1]:.1f} s"
    below = " " * _LEFT + first + last.rjust(columns - _LEFT - len(first))
    lines = [title + goal, *dots.lines(), _numbers(dots, repetitions, columns), below]
    return "\n".join(line.rstrip() for line in lines)


def _numbers(dots: _Dots, repetitions: Sequence[Repetition], columns: int) -> str:
    line = [" "] * columns
    for repetition in repetitions:
        label = f"{repetition.index}{_MARK[repetition.kind]}"
        start = _LEFT + dots.x(repetition.peak_s) // 2 - len(label) // 2
        start = min(max(start, _LEFT), columns - len(label))
        if all(character == " " for character in line[start - 1 : start + len(label)]):
            line[start : start + len(label)] = label
    return "".join(line)


class _Dots:
    """A grid of braille cells with its two axes."""

    def __init__(
        self, columns: int, rows: int, t_s: Sequence[float], low: float, high: float
    ) -> None:
        self.width, self._height = columns * 2, rows * 4
        self._cells = [[0] * columns for _ in range(rows)]
        self._start, self._span = t_s[0], max(t_s[-1] - t_s[0], 1e-9)
        self._low, self._high = low, high

    def x(self, t_s: float) -> int:
        """Dot of a time."""
        return round((t_s - self._start) / self._span * (self.width - 1))

    def y(self, deg: float) -> int:
        """Dot of an angle, from the top."""
        return round((self._high - deg) / (self._high - self._low) * (self._height - 1))

    def dot(self, x: int, y: int) -> None:
        """Set one dot; outside nothing is drawn."""
        if 0 <= x < self.width and 0 <= y < self._height:
            self._cells[y // 4][x // 2] |= _BITS[y % 4][x % 2]

    def line(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Join two dots."""
        (x0, y0), (x1, y1) = start, end
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for step in range(steps + 1):
            self.dot(round(x0 + step * (x1 - x0) / steps), round(y0 + step * (y1 - y0) / steps))

    def lines(self) -> list[str]:
        """Return the rows with the numbers of the angle axis."""
        span, most = self._high - self._low, max(len(self._cells) // 2, 1)
        step = next((s for s in _STEPS if span / s <= most), 360)
        ticks = range(ceil(self._low / step), floor(self._high / step) + 1)
        labels = {self.y(tick * step) // 4: f"{tick * step:d}" for tick in ticks}
        return [
            labels.get(row, "").rjust(_LEFT - 1)
            + " "
            + "".join(chr(0x2800 + bits) for bits in cells)
            for row, cells in enumerate(self._cells)
        ]
