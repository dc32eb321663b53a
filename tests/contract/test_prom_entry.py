"""A questionnaire that a clinician enters is stored with its answers and counts in the worklist."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from rehabctl.domain.errors import FindingsError, NotFoundError
from rehabctl.domain.prom_followup import ThresholdKind
from rehabctl.reference.rules import load_rules
from rehabctl.services import patient_detail
from rehabctl.services.prom_entry import PromEntry
from rehabctl.services.prom_followup import thresholds_of
from rehabctl.store.store import Store
from tests.contract.conftest import at
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


def test_the_patient_screen_shows_scores_with_the_important_change(store: Store) -> None:
    [row] = [
        t for t in thresholds_of("koos-jr")
        if t.kind is ThresholdKind.MCID and t.is_default and t.condition == "any"
    ]  # fmt: skip
    held = datetime.combine(row.effective_from, time(12), UTC)  # from then on the row counts
    given_patient(store)
    first: dict[str, float | None] = dict.fromkeys((f"q{i}" for i in range(1, 8)), 3.0)
    PromEntry(at(store, held), load_rules()).record("1042", "koos-jr", first)
    later = at(store, held + timedelta(days=42))
    PromEntry(later, load_rules()).record("1042", "koos-jr", dict.fromkeys(first, 1.0))
    trends = patient_detail.load(later, load_rules(), "1042").trends
    [trend] = [t for t in trends if t.measure == "koos-jr"]
    before, after = (point.value for point in trend.points)
    assert before < after
    assert trend.important_at == pytest.approx(before + float(row.value), abs=0.01)
    assert trend.note
