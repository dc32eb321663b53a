"""Laws of the worklist, whatever a patient's facts are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patient_facts import RULES, at, exercise, on, patient, rom, session, sessions, surgery

from rehabctl.clinic.alert_rules import ALERT_RULES
from rehabctl.clinic.alerts import apply_action, evaluate
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.simulation import simulate
from rehabctl.clinic.triage import PanelFacts, Refreshed, refresh
from rehabctl.domain.facts import (
    AlertAction,
    AlertActionKind,
    Episode,
    ExerciseRecord,
    Extreme,
    Goal,
    Hold,
    JournalEntry,
    Measurement,
    PatientFacts,
    PlanOfCare,
    ReviewItem,
    ScoreDue,
    ScoreFact,
    SessionFact,
    SymmetryResult,
)
from rehabctl.domain.triage import Tier
from rehabctl.reference.rules import RuleTable, load_rules

TIERS = list(Tier)
ZONES = ("UTC", "America/Chicago", "Pacific/Auckland", "Asia/Kolkata")
LATER_RULES = load_rules(
    """
[[rule]]
code = "PAIN_SEVERE"
effective_from = 2026-03-25
source = "clinic policy"
limits = { at_least = 6 }
""",
    "policy",
)

# times from the middle of February on, so that both weeks of March with a change of clocks occur
moments = st.integers(-20 * 1440, 24 * 1440).map(lambda m: at(1, 0) + timedelta(minutes=m))
days = st.integers(-20, 60).map(on)
ratings = st.none() | st.integers(0, 10).map(float)


def identified(kind: Any, **parts: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    """Tuples of events with ids of their own, known as soon as they happened; few or many."""
    event = st.builds(lambda at, **more: (at, more), at=moments, **parts)
    return (st.lists(event, max_size=3) | st.lists(event, min_size=10, max_size=18)).map(
        lambda made: tuple(
            kind(id=f"{kind.__name__}{n}", at=moment, recorded_at=moment, **more)
            for n, (moment, more) in enumerate(made)
        )
    )


exercises = st.lists(
    st.builds(
        ExerciseRecord,
        exercise=st.sampled_from(["mini-squat", "quad-set"]),
        skipped=st.booleans(),
        repetitions=st.sampled_from([(12, 12, 12), (10, 8), ()]),
        pain=ratings,
        form_score=st.none() | st.sampled_from([40.0, 90.0]),
    ),
    max_size=2,
).map(tuple)
all_facts = st.builds(
    PatientFacts,
    patient_id=st.just("p1"),
    time_zone=st.sampled_from(ZONES),
    episode=st.none()
    | st.builds(
        Episode,
        started_on=days,
        ended_on=st.none() | days,
        condition=st.sampled_from(["TKR", "ACL", None]),
        surgery_on=st.none() | st.integers(-60, 20).map(on),
        side=st.sampled_from(["left", "right", None]),
    ),
    sessions=identified(
        SessionFact,
        completed=st.booleans(),
        exercises=exercises,
        pain_before=ratings,
        pain_during=ratings,
        pain_after=ratings,
    ),
    due_on=st.lists(days, max_size=14).map(tuple),
    holds=st.lists(st.builds(Hold, from_day=days, to_day=st.none() | days), max_size=2).map(tuple),
    journal=identified(
        JournalEntry,
        pain=ratings,
        red_flags=st.sampled_from([(), (), (), ("fall",), ("fall", "chest_pain")]),
    ),
    measurements=identified(
        Measurement,
        exercise=st.none(),
        motion=st.just("knee_flexion"),
        side=st.just("left"),
        value_deg=st.integers(0, 130).map(float),
        uncertainty_deg=st.sampled_from([None, 5.0]),
        method=st.sampled_from(["a", "b"]),
        extreme=st.sampled_from(Extreme),
    ),
    symmetry=identified(
        SymmetryResult,
        measure=st.just("load"),
        motion=st.just("knee_extension"),
        left=st.integers(60, 100).map(float),
        right=st.integers(60, 100).map(float),
        method=st.just("scale"),
    ),
    scores=identified(
        ScoreFact,
        instrument=st.just("koos-jr"),
        scale=st.just("total"),
        score=st.integers(0, 100).map(float),
        higher_is_better=st.just(True),
        important_change=st.just(14.0),
    ),
    scores_due=st.lists(st.builds(ScoreDue, st.just("koos-jr"), days), max_size=2).map(tuple),
    goals=st.lists(
        st.builds(
            Goal,
            id=st.sampled_from(["g1", "g2"]),
            set_at=moments,
            measure=st.sampled_from(["pain", "knee_flexion", "koos-jr:total"]),
            baseline=st.just(20.0),
            target=st.sampled_from([0.0, 20.0, 120.0]),
        ),
        max_size=2,
        unique_by=lambda goal: goal.id,
    ).map(tuple),
    reviews=identified(
        ReviewItem,
        exercise=st.just("mini-squat"),
        full_count=st.just(5),
        partial_count=st.just(1),
        peak_deg=st.just(90.0),
        interval_deg=st.none(),
        confidence=st.sampled_from([0.3, 0.9]),
        status=st.just("good"),
        reviewed_at=st.none() | moments,
    ),
    plan_of_care=st.none()
    | st.builds(
        PlanOfCare,
        ends_on=st.none() | days,
        treatment_days=st.lists(days, max_size=12).map(tuple),
        last_progress_report_on=st.none() | days,
    ),
)
handled = st.lists(
    st.tuples(st.sampled_from(AlertActionKind), st.integers(1, 9 * 1440)), max_size=3
)


def seen(row: PanelFacts) -> PanelFacts:
    return replace(row, next_change_at=None)


def handle(
    refreshed: Refreshed, actions: list[tuple[AlertActionKind, int]], now: datetime
) -> Refreshed:
    """Let a person act on the first alerts."""
    alerts = refreshed.alerts
    for alert, (kind, minutes) in zip(refreshed.alerts, actions, strict=False):
        until = now + timedelta(minutes=minutes)
        action = AlertAction(now, kind, alert.code, alert.key, "t1", until)
        alerts = apply_action(alerts, action)
    return replace(refreshed, alerts=alerts)


@settings(max_examples=100, deadline=None)
@given(all_facts, st.integers(10 * 1440, 30 * 1440), handled, st.sampled_from([RULES, LATER_RULES]))
def test_nothing_changes_before_the_moment_that_the_row_names(
    facts: PatientFacts,
    minute: int,
    actions: list[tuple[AlertActionKind, int]],
    rules: RuleTable,
) -> None:
    as_of = at(1, 0) + timedelta(minutes=minute)
    first = refresh(facts, (), as_of - timedelta(days=3), rules)
    first = handle(first, actions, as_of - timedelta(days=3))
    now = refresh(facts, first.alerts, as_of, rules)
    end = now.row.next_change_at or as_of + timedelta(days=200)
    assert end > as_of
    checks = [as_of + timedelta(hours=7 * n) for n in range(1, 40)]
    checks += [as_of + timedelta(days=n) for n in range(12, 200, 9)]
    checks.append(end - timedelta(microseconds=1))
    found = evaluate(facts, as_of, rules)
    for moment in sorted(checks):
        if as_of <= moment < end:
            then = refresh(facts, now.alerts, moment, rules)
            assert seen(then.row) == seen(now.row)
            assert evaluate(facts, moment, rules) == found
            assert then.changes == ()


def verdicts_change_only_when_named(facts: PatientFacts, as_of: datetime) -> None:
    """Check each rule alone: another one's earlier moment must not cover for it."""
    now = PatientView.of(facts, as_of, RULES)
    told = {rule.code: list(rule.judge(now, now.rules[rule.code])) for rule in ALERT_RULES}
    plans = min(now.plan_moments(), default=now.today + 99)
    ends = {
        rule.code: min(plans, rule.moments(now, now.rules[rule.code]) or plans)
        for rule in ALERT_RULES
    }
    for ahead in range(1, 40):
        view = PatientView.of(facts, as_of + timedelta(days=ahead), RULES)
        for rule in ALERT_RULES:
            if now.today < view.today < ends[rule.code]:
                then = list(rule.judge(view, view.rules[rule.code]))
                assert then == told[rule.code], f"{rule.code} changed after {ahead} days"


