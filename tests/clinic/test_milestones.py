"""Milestones are reached once, by scheduled days, and never told on a bad day."""

from __future__ import annotations

from dataclasses import replace

import pytest
from patient_facts import RULES, at, on, patient, rom, session, sessions

from rehabctl.clinic.alerts import apply_action
from rehabctl.clinic.milestones import longest_streak, reached, to_celebrate
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.triage import refresh
from rehabctl.domain.facts import AlertAction, AlertActionKind, Goal, PatientFacts, ScoreFact


def view(facts: PatientFacts, day: int = 60) -> PatientView:
    return PatientView.of(facts, at(day), RULES)


def scheduled(days: list[int], done: list[int]) -> PatientFacts:
    return patient(
        due_on=tuple(on(day) for day in days), sessions=tuple(session(day, 1) for day in done)
    )


@pytest.mark.parametrize(
    ("missing", "streak"),
    [
        ([], 20),
        ([9], 19),  # the missed day is forgiven and does not count
        ([9, 17], 11),  # two within 14 days: the run starts anew after the second
        ([9, 24], 18),  # two, but 15 days apart
        ([9, 10], 14),
        ([5], 19),  # nothing to forgive yet
    ],
)
def test_streaks_count_scheduled_days_with_one_freeze(missing: list[int], streak: int) -> None:
    days = list(range(5, 25))
    facts = scheduled(days, [day for day in days if day not in missing])
    assert longest_streak(view(facts)) == streak


def test_days_without_a_session_break_nothing() -> None:
    facts = scheduled([2, 9, 16], [2, 9, 16])
    assert longest_streak(view(facts)) == 3
    assert {m.key for m in reached(view(facts))} == {"streak:3", "sessions:1"}


def test_an_open_grace_day_breaks_nothing() -> None:
    facts = scheduled([2, 4, 6, 8], [2, 4, 6])
    assert longest_streak(view(facts, 9)) == 3


def test_goals_and_scores() -> None:
    score = ScoreFact("q1", at(1), at(1), "koos-jr", "total", 50.0, True, 14.0)
    facts = patient(
        goals=(Goal("g", at(1), "knee_flexion", 80.0, 110.0, "left", "deg"),),
        measurements=rom([(10, 111.0)]),
        scores=(score, replace(score, id="q2", at=at(20), score=64.0)),
    )
    assert {m.key: m.text for m in reached(view(facts))} == {
        "goal:g": "Knee flexion reached 110 deg",
        "score:koos-jr:total": "koos-jr total better by 14, an important change",
    }


def test_nothing_is_told_on_a_day_with_a_grave_alert_and_it_waits() -> None:
    facts = patient(sessions=sessions([(19, 9)]))
    alerts = refresh(facts, (), at(19), RULES).alerts
    assert [m.key for m in reached(view(facts, 19))] == ["sessions:1"]
    assert to_celebrate(view(facts, 19), (), alerts) == ()
    action = AlertAction(at(19, 14), AlertActionKind.ACKNOWLEDGE, "PAIN_SEVERE", "", "t1")
    handled = apply_action(alerts, action)
    assert to_celebrate(view(facts, 19), (), handled) == (), "it was open on this day"
    assert [m.key for m in to_celebrate(view(facts, 20), (), handled)] == ["sessions:1"]
    assert to_celebrate(view(facts, 20), {"sessions:1"}, handled) == ()


def test_a_lesser_alert_does_not_stand_in_the_way() -> None:
    facts = scheduled([2, 4, 6, 8], [2])
    alerts = refresh(facts, (), at(8), RULES).alerts
    assert [a.code for a in alerts] == ["MISSED"]
    assert to_celebrate(view(facts, 8), (), alerts) != ()
