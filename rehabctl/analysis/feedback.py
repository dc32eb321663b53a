"""From measurements to a few plain sentences for the person who moved: what, and what to try."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from rehabctl.analysis.assessment import (
    CodedText,
    Compensation,
    Repetition,
    RepetitionKind,
    Severity,
    SymmetryMeasure,
)
from rehabctl.analysis.compensation import task_of
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.reference.compensations import load_compensation_rules
from rehabctl.reference.feedback import FeedbackTexts, load_feedback


def feedback_of(
    measured: MeasuredMovement,
    compensations: Sequence[Compensation],
    symmetry: Sequence[SymmetryMeasure] = (),
    *,
    hold_s: float = 0.0,
    texts: FeedbackTexts | None = None,
) -> tuple[CodedText, ...]:
    """Return the most useful cues, the most important first.

    Range against the target, then compensations (marked ones first), a side that moved clearly
    less, tempo and hold. When nothing is to be said, the target that was reached is named.

    Parameters
    ----------
    measured
        The recording.
    compensations
        Those found in it.
    symmetry
        Left against right.
    hold_s
        Prescribed hold at the turning point.
    texts
        Sentences; None for English.
    """
    texts = texts or load_feedback()
    whole = [r for r in measured.repetitions if r.kind is not RepetitionKind.CUT]
    found = [
        *_range(measured, whole, texts),
        *_compensations(compensations, texts),
        *_symmetry(symmetry, texts),
        *_tempo(whole, texts),
        *_hold(whole, hold_s, texts),
    ]
    if not found and whole and all(r.kind is RepetitionKind.FULL for r in whole):
        measured_angle = any(r.peak_deg is not None for r in whole)
        found = [_coded(texts, "target_reached", len(whole))] if measured_angle else []
    return tuple(found[: texts.settings.most_items])


def _range(
    measured: MeasuredMovement, whole: Sequence[Repetition], texts: FeedbackTexts
) -> Iterator[CodedText]:
    outward = 1 if measured.target_deg >= measured.rest_deg else -1
    missing = [
        outward * (measured.target_deg - r.peak_deg)
        for r in whole
        if r.kind is RepetitionKind.PARTIAL and r.peak_deg is not None
    ]
    motion = measured.spec.motion
    if not missing or motion is None:
        return
    task = task_of(measured, load_compensation_rules().settings)
    code = texts.reach_code(motion, "up" if outward > 0 else "down", task)
    part = texts.parts.get(motion.partition("_")[0], "")
    yield _coded(texts, code, len(missing), degrees=f"{median(missing):.0f}", part=part)


def _compensations(found: Sequence[Compensation], texts: FeedbackTexts) -> Iterator[CodedText]:
    for item in sorted(found, key=lambda c: c.severity is not Severity.MARKED):
        yield _coded(
            texts,
            item.kind,
            len(item.repetitions),
            size=f"{item.magnitude:.0f}",
            side=texts.sides.get(item.side or "", ""),
        )


def _symmetry(measures: Sequence[SymmetryMeasure], texts: FeedbackTexts) -> Iterator[CodedText]:
    for item in measures:
        if item.measure == "rom" and item.detectable:
            side = "left" if item.left < item.right else "right"
            degrees = f"{abs(item.left - item.right):.0f}"
            yield _coded(texts, "one_side_less", side=texts.sides[side], degrees=degrees)


def _tempo(whole: Sequence[Repetition], texts: FeedbackTexts) -> Iterator[CodedText]:
    moving = [r.end_s - r.start_s - r.hold_s for r in whole]
    if moving and median(moving) < texts.settings.hurried_s:
        goal = f"{texts.settings.slow_enough_s:g}"
        yield _coded(texts, "slower", len(moving), seconds=f"{median(moving):.1f}", goal=goal)


def _hold(whole: Sequence[Repetition], hold_s: float, texts: FeedbackTexts) -> Iterator[CodedText]:
    held = [r.hold_s for r in whole]
    if held and median(held) < hold_s - texts.settings.hold_tolerance_s:
        seconds, goal = f"{median(held):.1f}", f"{hold_s:g}"
        yield _coded(texts, "hold_longer", len(held), seconds=seconds, goal=goal)


def _coded(texts: FeedbackTexts, code: str, count: int = 1, **values: object) -> CodedText:
    return CodedText(code, texts.sentence(code, count, **values))
