"""Raw events become the facts of gates: the newest value, the involved side, real changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.clinic.gate_evaluation import GateFacts
from rehabctl.clinic.gate_facts import gate_facts
from rehabctl.domain.facts import (
    Episode,
    ExerciseRecord,
    Extreme,
    Measurement,
    PatientFacts,
    ScoreFact,
    SessionFact,
)

DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 18, tzinfo=UTC)
EMPTY = PatientFacts("p", "America/Denver")


def measured(
    value: float, side: str, days_ago: float, extreme: Extreme = Extreme.MAX
) -> Measurement:
    at = NOON - timedelta(days=days_ago)
    return Measurement(
        f"{value}{side}", at, at, "mini-squat", "knee_flexion", side, value, 5.0, "camera", extreme
    )


def judged(facts: PatientFacts, since: date = date(2026, 1, 1)) -> GateFacts:
    return gate_facts(facts, DAY, weeks=None, since=since, norms={}, answers={})


def involved(side: str | None) -> Episode:
    return Episode(date(2026, 1, 1), side=side)


def test_the_newest_value_of_the_involved_side_counts() -> None:
    rows = (measured(120, "left", 9), measured(101, "left", 1), measured(130, "right", 2))
    found = judged(replace(EMPTY, episode=involved("left"), measurements=rows))
    assert found.rom_deg == {("knee_flexion", "active"): 101}
    assert found.side_difference_deg == {("knee_flexion", "active"): 29}
    assert found.sources["rom", "knee", "flexion", "active"].startswith("2026-03-01, mini-squat")


def test_without_an_involved_side_the_worse_one_decides() -> None:
    rows = (measured(101, "left", 1), measured(99, "right", 1))
    low = (measured(3, "left", 1, Extreme.MIN), measured(7, "right", 1, Extreme.MIN))
    found = judged(replace(EMPTY, episode=involved(None), measurements=rows + low))
    assert found.rom_deg == {("knee_flexion", "active"): 99}
    assert found.extension_deficit_deg == {("knee", "active"): 7}
    assert found.side_difference_deg == {}


def test_one_measured_side_gives_no_difference() -> None:
    found = judged(
        replace(EMPTY, episode=involved("left"), measurements=(measured(90, "left", 1),))
    )
    assert found.side_difference_deg == {}
    other = replace(EMPTY, episode=involved("left"), measurements=(measured(90, "right", 1),))
    assert judged(other).rom_deg == {}


def score(value: float, day: date, *, higher: bool) -> ScoreFact:
    at = datetime(day.year, day.month, day.day, 18, tzinfo=UTC)
    return ScoreFact(f"{day}", at, at, "tug", "total", value, higher)


@pytest.mark.parametrize("higher", [True, False])
def test_a_change_counts_from_the_last_score_before_the_programme(higher: bool) -> None:
    rows = (
        score(20, date(2026, 1, 1), higher=higher),
        score(16, date(2026, 2, 1), higher=higher),
        score(11, date(2026, 3, 1), higher=higher),
    )
    found = judged(replace(EMPTY, scores=rows), since=date(2026, 2, 1))
    change = -5 if higher else 5  # improvement is positive
    assert found.score_changes == {("tug", "total"): change}
    assert (found.tests, found.test_changes) == ({"TUG": 11}, {"TUG": change})


def test_a_single_score_is_no_change() -> None:
    found = judged(replace(EMPTY, scores=(score(20, date(2026, 3, 1), higher=False),)))
    assert (found.scores, found.score_changes) == ({("tug", "total"): 20}, {})


def test_days_are_the_clinics_and_skipped_or_unfinished_work_is_no_set() -> None:
    done = ExerciseRecord("bird-dog", repetitions=(12, 12))
    late = SessionFact("a", datetime(2026, 3, 2, 5, tzinfo=UTC), NOON, True, (done,), pain_after=3)
    skipped = done._replace(skipped=True)
    rows = (
        late,
        late._replace(id="b", exercises=(skipped,)),
        late._replace(id="c", completed=False),
    )
    found = judged(replace(EMPTY, sessions=rows))
    assert [(row.day, row.repetitions) for row in found.sets] == [(date(2026, 3, 1), (12, 12))]
    assert {day for day, _ in found.pain} == {date(2026, 3, 1)}


@given(st.permutations([measured(90 + n, "left", 9 - n) for n in range(5)]))
def test_the_order_of_events_does_not_matter(rows: list[Measurement]) -> None:
    found = judged(replace(EMPTY, episode=involved("left"), measurements=tuple(rows)))
    assert found.rom_deg == {("knee_flexion", "active"): 94}
