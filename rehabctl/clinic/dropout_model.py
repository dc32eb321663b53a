"""A fitted model of dropout at work: a sum of coefficients, without any library."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rehabctl.domain.dropout import FEATURES, DropoutModel, FitKind

POINTS = "points"
"""The one feature of a recalibration."""


def probability(model: DropoutModel, features: Sequence[float | None], points: int) -> float:
    """Return the probability of dropping out within the model's horizon.

    Parameters
    ----------
    model
        As fitted.
    features
        In the order of `FEATURES`; what is not known counts as the mean.
    points
        The points score.
    """
    values = dict(zip(FEATURES, features, strict=True)) | {POINTS: float(points)}
    total = model.intercept
    for term in model.terms:
        value = values[term.feature]
        if value is not None:
            total += term.coefficient * (value - term.mean) / term.deviation
    return logistic(total)


def logistic(x: float) -> float:
    """Return 1 / (1 + e^-x) without overflow."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    grown = math.exp(x)
    return grown / (1.0 + grown)


def label(model: DropoutModel) -> str:
    """Return what a probability of this model is called."""
    how = "points recalibrated" if model.kind is FitKind.RECALIBRATION else "model fitted"
    return f"probability of dropout within {model.horizon_days} days, {how} on this clinic's data"
