"""The texts of the session review: data in, styled lines out."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from rehabctl.domain.review import RepetitionLabel, ReviewData, ReviewRepetition
from rehabctl.tui import cells
from rehabctl.tui.review_marks import RemarkMark
from rehabctl.tui.widgets.section import Line

_LABEL_CELLS = 12
NO_REMARKS = "Say it with the decision (d or f): remarks are drawn into what was measured."
_LABEL_KEYS = "none yet: 1, 2 or 3 (see F1)"


def _fact(label: str, value: str, style: str = "") -> Line:
    return Line(
        Content.styled(f"{label:<{_LABEL_CELLS}}", "$muted"),
        Content.styled(cells.clean(value), style),
    )


def frame(review: ReviewData, index: int, mark: RemarkMark) -> list[Line]:
    """Return time, angle and repetition of one frame, and what a remark would be about."""
    t_s, angle = review.t_s[index], review.angle_deg[index]
    if not review.is_measured:
        return [_fact("Time", f"{t_s:.0f} of {review.t_s[-1]:.0f} s")]
    repetition = repetition_at(review, t_s)
    name = cells.with_side(cells.words(review.motion), review.side)
    value = "not measured here" if angle is None else f"{angle:.1f} deg"
    target = "" if review.target_deg is None else f", target {review.target_deg:.0f}"
    return [
        _fact("Time", f"{t_s:.2f} s   frame {index + 1} of {len(review.t_s)}"),
        _fact("Angle", f"{name}  {value}{target}"),
        _fact("Repetition", _repetition(repetition)),
        _fact("Label", _label(review, repetition)),
        _fact("Remark on", mark.text),
    ]


def repetition_at(review: ReviewData, t_s: float) -> ReviewRepetition | None:
    """Return the repetition that goes on at a time."""
    return next((r for r in review.repetitions if r.start_s <= t_s <= r.end_s), None)


def _repetition(repetition: ReviewRepetition | None) -> str:
    if repetition is None:
        return cells.NONE
    peak = "" if repetition.peak_deg is None else f", peak {repetition.peak_deg:.1f} deg"
    limits = repetition.interval_deg
    if limits is not None:
        peak += f" ({cells.interval(limits)})"
    return f"{repetition.index}  {repetition.kind}, {repetition.side}{peak}"


def _label(review: ReviewData, repetition: ReviewRepetition | None) -> str:
    if repetition is None:
        return cells.NONE
    label = review.labels.get(repetition.index)
    return _LABEL_KEYS if label is None else label.value


def found(review: ReviewData) -> list[Line]:
    """Return quality, reasons and the moments worth a look."""
    if not review.is_measured:
        return [_fact("Film", "of a video visit: it is looked at, and nothing is measured in it")]
    full = sum(r.kind == "full" for r in review.repetitions)
    partial = sum(r.kind == "partial" for r in review.repetitions)
    lines = [
        _fact("Quality", f"{review.status}, confidence {review.confidence:.2f}"),
        _fact("Counted", f"{full} full, {partial} partial"),
        _fact("Labelled", _labelled(review)),
    ]
    lines += [_fact("", reason, "$warning") for reason in review.reasons]
    return lines + [_fact(f"at {m.at_s:.2f} s", m.text) for m in review.moments]


def _labelled(review: ReviewData) -> str:
    """Return how many repetitions have which label."""
    given = [review.labels.get(r.index) for r in review.repetitions]
    counts = [f"{given.count(label)} {label.value}" for label in RepetitionLabel if label in given]
    return ", ".join(counts) or f"none of {len(given)}"


def remarks(review: ReviewData, drafts: Sequence[str]) -> list[Line]:
    """Return what was seen at which moment, and remarks that are not stored yet."""
    lines = [
        _fact(f"at {r.at_s:.2f} s", f"{r.joint}: {cells.clean(r.text)}" if r.joint else r.text)
        for r in review.remarks
    ]
    lines += [_fact("draft", draft, "$warning") for draft in drafts]
    nothing = "None yet: e writes one at this moment." if review.is_measured else NO_REMARKS
    return lines or [_fact("", nothing, "$muted")]


def decision(review: ReviewData, draft: str) -> list[Line]:
    """Return what was decided, and a comment that is not stored yet."""
    lines = [_fact("Decided", "not yet" if review.decision is None else review.decision.value)]
    if review.comment:
        lines += [_fact("", line) for line in review.comment.splitlines()]
    if draft:
        lines += [_fact("Draft" if i == 0 else "", line, "$warning")
                  for i, line in enumerate(draft.splitlines())]  # fmt: skip
    return lines


def remark_start(review: ReviewData, index: int, mark: RemarkMark) -> str:
    """Return how a remark on the angle begins: with its value at this frame."""
    angle = review.angle_deg[index]
    if not mark.is_angle or angle is None:
        return ""
    name = f"{cells.words(review.motion)} {review.side}".strip()
    return f"{name} {angle:.0f} deg: "
