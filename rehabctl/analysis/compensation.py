"""Movements beside the prescribed one, per repetition, with limits from data.

Each check turns the landmarks into a curve of change from the person's own rest. A compensation is
reported where that curve stays above its limit, and above what the method can tell from its own
noise, for at least 100 ms. A check needs the camera in its own plane; what cannot be judged is
named with the reason instead of being passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from rehabctl.analysis.assessment import CodedText, Compensation, Repetition, Severity
from rehabctl.analysis.compensation_checks import (
    CHECKS,
    RANGES,
    TRUNK,
    TWO_LEGGED,
    Posture,
    Track,
)
from rehabctl.analysis.landmarks import SIDES, Float, Side, mid_hip, torso_length
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.analysis.motions import INSTEAD, NOT_MEASURABLE
from rehabctl.domain.exercise import Sidedness
from rehabctl.reference.compensations import (
    CompensationRule,
    CompensationRules,
    CompensationSettings,
    load_compensation_rules,
)

NOT_JUDGED = "compensation_not_judged"


@dataclass(frozen=True, slots=True)
class CompensationReport:
    """What was found, and what could not be judged and why."""

    found: tuple[Compensation, ...]
    not_judged: tuple[CodedText, ...]


def not_offered(kind: str) -> str | None:
    """Return why a camera cannot show a compensation, or None when it can.

    Parameters
    ----------
    kind
        In the contract's vocabulary.
    """
    return None if kind in CHECKS else NOT_MEASURABLE.get(kind, "no camera check is known for it")


def find_compensations(
    measured: MeasuredMovement,
    *,
    kinds: Sequence[str] | None = None,
    rules: CompensationRules | None = None,
) -> CompensationReport:
    """Check every repetition of a recording.

    Parameters
    ----------
    measured
        The recording.
    kinds
        What to check; None for what the exercise asks for.
    rules
        Limits; None for the packaged ones.
    """
    rules = rules or load_compensation_rules()
    found: list[Compensation] = []
    not_judged: list[CodedText] = []
    for kind in measured.spec.compensations if kinds is None else kinds:
        reason = _why_not(measured, kind, rules)
        if reason is not None:
            name = kind.replace("_", " ").capitalize()
            not_judged.append(CodedText(NOT_JUDGED, f"{name} was not judged: {reason}."))
            continue
        posture = _posture(measured, rules.settings)
        rule = cast("CompensationRule", rules.find(kind, posture.task))
        for track in CHECKS[kind](posture):
            hit = _over_limit(measured, track, rule, rules.settings)
            if hit is not None:
                found.append(hit)
    return CompensationReport(tuple(found), tuple(not_judged))


def sustained_peak(values: Float, frames: int) -> tuple[float, int]:
    """Return the largest value that is held for some frames, and the frame of its maximum.

    Parameters
    ----------
    values
        (n,); NaN interrupts.
    frames
        For how many frames in a row.

    Returns
    -------
    value : float
        -inf when no stretch is long enough.
    frame : int
        Where the curve is highest inside that stretch.
    """
    if len(values) < frames:
        return float("-inf"), 0
    windows = np.lib.stride_tricks.sliding_window_view(values, frames)
    held = windows.min(axis=1)
    held = np.where(np.isnan(held), -np.inf, held)
    best = int(np.argmax(held))
    if not np.isfinite(held[best]):
        return float("-inf"), 0
    return float(held[best]), best + int(np.argmax(windows[best]))


def _why_not(measured: MeasuredMovement, kind: str, rules: CompensationRules) -> str | None:
    if (missing := not_offered(kind)) is not None:
        return f"{missing}; {INSTEAD}"
    rule = rules.find(kind, task_of(measured, rules.settings))
    if rule is None:
        return "there is no limit for this kind of exercise"
    if measured.view.detected != rule.view:
        return f"it needs a {rule.view} view, the camera saw a {measured.view.detected} one"
    if rule.view == "sagittal" and measured.view.facing not in ("left", "right"):
        return "the person lies"
    if kind in TWO_LEGGED and measured.spec.sidedness is not Sidedness.BILATERAL:
        return "it compares two feet side by side, the exercise uses one side at a time"
    if not measured.repetitions:
        return "there was no repetition"
    return None


def task_of(measured: MeasuredMovement, settings: CompensationSettings) -> str:
    """Tell whether the exercise bends the legs under load, rises from a seat, or neither.

    Parameters
    ----------
    measured
        The recording.
    settings
        From which sinking of the hips on the legs are bent under load.

    Returns
    -------
    str
        bending, rising or standing.
    """
    if not _sinks(measured, settings):
        return "standing"
    return "rising" if measured.target_deg < measured.rest_deg else "bending"


def _sinks(measured: MeasuredMovement, settings: CompensationSettings) -> bool:
    height = mid_hip(measured.series.xy_px)[:, 1]
    ways = [height[measured.frames_of(r)] for r in measured.repetitions]
    drops = [float(np.ptp(way[np.isfinite(way)])) for way in ways if np.isfinite(way).any()]
    if not drops:
        return False
    limit = settings.sinks_trunk_lengths * torso_length(measured.series.xy_px)
    return float(np.median(drops)) > limit


def _posture(measured: MeasuredMovement, settings: CompensationSettings) -> Posture:
    facing = {"right": 1, "left": -1, "camera": 1, "away": -1}[measured.view.facing]
    near = cast("Side | None", measured.near_side)
    rest = measured.neutral_frames
    if not rest.any():
        # Nobody stood still: the turns between the repetitions are the nearest thing to rest.
        rest = np.zeros(len(measured.series.t_s), dtype=np.bool_)
        for repetition in measured.repetitions:
            rest[measured.series.index_at(repetition.start_s)] = True
            rest[measured.series.index_at(repetition.end_s)] = True
    task = task_of(measured, settings)
    return Posture(measured.series.xy_px, facing, near, task, rest, settings)


def _over_limit(
    measured: MeasuredMovement,
    track: Track,
    rule: CompensationRule,
    settings: CompensationSettings,
) -> Compensation | None:
    """Return the repetitions of one track that pass the limit, or None."""
    series = measured.series
    frames = max(settings.min_frames, int(np.ceil(settings.min_duration_s * series.fs_hz - 1e-6)))
    limit = max(rule.mild, rule.detectable)
    numbers: list[int] = []
    times: list[float] = []
    largest = 0.0
    for repetition in measured.repetitions:
        if not _concerns(track, repetition):
            continue
        span = measured.frames_of(repetition)
        seen = series.visibility[span][:, list(track.landmarks)]
        if not np.isfinite(seen).any() or np.nanmedian(seen) < settings.min_visibility:
            continue
        value, at = _magnitude(track.values[span], frames, rule.kind in RANGES)
        if value > limit:
            numbers.append(repetition.index)
            times.append(round(float(series.t_s[span.start + at]), 3))
            largest = max(largest, value)
    if not numbers:
        return None
    marked = largest > max(rule.marked, rule.detectable)
    return Compensation(
        kind=rule.kind,
        side=track.side,
        magnitude=round(largest, 2 if rule.unit == "ankle widths" else 1),
        unit=rule.unit,
        threshold=max(rule.marked if marked else rule.mild, rule.detectable),
        severity=Severity.MARKED if marked else Severity.MILD,
        repetitions=tuple(numbers),
        at_s=tuple(times),
        source=rule.explanation,
    )


def _concerns(track: Track, repetition: Repetition) -> bool:
    """Leave out the resting leg of a one-sided repetition; the trunk leans to either side."""
    of_limb = not set(track.landmarks) <= set(TRUNK)
    return not (of_limb and track.side in SIDES and repetition.side not in (track.side, "both"))


def _magnitude(values: Float, frames: int, is_range: bool) -> tuple[float, int]:
    top, at_top = sustained_peak(values, frames)
    if not is_range:
        return top, at_top
    bottom, at_bottom = sustained_peak(-values, frames)
    start = values[np.isfinite(values)]
    further = len(start) > 0 and abs(top - start[0]) >= abs(-bottom - start[0])
    return top + bottom, at_top if further else at_bottom
