"""Frames in which a person stands still: neutral poses, baselines, held postures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.landmarks import Float
from rehabctl.analysis.measured import UniformSeries
from rehabctl.analysis.movements import present
from rehabctl.reference.measurement import GateThresholds

Mask = NDArray[np.bool_]

_BODY = [11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
_MIN_HOLD_S = 2.0
_RAISED = 0.12
"""Height of one ankle above the other, in trunk lengths, of a foot that is off the ground."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A posture that was kept: standing on one leg, or still."""

    start_s: float
    end_s: float
    side: str
    """The leg that was stood on; both when neither foot was raised."""

    @property
    def duration_s(self) -> float:
        """Seconds that it was kept."""
        return self.end_s - self.start_s


def still_frames(series: UniformSeries, torso_px: float, thresholds: GateThresholds) -> Mask:
    """Return the frames in which no joint moves, (M,); always frames with a person.

    Parameters
    ----------
    series
        The landmarks.
    torso_px
        Unit of length.
    thresholds
        Largest speed and shortest standstill.
    """
    still = np.zeros(len(series.t_s), dtype=np.bool_)
    for segment in series.segments:
        part = series.xy_px[segment.frames][:, _BODY]
        if len(part) < 3 or not torso_px > 0:
            continue
        step = np.gradient(part, axis=0) * series.fs_hz / torso_px
        speed = np.nanmax(np.hypot(step[..., 0], step[..., 1]), axis=1)
        still[segment.frames] = speed < thresholds.still_speed
    for run in present(still):
        if (run.stop - run.start) / series.fs_hz < thresholds.still_s:
            still[run.frames] = False
    return still


def find_holds(
    series: UniformSeries, torso_px: float, thresholds: GateThresholds
) -> tuple[Hold, ...]:
    """Return how long a posture was kept: on one leg where a foot was raised, else standing still.

    Parameters
    ----------
    series
        The landmarks.
    torso_px
        Unit of length.
    thresholds
        What counts as still.
    """
    left_above = (series.xy_px[:, 28, 1] - series.xy_px[:, 27, 1]) / torso_px
    on_right = _runs(left_above > _RAISED, series)
    on_left = _runs(left_above < -_RAISED, series)
    found = [Hold(a, b, "right") for a, b in on_right] + [Hold(a, b, "left") for a, b in on_left]
    if not found:
        still = still_frames(series, torso_px, thresholds)
        found = [Hold(a, b, "both") for a, b in _runs(still, series)]
    return tuple(sorted(found, key=lambda hold: hold.start_s))


def _runs(mask: Mask, series: UniformSeries) -> list[tuple[float, float]]:
    """Return start and end of the runs that last long enough, in seconds."""
    return [
        (float(series.t_s[run.start]), float(series.t_s[run.stop - 1]))
        for run in present(mask & series.present)
        if (run.stop - run.start) / series.fs_hz >= _MIN_HOLD_S
    ]


def mean_over(curve: Float, frames: Mask) -> float | None:
    """Return the mean of a curve over some frames, None without any.

    Parameters
    ----------
    curve
        (M,).
    frames
        (M,) true where it counts.
    """
    values = curve[frames & np.isfinite(curve)]
    return float(values.mean()) if len(values) else None
