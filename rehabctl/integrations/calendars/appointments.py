"""Appointments as an iCalendar file (RFC 5545), for a provider's own calendar program."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from rehabctl.domain.visit import Visit, VisitStatus


def write_appointments(entries: Sequence[tuple[Visit, str | None]], now: datetime) -> bytes:
    """Return the file. Nothing in it says more of a patient than the given title.

    Parameters
    ----------
    entries
        Each visit, with a record number where it may stand in the title.
    now
        When the file is made.
    """
    calendar: Any = Calendar()  # its `add` has no complete type
    calendar.add("prodid", "-//rehabctl//schedule//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for visit, mrn in entries:
        zone = ZoneInfo(visit.time_zone or "UTC")
        event: Any = Event()
        event.add("uid", f"{visit.id}@rehabctl")
        event.add("dtstamp", now)
        event.add("sequence", visit.revision)
        word = (visit.appointment_type or visit.kind.value).replace("_", " ")
        event.add("summary", word if mrn is None else f"{word} {mrn}")
        event.add("dtstart", visit.planned_start_at.astimezone(zone))
        event.add("dtend", visit.planned_end_at.astimezone(zone))
        gone = visit.status in (VisitStatus.CANCELLED, VisitStatus.NO_SHOW)
        event.add("status", "CANCELLED" if gone else "CONFIRMED")
        event.add("class", "PRIVATE")
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return calendar.to_ical()
