"""The raw events of patients on both engines, read set-wise."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import insert

from rehabctl.domain.episode import Episode, EpisodeStatus, Goal, GoalTerm
from rehabctl.domain.facts import Extreme
from rehabctl.domain.recording import MotionResult
from rehabctl.domain.review import ReviewDecision
from rehabctl.domain.review_item import ReviewItem
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import owned
from rehabctl.store.store import Store
from tests.contract.conftest import NOW
from tests.contract.records import add_patient, assessment, given_patient
from tests.contract.test_programmes import programme_of, session_of


def test_a_patient_without_events_has_empty_facts(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        facts = uow.facts.of_patient(ref.id)
    assert facts.patient_id == str(ref.id)
    assert facts.time_zone == store.clinic.time_zone
    assert facts.recorded_moments() == (NOW,)
    assert facts.episode is None


def test_each_kind_of_event_becomes_a_fact_of_its_patient(store: Store) -> None:
    with store.transaction() as uow:
        ref, other = add_patient(uow, "1"), add_patient(uow, "2")
        episode = Episode(
            uow.new_id(), ref, date(2026, 2, 1), condition="TKR", surgery_date=date(2026, 2, 1)
        )
        closed = Episode(uow.new_id(), ref, date(2026, 2, 9), status=EpisodeStatus.CLOSED)
        uow.episodes.add([episode, closed])
        programme = programme_of(uow, ref)
        uow.programmes.opened(programme, NOW)
        uow.sessions.add(session_of(uow, ref, "s1"))
        uow.sessions.add(session_of(uow, other, "s1"))
        measurable = Goal(
            uow.new_id(), ref, episode.id, "bend", GoalTerm.SHORT, "knee_flexion", None, 70.0, 120.0
        )
        uow.episodes.add_goal(measurable)
        uow.episodes.add_goal(Goal(uow.new_id(), ref, episode.id, "go shopping", GoalTerm.LONG))
        score = {
            "response_id": uow.new_id(), "completed_at": NOW, "instrument": "koos",
            "scale": "pain", "rule_version": "2012", "score": 41.7, "score_unrounded": 41.666,
            "n_missing": 0, "higher_is_better": True,
        }  # fmt: skip
        response = {
            "external_id": "p1", "instrument": "koos", "instrument_version": "LK1.0",
            "mode": "interview", "entered_by": "jlee", "completed_at": NOW, "answers": {"p1": 2},
            "result": {},
        }  # fmt: skip
        uow.connection.execute(
            insert(table("prom_response")).values(owned(ref, score["response_id"], NOW) | response)
        )
        uow.connection.execute(
            insert(table("prom_score")).values(owned(ref, uow.new_id(), NOW) | score)
        )
    with store.transaction() as uow:
        both = uow.facts.of_patients([ref.id, other.id])
    facts = both[ref.id]
    assert facts.episode is not None
    assert (facts.episode.condition, facts.episode.surgery_on) == ("TKR", date(2026, 2, 1))
    (session,) = facts.sessions
    assert (session.at, session.recorded_at, session.pain) == (NOW - timedelta(hours=1), NOW, 4.0)
    done, skipped = session.exercises
    assert (done.repetitions, done.pain, skipped.skipped) == ((12, 12, 10), 4.0, True)
    assert facts.opened_at == (NOW,)
    assert [g.id for g in facts.goals] == [str(measurable.id)]
    (fact,) = facts.scores
    assert (fact.instrument, fact.scale, fact.score) == ("koos", "pain", 41.7)
    assert len(both[other.id].sessions) == 1
    assert both[other.id].goals == ()


def test_measurements_symmetry_and_reviews(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        record = assessment(
            uow,
            ref,
            NOW,
            motions=(
                MotionResult(
                    "knee_flexion", "left", 4.0, 5.5, (-1.5, 9.5), Extreme.MIN, driving=True
                ),
                MotionResult("knee_flexion", "right", 6.0, 5.5, (0.5, 11.5), driving=True),
                MotionResult("hip_flexion", "left", None, None),
            ),
        )
        refused = assessment(uow, ref, NOW, status="refused", input_sha256="f" * 64)
        for found in (record, refused):
            uow.assessments.save(found)
            uow.reviews.enqueue(ReviewItem(uow.new_id(), ref, found.id, 0.4, NOW))
        uow.reviews.decide(refused.id, ReviewDecision.FLAGGED, None, uow.user.id)
        facts = uow.facts.of_patient(ref.id)
    assert [(m.side, m.value_deg, m.extreme) for m in facts.measurements] == [
        ("left", 4.0, Extreme.MIN), ("right", 6.0, Extreme.MAX),
    ]  # fmt: skip
    assert facts.measurements[0].method == "full bbbbbbbb 1"
    (pair,) = facts.symmetry
    assert (pair.left, pair.right, pair.detectable) == (92.2, 80.1, True)
    reviews = {r.id: r for r in facts.reviews}
    assert len(reviews) == 2
    assert reviews[str(record.id)].peak_deg == 4.0
    assert reviews[str(record.id)].interval_deg == (-1.5, 9.5)
    assert reviews[str(refused.id)].reviewed_at == NOW
