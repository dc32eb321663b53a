"""Outcomes of groups of patients, told so that no small group can be read from them.

A cell of fewer patients than the smallest allowed is hidden, and so are as many other cells of the
same sum as it takes that what is missing from the sum is no small group either. For measures that
count patients the same holds for those who are counted and for those who are not.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction

from rehabctl.domain.cohort import (
    SHARES,
    Cell,
    CellKey,
    CohortRow,
    CourseOutcome,
    CourseRow,
    GroupBy,
    Measure,
    Stratum,
    Tally,
)
from rehabctl.domain.prom_followup import ChangeThreshold, ThresholdKind, ThresholdUnit
from rehabctl.reference.rules import RuleRow

_Z = 1.959964
_PLACES = 6
_AGES = ((18, "under 18"), (50, "18-49"), (65, "50-64"), (80, "65-79"))
_UNKNOWN = "other"


def important_points(
    rows: Iterable[ChangeThreshold], instrument: str, scale: str, condition: str
) -> float | None:
    """Return the change that counts as important for a group: the larger of MDC and MCID.

    Parameters
    ----------
    rows
        Thresholds of change.
    instrument, scale
        Of the scores.
    condition
        The patients, as the rows name them, such as `surgical`.

    Returns
    -------
    float or None
        None where no MCID in points holds for the whole scale: a group has no single baseline.
    """
    best: dict[ThresholdKind, tuple[tuple[bool, object], Fraction]] = {}
    for row in rows:
        fits = (
            (row.instrument, row.scale) == (instrument, scale)
            and row.is_default
            and row.condition in (condition, "any")
            and row.baseline is None
            and row.unit is ThresholdUnit.POINTS
        )
        rank = (row.condition == condition, row.effective_from)
        if fits and (row.kind not in best or rank > best[row.kind][0]):
            best[row.kind] = (rank, row.value)
    if ThresholdKind.MCID not in best:
        return None
    kinds = (ThresholdKind.MDC, ThresholdKind.MCID)
    return float(max(best[kind][1] for kind in kinds if kind in best))


def outcome(
    course: CourseRow,
    by: GroupBy,
    scale_range: tuple[float, float],
    important: float | None,
    rule: RuleRow,
) -> CourseOutcome:
    """Reduce a course of care to what is told of groups.

    Parameters
    ----------
    course
        From the store.
    by
        What groups are made of.
    scale_range
        Lowest and highest score.
    important
        The change that counts as important, in points.
    rule
        `COHORT`.
    """
    improvement = None
    if course.baseline is not None and course.latest is not None:
        change = course.latest - course.baseline
        improvement = round(change if course.higher_is_better else -change, _PLACES)
    completed = None
    if course.ended_on is not None:
        needed = course.ended_on - timedelta(days=rule.days("active_before_end_days"))
        completed = course.last_active_on is not None and course.last_active_on >= needed
    return CourseOutcome(
        group=_group(course, by),
        stratum=_stratum(course, scale_range),
        improvement=improvement,
        is_responder=None
        if improvement is None or important is None
        else improvement >= round(important, _PLACES),
        adherence=min(1.0, course.done / course.scheduled) if course.scheduled else None,
        visits=course.visits,
        completed=completed,
        satisfaction=course.satisfaction,
        goals_met=course.goals_met / course.goals if course.goals else None,
    )


def _group(course: CourseRow, by: GroupBy) -> str:
    match by:
        case GroupBy.CONDITION:
            return course.condition or _UNKNOWN
        case GroupBy.AGE:
            return next((name for below, name in _AGES if course.age_years < below), "80 and over")
        case GroupBy.SEX:
            return course.sex
        case GroupBy.PAYER:
            return course.payer or _UNKNOWN
        case GroupBy.THERAPIST:
            return course.therapist


def _stratum(course: CourseRow, scale_range: tuple[float, float]) -> Stratum:
    if course.baseline is None:
        return Stratum.NO_BASELINE
    low, high = scale_range
    share = (course.baseline - low) / (high - low)
    if not course.higher_is_better:
        share = 1.0 - share
    if share < 1 / 3:
        return Stratum.WORST_THIRD
    return Stratum.MIDDLE_THIRD if share < 2 / 3 else Stratum.BEST_THIRD


def _value(course: CourseOutcome, measure: Measure) -> float | None:
    match measure:
        case Measure.PATIENTS:
            return 1.0
        case Measure.CHANGE:
            return course.improvement
        case Measure.RESPONDERS:
            return None if course.is_responder is None else float(course.is_responder)
        case Measure.ADHERENCE:
            return course.adherence
        case Measure.VISITS:
            return float(course.visits)
        case Measure.COMPLETION:
            return None if course.completed is None else float(course.completed)
        case Measure.SATISFACTION:
            return course.satisfaction
        case Measure.GOALS:
            return course.goals_met


Tallies = Mapping[CellKey, Mapping[Measure, Tally]]


def tally(courses: Iterable[CourseOutcome]) -> Tallies:
    """Return the sums of every cell: everybody, groups, and strata within groups."""
    values: dict[CellKey, dict[Measure, list[float]]] = defaultdict(lambda: defaultdict(list))
    values[None, None] = defaultdict(list)
    for course in courses:
        for measure in Measure:
            if (value := _value(course, measure)) is not None:
                for key in ((None, None), (course.group, None), (course.group, course.stratum)):
                    values[key][measure].append(value)
    return {
        key: {measure: _sums(measure, held.get(measure, [])) for measure in Measure}
        for key, held in values.items()
    }


def _sums(measure: Measure, values: Sequence[float]) -> Tally:
    hits = sum(map(int, values)) if measure in SHARES else 0
    return Tally(len(values), hits, math.fsum(values), math.fsum(v * v for v in values))


def hidden(counts: Sequence[int], least: int) -> tuple[bool, ...]:
    """Return which of the parts of a published sum must be hidden.

    Parameters
    ----------
    counts
        Patients in each part.
    least
        The smallest number that may be told, or be worked out; none at all may be told.

    Notes
    -----
    Parts are taken from the smallest up. A part is hidden when it is small itself, or when what is
    hidden so far is: then the sum less the shown parts is zero or at least `least`.
    """
    flags = [False] * len(counts)
    missing = 0
    for place in sorted(range(len(counts)), key=lambda i: (counts[i], i)):
        count = counts[place]
        if 0 < count < least or 0 < missing < least:
            flags[place] = True
            missing += count
    return tuple(flags)


def hidden_cells(tallies: Tallies, least: int) -> dict[CellKey, frozenset[Measure]]:
    """Return the measures that are hidden in each cell.

    Parameters
    ----------
    tallies
        From `tally`.
    least
        The smallest number of patients that may be told.
    """
    found: dict[CellKey, set[Measure]] = {key: set() for key in tallies}
    for measure in Measure:
        families = [[Measure.PATIENTS, "n"], [measure, "n"]]
        if measure in SHARES:
            families += [[measure, "hits"], [measure, "misses"]]
        for of, what in families:
            for key in _hidden_in(tallies, Measure(of), what, least):
                found[key].add(measure)
    return {key: frozenset(measures) for key, measures in found.items()}


def _hidden_in(tallies: Tallies, measure: Measure, what: str, least: int) -> set[CellKey]:
    """Return the cells to hide so that one family of counts gives no small count away."""

    def count(key: CellKey) -> int:
        found = tallies[key][measure]
        return {"n": found.n, "hits": found.hits, "misses": found.n - found.hits}[what]

    groups = sorted(key for key in tallies if key[0] is not None and key[1] is None)
    gone: set[CellKey] = set()
    if 0 < count((None, None)) < least:
        return set(tallies)
    for key, is_hidden in zip(groups, hidden([count(g) for g in groups], least), strict=True):
        strata = sorted(k for k in tallies if k[0] == key[0] and k[1] is not None)
        if is_hidden:
            gone |= {key, *strata}
            continue
        flags = hidden([count(s) for s in strata], least)
        gone |= {s for s, flag in zip(strata, flags, strict=True) if flag}
    return gone


def cohort_rows(
    tallies: Tallies, hide: Mapping[CellKey, frozenset[Measure]]
) -> tuple[CohortRow, ...]:
    """Return the lines of a report: everybody, then each group and, of shown groups, its strata.

    Parameters
    ----------
    tallies
        Sums by cell.
    hide
        Measures by cell that are not told.
    """
    order: dict[Stratum | None, int] = {stratum: n for n, stratum in enumerate(Stratum)}

    def place(key: CellKey) -> tuple[bool, str, int]:
        return key[0] is not None, key[0] or "", order.get(key[1], -1)

    def is_part_of_hidden(key: CellKey) -> bool:
        return key[1] is not None and Measure.PATIENTS in hide.get((key[0], None), ())

    keys = sorted((key for key in tallies if not is_part_of_hidden(key)), key=place)
    return tuple(
        CohortRow(
            group,
            stratum,
            tuple(
                _cell(m, tallies[group, stratum][m], m in hide.get((group, stratum), ()))
                for m in Measure
            ),
        )
        for group, stratum in keys
    )


def _cell(measure: Measure, sums: Tally, is_hidden: bool) -> Cell:
    if is_hidden:
        return Cell(measure, None, None, is_hidden=True)
    n = sums.n
    if measure is Measure.PATIENTS or not n:
        return Cell(measure, n, float(n) if measure is Measure.PATIENTS else None)
    if measure in SHARES:
        return _figure(measure, n, 100.0, sums.hits / n, *wilson(sums.hits, n))
    scale = 100.0 if measure in (Measure.ADHERENCE, Measure.GOALS) else 1.0
    mean = sums.total / n
    half = 0.0
    if n > 1:
        variance = max(0.0, sums.squares - n * mean * mean) / (n - 1)
        half = _Z * math.sqrt(variance / n)
    return _figure(measure, n, scale, mean, mean - half, mean + half)


def _figure(measure: Measure, n: int, scale: float, value: float, low: float, high: float) -> Cell:
    return Cell(measure, n, round(scale * value, 1), round(scale * low, 1), round(scale * high, 1))


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share by Wilson's formula.

    Parameters
    ----------
    hits, n
        So many of so many, of at least one.
    """
    share, z2 = hits / n, _Z * _Z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)
