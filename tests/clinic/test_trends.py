"""Trend words: only a change beyond the measurement's own error moves them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from patient_facts import RULES, at, patient, rom, sessions

from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.trends import MotionTrend, rom_trends
from rehabctl.clinic.triage import refresh
from rehabctl.domain.facts import Extreme, Measurement, PatientFacts


@pytest.mark.parametrize(
    ("ratings", "word"),
    [
        ([(1, 3), (3, 3), (5, 4), (7, 5), (9, 6)], "rising"),
        ([(1, 6), (3, 5), (5, 4), (7, 3)], "falling"),
        ([(1, 3), (3, 4), (5, 3), (7, 4)], "steady"),
        ([(1, 3), (3, 9)], None),
        ([(-60, 9), (1, 3), (3, 3), (5, 3)], "steady"),  # too long ago
        ([(-60, 9), (1, 3), (3, 3)], None),
    ],
)
def test_pain(ratings: list[tuple[int, float]], word: str | None) -> None:
    facts = patient(sessions=sessions(ratings))
    assert refresh(facts, (), at(10), RULES).row.pain_trend == word
    # the word looks back from the newest rating: time alone does not change it
    assert refresh(facts, (), at(90), RULES).row.pain_trend == word


def trends(facts: PatientFacts) -> tuple[MotionTrend, ...]:
    return rom_trends(PatientView.of(facts, at(28), RULES))


def word(values: tuple[Measurement, ...]) -> str | None:
    return refresh(patient(measurements=values), (), at(28), RULES).row.rom_trend


@pytest.mark.parametrize(
    ("values", "uncertainty", "expected"),
    [
        ([(2, 90), (20, 98)], 5.0, "improving"),  # 8 > 7.07
        ([(2, 90), (20, 97)], 5.0, "steady"),
        ([(2, 90), (20, 82)], 5.0, "declining"),
        ([(2, 90), (20, 98)], None, "steady"),  # 10 where nothing is known
        ([(2, 90), (20, 101)], None, "improving"),
        ([(20, 98)], 5.0, None),
        ([(2, 90), (5, 60), (9, 91), (14, 97), (17, 98), (20, 130)], 5.0, "improving"),  # 90 to 98
    ],
)
def test_motion(
    values: list[tuple[int, float]], uncertainty: float | None, expected: str | None
) -> None:
    assert word(rom(values, uncertainty_deg=uncertainty)) == expected


def test_a_motion_towards_extension_improves_downwards() -> None:
    assert word(rom([(2, 20), (20, 8)], extreme=Extreme.MIN)) == "improving"


def test_methods_are_not_joined_and_the_last_one_speaks() -> None:
    old = rom([(2, 90), (6, 91)], method="camera/1/1")
    assert word((*old, *rom([(20, 110)], method="camera/1/2"))) is None
    assert word((*old, *rom([(18, 110), (20, 111)], method="camera/1/2"))) == "steady"


def test_one_declining_motion_is_the_word_of_all() -> None:
    good = rom([(2, 90), (20, 120)])
    bad = rom([(2, 90), (20, 70)], side="right")
    assert word((*good, *bad)) == "declining"
    told = {(t.key.side, t.word, t.change_deg) for t in trends(patient(measurements=(*good, *bad)))}
    assert told == {("left", "improving", 30.0), ("right", "declining", -20.0)}


def test_a_series_that_ended_long_ago_is_left_out() -> None:
    ended = rom([(-40, 90), (-38, 60)], side="right")
    facts = patient(measurements=(*ended, *rom([(2, 90), (20, 91)])))
    assert [t.key.side for t in trends(facts)] == ["left"]
    assert [t.word for t in trends(replace(facts, measurements=ended))] == ["declining"]
