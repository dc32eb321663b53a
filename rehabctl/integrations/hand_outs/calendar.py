"""The days of a programme as an iCalendar file (RFC 5545): one recurring event."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from rehabctl.domain.errors import FindingsError
from rehabctl.domain.hand_out import HandOut
from rehabctl.integrations.hand_outs.wording import dose

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def write_calendar(content: HandOut, at: time, minutes: int, *, with_exercises: bool) -> bytes:
    """Return the calendar. Nothing in it names the patient or her condition.

    Parameters
    ----------
    content
        The programme.
    at
        Start of a session, in the patient's time zone.
    minutes
        Its length.
    with_exercises
        Whether the names of the exercises stand in the description.

    Raises
    ------
    FindingsError
        No day with a session lies ahead.
    """
    due = sorted(set(content.due_on))
    if not due:
        raise FindingsError(
            "no day with a session lies ahead", "Move it on: rehabctl program progress"
        )
    zone = ZoneInfo(content.time_zone)
    start = datetime.combine(due[0], at, zone)
    event: Any = Event()  # its `add` has no complete type
    event.add("uid", f"{content.programme_id}@rehabctl")
    event.add("dtstamp", content.made_at)
    event.add("sequence", content.revision)
    spoken = {"language": content.texts.language}
    event.add("summary", content.texts.say("calendar_title"), parameters=spoken)
    event.add("dtstart", start)
    event.add("dtend", start + timedelta(minutes=minutes))
    weekdays = sorted({day.isoweekday() for day in due})
    last = datetime.combine(due[-1], at, zone).astimezone(UTC)  # as the standard asks
    byday = [_DAYS[day - 1] for day in weekdays]
    event.add("rrule", {"FREQ": "WEEKLY", "BYDAY": byday, "UNTIL": last})
    if left_out := [datetime.combine(day, at, zone) for day in _not_due(due)]:
        event.add("exdate", left_out)
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")
    if with_exercises:
        lines = [f"{e.name}: {dose(e, content.texts)}" for e in content.exercises]
        event.add("description", "\n".join(lines))
    calendar: Any = Calendar()
    calendar.add("prodid", "-//rehabctl//exercise programme//" + content.texts.language.upper())
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    # a year more than the programme, for calendars that show it later
    calendar.add_missing_timezones(due[0], due[-1] + timedelta(days=366))
    return calendar.to_ical()


def _not_due(due: list[date]) -> list[date]:
    """Return the days that the weekly rule names and the programme does not."""
    weekdays, wanted = {day.isoweekday() for day in due}, set(due)
    span = ((due[0] + timedelta(days=n)) for n in range((due[-1] - due[0]).days))
    return [day for day in span if day.isoweekday() in weekdays and day not in wanted]