@settings(max_examples=60, deadline=None)
@given(all_facts, st.integers(10 * 1440, 30 * 1440))
def test_each_rule_names_its_own_moments(facts: PatientFacts, minute: int) -> None:
    verdicts_change_only_when_named(facts, at(1, 0) + timedelta(minutes=minute))


@pytest.mark.parametrize("day", [28, 45, 55, 70])
def test_each_rule_names_its_own_moments_on_simulated_patients(day: int) -> None:
    start = date(2026, 1, 5)
    as_of = datetime(2026, 1, 5, 15, tzinfo=UTC) + timedelta(days=day)
    for made in simulate(25, seed=day, start=start, days=90, setback_share=0.8):
        verdicts_change_only_when_named(made.facts.known_at(as_of), as_of)


@pytest.mark.parametrize(
    "facts",
    [
        patient(sessions=sessions([(19, 9)])),
        patient(episode=surgery(0, -20), measurements=rom([(10, 8), (15, 9)], extreme=Extreme.MIN)),
        patient(
            sessions=tuple(
                session(n, 1, exercises=(exercise((8,), form_score=40.0),)) for n in (10, 14, 18)
            )
        ),
    ],
    ids=["PAIN_SEVERE", "EXT_DEFICIT", "FORM_LOW"],
)
def test_rules_that_chance_seldom_meets_name_their_own_moments(
    facts: PatientFacts, request: pytest.FixtureRequest
) -> None:
    assert request.node.callspec.id in [f.code for f in evaluate(facts, at(20), RULES)]
    verdicts_change_only_when_named(facts, at(20))


