"""Busy times of an iCalendar file: events that are not transparent, recurring ones spread out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.schedule import Span

_MAX_EVENTS = 20_000


def read_busy_times(
    content: bytes, zone: ZoneInfo, first: date, last: date
) -> list[tuple[str, Span]]:
    """Return (identifier, stretch) of what keeps somebody busy between two days, by start.

    Parameters
    ----------
    content
        The file.
    zone
        In which all-day events and times without a zone are read.
    first, last
        Days, both inclusive.

    Raises
    ------
    RehabctlError
        It cannot be read, or names a zone that nobody knows.
    """
    try:
        calendar: Any = Calendar.from_ical(content)
        found = [busy for event in calendar.walk("VEVENT") for busy in _event(event, zone, last)]
    except RehabctlError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise RehabctlError("the file is not an iCalendar file", "Export it again") from None
    start = datetime.combine(first, time(), zone)
    end = datetime.combine(last + timedelta(days=1), time(), zone)
    inside = [(key, s) for key, s in found if s.until_at > start and s.from_at < end]
    if len(inside) > _MAX_EVENTS:
        raise RehabctlError("the calendar holds too many events", "Export fewer days")
    return sorted(inside, key=lambda pair: (pair[1].from_at, pair[0]))


def _event(event: Any, zone: ZoneInfo, last: date) -> list[tuple[str, Span]]:
    status, shown = str(event.get("status", "")), str(event.get("transp", "OPAQUE"))
    if status.upper() == "CANCELLED" or shown.upper() == "TRANSPARENT":
        return []
    start = _moment(event["dtstart"], zone)
    if "dtend" in event:
        length = _moment(event["dtend"], zone) - start
    else:
        whole_day = not isinstance(event["dtstart"].dt, datetime)
        fallback = timedelta(days=1) if whole_day else timedelta()
        length = event["duration"].dt if "duration" in event else fallback
    if length <= timedelta():
        return []
    left_out = {moment.astimezone(UTC) for moment in _listed(event.get("exdate"), zone)}
    starts = [start] if "rrule" not in event else _recurring(event, start, last)
    uid = str(event.get("uid", ""))
    return [
        (uid, Span(s.astimezone(UTC), s.astimezone(UTC) + length))
        for s in starts
        if s.astimezone(UTC) not in left_out
    ]


def _recurring(event: Any, start: datetime, last: date) -> list[datetime]:
    """Spread a rule out in local wall time, so that it follows the clocks."""
    zone = start.tzinfo
    text = event["rrule"].to_ical().decode()
    # dateutil compares UNTIL with naive starts only when it is naive too
    parts = dict(part.split("=", 1) for part in text.split(";"))
    if "UNTIL" in parts:
        until = event["rrule"]["UNTIL"][0]
        if isinstance(until, datetime) and until.tzinfo is not None:
            parts["UNTIL"] = until.astimezone(zone).strftime("%Y%m%dT%H%M%S")
        else:
            parts["UNTIL"] = until.strftime("%Y%m%dT235959")
    rule = rrulestr(
        ";".join(f"{k}={v}" for k, v in parts.items()), dtstart=start.replace(tzinfo=None)
    )
    end = datetime.combine(last + timedelta(days=1), time())
    found: list[datetime] = []
    for wall in rule:
        if wall >= end or len(found) > _MAX_EVENTS:
            break
        found.append(wall.replace(tzinfo=zone))
    return found


def _listed(values: Any, zone: ZoneInfo) -> list[datetime]:
    if values is None:
        return []
    lists: list[Any] = cast("list[Any]", values) if isinstance(values, list) else [values]
    return [_aware(entry.dt, zone) for one in lists for entry in one.dts]


def _moment(value: Any, zone: ZoneInfo) -> datetime:
    named = value.params.get("TZID")
    moment = _aware(value.dt, zone)
    if named and isinstance(value.dt, datetime) and value.dt.tzinfo is None:
        raise RehabctlError(
            "the calendar names a time zone that is not known", "Export it with IANA zones"
        )
    return moment


def _aware(moment: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(), zone)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
