"""Busy times of calendars as other programs write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.errors import RehabctlError
from rehabctl.integrations.calendars.busy_times import read_busy_times

DENVER = ZoneInfo("America/Denver")


def calendar(*lines: str) -> bytes:
    event = ["BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT"]
    whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *event, "END:VCALENDAR", ""]
    return "\r\n".join(whole).encode()


def busy(*lines: str) -> list[tuple[str, int]]:
    found = read_busy_times(calendar(*lines), DENVER, date(2026, 1, 1), date(2026, 4, 30))
    return [
        (span.from_at.strftime("%m-%dT%H:%M"), int((span.until_at - span.from_at).seconds / 60))
        for _, span in found
    ]


def test_forms_of_one_event() -> None:
    assert busy("DTSTART:20260302T160000Z", "DTEND:20260302T170000Z") == [("03-02T16:00", 60)]
    assert busy("DTSTART:20260302T090000", "DURATION:PT30M") == [("03-02T16:00", 30)]
    named = "DTSTART;TZID=America/New_York:20260302T090000"
    assert busy(named, "DURATION:PT30M") == [("03-02T14:00", 30)]
    [(start, _)] = busy("DTSTART;VALUE=DATE:20260302")
    assert start == "03-02T07:00"
    assert busy("DTSTART:20260302T160000Z", "DURATION:PT1H", "TRANSP:TRANSPARENT") == []
    assert busy("DTSTART:20260302T160000Z", "DURATION:PT1H", "STATUS:CANCELLED") == []
    assert busy("DTSTART:20260302T160000Z") == []
    assert busy("DTSTART:20270302T160000Z", "DURATION:PT1H") == []


@pytest.mark.parametrize("until", ["COUNT=3", "UNTIL=20260316T150000Z"])
def test_a_rule_follows_the_clocks_and_leaves_days_out(until: str) -> None:
    found = busy(
        "DTSTART;TZID=America/Denver:20260302T090000",
        "DURATION:PT30M",
        f"RRULE:FREQ=WEEKLY;{until}",
        "EXDATE;TZID=America/Denver:20260309T090000",
    )
    assert found == [("03-02T16:00", 30), ("03-16T15:00", 30)]


def test_a_rule_without_an_end_stops_at_the_last_day() -> None:
    found = busy("DTSTART:20260302T160000Z", "DURATION:PT30M", "RRULE:FREQ=DAILY")
    assert len(found) == 60


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"BEGIN:VCALENDAR",
        calendar("DTSTART:notatime"),
        calendar("DTSTART:20260302T160000Z", "RRULE:FREQ=SOMETIMES", "DURATION:PT1H"),
        calendar("SUMMARY:no start"),
        calendar("DTSTART;TZID=Mars/Base:20260302T090000", "DURATION:PT30M"),
    ],
)
def test_what_cannot_be_read_is_one_error(content: bytes) -> None:
    with pytest.raises(RehabctlError):
        read_busy_times(content, DENVER, date(2026, 1, 1), date(2026, 4, 30))


@given(st.binary(max_size=200))
def test_no_bytes_lead_to_another_error(content: bytes) -> None:
    try:
        read_busy_times(content, DENVER, date(2026, 1, 1), date(2026, 1, 2))
    except RehabctlError:
        return


def test_times_are_in_utc() -> None:
    content = calendar("DTSTART;TZID=America/Denver:20260302T090000", "DURATION:PT30M")
    [(_, span)] = read_busy_times(content, DENVER, date(2026, 3, 2), date(2026, 3, 2))
    assert span.from_at == datetime(2026, 3, 2, 16, tzinfo=UTC)
    assert span.from_at.utcoffset() == timedelta()
