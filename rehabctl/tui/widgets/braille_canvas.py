"""A small drawing surface of braille dots: 2 by 4 dots a character cell, one style a cell."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

DOTS_X = 2
DOTS_Y = 4
_BRAILLE_BASE = 0x2800
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Unicode's dot numbers by row and column of the cell."""


class BrailleCanvas:
    """Dots and characters on a grid of cells. Everything outside is cut off.

    Parameters
    ----------
    columns, rows
        Size in character cells.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.columns = max(0, columns)
        self.rows = max(0, rows)
        self._bits = [[0] * self.columns for _ in range(self.rows)]
        self._text: dict[tuple[int, int], str] = {}
        self._style: dict[tuple[int, int], Style] = {}

    @property
    def width(self) -> int:
        """Dots across."""
        return self.columns * DOTS_X

    @property
    def height(self) -> int:
        """Dots down."""
        return self.rows * DOTS_Y

    def dot(self, x: int, y: int, style: Style) -> None:
        """Set one dot; the cell takes the style of its last dot."""
        if 0 <= x < self.width and 0 <= y < self.height:
            column, row = x // DOTS_X, y // DOTS_Y
            self._bits[row][column] |= _BITS[y % DOTS_Y][x % DOTS_X]
            self._style[column, row] = style

    def line(self, x0: float, y0: float, x1: float, y1: float, style: Style) -> None:
        """Draw a straight line of dots between two points."""
        steps = max(1, round(max(abs(x1 - x0), abs(y1 - y0))))
        if steps > 4 * (self.width + self.height + 1):
            return  # far outside: nothing sensible to draw
        for i in range(steps + 1):
            t = i / steps
            self.dot(round(x0 + t * (x1 - x0)), round(y0 + t * (y1 - y0)), style)

    def write(self, column: int, row: int, text: str, style: Style) -> None:
        """Put characters over the dots, one a cell."""
        for i, character in enumerate(text):
            place = (column + i, row)
            if 0 <= place[0] < self.columns and 0 <= row < self.rows:
                self._text[place] = character
                self._style[place] = style

    def strip(self, row: int, background: Style) -> Strip:
        """Return one line of cells, neighbours of one style joined."""
        if not 0 <= row < self.rows:
            return Strip.blank(self.columns, background)
        segments: list[Segment] = []
        run, run_style = "", background
        for column, bits in enumerate(self._bits[row]):
            place = (column, row)
            blank = chr(_BRAILLE_BASE + bits) if bits else " "
            character = self._text.get(place, blank)
            style = self._style.get(place, background)
            if style != run_style and run:
                segments.append(Segment(run, background + run_style))
                run = ""
            run, run_style = run + character, style
        segments.append(Segment(run, background + run_style))
        return Strip(segments, self.columns)
