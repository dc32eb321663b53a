"""A recording against a reference curve, and the building of references from recordings.

Repetitions are brought to 101 phases and warped on the reference by the driving angle alone; the
other angles follow the same warp, so that they are compared at the same stage of the movement. How
far the person is meant to go is the prescription's matter: the reference is scaled to the target
(or to the person's own depth, where that lies beyond), and its other angles to that depth.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import numpy as np

from rehabctl.analysis.alignment import phase_normalise, to_unit_range, warp
from rehabctl.analysis.assessment import Deviation, ReferenceResult, Repetition, RepetitionKind
from rehabctl.analysis.keypoint_series import ModelInfo
from rehabctl.analysis.landmarks import Float
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.analysis.motions import MOTIONS
from rehabctl.reference.deviation_limits import DeviationLimits, load_deviation_limits
from rehabctl.reference.pose_references import (
    PHASES,
    PoseReference,
    ReferenceCurve,
    ReferenceModel,
)

_SHORTEST_RUN = 5
"""A deviation lasts at least this many phases: shorter ones are steps of the warp."""
_TRUNK_MOTION = {"sagittal": "trunk_inclination", "frontal": "trunk_lateral_flexion"}


def compare_with_reference(
    measured: MeasuredMovement,
    reference: PoseReference,
    *,
    limits: DeviationLimits | None = None,
) -> ReferenceResult | None:
    """Return where the mean repetition leaves the reference by more than the limit.

    Full repetitions are averaged; partial ones only where no full one was done.

    Parameters
    ----------
    measured
        The recording.
    reference
        Of the same exercise.
    limits
        Limits per motion; None for the packaged ones.

    Returns
    -------
    ReferenceResult or None
        At most one deviation a motion and a direction, the largest; None where the camera stood
        elsewhere than for the reference, the driving angle was refused or nothing was repeated.
    """
    limits = limits or load_deviation_limits()
    motions = tuple(curve.motion for curve in reference.curves)
    if measured.view.detected != reference.view:
        return None
    fixed = to_unit_range(np.array(reference.driving.mean_deg))
    for kind in (RepetitionKind.FULL, RepetitionKind.PARTIAL):
        mean = _mean_repetition(measured, kind, motions, fixed, limits)
        if mean is not None:
            break
    else:
        return None
    deviations: list[Deviation] = []
    depth, goal = _depths(measured, reference, mean[reference.driving.motion])
    for curve in reference.curves:
        seen = mean.get(curve.motion)
        if seen is not None:
            scale = goal if curve is reference.driving else depth
            deviations += _deviations(seen, curve, scale, limits)
    return ReferenceResult(reference.exercise, reference.version, tuple(deviations))


def build_reference(
    recordings: Sequence[MeasuredMovement],
    *,
    videos_sha256: Sequence[str],
    model: ModelInfo,
    built_on: date,
    source: str,
    grade: str = "recorded",
    version: int = 1,
    motions: Sequence[str] | None = None,
    limits: DeviationLimits | None = None,
) -> PoseReference:
    """Build a reference from the full repetitions of one or more recordings.

    Parameters
    ----------
    recordings
        Of one exercise, from its own view.
    videos_sha256
        Hashes of the films, in the same order.
    model
        The pose model that all of them were measured with.
    built_on
        Today, from the caller's clock.
    source, grade
        Where the recordings come from and how far that is to be trusted.
    version
        Of the reference.
    motions
        Curves to keep beside the driving one; None for those that the exercise reports and the
        trunk's.
    limits
        Band of the warp and least width of the curves' band; None for the packaged ones.

    Raises
    ------
    ValueError
        No recordings, different exercises, a wrong view, or not one full repetition whose driving
        angle could be measured.
    """
    limits = limits or load_deviation_limits()
    first = _same_exercise(recordings, videos_sha256)
    driving = first.spec.motion or ""
    names = _motions_of(first) if motions is None else (driving, *motions)
    repetitions = [
        found
        for measured in recordings
        for found in _normalised(measured, RepetitionKind.FULL, names)
    ]
    repetitions = [found for found in repetitions if driving in found]
    if not repetitions:
        raise ValueError("there is no full repetition with a measured angle")
    template = np.mean([to_unit_range(found[driving]) for found in repetitions], axis=0)
    warped = [_warped(found, driving, to_unit_range(template), limits) for found in repetitions]
    common = [m for m in names if all(m in found for found in warped)]
    return PoseReference(
        exercise=first.exercise,
        version=version,
        view=first.view.detected,
        side="either",
        built_on=built_on,
        source=source,
        grade=grade,
        repetitions=len(warped),
        model=ReferenceModel(model.name, model.sha256, model.mediapipe),
        videos_sha256=tuple(videos_sha256),
        curves=tuple(_curve(m, np.array([found[m] for found in warped]), limits) for m in common),
        left_right_difference_deg=_left_right_difference(recordings, driving),
    )


def _same_exercise(
    recordings: Sequence[MeasuredMovement], videos_sha256: Sequence[str]
) -> MeasuredMovement:
    if not recordings or len(recordings) != len(videos_sha256):
        raise ValueError("a reference needs recordings, and one hash for each")
    if any(b.exercise != a.exercise for a, b in pairwise(recordings)):
        raise ValueError("the recordings show different exercises")
    if any(not measured.view.ok for measured in recordings):
        raise ValueError("a recording does not show the view that the exercise needs")
    return recordings[0]


def _motions_of(measured: MeasuredMovement) -> tuple[str, ...]:
    """Return the driving motion, those reported beside it, and the trunk's in that view."""
    names = (
        measured.spec.motion,
        *measured.spec.reported_motions,
        _TRUNK_MOTION.get(measured.view.detected),
    )
    return tuple(dict.fromkeys(n for n in names if n in MOTIONS))


