"""A time of the day as people type it, in the time zone of a clinic."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo

from rehabctl.domain.errors import UsageError


def local_moment(text: str, day: date, zone: tzinfo) -> datetime:
    """Return the moment that a wall clock shows.

    Parameters
    ----------
    text
        `09:30`, `2026-03-10 09:30`, or an ISO time with its own offset.
    day
        The day of a time without one.
    zone
        Where the clock hangs.

    Returns
    -------
    datetime
        Aware.

    Raises
    ------
    UsageError
        It is no such time, or the clock is changed in that hour: it comes never or twice.
    """
    try:
        if ":" in text[:3]:
            typed = datetime.combine(day, time.fromisoformat(text))
        else:
            typed = datetime.fromisoformat(text)
            if typed.time() == time() and ":" not in text:
                raise ValueError
    except ValueError:
        raise UsageError(
            "that is no day and time", f"Write it like {day} 09:30, or 09:30"
        ) from None
    if typed.tzinfo is not None:
        return typed
    early, late = typed.replace(tzinfo=zone), typed.replace(tzinfo=zone, fold=1)
    if early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != typed:
        raise UsageError("the clock is put forward then", "Choose a time before or after it")
    if early.utcoffset() != late.utcoffset():
        raise UsageError("that time comes twice", f"Add the offset, like {day}T01:30-06:00")
    return early
