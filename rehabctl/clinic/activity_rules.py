"""The alert rule on steps by the patient's own device: a sudden decline, as in a flare."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from rehabctl.clinic.local_days import iso, window
from rehabctl.clinic.patient_view import PatientView, StepSeries
from rehabctl.clinic.verdict import Verdict, met, unmet
from rehabctl.domain.facts import StepsFact
from rehabctl.reference.rules import RuleRow

_ROUNDING = 9
_Days = list[tuple[int, StepsFact]]


def activity_decline(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Compare the median steps of the last days with that of the weeks before.

    Days that are not whole, or on which the device was worn too short a time, tell nothing: silence
    is no decline. After surgery the days before it are no baseline. Of several sources the one with
    most days that count is read.
    """
    limits = row.limits
    found = [_counting(view, row, series) for series in view.steps]
    recent, baseline = max(
        found, key=lambda days: len(days[0]) + len(days[1]), default=(_Days(), _Days())
    )
    if len(recent) < limits["recent_at_least"] or len(baseline) < limits["baseline_at_least"]:
        return
    now = median(fact.steps for _, fact in recent)
    before = median(fact.steps for _, fact in baseline)
    fall = round(before - now, _ROUNDING)
    percent = round(100 * fall / before, _ROUNDING) if before > 0 else 0.0
    inputs = {
        "recent": now,
        "recent_n": len(recent),
        "recent_first": iso(recent[0][0]),
        "baseline": before,
        "baseline_n": len(baseline),
        "baseline_first": iso(baseline[0][0]),
        "fall_percent": percent,
        "source": recent[-1][1].source,
    }
    if percent < limits["drop_percent"] or fall < limits["drop_steps"]:
        yield unmet(row, "", inputs)
        return
    yield met(
        row,
        "",
        inputs,
        since=view.start_of(recent[-1][0]),
        known_at=max(fact.recorded_at for _, fact in recent),
        level=percent,
    )


def _counting(view: PatientView, row: RuleRow, series: StepSeries) -> tuple[_Days, _Days]:
    """Return the days of a source that count, lately and before."""
    since_surgery = view.days_since_surgery
    oldest = row.days("within_days")
    if since_surgery is not None:
        oldest = min(oldest, since_surgery - row.days("settling_days"))
    youngest = row.days("recent_days")
    found: list[_Days] = []
    for part in (
        window(series.days, view.today, 0, min(youngest, oldest)),
        window(series.days, view.today, youngest + 1, oldest),
    ):
        pairs = zip(series.days[part], series.values[part], strict=True)
        found.append([(day, fact) for day, fact in pairs if _counts(fact, row)])
    return found[0], found[1]


def _counts(fact: StepsFact, row: RuleRow) -> bool:
    return fact.is_whole and (fact.hours is None or fact.hours >= row.limits["hours_at_least"])


def activity_decline_moments(view: PatientView, row: RuleRow) -> int | None:
    """Return when a day leaves a window, or the days after surgery have settled."""
    ages = (row.days("recent_days") + 1, row.days("within_days") + 1)
    crossings = [view.next_crossing(series.days, ages) for series in view.steps]
    episode = view.facts.episode
    if crossings and episode is not None and episode.surgery_on is not None:
        # from surgery until all windows lie after it, each day moves the end of a window
        since = view.today - episode.surgery_on.toordinal()
        if -1 <= since <= row.days("settling_days") + row.days("within_days"):
            crossings.append(view.today + 1)
        elif since < 0:
            crossings.append(episode.surgery_on.toordinal())
    return min((c for c in crossings if c is not None), default=None)
