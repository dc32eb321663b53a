"""The whole analysis of one recording: measure, then everything that is read from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rehabctl.analysis.assessment import AngleSeries, MovementAssessment
from rehabctl.analysis.completion import complete
from rehabctl.analysis.keypoint_series import KeypointSeries, Option
from rehabctl.analysis.landmarks import Float
from rehabctl.analysis.measure import Neutral, measure
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.domain.exercise import Measurement
from rehabctl.reference.pose_references import load_pose_reference, packaged_references

ALGORITHM = "movement/1"
"""Raised when a change of the analysis changes results: values across it are not one trend."""


def assess(
    series: KeypointSeries,
    spec: Measurement,
    *,
    exercise: str,
    side: str = "auto",
    target_deg: float | None = None,
    neutral: Neutral = None,
    correct: bool = True,
) -> MovementAssessment:
    """Measure one recording of one exercise and everything that is read from it.

    Parameters
    ----------
    series
        Landmarks of one person.
    spec
        How the exercise is measured.
    exercise
        Its slug.
    side
        left, right, both or auto.
    target_deg
        Replaces the exercise's own target, as a prescription does.
    neutral
        Neutral pose that is taken off every angle.
    correct
        False reports the landmarks' own angles.

    Raises
    ------
    FindingsError
        No camera measures the exercise.
    """
    measured = measure(
        series,
        spec,
        exercise=exercise,
        side=side,
        target_deg=target_deg,
        neutral=neutral,
        correct=correct,
    )
    reference = load_pose_reference(exercise) if exercise in packaged_references() else None
    done = complete(measured, series, reference=reference, input_sha256=series.video.sha256)
    return replace(done, parameters={**_parameters(measured, side), **done.parameters})


def _parameters(measured: MeasuredMovement, side: str) -> dict[str, Option]:
    """Return what the result was made with, beside what the steps say themselves."""
    found: dict[str, Option] = {"algorithm": ALGORITHM, "side": side}
    if measured.spec.motion is not None:
        found |= {
            "driving_motion": measured.spec.motion,
            "rest_deg": measured.rest_deg,
            "target_deg": measured.target_deg,
            "towards_extension": measured.target_deg < measured.rest_deg,
        }
    return found


def timeseries_rows(
    angles: Sequence[AngleSeries], t_s: Float
) -> tuple[list[str], list[dict[str, float | None]]]:
    """Return the angles at the video's own time stamps, as a header and rows by column.

    Parameters
    ----------
    angles
        Curves at a uniform rate.
    t_s
        (N,) presentation times of the analysed frames.
    """
    header = ["t_s", *(f"{a.motion}_{a.side}_deg" for a in angles)]
    columns = [_at(t_s, a) for a in angles]
    rows = [
        {"t_s": round(float(t), 6)}
        | {
            name: None if np.isnan(column[i]) else round(float(column[i]), 3)
            for name, column in zip(header[1:], columns, strict=True)
        }
        for i, t in enumerate(t_s)
    ]
    return header, rows


def driving_curve(
    series: KeypointSeries, spec: Measurement, *, exercise: str, side: str
) -> tuple[str, str, tuple[float | None, ...]]:
    """Return motion, side and the driving angle at each analysed frame, for replay.

    Parameters
    ----------
    series
        Landmarks of one person.
    spec
        How the exercise is measured.
    exercise
        Its slug.
    side
        left, right, both or auto.
    """
    measured = measure(series, spec, exercise=exercise, side=side)
    if not measured.driving:
        return spec.motion or "", "both", (None,) * len(series.t_s)
    motion, moved = measured.driving[0]
    curve = AngleSeries(
        motion,
        moved,
        tuple(float(t) for t in measured.series.t_s),
        tuple(None if np.isnan(v) else float(v) for v in measured.angles[motion, moved]),
    )
    values = _at(series.t_s, curve)
    return motion, moved, tuple(None if np.isnan(v) else float(v) for v in values)


def _at(t_s: Float, curve: AngleSeries) -> Float:
    """Interpolate a curve at other times; next to a gap there is no value."""
    known = np.array([np.nan if v is None else v for v in curve.deg])
    if not len(known):
        return np.full(len(t_s), np.nan)
    return np.interp(t_s, np.array(curve.t_s), known, left=np.nan, right=np.nan)