def _normalised(
    measured: MeasuredMovement, kind: RepetitionKind, motions: Sequence[str]
) -> list[dict[str, Float]]:
    """Return per repetition the usable curves at 101 phases."""
    found: list[dict[str, Float]] = []
    for repetition in measured.repetitions:
        if repetition.kind is not kind:
            continue
        frames = measured.frames_of(repetition)
        curves = {m: _curve_of(measured, m, repetition) for m in motions}
        found.append(
            {
                m: phase_normalise(curve[frames], PHASES)
                for m, curve in curves.items()
                if curve is not None and np.isfinite(curve[frames]).all()
            }
        )
    return found


def _curve_of(measured: MeasuredMovement, motion: str, repetition: Repetition) -> Float | None:
    """Return the angle of the working side; of two working sides their mean, or the visible one."""
    known = MOTIONS.get(motion)
    if known is None or not known.sided:
        return measured.angle(motion, "both")
    if repetition.side != "both":
        return measured.angle(motion, repetition.side)
    if motion == "trunk_lateral_flexion":
        return None  # towards which side the trunk leans has no meaning where both work
    if measured.near_side is not None:
        return measured.angle(motion, measured.near_side)
    sides = [measured.angle(motion, side) for side in ("left", "right")]
    usable = [curve for curve in sides if curve is not None]
    return np.mean(usable, axis=0) if usable else None


def _warped(
    curves: dict[str, Float], driving: str, fixed: Float, limits: DeviationLimits
) -> dict[str, Float]:
    path = warp(to_unit_range(curves[driving]), fixed, limits.dtw_band_percent)
    return {motion: path.apply(curve) for motion, curve in curves.items()}


def _mean_repetition(
    measured: MeasuredMovement,
    kind: RepetitionKind,
    motions: Sequence[str],
    fixed: Float,
    limits: DeviationLimits,
) -> dict[str, Float] | None:
    """Return the mean warped curve of each motion, or None without a driving angle."""
    driving = motions[0]
    repetitions = [c for c in _normalised(measured, kind, motions) if driving in c]
    if not repetitions:
        return None
    warped = [_warped(curves, driving, fixed, limits) for curves in repetitions]
    return {
        motion: np.mean([curves[motion] for curves in warped if motion in curves], axis=0)
        for motion in motions
        if any(motion in curves for curves in warped)
    }


def _depths(
    measured: MeasuredMovement, reference: PoseReference, driving: Float
) -> tuple[float, float]:
    """Return how much of the reference's way the person went, and was meant to go."""
    start = reference.driving.mean_deg[0]
    down = measured.target_deg < measured.rest_deg
    turn = min(reference.driving.mean_deg) if down else max(reference.driving.mean_deg)
    reached = float(driving.min() if down else driving.max())
    goal = min(measured.target_deg, reached) if down else max(measured.target_deg, reached)
    return (reached - start) / (turn - start), (goal - start) / (turn - start)


def _deviations(
    seen: Float, curve: ReferenceCurve, scale: float, limits: DeviationLimits
) -> list[Deviation]:
    mean = np.array(curve.mean_deg)
    expected = mean[0] + scale * (mean - mean[0])
    difference = seen - expected
    above, below = np.array(curve.high_deg) - mean, mean - np.array(curve.low_deg)
    limit = limits.of(curve.motion)
    found: list[Deviation] = []
    for sign, band in ((1.0, above), (-1.0, below)):
        outside = sign * difference > np.maximum(band, limit)
        worst = _largest_of_runs(sign * difference, outside)
        if worst is not None:
            found.append(Deviation(curve.motion, worst, round(float(difference[worst]), 1), limit))
    return found


def _largest_of_runs(size: Float, outside: Float) -> int | None:
    """Return the phase of the largest value in runs that are long enough."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], outside.astype(np.int8), [0]])))
    runs = [slice(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    peaks = [int(r.start + np.argmax(size[r])) for r in runs if r.stop - r.start >= _SHORTEST_RUN]
    return max(peaks, key=lambda phase: float(size[phase]), default=None)


def _curve(motion: str, curves: Float, limits: DeviationLimits) -> ReferenceCurve:
    """Return mean and band of two standard deviations, at least as wide as one camera's error."""
    mean = np.mean(curves, axis=0)
    spread = np.std(curves, axis=0, ddof=1) if len(curves) > 1 else np.zeros(PHASES)
    half = np.maximum(2.0 * spread, limits.least_half_band_deg)

    def tenths(values: Float) -> tuple[float, ...]:
        return tuple(round(float(value), 1) for value in values)

    return ReferenceCurve(motion, tenths(mean), tenths(mean - half), tenths(mean + half))


def _left_right_difference(recordings: Sequence[MeasuredMovement], driving: str) -> float | None:
    """Return the largest difference of the sides' mean curves where a front view shows both."""
    sides: dict[str, list[Float]] = {"left": [], "right": []}
    for measured in recordings:
        if measured.near_side is not None or len(measured.driving) < 2:
            continue
        for repetition in measured.repetitions:
            frames = measured.frames_of(repetition)
            for side, curves in sides.items():
                curve = measured.angle(driving, side)
                if repetition.kind is RepetitionKind.FULL and curve is not None:
                    curves.append(phase_normalise(curve[frames], PHASES))
    if not all(sides.values()):
        return None
    left, right = (np.mean(curves, axis=0) for curves in sides.values())
    return round(float(np.abs(left - right).max()), 1)