@settings(max_examples=60, deadline=None)
@given(all_facts, st.integers(10 * 1440, 30 * 1440), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_come_makes_no_difference(
    facts: PatientFacts, minute: int, shuffler: Any
) -> None:
    def shuffled(events: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(shuffler.sample(events, len(events)))

    names = (
        "sessions", "due_on", "holds", "journal", "measurements", "symmetry", "scores",
        "scores_due", "goals", "reviews",
    )  # fmt: skip
    turned = replace(facts, **{name: shuffled(getattr(facts, name)) for name in names})
    as_of = at(1, 0) + timedelta(minutes=minute)
    assert refresh(turned, (), as_of, RULES) == refresh(facts, (), as_of, RULES)


@settings(max_examples=60, deadline=None)
@given(all_facts, st.integers(10 * 1440, 30 * 1440))
def test_looking_twice_changes_nothing(facts: PatientFacts, minute: int) -> None:
    as_of = at(1, 0) + timedelta(minutes=minute)
    once = refresh(facts, (), as_of, RULES)
    twice = refresh(facts, once.alerts, as_of, RULES)
    assert twice.alerts == once.alerts
    assert twice.row == once.row
    assert twice.changes == ()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 10)), min_size=1, max_size=12),
    st.integers(0, 3),
    st.integers(1, 10),
    st.booleans(),
)
def test_raising_the_newest_pain_never_lowers_a_tier(
    rated: list[tuple[int, int]], how_many: int, by: int, with_exercises: bool
) -> None:
    """The newest ratings rise, the rest stays: a decline or a red flag never becomes less.

    The tier `due` may end where it stood for progress only (criteria for a harder level, a goal
    nearly met): more pain takes that suggestion back, and nothing else.
    """
    done = (ExerciseRecord("mini-squat", repetitions=(12, 12, 12)),) if with_exercises else ()
    rated = sorted(rated)
    newest = {id(pair) for pair in rated[-how_many - 1 :]}

    def made(extra: int) -> PatientFacts:
        return patient(
            sessions=tuple(
                session(
                    day,
                    float(min(10, pain + (extra if id(pair) in newest else 0))),
                    id=f"s{n}",
                    pain_before=2.0,
                    exercises=done,
                )
                for n, pair in enumerate(rated)
                for day, pain in (pair,)
            )
        )

    recent = all(rated[-1][0] - day <= 7 for day, _ in rated[-how_many - 1 :])
    as_of = at(rated[-1][0], 20)
    before, after = (refresh(made(extra), (), as_of, RULES).row for extra in (0, by))
    progress = {"PROGRESSION_MET", "GOAL_NEAR"}
    only_progress = {reason.code for reason in before.reasons} <= progress
    if recent and not (before.tier is Tier.DUE and only_progress):
        assert TIERS.index(after.tier) <= TIERS.index(before.tier)


def test_a_rules_date_decides() -> None:
    facts = patient(sessions=sessions([(24, 7)]))
    assert evaluate(facts, at(24), LATER_RULES) == []
    (finding,) = evaluate(facts, at(25), LATER_RULES)
    assert finding.rule_version == "PAIN_SEVERE@2026-03-25+policy"
    assert finding.text == "Pain 7/10 on 2026-03-24; limit 6"
    assert evaluate(facts, at(25), RULES) == []
    waiting = refresh(facts, (), at(24), LATER_RULES).row
    assert waiting.next_change_at == at(25, 0)


def test_the_day_of_the_rule_is_a_day_of_the_clinic() -> None:
    facts = patient(sessions=(session(24, 7),), time_zone="America/Chicago")
    early = datetime(2026, 3, 25, 3, tzinfo=UTC)  # still the 24th in Chicago
    assert evaluate(facts, early, LATER_RULES) == []
    assert evaluate(facts, early + timedelta(hours=3), LATER_RULES) != []


def test_a_quiet_patient_is_swept_rarely() -> None:
    quiet = patient(sessions=(session(1, 2),), episode=Episode(on(1), ended_on=on(2)))
    row = refresh(quiet, (), at(70), RULES).row
    assert row.next_change_at is None
    waits = patient(scores_due=(ScoreDue("koos-jr", date(2026, 6, 1)),))
    assert refresh(waits, (), at(1), RULES).row.next_change_at == datetime(2026, 6, 2, tzinfo=UTC)
