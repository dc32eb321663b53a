"""The film of a recording in review: its picture at the moment in view, or the film outside."""

from __future__ import annotations

import threading

from textual.message import Message

from rehabctl.domain.review import ReviewData
from rehabctl.tui.context import PanelContext
from rehabctl.tui.messages import FilmOpened, FrameRead, WorkFailed
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.port_screen import PortScreen
from rehabctl.tui.widgets.film_frame import FilmFrame
from rehabctl.tui.widgets.film_image import FilmImage, film_widget
from rehabctl.tui.widgets.skeleton import Skeleton

_NOT_KEPT = "The film was not kept: that needs consent to video recording."


class ReviewFilm(PortScreen[None]):
    """Shows the film in place of the measured body. One frame is read at a time.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    """

    review: ReviewData | None
    frame_index: int

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._film: FilmFrame | FilmImage | None = None
        self._reading: int | None = None
        self._shown: int | None = None

    async def action_picture(self) -> None:
        """Show the film's picture, or the measured body again."""
        review = self.review
        if review is None:
            return
        if not review.has_film:
            self.notify(_NOT_KEPT, markup=False)
        elif self._film is None:
            self._film = film_widget(app_of(self), id="film")
            body = self.query_one(Skeleton)
            await self.mount(self._film, before=body)
            body.display = False
            self._film.focus()
            self.call_after_refresh(self.film_moved)
        else:
            await self.film_changed()

    async def film_changed(self) -> None:
        """Show the measured body: of this recording there is no picture yet."""
        if self._film is not None:
            await self._film.remove()
        self._film = self._reading = self._shown = None
        for body in self.query(Skeleton):
            body.display = True
            body.focus()

    def film_moved(self) -> None:
        """Read the picture of the moment in view; while one is read, the next one waits."""
        review, film, index = self.review, self._film, self.frame_index
        if review is None or film is None or self._reading is not None or self._shown == index:
            return
        if not film.size:
            return  # not laid out yet
        reviews, wanted, t_s, room = (
            self.context.data.reviews, review.assessment_id, review.t_s[index], film.room,
        )  # fmt: skip
        self._reading = index

        def work() -> Message:
            return FrameRead(wanted, index, reviews.frame(wanted, t_s, room.width, room.height))

        self.in_thread(work, group="film")

    def on_frame_read(self, message: FrameRead) -> None:
        """Show the picture; then read that of the moment in view, if it is another."""
        review = self.review
        if review is None or review.assessment_id != message.assessment_id or self._film is None:
            return
        self._reading, self._shown = None, message.frame_index
        self._film.show(message.picture)
        self.film_moved()

    def on_resize(self) -> None:
        """Read a picture of the new size."""
        self._shown = None
        self.call_after_refresh(self.film_moved)

    def action_outside(self) -> None:
        """Open the film outside of the panel."""
        review, reviews = self.review, self.context.data.reviews
        if review is None:
            return
        if not review.has_film:
            self.notify(_NOT_KEPT, markup=False)
            return
        wanted = review.assessment_id

        def work() -> Message:
            reviews.show_outside(wanted)
            return FilmOpened()

        self.notify("Drawing the film…", markup=False)
        self.in_thread(work, group="outside")

    def on_film_opened(self, _: FilmOpened) -> None:
        """Say where it is and for how long."""
        self.notify(
            "The film is open outside. Its copy is deleted when you leave this recording.",
            markup=False,
        )

    def work_failed(self, message: WorkFailed) -> None:
        """Say what failed; a picture may be asked for again."""
        self._reading = None
        super().work_failed(message)

    def forget_film(self) -> None:
        """Delete the decrypted copies, in a thread that outlives this screen."""
        reviews = self.context.data.reviews
        threading.Thread(target=reviews.forget_film).start()

    def on_unmount(self) -> None:
        """Delete the decrypted copies."""
        self.forget_film()
