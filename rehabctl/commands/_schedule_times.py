"""Days and moments of schedules, as they are typed."""

from __future__ import annotations

from datetime import datetime, timedelta

from rehabctl.commands._times import day, moment
from rehabctl.domain.errors import UsageError


def required_moment(text: str, option: str = "--start") -> datetime:
    """Return a moment that must be given."""
    found = moment(text, option)
    if found is None:
        raise UsageError(f"{option} is missing", "Write it like 2026-03-09T09:00:00Z")
    return found


def first_moment(text: str | None, now: datetime, zone: str) -> datetime:
    """Return a moment: given as such, the start of a given day, or now."""
    if text is None:
        return now
    return required_moment(text, "--from") if "T" in text else day_start(text, now, zone)


def day_start(text: str | None, now: datetime, zone: str) -> datetime:
    """Return the start of a given day, or of today, in a zone."""
    from datetime import time
    from zoneinfo import ZoneInfo

    wanted = day(text, "--from") or now.astimezone(ZoneInfo(zone)).date()
    return datetime.combine(wanted, time(), ZoneInfo(zone))


def day_later(start: datetime, days: int, zone: str) -> datetime:
    """Return the start of a later day: 24 hours are not always one."""
    return day_start((start.date() + timedelta(days=days)).isoformat(), start, zone)
