"""One word for where pain and range of motion are heading, from facts alone.

The words look back from the newest value, not from today: they change only when something is
recorded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from rehabctl.clinic.adherence import ols_slope
from rehabctl.clinic.patient_view import MotionSeries, PatientView, Rating, SeriesKey
from rehabctl.domain.facts import Extreme, Measurement
from rehabctl.reference.rules import RuleRow

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class MotionTrend:
    """The trend of one series of comparable measurements."""

    key: SeriesKey
    word: str
    """improving, steady or declining."""
    change_deg: float
    """From the earliest to the newest values; positive is better."""
    detectable_change_deg: float
    """A smaller change may be measurement error."""
    values: int


def pain_trend(ratings: Sequence[Rating], row: RuleRow) -> str | None:
    """Return `rising`, `steady` or `falling`; None with too few ratings.

    Parameters
    ----------
    ratings
        Oldest first.
    row
        `PAIN_TREND`: the change fitted over the ratings that counts.
    """
    if not ratings:
        return None
    newest = ratings[-1].at.timestamp()
    days = [(r.at.timestamp() - newest) / _DAY_S for r in ratings]
    first = next(n for n, day in enumerate(days) if day >= -row.limits["within_days"])
    days, values = days[first:], [r.value for r in ratings[first:]]
    if len(values) < row.limits["at_least"]:
        return None
    change = ols_slope(days, values) * (days[-1] - days[0])
    if change >= row.limits["change"]:
        return "rising"
    return "falling" if change <= -row.limits["change"] else "steady"


def rom_trends(view: PatientView) -> tuple[MotionTrend, ...]:
    """Return the trend of each motion and side by the method that was used last.

    Series that ended long before the patient's newest measurement are left out.
    """
    row = view.rules["ROM_TREND"]
    if not view.series:
        return ()
    newest_day = max(series.days[-1] for series in view.series)
    latest: dict[str, MotionSeries] = {}
    for series in view.series:
        held = latest.get(series.key.subject)
        if held is None or _last(series) > _last(held):
            latest[series.key.subject] = series
    trends = (
        _motion_trend(series, row)
        for series in latest.values()
        if newest_day - series.days[-1] <= row.limits["within_days"]
    )
    return tuple(trend for trend in trends if trend is not None)


def _last(series: MotionSeries) -> tuple[float, str]:
    return series.values[-1].at.timestamp(), series.values[-1].id


def _motion_trend(series: MotionSeries, row: RuleRow) -> MotionTrend | None:
    last_day = series.days[-1]
    values = [
        value
        for value, day in zip(series.values, series.days, strict=True)
        if last_day - day <= row.limits["within_days"]
    ][-row.days("values") :]
    if len(values) < 2:
        return None
    count = min(row.days("median_of"), len(values) // 2)
    early, late = values[:count], values[-count:]
    change = median(m.value_deg for m in late) - median(m.value_deg for m in early)
    if series.key.extreme is Extreme.MIN:
        change = -change
    limit = math.hypot(_half_width(early, row), _half_width(late, row))
    word = "improving" if change > limit else "declining" if change < -limit else "steady"
    return MotionTrend(series.key, word, round(change, 1), round(limit, 1), len(values))


def _half_width(values: Sequence[Measurement], row: RuleRow) -> float:
    """Return the 90 % half-width of the values; unknown ones give the row's default change."""
    known = [m.uncertainty_deg for m in values if m.uncertainty_deg is not None]
    if len(known) < len(values):
        return row.limits["default_change_deg"] / math.sqrt(2.0)
    return median(known)


def rom_word(trends: Sequence[MotionTrend]) -> str | None:
    """Return one word for all motions: the worst that moves; None without a trend."""
    words = {trend.word for trend in trends}
    return next((word for word in ("declining", "improving", "steady") if word in words), None)
