"""A still picture in the terminal's own graphics (Sixel, Kitty), by textual-image.

The library asks the terminal what it can when it is imported, and reads the answer from the
keyboard: the panel steps aside for that moment, once, and only when a picture is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from textual.app import App, ComposeResult, SuspendNotSupported
from textual.containers import Container
from textual.geometry import Size

from rehabctl.domain.film import Picture
from rehabctl.tui.widgets.film_frame import FilmFrame

_MOST_PX = 800
"""Either way: more would only be sent over the line, not seen."""


def film_widget(app: App[Any], *, id: str) -> FilmFrame | FilmImage:
    """Return the widget that shows a film best here: graphics where the terminal has them.

    Parameters
    ----------
    app
        The panel.
    id
        Of the widget.
    """
    if app.no_color or app.is_headless or app.is_web:
        return FilmFrame(id=id)
    try:
        with app.suspend():
            chosen: Any = import_module("textual_image.widget")
    except (SuspendNotSupported, ImportError, OSError):
        return FilmFrame(id=id)
    has_graphics = chosen.AutoRenderable in (chosen.SixelRenderable, chosen.TGPRenderable)
    return FilmImage(chosen, id=id) if has_graphics else FilmFrame(id=id)


class FilmImage(Container, can_focus=True):
    """One frame of the film in the terminal's own graphics.

    Parameters
    ----------
    library
        The module `textual_image.widget`.
    """

    help = FilmFrame.help

    def __init__(self, library: Any, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._library = library
        self._image = library.Image()

    def compose(self) -> ComposeResult:
        """Lay out the picture."""
        yield self._image

    def show(self, picture: Picture) -> None:
        """Show a picture that was made for `room`."""
        from PIL import Image

        size = (picture.width_px, picture.height_px)
        self._image.image = Image.frombytes("RGB", size, picture.rgb)

    @property
    def room(self) -> Size:
        """Width and height in pixels that fit."""
        cell = self._library.get_cell_size()
        width, height = self.size
        return Size(min(_MOST_PX, width * cell.width), min(_MOST_PX, height * cell.height))
