"""Where a patient stands beside published recovery curves, and where her own values are heading.

Nothing here predicts an outcome: a band shows what reference cohorts reached, a projection draws
the patient's own measurements on along the logarithm of the day, because recovery is concave and a
straight line would run past what a joint can do.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, pairwise
from statistics import median

from rehabctl.domain.facts import Extreme
from rehabctl.reference.recovery_curves import RecoveryCurve

Point = tuple[float, float]
"""(day after surgery, value)."""


class BandPosition(StrEnum):
    """Where a value lies beside the reference cohorts."""

    AHEAD = "ahead"
    WITHIN = "within"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Band:
    """What the reference cohorts reached by one day."""

    day: float
    low: float
    high: float
    median: float
    """The display line, or the middle of the sources."""
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Projection:
    """A patient's own values drawn on to a later day."""

    day: float
    value: float
    low: float
    """5th percentile of the bootstrap."""
    high: float
    """95th percentile of the bootstrap."""
    points: int
    at_limit: bool
    """The line went past the anatomical limit and was stopped there."""


def theil_sen(points: Sequence[Point]) -> tuple[float, float] | None:
    """Return (slope, intercept) of the line of median slope, which one outlier does not move.

    None with fewer than two different x.
    """
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2) if a[0] != b[0]]
    if not slopes:
        return None
    slope = median(slopes)
    return slope, median(y - slope * x for x, y in points)


def project_ln(points: Sequence[Point], target_day: float) -> float | None:
    """Return the value that a line over the logarithm of the day reaches on a later day.

    Parameters
    ----------
    points
        (day after surgery, value); days from 1 on.
    target_day
        The day to project to.
    """
    line = theil_sen([(math.log(day), value) for day, value in points])
    return None if line is None else line[0] * math.log(target_day) + line[1]


def projection(
    points: Sequence[Point],
    target_day: float,
    curve: RecoveryCurve,
    *,
    seed: int,
    resamples: int = 400,
) -> Projection | None:
    """Project with a 90 % bootstrap interval, never past the anatomical limit.

    Parameters
    ----------
    points
        The patient's measurements of one method, (day after surgery, value); days from 1 on.
    target_day
        The day to project to.
    curve
        Gives the anatomical limit and the better direction.
    seed
        Seeds the resampling of the points.
    resamples
        Number of resamples.

    Returns
    -------
    Projection or None
        None with fewer than three points or a single day.
    """
    usable = sorted(points)
    value = project_ln(usable, target_day)
    if value is None or len(usable) < 3:
        return None
    # S311: a seeded generator for statistics, not for secrets
    generator = random.Random(seed)  # noqa: S311
    drawn: list[float] = []
    while len(drawn) < resamples:
        sample = generator.choices(usable, k=len(usable))
        resampled = project_ln(sample, target_day)
        if resampled is not None:
            drawn.append(resampled)
    drawn.sort()
    low, high = drawn[int(0.05 * resamples)], drawn[math.ceil(0.95 * resamples) - 1]

    def stop(number: float) -> float:
        limit = curve.anatomical_limit
        return min(number, limit) if curve.extreme is Extreme.MAX else max(number, limit)

    return Projection(
        day=target_day,
        value=round(stop(value), 1),
        # the estimate is part of its own interval, also where few points make the draws lopsided
        low=round(min(stop(low), stop(value)), 1),
        high=round(max(stop(high), stop(value)), 1),
        points=len(usable),
        at_limit=stop(value) != value,
    )


def display_value(curve: RecoveryCurve, day: float) -> float | None:
    """Return the display line on a day; None outside the days it was drawn for."""
    line = curve.display
    if line is None or not line.first_day <= day <= line.last_day:
        return None
    return line.at_reference + line.per_log_day * math.log(day / line.reference_day)


def source_value(points: Sequence[Point], day: float) -> float | None:
    """Return a source's value on a day, between its points along the logarithm of the day."""
    for (day_0, value_0), (day_1, value_1) in pairwise(points):
        if day_0 <= day <= day_1:
            share = math.log(day / day_0) / math.log(day_1 / day_0)
            return value_0 + share * (value_1 - value_0)
    return next((value for at, value in points if at == day), None)


def band(curve: RecoveryCurve, day: float) -> Band | None:
    """Return the band of the reference cohorts on a day.

    The band spans the sources that reach that day; where only one does, the curve's default
    spread to both sides of it. None where no source speaks of that day.
    """
    values = [
        (source.name, value)
        for source in curve.sources
        if (value := source_value(source.points, day)) is not None
    ]
    middle = display_value(curve, day)
    if middle is not None and curve.display is not None:
        values.append((curve.display.source, middle))
    if not values:
        return None
    low, high = min(v for _, v in values), max(v for _, v in values)
    if middle is None:
        middle = (low + high) / 2
    if len(values) == 1:
        low, high = low - curve.default_spread, high + curve.default_spread
    return Band(day, low, high, middle, tuple(name for name, _ in values))


def position(curve: RecoveryCurve, day: float, value: float) -> BandPosition | None:
    """Return where a value lies beside the band; None where there is no band."""
    cohort = band(curve, day)
    if cohort is None:
        return None
    if cohort.low <= value <= cohort.high:
        return BandPosition.WITHIN
    above = value > cohort.high
    return BandPosition.AHEAD if above is (curve.extreme is Extreme.MAX) else BandPosition.BEHIND


def limb_symmetry_percent(
    involved: float, uninvolved: float, *, higher_is_better: bool
) -> float | None:
    """Return the limb symmetry index: 100 is equal, less is a deficit of the involved side.

    None where either side is zero or negative.
    """
    if involved <= 0 or uninvolved <= 0:
        return None
    return 100.0 * (involved / uninvolved if higher_is_better else uninvolved / involved)
