"""The rule on a sudden decline of steps: what may never raise it, and that it does not flap."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.clinic.alert_history import advance
from rehabctl.clinic.alerts import ChangeKind, evaluate
from rehabctl.clinic.verdict import AlertFinding
from rehabctl.domain.facts import Episode, PatientFacts, StepsFact
from rehabctl.reference.rules import load_rules

RULES = load_rules()
TODAY = date(2026, 5, 1)
AS_OF = datetime(2026, 5, 1, 12, tzinfo=UTC)
SPAN = 33
"""Days up to today that the rule may look at."""


def facts(
    counts: list[float | None], *, last: date = TODAY, hours: int | None = 14, **more: object
) -> PatientFacts:
    """Return steps of the days up to `last`, each known the day after at noon."""
    steps = tuple(
        StepsFact(
            id=f"{source}{back:04}",
            day=last - timedelta(days=back),
            recorded_at=datetime.combine(last - timedelta(days=back - 1), datetime.min.time(), UTC)
            + timedelta(hours=6),
            source=source,
            steps=count,
            hours=hours,
            is_whole=True,
        )
        for source in ("apple-health",)
        for back, count in enumerate(reversed(counts))
        if count is not None
    )
    return replace(PatientFacts("p", "UTC", steps=steps), **more)  # pyright: ignore[reportArgumentType]


def declines(told: PatientFacts, as_of: datetime = AS_OF) -> list[AlertFinding]:
    return [f for f in evaluate(told, as_of, RULES) if f.code == "ACTIVITY_DECLINE"]


counts_ = st.lists(st.none() | st.integers(0, 20_000), min_size=SPAN, max_size=SPAN)


def test_a_third_less_for_some_days_meets_it_and_a_bad_day_does_not() -> None:
    steady: list[float | None] = [6000] * 29
    (found,) = declines(facts([*steady, 6000, 3900, 3900, 3900]))
    assert found.inputs["fall_percent"] == 35
    assert found.severity.value == "medium"
    assert not declines(facts([*steady, 6000, 6000, 6000, 500]))
    assert not declines(facts([*steady, 6000, 4300, 4300, 4300]))  # 28 % are not enough
    assert not declines(facts([600] * 29 + [200] * 4))  # two thirds of few steps are few steps


def test_days_of_little_wear_or_not_whole_tell_nothing() -> None:
    fallen: list[float | None] = [6000] * 29 + [2000] * 4
    assert declines(facts(fallen))
    assert declines(facts(fallen, hours=None))  # where wear is not told, the day counts
    few = facts(fallen)
    short = tuple(replace(s, hours=5) if s.steps == 2000 else s for s in few.steps)
    assert not declines(replace(few, steps=short))
    cut = tuple(replace(s, is_whole=False) if s.steps == 2000 else s for s in few.steps)
    assert not declines(replace(few, steps=cut))


def test_the_days_before_surgery_are_no_baseline() -> None:
    fallen: list[float | None] = [8000] * 26 + [500] * 7
    operated = Episode(TODAY - timedelta(days=40), surgery_on=TODAY - timedelta(days=7))
    assert declines(facts(fallen))
    assert not declines(facts(fallen, episode=operated))


@given(counts=counts_, more=st.integers(1, 9000), day=st.integers(1, 5))
def test_more_steps_lately_never_raise_it(counts: list[float | None], more: int, day: int) -> None:
    raised = list(counts)
    value = raised[-day]
    raised[-day] = None if value is None else value + more
    if declines(facts(raised)):
        assert declines(facts(counts))
        assert declines(facts(raised))[0].level <= declines(facts(counts))[0].level


@given(counts=counts_, gone=st.sets(st.integers(0, SPAN - 1), max_size=8))
def test_missing_days_are_no_decline(counts: list[float | None], gone: set[int]) -> None:
    """A steady walker of whom days are missing has no decline, whichever they are."""
    steady = [None if count is None or n in gone else 6000 for n, count in enumerate(counts)]
    assert not declines(facts(list(steady)))
    none_lately = [*counts[:-5], *[None] * 5]
    assert not declines(facts(none_lately))


@settings(max_examples=15)
@given(noise=st.lists(st.integers(-150, 150), min_size=30, max_size=30))
def test_values_about_the_limit_open_it_once(noise: list[int]) -> None:
    counts: list[float | None] = [6000] * 30 + [4200 + n for n in noise]
    told = facts(counts, known_since=AS_OF - timedelta(days=70))
    done = advance(told, (), None, AS_OF, RULES)
    kinds = [c.kind for c in done.changes if c.alert.code == "ACTIVITY_DECLINE"]
    assert kinds.count(ChangeKind.OPENED) <= 2  # once more at most after a closed week
    opened = [c.alert.opened_at for c in done.changes if c.kind is ChangeKind.OPENED]
    assert all(later - earlier >= timedelta(days=7) for earlier, later in pairwise(opened))


@settings(max_examples=25)
@given(counts=counts_, looks=st.sets(st.integers(0, SPAN - 1), max_size=4))
def test_it_makes_no_difference_how_often_one_looks(
    counts: list[float | None], looks: set[int]
) -> None:
    told = facts(counts, known_since=AS_OF - timedelta(days=70))
    once = advance(told, (), None, AS_OF, RULES)
    alerts, since = (), None
    for back in sorted(looks, reverse=True):
        moment = AS_OF - timedelta(days=back)
        alerts = advance(told.known_at(moment), alerts, since, moment, RULES).alerts
        since = moment
    assert advance(told, alerts, since, AS_OF, RULES).alerts == once.alerts
