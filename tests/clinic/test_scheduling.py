"""Local times over changes of the clocks, free stretches and recurrence."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.clinic.quiet_hours import QuietHours
from rehabctl.clinic.scheduling import (
    conflicts,
    free_starts,
    is_inside,
    is_late,
    is_skipped,
    moment_of,
    occurrences,
    reminders,
    without,
    working_spans,
    zone_of,
)
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.schedule import Absence, Span, WorkingHours
from rehabctl.reference.appointments import load_appointments

TABLE = load_appointments()
POLICY = TABLE.policy
DENVER = ZoneInfo("America/Denver")
UNIT = UUID(int=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "first", "starts"),
    [
        # spring: the same local time comes an hour earlier in UTC
        (
            "America/Denver",
            "2026-03-03T16:00",
            ["2026-03-03T16:00", "2026-03-10T15:00", "2026-03-17T15:00"],
        ),
        # autumn, an hour later
        (
            "America/New_York",
            "2026-10-27T13:00",
            ["2026-10-27T13:00", "2026-11-03T14:00", "2026-11-10T14:00"],
        ),
        # no change at all in Arizona
        (
            "America/Phoenix",
            "2026-03-03T16:00",
            ["2026-03-03T16:00", "2026-03-10T16:00", "2026-03-17T16:00"],
        ),
        # the southern spring, on another date
        (
            "Australia/Sydney",
            "2026-09-28T23:00",
            ["2026-09-28T23:00", "2026-10-05T22:00", "2026-10-12T22:00"],
        ),
    ],
)
def test_a_recurring_appointment_keeps_its_local_time(
    zone: str, first: str, starts: list[str]
) -> None:
    found = occurrences(utc(first), ZoneInfo(zone), 1, 3)
    assert found == [utc(text) for text in starts]
    assert len({moment.astimezone(ZoneInfo(zone)).time() for moment in found}) == 1


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Denver", date(2026, 3, 8)),
        ("America/New_York", date(2026, 3, 8)),
        ("Europe/London", date(2026, 3, 29)),
    ],
)
def test_a_time_that_the_clocks_skip_is_never_booked_by_recurrence(zone: str, day: date) -> None:
    skipped = time(1, 30) if zone == "Europe/London" else time(2, 30)
    assert is_skipped(day, skipped, ZoneInfo(zone))
    assert not is_skipped(day, time(4, 30), ZoneInfo(zone))
    before = moment_of(day - timedelta(weeks=1), skipped, ZoneInfo(zone))
    with pytest.raises(UsageError, match=f"{day.isoformat()} the clocks skip"):
        occurrences(before, ZoneInfo(zone), 1, 2)


def test_a_time_that_comes_twice_is_its_first() -> None:
    assert moment_of(date(2026, 11, 1), time(1, 30), DENVER) == utc("2026-11-01T07:30")


def test_an_unknown_zone_is_named() -> None:
    for name in ("America/Nowhere", "", "../etc/passwd", "America/Denver "):
        with pytest.raises(UsageError, match="no time zone"):
            zone_of(name)


def line(weekday: int, first: time, last: time, zone: str = "America/Denver") -> WorkingHours:
    return WorkingHours(UNIT, UNIT, weekday, first, last, zone, date(2026, 1, 1))


@pytest.mark.parametrize(
    ("day", "hours", "length_h"),
    [
        (date(2026, 3, 8), line(7, time(0), time(8)), 7),
        (date(2026, 11, 1), line(7, time(0), time(8)), 9),
        (date(2026, 3, 29), line(7, time(0), time(8), "Europe/London"), 7),
        (date(2026, 4, 5), line(7, time(0), time(8), "Australia/Sydney"), 9),
        (date(2026, 3, 9), line(1, time(16), time(0)), 8),
    ],
)
def test_working_hours_follow_the_clocks(day: date, hours: WorkingHours, length_h: int) -> None:
    zone = ZoneInfo(hours.time_zone)
    start = moment_of(day, time(), zone)
    [span] = working_spans([hours], [], Span(start, start + timedelta(hours=24)))
    assert span.until_at - span.from_at == timedelta(hours=length_h)


def test_absences_are_taken_off() -> None:
    monday = line(1, time(9), time(12))
    away = Absence(UNIT, UNIT, utc("2026-03-02T17:00"), utc("2026-03-02T17:30"))
    window = Span(utc("2026-03-02T00:00"), utc("2026-03-03T00:00"))
    found = working_spans([monday], [away], window)
    assert found == [
        Span(utc("2026-03-02T16:00"), utc("2026-03-02T17:00")),
        Span(utc("2026-03-02T17:30"), utc("2026-03-02T19:00")),
    ]


def test_free_starts_leave_the_buffer_on_both_sides() -> None:
    working = [Span(utc("2026-03-02T16:00"), utc("2026-03-02T18:00"))]
    taken = [Span(utc("2026-03-02T16:35"), utc("2026-03-02T17:20"))]
    found = list(free_starts(working, taken, 30, POLICY, utc("2026-03-02T15:58")))
    assert found == [utc("2026-03-02T16:00"), utc("2026-03-02T17:25"), utc("2026-03-02T17:30")]
    assert list(free_starts(working, [], 120, POLICY, utc("2026-03-02T16:01"))) == []


SPANS = st.lists(
    st.tuples(st.integers(0, 500), st.integers(1, 90)).map(
        lambda t: Span(
            utc("2026-03-02T00:00") + timedelta(minutes=t[0]),
            utc("2026-03-02T00:00") + timedelta(minutes=t[0] + t[1]),
        )
    ),
    max_size=8,
)


@given(SPANS, SPANS, st.sampled_from([15, 30, 45]))
def test_what_is_offered_is_free(working: list[Span], taken: list[Span], minutes: int) -> None:
    for start in free_starts(working, taken, minutes, POLICY, utc("2026-03-02T01:00")):
        span = Span(start, start + timedelta(minutes=minutes))
        assert not conflicts(span, taken, POLICY.buffer_min)
        assert is_inside(span, without(working, []))
        assert start >= utc("2026-03-02T01:00")
        assert start.minute % POLICY.slot_step_min == 0


@given(SPANS, SPANS)
def test_what_is_left_was_there_and_is_not_taken(spans: list[Span], taken: list[Span]) -> None:
    left = without(spans, taken)
    minute, start = timedelta(minutes=1), utc("2026-03-02T00:00")
    for n in range(600):
        moment = Span(start + n * minute, start + (n + 1) * minute)
        there = any(s.meets(moment) for s in spans) and not any(t.meets(moment) for t in taken)
        assert any(s.meets(moment) for s in left) == there


def test_reminders_wait_for_the_end_of_the_quiet_hours() -> None:
    quiet = QuietHours(from_hour=21, to_hour=8, push_hour=9)
    start = utc("2026-03-09T13:30")  # 07:30 in Denver, after the change of the clocks
    found = reminders(start, POLICY, quiet, DENVER, utc("2026-03-01T12:00"))
    assert found == [(72, utc("2026-03-06T15:00")), (24, utc("2026-03-08T14:00"))]
    assert reminders(start, POLICY, quiet, DENVER, utc("2026-03-09T13:00")) == []


def test_late_is_less_than_the_notice() -> None:
    start = utc("2026-03-09T13:30")
    assert not is_late(start, start - timedelta(hours=24), POLICY)
    assert is_late(start, start - timedelta(hours=23, minutes=59), POLICY)


def test_appointment_types_are_dated_and_named() -> None:
    assert TABLE.get("group", date(2026, 1, 1)).group_max == 6
    with pytest.raises(UsageError, match="no appointment type"):
        TABLE.get("tretment", date(2026, 1, 1))
    with pytest.raises(RehabctlError, match="hold on 2019"):
        TABLE.get("group", date(2019, 12, 31))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("buffer_min = 5", "buffer_min = 500"),
        ("buffer_min = 5", "bufer_min = 5"),
        ("group_min = 4", "group_min = 7"),
        ('channel = "phone"', 'channel = "fax"'),
        ("minutes = [20]", "minutes = []"),
        ("effective_from = 2020-01-01", ""),
        ("[policy]", "[policy"),
    ],
)
def test_a_clinics_wrong_table_is_refused(old: str, new: str) -> None:
    from importlib.resources import files

    path = files("rehabctl.reference") / "scheduling" / "appointments.toml"
    text = path.read_text("utf-8")
    assert load_appointments(text).version == "APPOINTMENTS@2020-01-01+appointments.toml"
    with pytest.raises(UsageError, match=r"appointments\.toml"):
        load_appointments(text.replace(old, new, 1))
