"""A questionnaire that a clinician enters is stored with its answers and counts in the worklist."""

from __future__ import annotations

import pytest

from rehabctl.domain.errors import FindingsError, NotFoundError
from rehabctl.reference.rules import load_rules
from rehabctl.services.prom_entry import PromEntry
from rehabctl.store.store import Store
from tests.contract.records import given_patient


def test_a_form_is_stored_with_its_raw_answers_and_scores(store: Store) -> None:
    ref = given_patient(store)
    entry = PromEntry(store, load_rules())
    asked = next(i for i in entry.instruments() if i.slug == "koos-jr")
    answers: dict[str, float | None] = {item.key: 1.0 for item in asked.items}
    result = entry.record("1042", "koos-jr", answers)
    with store.transaction() as uow:
        [stored] = uow.prom.of_patient(ref.id)
    assert stored.answers == answers
    assert [s.score for s in stored.scores] == [s.score for s in result.scores]
    assert result.scores[0].score is not None
    assert stored.entered_by == f"user:{store.user.login}"


def test_an_answer_outside_the_form_stores_nothing(store: Store) -> None:
    ref = given_patient(store)
    entry = PromEntry(store, load_rules())
    with pytest.raises(FindingsError):
        entry.record("1042", "koos-jr", {"q1": 9.0})
    with pytest.raises(NotFoundError):
        entry.record("9999", "koos-jr", {"q1": 1.0})
    with store.transaction() as uow:
        assert uow.prom.of_patient(ref.id) == ()
