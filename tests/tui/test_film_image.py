"""Pictures in the terminal's own graphics, and what is shown where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from textual.app import App, ComposeResult, SuspendNotSupported
from textual.geometry import Size
from textual_image import widget as library
from textual_image.renderable.sixel import Image as Sixel

from rehabctl.tui.widgets.film_frame import FilmFrame
from rehabctl.tui.widgets.film_image import FilmImage, film_widget
from tui.reviews import a_picture


class Showing(App[None]):
    def compose(self) -> ComposeResult:
        yield FilmImage(library)


class Terminal:
    """What `film_widget` asks of an app."""

    no_color = is_headless = is_web = False

    def __init__(self, *, suspends: bool = True) -> None:
        self._suspends = suspends
        self.stepped_aside = 0

    @contextmanager
    def suspend(self) -> Iterator[None]:
        if not self._suspends:
            raise SuspendNotSupported("no")
        self.stepped_aside += 1
        yield


def chosen(app: Any) -> FilmFrame | FilmImage:
    return film_widget(app, id="film")


@pytest.mark.filterwarnings("ignore:Image.Image.getdata:DeprecationWarning")
async def test_a_picture_fills_the_room_and_is_replaced() -> None:
    app = Showing()
    async with app.run_test(size=(40, 20)) as pilot:
        film = app.query_one(FilmImage)
        cell = library.get_cell_size()
        assert film.room == Size(min(800, 40 * cell.width), min(800, 20 * cell.height))
        film.show(a_picture(0.0, 120, 160))
        await pilot.pause()
        first = film._image.image
        film.show(a_picture(1.0, 120, 160))
        assert (film._image.image.width, film._image.image.height) == (120, 160)
        assert film._image.image is not first
        assert film._image.image.getpixel((5, 10)) == (250, 250, 200)  # the bar, after a second


def test_a_terminal_with_graphics_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "AutoRenderable", Sixel)
    app = Terminal()
    assert isinstance(chosen(app), FilmImage)
    assert app.stepped_aside == 1


def test_any_other_terminal_gets_half_blocks() -> None:
    assert isinstance(chosen(Terminal()), FilmFrame)  # pytest's own output is no terminal
    assert isinstance(chosen(Terminal(suspends=False)), FilmFrame)


@pytest.mark.parametrize("name", ["no_color", "is_headless", "is_web"])
def test_who_cannot_answer_is_not_asked(name: str) -> None:
    app = Terminal()
    setattr(app, name, True)
    assert isinstance(chosen(app), FilmFrame)
    assert app.stepped_aside == 0
