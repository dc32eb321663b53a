"""A person's skeleton in braille dots, one frame at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import ClassVar

from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from rehabctl.domain.review import Point
from rehabctl.tui.help_text import HelpText
from rehabctl.tui.review_marks import JOINTS
from rehabctl.tui.widgets.braille_canvas import DOTS_X, DOTS_Y, BrailleCanvas

Frame = Sequence[Point]

_MIDDLE = ((11, 12), (23, 24), (11, 23), (12, 24))
_LEFT = ((11, 13), (13, 15), (15, 19), (23, 25), (25, 27), (27, 29), (29, 31), (27, 31))
_RIGHT = ((12, 14), (14, 16), (16, 20), (24, 26), (26, 28), (28, 30), (30, 32), (28, 32))
_NECK = (11, 12)
_NOSE = 0
_LETTERS = ((15, "L"), (16, "R"), (27, "L"), (28, "R"))
"""Sides are written at wrists and ankles: colour is never alone."""
_PARTS = ("middle", "left", "right", "joint")
_MARGIN = 0.06
_WIDE_DOTS = 80
"""From this width on, bones are two dots thick."""


def driving_joint(motion: str, side: str) -> int | None:
    """Return the landmark of the joint that a motion names (`knee_flexion`, `left` -> 25)."""
    left = JOINTS.get(motion.split("_", 1)[0])
    return None if left is None else left + (side == "right")


class Skeleton(Widget, can_focus=True):
    """Draws `frames[index]`; the figure keeps one scale over the whole recording.

    Parameters
    ----------
    frames
        Landmarks in pixels, shape (N, 33, 2); NaN for what was not found.
    joint
        Landmark to mark with a ring, or None.
    """

    COMPONENT_CLASSES: ClassVar = {
        "skeleton--middle",
        "skeleton--left",
        "skeleton--right",
        "skeleton--joint",
    }
    help = HelpText(
        "Replay",
        "The body as the camera measured it. L and R are the person's own left and right; "
        "the ring is the joint that a remark (e) would be about: the one that drives the exercise, "
        "until ] or [ choose another. A gap means that nothing was found.",
    )
    frame_index: reactive[int] = reactive(0)
    joint: reactive[int | None] = reactive[int | None](None)

    def __init__(
        self, frames: Sequence[Frame], joint: int | None, *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._frames = frames
        self.set_reactive(Skeleton.joint, joint)
        self._bounds = _bounds(frames)
        self._canvas: BrailleCanvas | None = None

    def watch_frame_index(self) -> None:
        """Draw the new frame."""
        self._canvas = None

    def watch_joint(self) -> None:
        """Draw the ring elsewhere."""
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
        if not self._frames or self._bounds is None:
            return canvas
        place = _placement(self._bounds, canvas)
        points = [
            place(p) if isfinite(p[0]) and isfinite(p[1]) else None
            for p in self._frames[self.frame_index]
        ]
        styles = {
            name: self.get_component_rich_style(f"skeleton--{name}", partial=True)
            for name in _PARTS
        }
        thickness = 2 if canvas.width >= _WIDE_DOTS else 1
        for bones, name in ((_MIDDLE, "middle"), (_RIGHT, "right"), (_LEFT, "left")):
            for a, b in bones:
                start, end = points[a], points[b]
                if start is not None and end is not None:
                    for shift in range(thickness):
                        canvas.line(
                            start[0] + shift, start[1], end[0] + shift, end[1], styles[name]
                        )
        self._draw_head(canvas, points, styles["middle"])
        for index, letter in _LETTERS:
            if (point := points[index]) is not None:
                side = "left" if letter == "L" else "right"
                canvas.write(
                    round(point[0]) // DOTS_X + 1, round(point[1]) // DOTS_Y, letter, styles[side]
                )
        if self.joint is not None and (point := points[self.joint]) is not None:
            canvas.write(round(point[0]) // DOTS_X, round(point[1]) // DOTS_Y, "◉", styles["joint"])
        return canvas

    @staticmethod
    def _draw_head(
        canvas: BrailleCanvas, points: Sequence[tuple[float, float] | None], style: Style
    ) -> None:
        left, right, nose = points[_NECK[0]], points[_NECK[1]], points[_NOSE]
        if left is None or right is None or nose is None:
            return
        neck = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
        radius = max(1.0, 0.45 * ((nose[0] - neck[0]) ** 2 + (nose[1] - neck[1]) ** 2) ** 0.5)
        for x, y in _circle(nose, radius):
            canvas.dot(round(x), round(y), style)


def _circle(centre: tuple[float, float], radius: float) -> list[tuple[float, float]]:
    from math import cos, pi, sin

    count = max(8, int(radius * 6))
    return [
        (centre[0] + radius * cos(2 * pi * i / count), centre[1] + radius * sin(2 * pi * i / count))
        for i in range(count)
    ]


def _bounds(frames: Sequence[Frame]) -> tuple[float, float, float, float] | None:
    """Return the box (x0, y0, x1, y1) around every landmark of the recording."""
    found = [p for frame in frames for p in frame if isfinite(p[0]) and isfinite(p[1])]
    if not found:
        return None
    xs, ys = [p[0] for p in found], [p[1] for p in found]
    return min(xs), min(ys), max(xs), max(ys)


def _placement(
    bounds: tuple[float, float, float, float], canvas: BrailleCanvas
) -> Callable[[Point], tuple[float, float]]:
    """Return the map from pixels to dots: same scale both ways, centred."""
    x0, y0, x1, y1 = bounds
    wide, high = max(x1 - x0, 1.0), max(y1 - y0, 1.0)
    room = 1.0 - 2 * _MARGIN
    scale = min(canvas.width * room / wide, canvas.height * room / high)
    left = (canvas.width - wide * scale) / 2
    top = (canvas.height - high * scale) / 2

    def place(point: Point) -> tuple[float, float]:
        return left + (point[0] - x0) * scale, top + (point[1] - y0) * scale

    return place
