"""A recorded body before any exercise is known: clean landmarks, view, posture, every angle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rehabctl.analysis.estimator import measure_angles, posture_of
from rehabctl.analysis.filtering import resample
from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.analysis.landmarks import Float
from rehabctl.analysis.measured import AngleKey, UniformSeries
from rehabctl.analysis.motions import Plane
from rehabctl.analysis.quality import Breaks, find_breaks
from rehabctl.analysis.side import Unswapped, unswap
from rehabctl.analysis.stillness import mean_over, still_frames
from rehabctl.analysis.view import CameraView, estimate_view, world_yaw
from rehabctl.reference.measurement import MeasurementData

Neutral = KeypointSeries | Literal["auto"] | None
"""A recording of the neutral pose, `auto` for this recording's own still frames, or none."""


@dataclass(frozen=True, eq=False)
class Body:
    """Everything about a recording that does not depend on the exercise."""

    raw: KeypointSeries
    breaks: Breaks
    swapped: Unswapped
    series: UniformSeries
    view: CameraView
    plane: Plane
    posture: str
    angles: Mapping[AngleKey, Float]
    neutral_deg: Mapping[AngleKey, float]

    @staticmethod
    def of(raw: KeypointSeries, data: MeasurementData) -> Body:
        """Measure a recording's body.

        Parameters
        ----------
        raw
            Landmarks of one person.
        data
            Filter, gates and proportions.
        """
        breaks = find_breaks(raw, data.gates)
        swapped = unswap(raw.xy_px.astype(np.float64), data.gates)
        uniform = resample(raw, swapped.xy_px, breaks.any, data.filter)
        yaw = None if raw.world_m is None else _on_grid(raw, uniform)
        view = estimate_view(uniform.xy_px, yaw, data.body, data.gates.lying_deg)
        plane = view.detected(data.gates) if view.known else Plane.OBLIQUE
        posture = posture_of(uniform.xy_px[uniform.present], view, data.gates)
        angles = measure_angles(uniform.xy_px, view, plane)
        return Body(raw, breaks, swapped, uniform, view, plane, posture, angles, {})


def _on_grid(raw: KeypointSeries, uniform: UniformSeries) -> Float | None:
    """Return the estimator's own turn of the body at the uniform times."""
    if raw.world_m is None or not len(uniform.t_s):
        return None
    nearest = np.clip(np.searchsorted(raw.t_s, uniform.t_s), 0, len(raw.t_s) - 1)
    return world_yaw(raw.world_m.astype(np.float64))[nearest]


def neutral_angles(neutral: Neutral, body: Body, data: MeasurementData) -> dict[AngleKey, float]:
    """Return the mean of every angle over the still frames of the neutral pose.

    Parameters
    ----------
    neutral
        A recording of it, `auto` for the first standstill of this recording, or None.
    body
        This recording.
    data
        What counts as still.
    """
    if neutral is None:
        return {}
    source = body
    if neutral != "auto":
        source = Body.of(neutral, data)
    still = still_frames(source.series, source.view.torso_px, data.gates)
    if neutral == "auto" and still.any():
        # Only the first standstill: later ones may be holds in the middle of the movement.
        first = int(np.argmax(still))
        still[first + int(np.argmin(np.append(still[first:], False))) :] = False
    means = {key: mean_over(curve, still) for key, curve in source.angles.items()}
    return {key: value for key, value in means.items() if value is not None}
