"""Remarks about moments of recordings, on both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.message import MessageDirection
from rehabctl.domain.review import ReviewDecision
from rehabctl.domain.review_item import ReviewItem
from rehabctl.reference.rules import load_rules
from rehabctl.services import review
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import add_patient, assessment


@pytest.fixture
def waiting(store: Store) -> str:
    with store.transaction() as uow:
        ref = add_patient(uow)
        result = {"exercise": "bodyweight-squat", "video": {"duration_s": 12.4}}
        made = assessment(uow, ref, NOW - timedelta(hours=1), result=result)
        uow.assessments.save(made)
        uow.reviews.enqueue(ReviewItem(uow.new_id(), ref, made.id, 0.6, uow.now))
    return str(made.id)


def test_remarks_come_back_in_the_order_of_their_moments(store: Store, waiting: str) -> None:
    review.comment(store, waiting, at_s=6.0, body="heel lifts")
    later = at(store, NOW + timedelta(minutes=1))
    review.comment(later, waiting, at_s=4.1, body=" falls inwards ", joint="knee")
    found = review.show(store, waiting)
    assert [(c.at_s, c.joint, c.body) for c in found.comments] == [
        (4.1, "knee", "falls inwards"),
        (6.0, None, "heel lifts"),
    ]
    with store.transaction() as uow:
        assert {found.authors[c.author_id] for c in found.comments} == {uow.user.login}
    assert (found.mrn, found.item.decision) == ("1042", None)


@pytest.mark.parametrize("at_s", [-0.1, 12.5, float("nan")])
def test_a_moment_outside_the_recording_is_refused(store: Store, waiting: str, at_s: float) -> None:
    with pytest.raises(UsageError, match="no moment"):
        review.comment(store, waiting, at_s=at_s, body="x")
    assert review.show(store, waiting).comments == ()


def test_wrong_remarks_are_refused(store: Store, waiting: str) -> None:
    with pytest.raises(UsageError, match="unknown joint 'tail'"):
        review.comment(store, waiting, at_s=1, body="x", joint="tail")
    with pytest.raises(UsageError, match="empty"):
        review.comment(store, waiting, at_s=1, body="  ")
    with pytest.raises(NotFoundError):
        review.comment(store, "01a201ff-724c-748e-b09a-577f6f69d0b6", at_s=1, body="x")
    assert review.show(store, waiting).comments == ()


def test_a_decision_goes_back_to_the_patient_with_its_remarks(store: Store, waiting: str) -> None:
    review.comment(store, waiting, at_s=4.1, body="falls inwards", joint="knee")
    decision = ReviewDecision.ADJUSTED
    review.decide(store, load_rules(), waiting, decision, "valgus", "Keep the knee over the foot.")
    found = review.show(store, waiting)
    with store.transaction() as uow:
        [message] = uow.messages.of_patient(found.item.patient.id)
        assert message.author_user_id == uow.user.id
    assert message.body == "Keep the knee over the foot.\nAt 4.1 s (knee): falls inwards"
    assert message.direction is MessageDirection.TO_PATIENT
    assert (found.item.decision, found.item.comment) == (decision, "valgus")


def test_a_decision_without_a_message_stays_in_the_clinic(store: Store, waiting: str) -> None:
    review.decide(store, load_rules(), waiting, ReviewDecision.ACCEPTED, "good")
    patient = review.show(store, waiting).item.patient
    with store.transaction() as uow:
        assert uow.messages.of_patient(patient.id) == ()
