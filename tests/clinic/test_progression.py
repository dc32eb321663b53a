"""Suggestions about the level of an exercise: all criteria, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from patient_facts import RULES, at, exercise, journal, on, patient, session

from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.progression import (
    ExerciseOutcome,
    LevelSuggestion,
    meets_criteria,
    suggestions,
)
from rehabctl.domain.facts import PatientFacts

ROW = RULES.in_force(on(20))["PROGRESSION_MET"]
GOOD = ExerciseOutcome((12, 12, 12), 1.0)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([GOOD, ExerciseOutcome((12, 12, 13), 1.0)], True),
        ([GOOD, ExerciseOutcome((12, 12, 12), 2.0)], False),  # strictly under 2
        ([ExerciseOutcome((12, 12, 11), 0.0), GOOD], False),
        ([GOOD], False),
        ([ExerciseOutcome((12,), 9.0), GOOD, GOOD], True),  # only the last two count
        ([GOOD, ExerciseOutcome((12, 12), 0.0)], False),
        ([GOOD, ExerciseOutcome((12, 12, 12, 5), 0.0)], True),  # the first three sets count
        ([GOOD, ExerciseOutcome((12, 12, 12), None)], False),  # unknown is not little
        ([GOOD, replace(GOOD, form_score=79.0)], False),
        ([GOOD, replace(GOOD, form_score=80.0)], True),
        ([GOOD, replace(GOOD, next_day_rise=2.0)], False),
        ([GOOD, replace(GOOD, next_day_rise=1.0)], True),
    ],
)
def test_criteria(outcomes: list[ExerciseOutcome], expected: bool) -> None:
    assert meets_criteria(outcomes, ROW) is expected


def told(facts: PatientFacts, day: int = 20) -> tuple[LevelSuggestion, ...]:
    return suggestions(PatientView.of(facts, at(day), RULES))


def done(day: int, pain: float = 1.0, **more: object) -> object:
    return session(day, pain, pain_before=1.0, exercises=(exercise((12, 12, 12)),), **more)


def test_harder_after_two_good_sessions() -> None:
    (suggestion,) = told(patient(sessions=(done(16), done(18))))
    assert (suggestion.exercise, suggestion.direction) == ("mini-squat", "harder")
    assert told(patient(sessions=(done(16), done(18, completed=False)))) == ()
    assert told(patient(sessions=(done(1), done(3)))) == (), "too long ago"


def test_a_worse_next_day_stands_in_the_way() -> None:
    good = (done(16), done(18))
    assert told(patient(sessions=good, journal=(journal(19, 2.0),))) != ()
    assert told(patient(sessions=good, journal=(journal(19, 3.0),))) == ()


def test_easier_when_it_hurts_and_never_harder_as_well() -> None:
    made = tuple(
        session(day, 1, exercises=(exercise((12, 12, 12), pain=pain),))
        for day, pain in ((14, 5.0), (16, 6.0), (18, 1.0))
    )
    assert [s.direction for s in told(patient(sessions=made))] == ["easier"]
    assert told(patient(sessions=made[:1])) == ()


def test_a_skipped_exercise_says_nothing() -> None:
    skipped = session(18, 1, exercises=(exercise((), skipped=True),))
    assert told(patient(sessions=(done(14), done(16), skipped))) != ()
