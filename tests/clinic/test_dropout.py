"""The engagement score gives the points of its table, shows each, and says what it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patient_facts import RULES, at, exercise, on, patient, session

from rehabctl.clinic.dropout import EngagementFeatures, engagement_score, score_features
from rehabctl.domain.facts import Episode, Hold

IN_FORCE = RULES.in_force(on(20))


@pytest.mark.parametrize(
    ("features", "points", "band"),
    [
        (EngagementFeatures(-0.7, 0.4, 2, 0.42, 0.6, 1.1, 0.25), 13, "high"),
        (EngagementFeatures(0.1, 0.86, 0, 0.93, -0.2, 0.8, 0.05), 0, "low"),
        (EngagementFeatures(0, 0.5, 1, None, first_week=1, contact=5), 6, "moderate"),
        (EngagementFeatures(-0.5, 0.29, 3, 0.49, 0.5, 2, 0.41, 1, 5), 21, "high"),
        (EngagementFeatures(), 0, "low"),
    ],
)
def test_vectors(features: EngagementFeatures, points: int, band: str) -> None:
    score = score_features(features, IN_FORCE)
    assert (score.points, score.band) == (points, band)
    assert sum(c.points for c in score.contributions) == points
    assert score.label == "engagement risk score, not a probability"


@pytest.mark.parametrize(
    ("name", "value", "points"),
    [
        ("freq_slope", -0.5, 3), ("freq_slope", -0.49, 1), ("freq_slope", -0.19, 0),
        ("completion", 0.3, 3), ("completion", 0.5, 2), ("completion", 0.7, 0),
        ("miss_run", 1, 0), ("miss_run", 2, 2), ("miss_run", 7, 3),
        ("time_of_day", 0.5, 1), ("time_of_day", 0.75, 0),
        ("pain_slope", 0.49, 0), ("pain_fluct", 1.99, 0),
        ("skip", 0.4, 1), ("skip", 0.2, 1), ("skip", 0.19, 0),
        ("first_week", 2, 0), ("contact", 4, 0),
    ],
)  # fmt: skip
def test_each_step_at_its_limit(name: str, value: float, points: int) -> None:
    score = score_features(EngagementFeatures(**{name: value}), IN_FORCE)
    told = {c.feature: c for c in score.contributions}[name]
    assert told.points == points
    assert told.value == value
    assert (told.limit is not None) is (points > 0)


shares = st.floats(0, 1)


@settings(deadline=None)
@given(shares, shares)
def test_doing_more_never_adds_points(one: float, other: float) -> None:
    low, high = sorted((one, other))
    points = [
        score_features(EngagementFeatures(completion=c), IN_FORCE).points for c in (low, high)
    ]
    assert points[0] >= points[1]


def test_features_from_facts() -> None:
    facts = patient(
        episode=Episode(on(1)),
        due_on=tuple(on(day) for day in range(1, 18, 2)),
        sessions=(session(4, 2, exercises=(exercise((), skipped=True),)),),
        opened_at=(at(4),),
    )
    score = engagement_score(facts, at(17), RULES)
    assert score is not None
    assert score.as_points() == {
        "first_week": 3,  # one session in the first week
        "completion": 4,
        "miss_run": 3,
        "freq_slope": 3,  # 1, then 0 sessions in the two full weeks
        "contact": 1,
        "time_of_day": 0,
        "pain_slope": 0,
        "pain_fluct": 0,
        "skip": 0,
    }
    assert score.band == "high"


def test_without_a_running_programme_there_is_no_score() -> None:
    facts = patient(episode=Episode(on(1)), due_on=(on(2),), holds=(Hold(on(10)),))
    assert engagement_score(facts, at(12), RULES) is None
    ended = replace(facts, holds=(), episode=Episode(on(1), ended_on=on(10)))
    assert engagement_score(ended, at(12), RULES) is None
    running = replace(ended, episode=Episode(on(1)))
    assert engagement_score(running, at(12), RULES) is not None
    assert engagement_score(replace(running, due_on=()), at(12), RULES) is None
