"""Known bias of the landmarks and the interval that a corrected angle is stated with.

The rows are data (`reference/measurement/bias.toml`): per motion, view and posture, how far the
landmarks' angle lies from the true one, as a linear function of the angle and of what else shows
in the picture, and the half-width of the 90 % interval around the corrected value. What differs
from the recordings that the rows were fitted on widens the interval by stated rules. The model:

    true = seen - (intercept + slope * seen + sum(coefficient * covariate)) +- half-width
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rehabctl.reference.measurement import BiasRow, BiasTable


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a recording differs from those behind the rows."""

    off_plane_deg: float = 0.0
    contralateral_pull_deg: float = 0.0
    """Apparent movement of the resting leg of a sitting person: told, not part of the interval."""
    bone_length_excess: float = 0.0
    """Relative change of a bone's length beyond the limit of the gates."""
    degraded: int = 0
    """How many of: dark, blurred, slow frame rate, swapped sides."""
    known: bool = True
    """Whether the rows were fitted on this estimator and in this view; else nothing is corrected
    and the size of the bias becomes part of the interval."""
    hidden: bool = False
    """Whether the side is turned away from the camera."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An angle, corrected, with its interval."""

    deg: float
    half_width_deg: float
    row: BiasRow
    conditions: Conditions

    @property
    def interval_deg(self) -> tuple[float, float]:
        """Ends of the 90 % interval."""
        return self.deg - self.half_width_deg, self.deg + self.half_width_deg


def bias_deg(row: BiasRow, angle_deg: float, covariates: Mapping[str, float]) -> float:
    """Return how far the landmarks' angle is expected to lie from the true one.

    Outside the ranges that the row was fitted on, the bias of the range's end is used.

    Parameters
    ----------
    row
        The fitted row.
    angle_deg
        The landmarks' own angle.
    covariates
        Values of everything that the row has a coefficient for.
    """
    low, high = row.angle_range_deg
    bias = row.intercept_deg + row.slope_per_deg * float(np.clip(angle_deg, low, high))
    for name, factor in row.covariates.items():
        bounds = row.covariate_ranges.get(name, (-np.inf, np.inf))
        bias += factor * float(np.clip(covariates[name], *bounds))
    return bias


def half_width_deg(
    row: BiasRow, table: BiasTable, angle_deg: float, bias: float, conditions: Conditions
) -> float:
    """Return the half-width of the 90 % interval.

    Parameters
    ----------
    row
        The fitted row.
    table
        Rules of the widening.
    angle_deg
        The landmarks' own angle.
    bias
        What was, or would have been, corrected.
    conditions
        How the recording differs from those of the row.
    """
    rules = table.widths
    low, high = row.angle_range_deg
    outside = max(low - angle_deg, angle_deg - high, 0.0)
    added = (
        rules.per_off_plane_deg * max(conditions.off_plane_deg - rules.free_off_plane_deg, 0.0)
        + rules.per_extrapolated_deg * outside
        + rules.per_bone_length_percent * 100.0 * conditions.bone_length_excess
        + (rules.hidden_side_deg if conditions.hidden else 0.0)
        + (0.0 if conditions.known else abs(bias))
    )
    measured = table.model.new_person_factor if row.grade == "measured" else 1.0
    return (measured * row.half_width_deg + added) * rules.condition_factor**conditions.degraded


def estimate(
    angle_deg: float,
    row: BiasRow,
    table: BiasTable,
    covariates: Mapping[str, float],
    conditions: Conditions,
) -> Estimate:
    """Correct one angle and state its interval.

    Parameters
    ----------
    angle_deg
        The landmarks' own angle.
    row
        The row for its motion, view and posture.
    table
        Rules of the widening.
    covariates
        Values of everything that the row has a coefficient for.
    conditions
        How the recording differs from those of the row.
    """
    bias = bias_deg(row, angle_deg, covariates)
    half = half_width_deg(row, table, angle_deg, bias, conditions)
    corrected = angle_deg - bias if conditions.known else angle_deg
    return Estimate(corrected, half, row, conditions)
