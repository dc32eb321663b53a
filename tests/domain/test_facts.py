"""Facts can be cut back to what was known at an earlier moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from rehabctl.domain.facts import (
    AlertAction,
    AlertActionKind,
    AlertSeverity,
    Episode,
    Goal,
    JournalEntry,
    PatientFacts,
    ReviewItem,
    SessionFact,
)

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def later(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


REVIEW = ReviewItem("r", NOON, later(1), "squat", 5, 0, None, None, 0.9, "good", later(5))
FACTS = PatientFacts(
    patient_id="p",
    time_zone="UTC",
    known_since=later(-1),
    sessions=(SessionFact("s", later(-30), later(2), True, pain_after=4.0),),
    journal=(JournalEntry("j", NOON, later(3)),),
    reviews=(REVIEW,),
    goals=(Goal("g", later(4), "pain", 6, 2),),
    opened_at=(later(2.5),),
    alert_actions=(AlertAction(later(6), AlertActionKind.ACKNOWLEDGE, "PAIN_SEVERE", "", "t"),),
)


def test_a_late_upload_is_not_known_before_it_came() -> None:
    assert FACTS.known_at(later(1.9)).sessions == ()
    assert FACTS.known_at(later(2)).sessions == FACTS.sessions


def test_a_review_is_open_until_it_was_done() -> None:
    assert FACTS.known_at(later(4)).reviews == (replace(REVIEW, reviewed_at=None),)
    assert FACTS.known_at(later(5)).reviews == (REVIEW,)


def test_nothing_is_lost_at_the_last_moment() -> None:
    moments = FACTS.recorded_moments()
    assert moments == tuple(later(h) for h in (-1, 1, 2, 2.5, 3, 4, 5, 6))
    assert FACTS.known_at(moments[-1]) == FACTS
    before = FACTS.known_at(later(-2))
    assert (before.sessions, before.goals, before.alert_actions, before.opened_at) == ((),) * 4


def test_ratings_of_a_session() -> None:
    session = SessionFact("s", NOON, NOON, True, pain_before=5.0, pain_during=7.0)
    assert (session.pain, session.worst_pain) == (7.0, 7.0)
    assert session._replace(pain_after=2.0).pain == 2.0
    assert session._replace(pain_after=2.0).worst_pain == 7.0
    assert SessionFact("s", NOON, NOON, True).worst_pain is None


def test_weeks_count_from_the_day_of_surgery() -> None:
    episode = Episode(date(2026, 3, 1), surgery_on=date(2026, 3, 1))
    weeks = [episode.weeks_post_op(date(2026, 3, 1) + timedelta(days=n)) for n in (-1, 0, 6, 7, 49)]
    assert weeks == [None, 0, 0, 1, 7]
    assert Episode(date(2026, 3, 1)).weeks_post_op(date(2026, 3, 9)) is None


def test_severities_have_an_order() -> None:
    assert [severity.rank for severity in AlertSeverity] == [1, 2, 3, 4]
