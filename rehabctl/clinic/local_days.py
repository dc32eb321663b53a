"""Days in the clinic's time zone as plain numbers, and when a count of days changes.

A day is the proleptic Gregorian ordinal of its local date, so that ages are differences of
integers whatever the clocks did in between.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def day_number(moment: datetime, zone: ZoneInfo) -> int:
    """Return the local day of an aware moment."""
    return moment.astimezone(zone).toordinal()


def day_start(day: int, zone: ZoneInfo) -> datetime:
    """Return the first moment of a local day in UTC.

    Where the clocks skip midnight this is the moment of the change.
    """
    return datetime.combine(date.fromordinal(day), time(), zone).astimezone(UTC)


def iso(day: int) -> str:
    """Return a day as `2026-03-06`."""
    return date.fromordinal(day).isoformat()


def next_crossing(days: Sequence[int], ages: Iterable[int], today: int) -> int | None:
    """Return the next day on which some event reaches one of the ages.

    A rule that looks at events only through comparisons of their age with `ages` gives the same
    result on every day before the one returned.

    Parameters
    ----------
    days
        Days of the events, ascending; days after today count too.
    ages
        Ages in days at which an event enters or leaves a window of the rule.
    today
        The day from which on to look.
    """
    soonest: int | None = None
    for age in ages:
        position = bisect_right(days, today - age)
        if position < len(days):
            crossing = days[position] + age
            if soonest is None or crossing < soonest:
                soonest = crossing
    return soonest


def window(days: Sequence[int], today: int, youngest: int, oldest: int) -> slice:
    """Return where the events of an age from `youngest` to `oldest` days stand, both inclusive."""
    return slice(bisect_right(days, today - oldest - 1), bisect_right(days, today - youngest))
