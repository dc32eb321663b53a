"""Cohort reports: sums worked by hand, and attackers who try to work out small groups."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.clinic.cohort import (
    Tallies,
    cohort_rows,
    hidden,
    hidden_cells,
    important_points,
    outcome,
    tally,
    wilson,
)
from rehabctl.domain.cohort import (
    SHARES,
    Cell,
    CohortRow,
    CourseOutcome,
    CourseRow,
    GroupBy,
    Measure,
    Stratum,
)
from rehabctl.domain.errors import UsageError
from rehabctl.reference.prom_followup import load_thresholds
from rehabctl.reference.rules import load_rules

RULE = load_rules().in_force(date(2026, 3, 2))["COHORT"]
LEAST = 11


def course(**changes: object) -> CourseRow:
    values: dict[str, object] = {
        "mrn": "1", "condition": "TKR", "age_years": 70, "sex": "female", "payer": "ACME",
        "therapist": "thea", "started_on": date(2026, 1, 1), "ended_on": date(2026, 3, 1),
        "baseline": 7.0, "latest": 4.0, "higher_is_better": False, "scheduled": 20, "done": 15,
        "visits": 6, "last_active_on": date(2026, 2, 20), "satisfaction": 2.0, "goals": 2,
        "goals_met": 1,
    }  # fmt: skip
    return CourseRow(**(values | changes))  # type: ignore[arg-type]


def judged(**changes: object) -> CourseOutcome:
    return outcome(course(**changes), GroupBy.CONDITION, (0.0, 10.0), 2.0, RULE)


def test_one_course_is_judged_by_hand() -> None:
    found = judged()
    assert (found.improvement, found.is_responder) == (3.0, True)
    assert (found.adherence, found.visits, found.completed) == (0.75, 6, True)
    assert (found.goals_met, found.stratum) == (0.5, Stratum.WORST_THIRD)
    assert judged(done=30).adherence == 1.0
    assert judged(scheduled=0).adherence is None
    assert judged(latest=5.0).is_responder is True
    assert judged(latest=5.1).is_responder is False
    assert judged(higher_is_better=True).improvement == -3.0
    assert judged(last_active_on=date(2026, 2, 14)).completed is False
    assert judged(last_active_on=None).completed is False
    assert judged(ended_on=None).completed is None
    none = judged(baseline=None, latest=None, higher_is_better=None)
    assert (none.improvement, none.is_responder, none.stratum) == (None, None, Stratum.NO_BASELINE)


@pytest.mark.parametrize(
    ("baseline", "higher", "expected"),
    [
        (2.0, True, Stratum.WORST_THIRD),
        (2.0, False, Stratum.BEST_THIRD),
        (5.0, True, Stratum.MIDDLE_THIRD),
        (9.0, False, Stratum.WORST_THIRD),
    ],
)
def test_strata_are_thirds_of_the_scale(baseline: float, higher: bool, expected: Stratum) -> None:
    assert judged(baseline=baseline, higher_is_better=higher).stratum is expected


@pytest.mark.parametrize(
    ("by", "group"),
    [
        (GroupBy.CONDITION, "TKR"), (GroupBy.AGE, "65-79"), (GroupBy.SEX, "female"),
        (GroupBy.PAYER, "ACME"), (GroupBy.THERAPIST, "thea"),
    ],
)  # fmt: skip
def test_groups(by: GroupBy, group: str) -> None:
    assert outcome(course(), by, (0.0, 10.0), None, RULE).group == group


def test_the_important_change_of_a_group_is_in_points() -> None:
    rows = load_thresholds()
    assert important_points(rows, "nprs", "total", "any") == 2.0
    assert important_points(rows, "koos-jr", "total", "knee-replacement") == 16.0
    assert important_points(rows, "koos-jr", "total", "knee-replacement") == max(
        float(r.value)
        for r in rows
        if r.instrument == "koos-jr" and r.is_default and r.kind.value in ("mcid", "mdc")
    )
    assert important_points(rows, "tug", "total", "any") is None


def test_figures_by_hand() -> None:
    courses = [judged(latest=7.0 - gain, mrn=str(gain)) for gain in (0, 1, 2, 3) for _ in range(11)]
    found = {c.measure: c for c in table(courses)[0].cells}
    change = found[Measure.CHANGE]
    assert (change.n, change.value) == (44, 1.5)
    # sample standard deviation of eleven times 0, 1, 2, 3 is sqrt(55/43)
    half = 1.959964 * (55 / 43) ** 0.5 / 44**0.5
    assert change.high == pytest.approx(1.5 + half, abs=0.05)
    assert found[Measure.RESPONDERS].value == 50.0
    assert found[Measure.ADHERENCE].value == 75.0


def test_wilson_by_the_textbook() -> None:
    low, high = wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert wilson(0, 10)[0] == 0.0


def table(courses: Iterable[CourseOutcome], least: int = LEAST) -> tuple[CohortRow, ...]:
    tallies = tally(courses)
    return cohort_rows(tallies, hidden_cells(tallies, least))


counts = st.lists(st.integers(0, 30), min_size=1, max_size=6)


@given(counts, st.integers(2, 15))
def test_what_is_missing_from_a_sum_is_nobody_or_enough(parts: list[int], least: int) -> None:
    flags = hidden(parts, least)
    missing = sum(n for n, gone in zip(parts, flags, strict=True) if gone)
    assert missing == 0 or missing >= least or missing == sum(parts)
    for n, gone in zip(parts, flags, strict=True):
        assert gone or n == 0 or n >= least


@given(counts)
def test_nothing_is_hidden_without_need(parts: list[int]) -> None:
    if all(n == 0 or n >= LEAST for n in parts):
        assert not any(hidden(parts, LEAST))


SIZES = (0, 1, 5, 9, 11, 12, 14, 30)
cohorts = st.tuples(
    st.lists(st.sampled_from(SIZES), min_size=12, max_size=12), st.integers(0, 10**6)
)


def some_courses(sizes: list[int], seed: int) -> Iterable[CourseOutcome]:
    """Cells of chosen sizes, in which what is known of each patient is drawn."""
    draw = random.Random(seed)
    shares = [draw.random() for _ in range(12)]
    for cell, size in enumerate(sizes):
        for _ in range(size):
            yield CourseOutcome(
                group=("ACL", "RCR", "TKR")[cell // 4],
                stratum=list(Stratum)[cell % 4],
                improvement=draw.choice((None, 1.0, 1.0, 1.0)),
                is_responder=draw.random() < shares[cell] if draw.random() < 0.9 else None,
                adherence=draw.choice((None, 0.5, 0.5)),
                visits=draw.randint(0, 3),
                completed=draw.random() < 0.5,
                satisfaction=draw.choice((None, 4.0)),
                goals_met=None,
            )


@settings(max_examples=150)
@given(cohorts)
def test_no_small_group_is_told_or_follows_by_subtraction(made: tuple[list[int], int]) -> None:
    tallies = tally(some_courses(*made))
    rows = cohort_rows(tallies, hidden_cells(tallies, LEAST))
    cells = {(r.group, r.stratum): {c.measure: c for c in r.cells} for r in rows}
    for measure, what in product(Measure, ("n", "hits", "misses")):
        if what == "n" or measure in SHARES:
            _attack(tallies, cells, measure, what)


def _attack(
    tallies: Tallies, cells: dict[object, dict[Measure, Cell]], measure: Measure, what: str
) -> None:
    """Try every subtraction of shown parts from a shown sum, and compare with the truth."""

    def truth(key: object) -> int:
        held = tallies[key][measure]  # type: ignore[index]
        return {"n": held.n, "hits": held.hits, "misses": held.n - held.hits}[what]

    def shown(key: object) -> bool:
        return key in cells and not cells[key][measure].is_hidden

    for key in cells:
        if shown(key):
            assert truth(key) == 0 or truth(key) >= LEAST, (key, measure, what)
    groups = [k for k in tallies if k[0] is not None and k[1] is None]
    sums = [((None, None), groups)]
    sums += [(g, [k for k in tallies if k[0] == g[0] and k[1] is not None]) for g in groups]
    for whole, parts in sums:
        if shown(whole):
            rest = truth(whole) - sum(truth(p) for p in parts if shown(p))
            assert rest == 0 or rest >= LEAST, (whole, measure, what)


def test_a_cohort_of_three_is_hidden_whole() -> None:
    (everybody,) = table([judged() for _ in range(3)])[:1]
    assert all(cell.is_hidden and cell.n is None and cell.value is None for cell in everybody.cells)


def test_one_small_group_takes_the_next_larger_one_with_it() -> None:
    sizes = {"ACL": 3, "RCR": 12, "THR": 40, "TKR": 50}
    courses = [judged(condition=name) for name, n in sizes.items() for _ in range(n)]
    patients = {r.group: r.cells[0] for r in table(courses) if r.stratum is None}
    assert {g: c.n for g, c in patients.items()} == {
        None: 105, "ACL": None, "RCR": None, "THR": 40, "TKR": 50,
    }  # fmt: skip


def test_a_clinic_cannot_tell_smaller_groups() -> None:
    row = '[[rule]]\ncode = "COHORT"\nsource = "x"\neffective_from = 2026-01-01\n'
    assert load_rules(row + "limits = { smallest_cell = 20 }")
    with pytest.raises(UsageError, match="mallest_cell is raised only"):
        load_rules(row + "limits = { smallest_cell = 5 }")
