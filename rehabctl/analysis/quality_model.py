"""How a movement was done, held against limits fitted on labelled repetitions, one line a limit.

The limits come from motion capture of healthy people who did movements as instructed and badly on
purpose (`quality_rules.toml`, with the accuracy that was found). A line states value and limit; it
is material for the clinician's eye and gives no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from rehabctl.analysis.assessment import RepetitionKind
from rehabctl.analysis.landmarks import LEFT_EAR, RIGHT_EAR, Float, Side
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.analysis.movement_features import DEGREES, FEATURES, PlaneView, feature_values
from rehabctl.reference.quality_rules import FeatureLimit, QualityRules, load_quality_rules


@dataclass(frozen=True, slots=True)
class QualityLine:
    """One limit, and the repetition that comes closest to or lies furthest beyond it."""

    feature: str
    label: str
    value: float
    unit: str
    """degrees or trunk lengths."""
    limit: float
    repetitions: tuple[int, ...]
    """Those beyond the limit."""

    @property
    def text(self) -> str:
        """For people: "trunk lean range 16 degrees, limit 9"."""
        digits = 0 if self.unit == DEGREES else 2
        return f"{self.label} {self.value:.{digits}f} {self.unit}, limit {self.limit:.{digits}f}"


@dataclass(frozen=True, slots=True)
class MovementQuality:
    """The lines of one recording, and how well their limits told the labelled repetitions."""

    movement: str
    view: str
    lines: tuple[QualityLine, ...]
    accuracy: float
    """Of the whole set of limits that the lines belong to, each person judged by the others'."""
    source: str


def movement_quality(
    measured: MeasuredMovement, *, rules: QualityRules | None = None
) -> MovementQuality | None:
    """Hold the repetitions of a recording against the limits of their movement.

    Parameters
    ----------
    measured
        The recording.
    rules
        Limits; None for the packaged ones.

    Returns
    -------
    MovementQuality or None
        None where no labelled movement corresponds to the exercise, or the camera stood elsewhere.
    """
    rules = rules or load_quality_rules()
    use = rules.use(measured.exercise)
    model = None if use is None else rules.newest(use.movement, measured.view.detected)
    whole = [r for r in measured.repetitions if r.kind is not RepetitionKind.CUT]
    if use is None or model is None or not whole:
        return None
    limits = [limit for limit in model.limits if limit.feature in use.features]
    names = tuple(limit.feature for limit in limits)
    values = np.array(
        [feature_values(_plane_view(measured, measured.frames_of(r)), names) for r in whole]
    )
    numbers = [r.index for r in whole]
    lines = [_line(limit, values[:, i], numbers) for i, limit in enumerate(limits)]
    return MovementQuality(
        movement=model.movement,
        view=model.view,
        lines=tuple(line for line in lines if line is not None),
        accuracy=model.accuracy,
        source=rules.source,
    )


def _plane_view(measured: MeasuredMovement, frames: slice) -> PlaneView:
    facing = {"left": -1, "away": -1}.get(measured.view.facing, 1)
    near = measured.near_side if measured.view.detected == "sagittal" else None
    xy = measured.series.xy_px[frames]
    known = np.all(np.isfinite(xy[:, [LEFT_EAR, RIGHT_EAR, 11, 12, 23, 24]]), axis=2)
    whole = np.all(known[:, np.any(known, axis=0)], axis=1)  # some estimators find no ears
    return PlaneView(xy[whole], measured.view.detected, facing, cast("Side | None", near))


def _line(limit: FeatureLimit, values: Float, numbers: list[int]) -> QualityLine | None:
    feature = FEATURES[limit.feature]
    known = np.isfinite(values)
    if not known.any():
        return None
    worst = np.nanmax(values) if feature.too_large else np.nanmin(values)
    beyond = values > limit.limit if feature.too_large else values < limit.limit
    return QualityLine(
        feature=feature.name,
        label=feature.label,
        value=round(float(worst), 3),
        unit=feature.unit,
        limit=limit.limit,
        repetitions=tuple(n for n, over in zip(numbers, beyond, strict=True) if over),
    )
