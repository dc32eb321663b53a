"""The driving angle over time, with repetitions, target and the frame that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from rehabctl.domain.review import RepetitionLabel, ReviewData
from rehabctl.tui.help_text import HelpText
from rehabctl.tui.widgets.braille_canvas import DOTS_X, DOTS_Y, BrailleCanvas

_LEFT_CELLS = 5
"""Room for the numbers of the angle axis."""
_BOTTOM_ROWS = 2
"""Repetition numbers and seconds."""
_KIND_MARK = {"full": "", "partial": "p", "cut": "c"}
_LABEL_MARK = {
    RepetitionLabel.CORRECT: "✓",
    RepetitionLabel.COMPENSATED: "~",
    RepetitionLabel.INCORRECT: "✗",
}


class AngleCurve(Widget, can_focus=True):
    """A curve in braille dots. Missing angles leave a gap; nothing is drawn between."""

    COMPONENT_CLASSES: ClassVar = {"curve--line", "curve--axis", "curve--target", "curve--now"}
    help = HelpText(
        "Angle",
        "The driving angle in degrees over the recording. The dashed line is the target; numbers "
        "below are repetitions (p partial, c cut by start or end; ✓ labelled correct, ~ "
        "compensated, ✗ incorrect); the upright line is this frame.",
    )
    frame_index: reactive[int] = reactive(0)

    def __init__(self, review: ReviewData, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._review = review
        self._canvas: BrailleCanvas | None = None

    def show(self, review: ReviewData) -> None:
        """Draw the same recording with other labels."""
        self._review, self._canvas = review, None
        self.refresh()

    def watch_frame_index(self) -> None:
        """Move the upright line."""
        self._canvas = None

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._canvas = None

    def render_line(self, y: int) -> Strip:
        """Return one line of the drawing."""
        if self._canvas is None:
            self._canvas = self._draw()
        return self._canvas.strip(y, self.rich_style)

    def _draw(self) -> BrailleCanvas:
        canvas = BrailleCanvas(self.size.width, self.size.height)
        review = self._review
        known = [a for a in review.angle_deg if a is not None]
        plot_rows = canvas.rows - _BOTTOM_ROWS
        if not known or plot_rows < 2 or canvas.columns <= _LEFT_CELLS + 2:
            return canvas
        axis = self._style("axis")
        limits = known if review.target_deg is None else [*known, review.target_deg]
        low, high = min(0.0, min(limits)), max(limits) + 5.0
        scale = _Scale(review.t_s, low, high, canvas.width, plot_rows * DOTS_Y)
        self._draw_axes(canvas, scale, plot_rows, axis)
        if review.target_deg is not None:
            y = scale.y(review.target_deg)
            for x in range(_LEFT_CELLS * DOTS_X, canvas.width):
                if x % 6 < 3:
                    canvas.dot(x, round(y), self._style("target"))
        now = scale.x(review.t_s[self.frame_index])
        canvas.line(now, 0, now, plot_rows * DOTS_Y - 1, self._style("now"))
        before: tuple[float, float] | None = None
        for t, angle in zip(review.t_s, review.angle_deg, strict=True):
            here = None if angle is None else (scale.x(t), scale.y(angle))
            if here is not None and before is not None:
                canvas.line(*before, *here, self._style("line"))
            before = here
        return canvas

    def _draw_axes(self, canvas: BrailleCanvas, scale: _Scale, plot_rows: int, axis: Style) -> None:
        for value in scale.ticks(plot_rows):
            row = round(scale.y(value)) // DOTS_Y
            canvas.write(0, row, f"{value:>{_LEFT_CELLS - 1}.0f}", axis)
        for repetition in self._review.repetitions:
            label = f"{repetition.index}{_KIND_MARK.get(repetition.kind, '')}"
            given = self._review.labels.get(repetition.index)
            label += "" if given is None else _LABEL_MARK[given]
            column = round(scale.x(repetition.peak_s)) // DOTS_X - len(label) // 2
            canvas.write(column, plot_rows, label, self._style("line"))
        first, last = self._review.t_s[0], self._review.t_s[-1]
        canvas.write(_LEFT_CELLS, plot_rows + 1, f"{first:.1f} s", axis)
        ending = f"{last:.1f} s"
        canvas.write(canvas.columns - len(ending), plot_rows + 1, ending, axis)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"curve--{name}", partial=True)


class _Scale:
    """From seconds and degrees to dots."""

    def __init__(
        self, t_s: Sequence[float], low: float, high: float, width: int, height: int
    ) -> None:
        self._t0, self._t1 = t_s[0], t_s[-1]
        self._low, self._high = low, high
        self._width, self._height = width, height

    def x(self, t: float) -> float:
        left = _LEFT_CELLS * DOTS_X
        span = max(self._t1 - self._t0, 1e-9)
        return left + (t - self._t0) / span * (self._width - 1 - left)

    def y(self, angle: float) -> float:
        return (self._high - angle) / (self._high - self._low) * (self._height - 1)

    def ticks(self, rows: int) -> list[float]:
        """Return round values, no closer than three rows."""
        span = self._high - self._low
        step = next((s for s in (5, 10, 15, 30, 45, 90, 180) if span / s <= rows / 3), 360)
        first = -(-self._low // step) * step
        return [first + i * step for i in range(int((self._high - first) // step) + 1)]
