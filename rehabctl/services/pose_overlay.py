"""What is drawn over a film, and how a reference film keeps step with the patient's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.assessment import (
    AngleSeries,
    MovementAssessment,
    Repetition,
    RepetitionKind,
)
from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.analysis.landmarks import LIMBS, SIDES
from rehabctl.analysis.motions import MOTIONS
from rehabctl.domain.review import ReviewData
from rehabctl.domain.review_item import ReviewComment
from rehabctl.services.movement_report import driving_series
from rehabctl.vision.overlay import Caption, Mark, OverlayPlan

CUE_S = 2.0
"""How long a cue stays."""
_BEFORE: Mapping[tuple[str, ...], str] = {("hip", "knee"): "shoulder", ("shoulder", "elbow"): "hip"}
"""The point that closes the angle of a motion that is measured against the trunk."""


def overlay_plan(
    assessment: MovementAssessment,
    series: KeypointSeries,
    remarks: Sequence[ReviewComment] = (),
) -> OverlayPlan:
    """Return skeleton, angle arc, repetition counter, cues and remarks of one measured film.

    Parameters
    ----------
    assessment
        What was measured.
    series
        The landmarks that it was measured on.
    remarks
        Of the film's review; one about a landmark is drawn there.
    """
    driving = _driving(assessment)
    angle = np.full(len(series.t_s), np.nan)
    name, vertex = "", None
    if driving is not None:
        known = np.array([np.nan if value is None else value for value in driving.deg])
        angle = np.interp(series.t_s, np.array(driving.t_s), known, left=np.nan, right=np.nan)
        name, vertex = driving.motion.replace("_", " "), _vertex(driving.motion, driving.side)
    return OverlayPlan(
        t_s=series.t_s,
        xy_px=series.xy_px,
        angle_deg=angle,
        vertex=vertex,
        angle_name=name,
        counter=tuple(_counter([(r.kind, r.end_s) for r in assessment.repetitions])),
        captions=(*_cues(assessment), *_remarks(remarks)),
        marks=tuple(
            Mark(one.at_s, one.at_s + CUE_S, one.landmark, one.body)
            for one in remarks
            if one.landmark is not None
        ),
    )


def review_plan(review: ReviewData) -> OverlayPlan:
    """Return what is drawn over a film in review: as it was measured, with the remarks so far.

    Parameters
    ----------
    review
        The recording as it is replayed.
    """
    kinds = [(RepetitionKind(r.kind), r.end_s) for r in review.repetitions]
    spoken = [r for r in review.remarks if r.landmark is None]
    return OverlayPlan(
        t_s=np.array(review.t_s),
        xy_px=np.array(review.landmarks_px, dtype=np.float32),
        angle_deg=np.array([np.nan if a is None else a for a in review.angle_deg]),
        vertex=_vertex(review.motion, review.side),
        angle_name=review.motion.replace("_", " "),
        counter=tuple(_counter(kinds)),
        captions=(
            *(Caption(m.at_s, m.at_s + CUE_S, m.text) for m in review.moments),
            *(Caption(r.at_s, r.at_s + CUE_S, r.text) for r in spoken),
        ),
        marks=tuple(
            Mark(r.at_s, r.at_s + CUE_S, r.landmark, r.text)
            for r in review.remarks
            if r.landmark is not None
        ),
    )


def _driving(assessment: MovementAssessment) -> AngleSeries | None:
    """Return the curve whose arc is drawn; of two sides the one towards the camera."""
    motion = assessment.parameters.get("driving_motion")
    curves = [c for c in driving_series(assessment) if c.motion == motion and c.t_s]
    near = [c for c in curves if c.side == assessment.view.facing]
    return next(iter(near or curves), None)


def _vertex(motion: str, side: str) -> tuple[int, int, int] | None:
    """Return the landmarks at whose middle one the angle lies; None for angles of the trunk."""
    points = MOTIONS[motion].points if motion in MOTIONS else ()
    before = _BEFORE.get(points)
    named = points if before is None else (before, *points)
    limb = next((LIMBS[one] for one in SIDES if one == side), None)
    if limb is None or len(named) != 3:
        return None
    first, joint, last = (getattr(limb, name) for name in named)
    return first, joint, last


def _counter(repetitions: Sequence[tuple[RepetitionKind, float]]) -> Iterator[Caption]:
    """Yield the count after each repetition, given by kind and end in seconds."""
    counted = [(kind, end_s) for kind, end_s in repetitions if kind is not RepetitionKind.CUT]
    starts = [0.0, *(end_s for _, end_s in counted)]
    ends = [*starts[1:], float("inf")]
    for done, (start, end) in enumerate(zip(starts, ends, strict=True)):
        full = sum(kind is RepetitionKind.FULL for kind, _ in counted[:done])
        yield Caption(start, end - 1e-3, f"{full} full, {done - full} partial")


def _cues(assessment: MovementAssessment) -> Iterator[Caption]:
    for found in assessment.compensations:
        side = f" {found.side}" if found.side in SIDES else ""
        text = f"{found.kind.replace('_', ' ')}{side} {found.magnitude:.0f} {found.unit}"
        for at_s in found.at_s:
            yield Caption(at_s, at_s + CUE_S, text)


def _remarks(remarks: Sequence[ReviewComment]) -> Iterator[Caption]:
    for one in remarks:
        if one.landmark is None:
            yield Caption(one.at_s, one.at_s + CUE_S, one.body)


def phase_times(
    patient: MovementAssessment, reference: MovementAssessment, duration_s: float, fps: float
) -> NDArray[np.float64] | None:
    """Return which time of the reference film is shown at equally spaced times of the patient's.

    Start, turning point and end of each repetition meet; the reference's repetitions are shown
    again from the first when the patient does more.

    Parameters
    ----------
    patient, reference
        Both films, measured alike.
    duration_s
        Of the patient's film.
    fps
        How many times a second.

    Returns
    -------
    ndarray or None
        (N,) seconds; None (each film at its own speed) where one of them has no repetition.
    """
    own, others = _whole(patient), _whole(reference)
    if not own or not others:
        return None
    out_s = np.arange(int(np.ceil(duration_s * fps)) + 1) / fps
    shown = np.full(len(out_s), others[0].start_s)
    for number, repetition in enumerate(own):
        other = others[number % len(others)]
        following = own[number + 1].start_s if number + 1 < len(own) else np.inf
        mine = (out_s >= repetition.start_s) & (out_s < following)
        # the rest between two repetitions shows the reference's own end of movement
        shown[mine] = np.interp(out_s[mine], _turns(repetition), _turns(other))
    return shown


def _whole(assessment: MovementAssessment) -> list[Repetition]:
    return [r for r in assessment.repetitions if r.kind is not RepetitionKind.CUT]


def _turns(repetition: Repetition) -> tuple[float, float, float]:
    return repetition.start_s, repetition.peak_s, repetition.end_s
