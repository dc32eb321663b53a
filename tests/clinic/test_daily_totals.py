"""Days of single records: order and copies make no difference, and no minute counts twice."""

from __future__ import annotations

import random
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from rehabctl.clinic.daily_totals import DayTotals
from rehabctl.domain.wearable import DailyMeasure, DailyValue

ZONES = ("UTC", "America/Chicago", "Australia/Lord_Howe", "Antarctica/Troll", "Asia/Kathmandu")
START_S = 1_772_700_000  # 5 March 2026, before and after it clocks change in some of the zones
Record = tuple[DailyMeasure, float, float, float, str]


@st.composite
def records(draw: st.DrawFn) -> Record:
    measure = draw(st.sampled_from([DailyMeasure.STEPS, DailyMeasure.HEART_RATE,
                                    DailyMeasure.SLEEP, DailyMeasure.WALKING_SPEED]))  # fmt: skip
    start = START_S + draw(st.integers(0, 40 * 86_400))
    long = draw(st.integers(0, 86_400))
    device = draw(st.sampled_from(["watch", "phone", ""]))
    return measure, float(start), float(start + long), float(draw(st.integers(1, 200))), device


def made(found: list[Record], zone: str) -> list[DailyValue]:
    totals = DayTotals(ZoneInfo(zone), {"watch": 0, "phone": 1})
    for record in found:
        totals.add(*record)
    return list(totals.values(START_S + 50 * 86_400.0, is_whole=True))


@given(found=st.lists(records(), max_size=12), zone=st.sampled_from(ZONES), seed=st.integers())
def test_order_and_copies_make_no_difference(found: list[Record], zone: str, seed: int) -> None:
    shuffled = found + found[::2]
    random.Random(seed).shuffle(shuffled)
    assert made(shuffled, zone) == made(found, zone)


@given(found=st.lists(records(), max_size=12), zone=st.sampled_from(ZONES))
def test_no_more_than_was_recorded_and_no_less_than_by_the_first_device(
    found: list[Record], zone: str
) -> None:
    steps = {r for r in found if r[0] is DailyMeasure.STEPS}
    days = made(found, zone)
    told = sum(d.value for d in days if d.measure is DailyMeasure.STEPS)
    margin = len(days)  # whole steps
    assert told <= sum(r[3] for r in steps) + margin
    assert told >= sum(r[3] for r in steps if r[4] == "watch") - margin
    assert all(d.value <= 24 * 3 for d in days if d.measure is DailyMeasure.SLEEP)


def test_the_last_hour_of_the_longest_day() -> None:
    """In Troll clocks go back by two hours: 25 October 2026 has 26."""
    zone = ZoneInfo("Antarctica/Troll")
    totals = DayTotals(zone)
    first_s = 1_792_879_200.0
    for hour in range(26):
        totals.add(DailyMeasure.HEART_RATE, first_s + hour * 3600, first_s + hour * 3600, 60)
    (day,) = totals.values(first_s + 90_000 * 2, is_whole=True)
    assert (day.day.isoformat(), day.records, day.hours) == ("2026-10-25", 26, 25)


def test_very_many_records_of_a_day_are_joined_without_losing_steps() -> None:
    totals = DayTotals(ZoneInfo("UTC"))
    for second in range(86_400):
        at = float(START_S // 86_400 * 86_400 + second)
        totals.add(DailyMeasure.STEPS, at, at + 1, 1.0, "watch")
    (day,) = totals.values(START_S * 2.0, is_whole=True)
    assert day.value == 86_400
