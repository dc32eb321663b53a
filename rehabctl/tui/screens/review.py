"""Session review: replay, look at the angle, label, remark, decide, go on to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from rehabctl.domain.review import RepetitionLabel, ReviewData, ReviewDecision, ReviewRemark
from rehabctl.tui import cells, review_text
from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.messages import RepetitionLabelled, ReviewDecided, ReviewLoaded, WorkFailed
from rehabctl.tui.review_marks import RemarkMark, marks
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.note_editor import NoteEditor
from rehabctl.tui.screens.review_film import ReviewFilm
from rehabctl.tui.widgets.angle_curve import AngleCurve
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.section import Section
from rehabctl.tui.widgets.skeleton import Skeleton, driving_joint
from rehabctl.tui.widgets.status_line import StatusLine

_PLAY_STEP_S = 1 / 15


class ReviewScreen(ReviewFilm):
    """One recording.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    assessment_id
        The recording to start with.
    """

    BINDINGS: ClassVar = bindings("review")

    def __init__(self, context: PanelContext, assessment_id: str) -> None:
        super().__init__(context)
        self._assessment_id = assessment_id
        self.review: ReviewData | None = None
        self.frame_index = 0
        self._marks: tuple[RemarkMark, ...] = ()
        self._mark_index = 0
        self._playing: Timer | None = None
        self._play_s = 0.0
        self._status = StatusLine()
        self._body = Vertical(id="review-body")
        self._skeleton: Skeleton | None = None
        self._curve: AngleCurve | None = None
        self._frame: Section | None = None
        self._found: Section | None = None
        self._remarks: Section | None = None
        self._decision: Section | None = None

    def compose(self) -> ComposeResult:
        """Lay out title, replay, what was found, and keys."""
        yield self._status
        yield self._body
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the recording."""
        self.read_review()

    # -- reading -------------------------------------------------------------------------------

    def read_review(self) -> None:
        """Read the recording in a thread."""
        data, wanted = self.context.data, self._assessment_id
        self.in_thread(lambda: ReviewLoaded(data.review(wanted)), group="review")

    async def on_review_loaded(self, message: ReviewLoaded) -> None:
        """Show the recording from its first frame."""
        review = message.review
        if review.assessment_id != self._assessment_id or not self.is_ready:
            return
        self.review, self.frame_index = review, 0
        self._marks, self._mark_index = marks(review), 0
        recorded = cells.day_time(review.recorded_at, self.context.now(), self.context.zone)
        self._status.show(
            f"{review.mrn}  {review.name}", cells.words(review.exercise), f"recorded {recorded}"
        )
        body = self._body
        with app_of(self).batch_update():
            await body.remove_children()
            if not body.is_attached:  # the panel was left meanwhile
                return
            await body.mount(*self._parts(review))
        if self._skeleton is not None:
            self._skeleton.focus()
        self._show_frame()
        await self.film_changed()
        self.forget_film()
        if review.has_film and not review.is_measured:
            await self.action_picture()  # there is nothing else to see

    def _parts(self, review: ReviewData) -> list[Widget]:
        self._skeleton = Skeleton(
            review.landmarks_px, driving_joint(review.motion, review.side), id="skeleton"
        )
        self._curve = AngleCurve(review, id="curve")
        self._frame = Section(
            "Frame",
            (),
            "Where the replay stands, and what a remark (e) would be about: ] and [ choose another "
            "joint, the angle, or the whole picture. 1, 2 and 3 label this repetition as correct, "
            "compensated or incorrect and go to the next.",
        )
        self._found = Section(
            "Found",
            review_text.found(review),
            "What the measurement says about itself, and the moments worth a look. "
            "m goes to the next of them.",
        )
        self._remarks = Section(
            "Remarks",
            (),
            "What was seen at which moment. They are drawn into the film, and m goes to them.",
        )
        self._decision = Section(
            "Decision",
            review_text.decision(review, self._draft()),
            "a accepts the measurement, d accepts it with a correction that the comment names, "
            "f keeps it out of trends.",
        )
        told = (self._frame, self._found, self._remarks, self._decision)
        side = Vertical(self._curve, *told, id="review-side")
        self._show_remarks()
        return [Horizontal(self._skeleton, side, id="review-replay")]

    def work_failed(self, message: WorkFailed) -> None:
        """Say what failed; the screen stays."""
        self._stop()
        super().work_failed(message)

    # -- the replay ----------------------------------------------------------------------------

    def _show_frame(self) -> None:
        review, index = self.review, self.frame_index
        if review is None or self._skeleton is None or self._curve is None or self._frame is None:
            return
        self._skeleton.frame_index = index
        self._curve.frame_index = index
        mark = self._marks[self._mark_index]
        self._skeleton.joint = mark.landmark
        self._frame.show(review_text.frame(review, index, mark))
        self.film_moved()

    def _go(self, index: int) -> None:
        if self.review is not None:
            self.frame_index = max(0, min(len(self.review.t_s) - 1, index))
            self._show_frame()

    def _go_to_time(self, t_s: float) -> None:
        """Show the frame nearest to a time."""
        if self.review is not None:
            times = self.review.t_s
            self._go(min(range(len(times)), key=lambda i: abs(times[i] - t_s)))

    def _stop(self) -> None:
        if self._playing is not None:
            self._playing.stop()
            self._playing = None

    def action_step(self, frames: int) -> None:
        """Go some frames on or back."""
        self._stop()
        self._go(self.frame_index + frames)

    def action_seek_end(self, direction: int) -> None:
        """Go to the first (-1) or last (1) frame."""
        self._stop()
        self._go(0 if direction < 0 or self.review is None else len(self.review.t_s) - 1)

    def action_play(self) -> None:
        """Play at the recorded speed, or pause."""
        if self._playing is not None:
            self._stop()
        elif self.review is not None:
            if self.frame_index >= len(self.review.t_s) - 1:
                self._go(0)
            self._play_s = self.review.t_s[self.frame_index]
            self._playing = self.set_interval(_PLAY_STEP_S, self._play_on)

    def _play_on(self) -> None:
        review = self.review
        if review is None:
            return
        self._play_s += _PLAY_STEP_S
        self._go_to_time(self._play_s)
        if self.frame_index >= len(review.t_s) - 1:
            self._stop()

    def action_repetition(self, step: int) -> None:
        """Go to the turning point of the next (1) or previous (-1) repetition."""
        if self.review is not None:
            self._jump([r.peak_s for r in self.review.repetitions], step)

    def action_moment(self, step: int) -> None:
        """Go to the next (1) or previous (-1) moment worth a look."""
        if self.review is not None:
            told = (*self.review.moments, *self.review.remarks)
            self._jump([m.at_s for m in told], step)

    def _jump(self, times: list[float], step: int) -> None:
        """Go to the nearest of these times after or before this frame."""
        if self.review is None:
            return
        self._stop()
        here = self.review.t_s[self.frame_index]
        frame_s = 0.5 * self._frame_s()
        if step > 0:
            ahead = [t for t in times if t > here + frame_s]
            target = min(ahead, default=None)
        else:
            target = max((t for t in times if t < here - frame_s), default=None)
        if target is not None:
            self._go_to_time(target)
        else:
            text = "There is none further on." if step > 0 else "There is none before."
            self.notify(text, markup=False)

    def _frame_s(self) -> float:
        """Return the mean time between two frames."""
        if self.review is None or len(self.review.t_s) < 2:
            return 0.0
        return (self.review.t_s[-1] - self.review.t_s[0]) / (len(self.review.t_s) - 1)

    # -- labels and remarks --------------------------------------------------------------------

    def action_label(self, name: str) -> None:
        """Label the repetition in view, and go to the next."""
        review, label = self.review, RepetitionLabel(name)
        if review is None:
            return
        self._stop()
        here = review_text.repetition_at(review, review.t_s[self.frame_index])
        if here is None:
            self.notify("No repetition at this frame: j goes to the next.", markup=False)
            return
        reviews, wanted, index = self.context.data.reviews, self._assessment_id, here.index

        def work() -> Message:
            reviews.label(wanted, index, label)
            return RepetitionLabelled(wanted, index, label)

        self.in_turn(work, group=f"label {index}")
        if here != review.repetitions[-1]:
            self._jump([r.peak_s for r in review.repetitions if r.index > index], 1)

    def on_repetition_labelled(self, message: RepetitionLabelled) -> None:
        """Show the label."""
        review = self.review
        if review is not None and message.assessment_id == review.assessment_id:
            labels = {**review.labels, message.repetition: message.label}
            self._take(replace(review, labels=labels))

    def _take(self, review: ReviewData) -> None:
        """Show the same recording with other labels or remarks."""
        self.review = review
        if self._curve is not None and self._found is not None:
            self._curve.show(review)
            self._found.show(review_text.found(review))
        self._show_frame()
        self._show_remarks()

    def action_mark(self, step: int) -> None:
        """Choose what the next remark is about."""
        if self._marks:
            self._mark_index = (self._mark_index + step) % len(self._marks)
            self._show_frame()

    def action_comment(self) -> None:
        """Write a remark about the chosen joint, angle or nothing at the moment in view."""
        review = self.review
        if review is None:
            return
        if not review.is_measured:
            self.notify(review_text.NO_REMARKS, markup=False)
            return
        self._stop()
        at_s, mark = review.t_s[self.frame_index], self._marks[self._mark_index]
        reviews, wanted = self.context.data.reviews, self._assessment_id
        key = f"{_remark_key(wanted)}{at_s:.3f}"
        written: list[ReviewRemark] = []

        def store(text: str) -> None:
            remark = ReviewRemark(at_s, text, mark.joint, mark.landmark)
            reviews.remark(wanted, remark)
            written.append(remark)

        start = None if key in self.context.drafts else review_text.remark_start(
            review, self.frame_index, mark
        )  # fmt: skip
        title = f"Remark at {at_s:.2f} s on {mark.text}"
        editor = NoteEditor(self.context, title, key, store, start)
        app_of(self).push_screen(editor, lambda _: self._remarked(wanted, written))

    def _remarked(self, assessment_id: str, written: list[ReviewRemark]) -> None:
        review = self.review
        if review is not None and review.assessment_id == assessment_id and written:
            remarks = sorted((*review.remarks, *written), key=lambda remark: remark.at_s)
            self._take(replace(review, remarks=tuple(remarks)))
            self.notify("Remark stored.", markup=False)
        else:
            self._show_remarks()

    def _show_remarks(self) -> None:
        if self.review is not None and self._remarks is not None:
            key = _remark_key(self._assessment_id)
            drafts = [
                f"at {name.removeprefix(key)} s: {text}"
                for name, text in sorted(self.context.drafts.items())
                if name.startswith(key)
            ]
            self._remarks.show(review_text.remarks(self.review, drafts))

    # -- decisions -----------------------------------------------------------------------------

    @property
    def _draft_key(self) -> str:
        return _draft_key(self._assessment_id)

    def _draft(self) -> str:
        return self.context.drafts.get(self._draft_key, "")

    def action_decide(self, name: str) -> None:
        """Accept at once; adjust and flag ask for a comment. Then show the next recording."""
        review, decision = self.review, ReviewDecision(name)
        if review is None:
            return
        self._stop()
        data, wanted = self.context.data, self._assessment_id
        comment = self._draft() or review.comment or ""

        def store(text: str) -> None:
            data.set_review(wanted, decision, text)

        def accept() -> Message:
            store(comment)
            return ReviewDecided(wanted)

        if decision is ReviewDecision.ACCEPTED:
            self.in_thread(accept, group="decide")
        else:
            title = f"{decision.value.capitalize()}: say why"
            editor = NoteEditor(self.context, title, self._draft_key, store, comment)
            app_of(self).push_screen(editor, lambda done: self._stored(wanted, done))

    def on_review_decided(self, message: ReviewDecided) -> None:
        """Drop the draft: it is stored; go on."""
        self.context.drafts.pop(_draft_key(message.assessment_id), None)
        self._stored(message.assessment_id, True)

    def _stored(self, assessment_id: str, done: bool | None) -> None:
        self._show_decision()
        if done and assessment_id == self._assessment_id and not self._go_on():
            self.dismiss(None)

    def _show_decision(self) -> None:
        if self.review is not None and self._decision is not None:
            self._decision.show(review_text.decision(self.review, self._draft()))

    def action_next_item(self) -> None:
        """Show the next waiting recording without deciding on this one."""
        self._go_on()

    def _go_on(self) -> bool:
        following = self.review.next_assessment_id if self.review is not None else None
        if following is None:
            self.notify("No further recording waits.", markup=False)
            return False
        self._stop()
        self._assessment_id, self.review = following, None
        self.read_review()
        return True

    def action_copy_mrn(self) -> None:
        """Copy the record number through the terminal."""
        if self.review is not None:
            app_of(self).copy_to_clipboard(self.review.mrn)
            self.notify(f"Copied {cells.clean(self.review.mrn)}.", markup=False)


def _draft_key(assessment_id: str) -> str:
    return f"review:{assessment_id}"


def _remark_key(assessment_id: str) -> str:
    return f"remark:{assessment_id}@"
