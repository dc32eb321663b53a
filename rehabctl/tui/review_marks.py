"""What a remark can be about: a joint, the driving angle, or nothing in particular."""

from __future__ import annotations

from dataclasses import dataclass

from rehabctl.domain.review import ReviewData
from rehabctl.tui import cells

JOINTS = {"shoulder": 11, "elbow": 13, "wrist": 15, "hip": 23, "knee": 25, "ankle": 27}
"""Left landmark of each joint; the right one follows it."""
FREE = "the whole picture"


@dataclass(frozen=True, slots=True)
class RemarkMark:
    """What the next remark is about."""

    text: str
    joint: str | None = None
    landmark: int | None = None
    is_angle: bool = False


def marks(review: ReviewData) -> tuple[RemarkMark, ...]:
    """Return every possible mark, the likeliest first: the driving joint, its angle, none.

    Parameters
    ----------
    review
        The recording.
    """
    if not review.is_measured:
        return (RemarkMark(FREE),)
    joints = [
        RemarkMark(f"{side} {joint}", joint, left + (side == "right"))
        for joint, left in JOINTS.items()
        for side in ("left", "right")
    ]
    part = review.motion.split("_", 1)[0]
    side = "right" if review.side == "right" else "left"
    first = [mark for mark in joints if mark.text == f"{side} {part}"]
    angle = RemarkMark(
        f"angle: {cells.with_side(cells.words(review.motion), review.side)}", part, is_angle=True
    )
    return (*first, angle, RemarkMark(FREE), *(mark for mark in joints if mark not in first))
