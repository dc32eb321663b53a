"""When questionnaires are due, and where each one stands."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.clinic.proms_schedule import occurrences, status
from rehabctl.domain.prom_followup import Occurrence, OccurrenceState, OccurrenceStatus
from rehabctl.reference.prom_followup import load_pathway, load_pathways

SURGERY = date(2026, 3, 2)
YEARS = SURGERY + timedelta(800)


def planned(pathway: str, instrument: str, purpose: str | None = None) -> list[Occurrence]:
    found = occurrences(load_pathway(pathway), SURGERY, YEARS)
    return [
        o for o in found if o.instrument == instrument and (purpose is None or o.purpose == purpose)
    ]


def days_after(occurrence: Occurrence) -> int:
    return (occurrence.due_on - SURGERY).days


def state(occurrence: Occurrence, day: date, *done: date, discharged: date | None = None) -> str:
    return at(occurrence, day, *done, discharged=discharged).state.value


def at(
    occurrence: Occurrence, day: date, *done: date, discharged: date | None = None
) -> OccurrenceStatus:
    return status(occurrence, {occurrence.instrument: done}, day, discharged)


def test_after_surgery_the_short_form_is_weekly_for_twelve_weeks() -> None:
    weekly = planned("knee-replacement", "koos-jr", "weekly")
    assert [days_after(o) for o in weekly] == list(range(0, 85, 7))
    assert [days_after(o) for o in planned("hip-replacement", "hoos-jr")] == list(range(0, 85, 7))


def test_the_full_form_comes_at_0_6_12_26_and_52_weeks() -> None:
    assert [days_after(o) for o in planned("knee-surgery", "koos")] == [0, 42, 84, 182, 364]


def test_long_term_conditions_are_asked_every_two_weeks_without_end() -> None:
    found = planned("chronic-low-back", "odi")
    assert {(b.due_on - a.due_on).days for a, b in pairwise(found)} == {14}
    assert days_after(found[-1]) >= 798 - 14
    assert {o.instrument for o in occurrences(load_pathway("chronic-neck"), SURGERY, YEARS)} == {
        "nprs", "ndi",
    }  # fmt: skip


def test_the_window_goes_from_the_day_before_to_three_days_after() -> None:
    second = planned("knee-replacement", "koos-jr", "weekly")[1]
    assert (second.opens_on, second.due_on, second.closes_on) == (
        date(2026, 3, 8), date(2026, 3, 9), date(2026, 3, 12),
    )  # fmt: skip
    assert second.reminders_on == (date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 12))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (7, "upcoming"), (8, "open"), (9, "open"), (12, "open"),
        (13, "overdue"), (14, "overdue"), (15, "missed"),
    ],
)  # fmt: skip
def test_states_of_a_week_that_nobody_answers(day: int, expected: str) -> None:
    second = planned("knee-replacement", "koos-jr", "weekly")[1]
    assert state(second, date(2026, 3, day)) == expected


def test_a_late_answer_counts_until_the_next_one_opens() -> None:
    second, third = planned("knee-replacement", "koos-jr", "weekly")[1:3]
    late = at(second, date(2026, 3, 14), date(2026, 3, 14))
    assert (late.state, late.late) == (OccurrenceState.COMPLETED, True)
    assert not at(second, date(2026, 3, 14), second.closes_on).late
    on_the_next = date(2026, 3, 15)
    assert state(second, on_the_next, on_the_next) == "missed"
    assert state(third, on_the_next, on_the_next) == "completed"


def test_an_answer_of_tomorrow_does_not_count_today() -> None:
    second = planned("knee-replacement", "koos-jr", "weekly")[1]
    assert state(second, date(2026, 3, 9), date(2026, 3, 10)) == "open"


def test_reminders_stop_with_the_answer() -> None:
    second = planned("knee-replacement", "koos-jr", "weekly")[1]
    reminded = [d for d in range(7, 16) if at(second, date(2026, 3, d)).reminder_due]
    assert reminded == [9, 10, 12]
    answered = date(2026, 3, 9)
    assert not at(second, date(2026, 3, 10), answered).reminder_due


def test_discharge_ends_the_series() -> None:
    pathway = load_pathway("chronic-low-back")
    discharged = SURGERY + timedelta(30)
    found = [o for o in occurrences(pathway, SURGERY, YEARS, discharged) if o.instrument == "odi"]
    assert [days_after(o) for o in found] == [0, 14, 28]
    assert state(found[2], discharged, discharged=discharged) == "open"
    assert state(found[2], discharged + timedelta(1), discharged=discharged) == "missed"
    done = discharged - timedelta(1)
    assert state(found[2], discharged + timedelta(9), done, discharged=discharged) == "completed"


def test_payer_windows_take_no_late_answer() -> None:
    before, after = planned("knee-replacement", "koos-jr", "CMS collection windows")
    assert ((before.opens_on - SURGERY).days, (before.closes_on - SURGERY).days) == (-90, -1)
    assert ((after.opens_on - SURGERY).days, (after.closes_on - SURGERY).days) == (270, 365)
    last = after.closes_on
    assert state(after, last) == "open"
    assert state(after, last + timedelta(1), last + timedelta(1)) == "missed"


def test_the_last_full_form_is_not_overdue_for_ever() -> None:
    last = planned("knee-surgery", "koos")[-1]
    assert state(last, last.closes_on + timedelta(1)) == "overdue"
    assert state(last, last.due_on + timedelta(200)) == "missed"


def test_order_is_by_due_day_and_total() -> None:
    found = occurrences(load_pathway("knee-replacement"), SURGERY, YEARS)
    keys = [(o.due_on, o.instrument, o.purpose) for o in found]
    assert keys == sorted(set(keys))


PATHWAYS = [(pathway, series) for pathway in load_pathways() for series in pathway.series]


@given(
    st.sampled_from(PATHWAYS),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.lists(st.integers(-100, 500), max_size=30),
)
def test_an_answer_completes_at_most_one_of_a_series(pathway_series, anchor, offsets) -> None:
    pathway, series = pathway_series
    instrument = series.instruments[0]
    done = {instrument: [anchor + timedelta(n) for n in offsets]}
    as_of = anchor + timedelta(501)
    statuses = [
        status(o, done, as_of)
        for o in occurrences(pathway, anchor, as_of)
        if o.instrument == instrument and o.purpose == series.purpose
    ]
    used = [s.completed_on for s in statuses if s.completed_on]
    assert len(set(used)) == len(used)
    assert set(used) <= set(done[instrument])
    for earlier, later in pairwise(statuses):
        assert earlier.occurrence.closes_on < later.occurrence.opens_on
        assert earlier.occurrence.superseded_on <= later.occurrence.opens_on


ORDER = ["upcoming", "open", "overdue", "missed"]


@given(st.sampled_from(load_pathways()), st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_without_answers_a_state_only_moves_on(pathway, anchor) -> None:
    for one in occurrences(pathway, anchor, anchor + timedelta(120)):
        span = (one.superseded_on - one.opens_on).days + 2
        step = max(1, span // 40)
        walked = [
            ORDER.index(status(one, {}, one.opens_on + timedelta(n)).state.value)
            for n in range(-1, span, step)
        ]
        assert walked == sorted(walked)
        assert walked[0] == 0


@given(
    st.sampled_from(load_pathways()),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.integers(0, 400),
)
def test_a_longer_horizon_only_adds(pathway, anchor, days) -> None:
    short = occurrences(pathway, anchor, anchor + timedelta(days))
    long = occurrences(pathway, anchor, anchor + timedelta(days + 60))
    assert set(short) <= set(long)
    assert all(o.opens_on > anchor + timedelta(days) for o in set(long) - set(short))
