"""Recordings, keypoints, assessments and the review queue on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.recording import StoredAssessment
from rehabctl.domain.review import ReviewDecision
from rehabctl.domain.review_item import ReviewItem, ReviewState
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from rehabctl.store.unit_of_work import UnitOfWork
from tests.contract.conftest import NOW
from tests.contract.records import add_patient, assessment, given_patient, keypoints, recording


def test_the_same_recording_is_kept_once_a_patient(store: Store) -> None:
    with store.transaction() as uow:
        ref, other = add_patient(uow, "1"), add_patient(uow, "2")
        first = uow.recordings.add(recording(uow, ref))
        assert uow.recordings.add(recording(uow, ref)) == first
        assert uow.recordings.add(recording(uow, other)).id != first.id
        made = uow.recordings.add_keypoints(keypoints(uow, first))
        assert uow.recordings.add_keypoints(keypoints(uow, first)) == made
        assert uow.recordings.keypoints(made.id) == made


def test_stored_recordings_expire(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        found = uow.recordings.add(recording(uow, ref))
        uow.recordings.set_stored(found.id, stored=True, keep_until=NOW)
        (expired,) = uow.recordings.expired(10)
        assert expired == replace(found, stored=True, keep_until=NOW)
        uow.recordings.set_stored(found.id, stored=True, keep_until=NOW + timedelta(seconds=1))
        assert uow.recordings.expired(10) == ()


def test_an_assessment_is_stored_once_a_key(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        record = assessment(uow, ref, NOW)
        assert uow.assessments.save(record) == (record.id, True)
        repeated = replace(record, id=uow.new_id(), full_count=0)
        assert uow.assessments.save(repeated) == (record.id, False)
        other = replace(record, id=uow.new_id(), parameters_sha256="e" * 64)
        assert uow.assessments.save(other) == (other.id, True)
        assert uow.assessments.get(record.id) == record
        assert uow.assessments.of_patient(ref.id, 1) == (other,)
        found = uow.assessments.find(
            ref.id,
            input_sha256=record.input_sha256,
            model_sha256=record.model_sha256,
            parameters_sha256="e" * 64,
            algorithm_version="1",
        )
        assert found == other.id


def test_a_trend_is_in_order_of_time_and_leaves_refused_ones_out(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        days = ((3, "good"), (1, "limited"), (2, "refused"))
        for day, status in days:
            uow.assessments.save(
                assessment(
                    uow, ref, NOW + timedelta(days=day), status=status, input_sha256=f"{day}" * 64
                )
            )
        points = uow.assessments.trend(ref.id)
        assert [(p.at - NOW).days for p in points] == [1, 1, 3, 3]
        assert [p.motion for p in points[:2]] == ["knee_flexion", "trunk_inclination"]
        assert points[0].method == "full bbbbbbbb 1"
        assert len(uow.assessments.trend(ref.id, since=NOW + timedelta(days=2))) == 2


def test_results_hang_on_their_own_patients_assessment(store: Store) -> None:
    with store.transaction() as uow:
        ref, other = add_patient(uow, "1"), add_patient(uow, "2")
        found = uow.recordings.add(recording(uow, ref))
    with pytest.raises(ConflictError), store.transaction() as uow:
        uow.assessments.save(assessment(uow, other, NOW, recording_id=found.id))


def queued(uow: UnitOfWork, record: StoredAssessment, confidence: float) -> ReviewItem:
    uow.assessments.save(record)
    item = ReviewItem(
        uow.new_id(), record.patient, record.id, confidence, uow.now, ("legs_out_of_frame",)
    )
    assert uow.reviews.enqueue(item)
    return item


def test_the_queue_shows_the_least_certain_first(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        items = [
            queued(uow, assessment(uow, ref, NOW, input_sha256=f"{n}" * 64), confidence)
            for n, confidence in ((1, 0.9), (2, 0.2), (3, 0.5))
        ]
        assert not uow.reviews.enqueue(replace(items[0], id=uow.new_id()))
        assert [i.confidence for i in uow.reviews.waiting(9)] == [0.2, 0.5, 0.9]
        assert uow.reviews.waiting(1, therapist_id=ref.therapist_id) == (items[1],)
        assert uow.reviews.waiting(9, patient_id=uow.user.id) == ()
        uow.reviews.decide(items[1].assessment_id, ReviewDecision.ADJUSTED, "deeper", uow.user.id)
        decided = uow.reviews.of_assessment(items[1].assessment_id)
        assert decided == replace(
            items[1],
            state=ReviewState.DONE,
            decision=ReviewDecision.ADJUSTED,
            comment="deeper",
            decided_by=uow.user.id,
            decided_at=NOW,
        )
        assert [i.confidence for i in uow.reviews.waiting(9)] == [0.5, 0.9]


def test_only_queued_assessments_are_decided(store: Store) -> None:
    with store.transaction() as uow, pytest.raises(NotFoundError):
        uow.reviews.decide(uow.new_id(), ReviewDecision.ACCEPTED, None, uow.user.id)
