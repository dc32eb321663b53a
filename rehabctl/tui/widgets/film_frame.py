"""A still picture in half-block characters: two pixels a cell, or shades where colours are off."""

from __future__ import annotations

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from rehabctl.domain.film import Picture
from rehabctl.tui.help_text import HelpText
from rehabctl.tui.safe_app import app_of

_UPPER_HALF = "▀"
_SHADES = " .:-=+*#%@"
"""Dark to light; with NO_COLOR a cell is one of them."""


class FilmFrame(Widget, can_focus=True):
    """One frame of the film, centred. Any terminal shows it."""

    help = HelpText(
        "Film",
        "The frame of the film at this moment. i goes back to the measured body, o opens the film "
        "with the measurement drawn in outside of the panel. The decrypted copy is deleted when "
        "you leave the recording.",
    )

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.picture: Picture | None = None

    def show(self, picture: Picture) -> None:
        """Show a picture that was made for `room`."""
        self.picture = picture
        self.refresh()

    @property
    def room(self) -> Size:
        """Width and height in pixels that fit; a pixel is one cell wide and half a cell high."""
        return Size(self.size.width, 2 * self.size.height)

    def render_line(self, y: int) -> Strip:
        """Return one line of two rows of pixels."""
        width = self.size.width
        picture = self.picture
        if picture is None:
            return Strip.blank(width, self.rich_style)
        top = 2 * (y - (self.size.height - (picture.height_px + 1) // 2) // 2)
        left = max(0, (width - picture.width_px) // 2)
        if not 0 <= top < picture.height_px:
            return Strip.blank(width, self.rich_style)
        segments = [Segment(" " * left, self.rich_style)]
        draw = self._shade if app_of(self).no_color else self._blocks
        segments += [draw(picture, x, top) for x in range(min(picture.width_px, width))]
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def _blocks(self, picture: Picture, x: int, y: int) -> Segment:
        upper = Color.from_rgb(*_pixel(picture, x, y))
        if y + 1 >= picture.height_px:
            return Segment(_UPPER_HALF, self.rich_style + Style(color=upper))
        lower = Color.from_rgb(*_pixel(picture, x, y + 1))
        return Segment(_UPPER_HALF, Style(color=upper, bgcolor=lower))

    def _shade(self, picture: Picture, x: int, y: int) -> Segment:
        rows = [row for row in (y, y + 1) if row < picture.height_px]
        light = sum(sum(_pixel(picture, x, row)) for row in rows) / (3 * 256 * len(rows))
        return Segment(_SHADES[int(light * len(_SHADES))], self.rich_style)


def _pixel(picture: Picture, x: int, y: int) -> tuple[int, int, int]:
    place = 3 * (y * picture.width_px + x)
    red, green, blue = picture.rgb[place : place + 3]
    return red, green, blue
