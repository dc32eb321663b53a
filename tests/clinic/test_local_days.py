"""Days of the clinic are plain numbers, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.clinic.local_days import day_number, day_start, iso, next_crossing, window

ZONES = ["UTC", "America/Chicago", "America/Havana", "Asia/Beirut", "Pacific/Apia", "Asia/Kolkata"]
zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.integers(date(2024, 1, 1).toordinal(), date(2028, 1, 1).toordinal())


@settings(deadline=None)
@given(days, zones)
def test_a_day_starts_where_the_day_before_ends(day: int, zone: ZoneInfo) -> None:
    start = day_start(day, zone)
    assert day_number(start, zone) == day
    assert day_number(start - timedelta(microseconds=1), zone) == day - 1


def test_a_midnight_that_the_clocks_skip() -> None:
    # Beirut went from 0:00 to 1:00 on 31 March 2024
    day = date(2024, 3, 31).toordinal()
    assert day_start(day, ZoneInfo("Asia/Beirut")) == datetime(2024, 3, 30, 22, tzinfo=UTC)


def test_iso() -> None:
    assert iso(date(2026, 3, 6).toordinal()) == "2026-03-06"


@pytest.mark.parametrize(("today", "expected"), [(9, 10), (10, 13), (13, 17), (17, 20), (20, None)])
def test_next_crossing(today: int, expected: int | None) -> None:
    assert next_crossing([3, 10, 13], (7, 0), today) == expected


events = st.lists(st.integers(0, 60), max_size=12).map(sorted)


@settings(deadline=None)
@given(events, st.lists(st.integers(0, 30), max_size=4), st.integers(0, 70))
def test_no_comparison_of_ages_changes_before_the_crossing(
    made: list[int], ages: list[int], today: int
) -> None:
    def seen(day: int) -> list[bool]:
        return [day - event >= age for event in made for age in ages]

    end = next_crossing(made, ages, today)
    for day in range(today, 100 if end is None else end):
        assert seen(day) == seen(today)
    if end is not None:
        assert end > today
        assert seen(end) != seen(today)


@settings(deadline=None)
@given(events, st.integers(0, 70), st.integers(0, 20), st.integers(0, 30))
def test_window(made: list[int], today: int, youngest: int, oldest: int) -> None:
    part = made[window(made, today, youngest, oldest)]
    assert part == [day for day in made if youngest <= today - day <= oldest]
