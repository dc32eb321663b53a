"""Adherence: what counts as done, over which days, and when in the day."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patient_facts import RULES, at, exercise, on, patient, session

from rehabctl.clinic.adherence import adherence, circular_resultant, ols_slope
from rehabctl.clinic.schedule_matching import match_schedule, missed_run
from rehabctl.domain.facts import Episode, Hold


@pytest.mark.parametrize(
    ("due", "done", "expected"),
    [
        ([2, 4, 6], [2, 5], [True, True, False]),
        ([2, 4, 6], [3, 4, 8], [True, True, False]),
        ([1, 2, 3, 4], [2, 4], [False, True, False, True]),  # a session stands for one only
        ([1, 2, 3], [1, 3, 3], [True, True, True]),  # the second one of day 3 makes up for day 2
        ([1, 2, 3], [2, 2, 3], [True, True, True]),
        ([1, 1], [1], [True, False]),  # two sessions a day
        ([1, 1], [1, 1], [True, True]),
        ([3], [1, 2], [False]),  # early does not count
        ([], [1], []),
    ],
)
def test_matching(due: list[int], done: list[int], expected: list[bool]) -> None:
    assert match_schedule(due, done, 1) == expected


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 40), max_size=20).map(sorted),
    st.lists(st.integers(1, 42), max_size=20).map(sorted),
)
def test_no_session_is_counted_twice(due: list[int], done: list[int]) -> None:
    matched = match_schedule(due, done, 1)
    assert sum(matched) <= len(done)
    one_more = match_schedule(due, sorted([*done, 20]), 1)
    assert sum(matched) <= sum(one_more) <= sum(matched) + 1


@pytest.mark.parametrize(
    ("today", "run", "first"), [(8, 1, 6), (10, 1, 6), (11, 2, 6), (13, 3, 6), (5, 0, None)]
)
def test_missed_in_a_row(today: int, run: int, first: int | None) -> None:
    due, done = [2, 4, 6, 9, 11], [2, 5]
    missed = missed_run(due, match_schedule(due, done, 1), today, 1)
    assert (len(missed), missed[0] if missed else None) == (run, first)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ((7 * 60, 7 * 60 + 30, 6 * 60 + 45, 7 * 60 + 15), 0.9973),
        ((7 * 60, 13 * 60, 19 * 60, 23 * 60), 0.1294),
        ((23 * 60 + 30, 30), 0.9914),
    ],
)
def test_time_of_day_wraps_at_midnight(times: tuple[int, ...], expected: float) -> None:
    assert circular_resultant(times) == pytest.approx(expected, abs=5e-5)


def test_slopes() -> None:
    assert ols_slope([0, 1, 2, 3], [5, 4, 3, 3]) == pytest.approx(-0.7)
    assert ols_slope([0, 1, 2, 3], [3, 3, 4, 3]) == pytest.approx(0.1)
    assert ols_slope([2, 2], [1, 9]) == 0.0


def test_summary() -> None:
    facts = patient(
        episode=Episode(on(1)),
        due_on=tuple(on(day) for day in range(1, 29, 2)),
        sessions=tuple(
            session(day, hour=7, exercises=(exercise((10,)), exercise((), skipped=day > 21)))
            for day in (1, 3, 6, 9, 11, 13, 15, 17, 21, 27)
        ),
    )
    told = adherence(facts, at(28), RULES)
    assert told.percent_7d == 33.3  # due 23, 25, 27: done 27
    assert told.percent_28d == 71.4  # of 14: 7, 19, 23 and 25 are missed
    assert told.missed_in_a_row == 0
    assert [(w.starts_on, w.scheduled, w.completed) for w in told.weeks] == [
        (on(1), 4, 3),
        (on(8), 3, 3),
        (on(15), 4, 3),
        (on(22), 3, 1),
    ]
    assert [w.percent for w in told.weeks] == [75.0, 100.0, 75.0, 33.3]
    assert told.sessions_per_week_slope == pytest.approx(-0.6)  # 3, 3, 3, 1
    assert told.skip_rate == 0.5
    assert told.time_of_day_resultant == pytest.approx(1.0)
    assert adherence(facts, at(29), RULES).time_of_day_resultant is None  # three in 14 days
    assert told.rule_versions == ("ADHERENCE@2024-01-01", "ENGAGEMENT_BANDS@2024-01-01")


def test_an_open_grace_day_counts_neither_way() -> None:
    facts = patient(due_on=(on(2), on(4)), sessions=(session(2),))
    assert adherence(facts, at(5), RULES).percent_7d == 100.0
    assert adherence(facts, at(6), RULES).percent_7d == 50.0


def test_days_on_hold_are_not_scheduled() -> None:
    facts = patient(due_on=(on(2), on(4)), sessions=(session(2),), holds=(Hold(on(3)),))
    assert adherence(facts, at(9), RULES).percent_28d == 100.0


def test_nothing_scheduled_has_no_share() -> None:
    assert adherence(patient(), at(9), RULES).percent_28d is None
