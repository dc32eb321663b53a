"""The texts of the session review: data in, styled lines out."""

from __future__ import annotations

from textual.content import Content

from rehabctl.domain.review import ReviewData, ReviewRepetition
from rehabctl.tui import cells
from rehabctl.tui.widgets.section import Line

_LABEL_CELLS = 12


def _fact(label: str, value: str, style: str = "") -> Line:
    return Line(
        Content.styled(f"{label:<{_LABEL_CELLS}}", "$muted"),
        Content.styled(cells.clean(value), style),
    )


def frame(review: ReviewData, index: int) -> list[Line]:
    """Return time, angle and repetition of one frame."""
    t_s, angle = review.t_s[index], review.angle_deg[index]
    name = cells.with_side(cells.words(review.motion), review.side)
    value = "not measured here" if angle is None else f"{angle:.1f} deg"
    target = "" if review.target_deg is None else f", target {review.target_deg:.0f}"
    return [
        _fact("Time", f"{t_s:.2f} s   frame {index + 1} of {len(review.t_s)}"),
        _fact("Angle", f"{name}  {value}{target}"),
        _fact("Repetition", _repetition(_at(review, t_s))),
    ]


def _at(review: ReviewData, t_s: float) -> ReviewRepetition | None:
    return next((r for r in review.repetitions if r.start_s <= t_s <= r.end_s), None)


def _repetition(repetition: ReviewRepetition | None) -> str:
    if repetition is None:
        return cells.NONE
    peak = "" if repetition.peak_deg is None else f", peak {repetition.peak_deg:.1f} deg"
    limits = repetition.interval_deg
    if limits is not None:
        peak += f" ({cells.interval(limits)})"
    return f"{repetition.index}  {repetition.kind}, {repetition.side}{peak}"


def found(review: ReviewData) -> list[Line]:
    """Return quality, reasons and the moments worth a look."""
    full = sum(r.kind == "full" for r in review.repetitions)
    partial = sum(r.kind == "partial" for r in review.repetitions)
    lines = [
        _fact("Quality", f"{review.status}, confidence {review.confidence:.2f}"),
        _fact("Counted", f"{full} full, {partial} partial"),
    ]
    lines += [_fact("", reason, "$warning") for reason in review.reasons]
    return lines + [_fact(f"at {m.at_s:.2f} s", m.text) for m in review.moments]


def decision(review: ReviewData, draft: str) -> list[Line]:
    """Return what was decided, and a comment that is not stored yet."""
    lines = [_fact("Decided", "not yet" if review.decision is None else review.decision.value)]
    if review.comment:
        lines += [_fact("", line) for line in review.comment.splitlines()]
    if draft:
        lines += [_fact("Draft" if i == 0 else "", line, "$warning")
                  for i, line in enumerate(draft.splitlines())]  # fmt: skip
    return lines


def moment(review: ReviewData, index: int) -> str:
    """Return the start of a comment on one frame: time, repetition, and the driving angle."""
    t_s, angle = review.t_s[index], review.angle_deg[index]
    repetition = _at(review, t_s)
    parts = [f"at {t_s:.2f} s"]
    if repetition is not None:
        parts.append(f"repetition {repetition.index}")
    if angle is not None:
        name = f"{cells.words(review.motion)} {review.side}".strip()
        parts.append(f"{name} {angle:.0f} deg")
    return ", ".join(parts) + ": "
