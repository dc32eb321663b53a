"""Filled-in questionnaires and licence records on both engines."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta

from rehabctl.domain.episode import Episode, Referral
from rehabctl.domain.patient import Side
from rehabctl.domain.prom import PromResponse, PromScore
from rehabctl.domain.prom_followup import LicenceRecord
from rehabctl.store.handles import table
from rehabctl.store.store import Store
from tests.contract.conftest import NOW
from tests.contract.records import add_patient, given_patient


def test_every_field_has_a_column() -> None:
    response = {f.name for f in fields(PromResponse)} - {"patient", "scores"}
    assert response <= set(table("prom_response").c.keys())
    assert {f.name for f in fields(PromScore)} <= set(table("prom_score").c.keys())
    assert {f.name for f in fields(LicenceRecord)} <= set(table("prom_licence").c.keys())


def test_a_form_is_stored_once_with_its_scores_which_are_facts(store: Store) -> None:
    with store.transaction() as uow:
        ref, other = add_patient(uow, "1"), add_patient(uow, "2")
        response = PromResponse(
            id=uow.new_id(),
            patient=ref,
            external_id="tablet-1",
            instrument="koos",
            instrument_version="LK1.0",
            mode="interview",
            entered_by="patient",
            completed_at=NOW - timedelta(hours=1),
            answers={"p1": 2, "p2": None},
            result={"rule_version": "koos-2012"},
            side=Side.LEFT,
            scores=(
                PromScore("adl", "koos-2012", None, None, 9, higher_is_better=True),
                PromScore("pain", "koos-2012", 41.7, 41.666666, 1, higher_is_better=True),
            ),
        )
        assert uow.prom.add(response)
        assert not uow.prom.add(replace(response, id=uow.new_id(), scores=()))
        assert uow.prom.of_patient(ref.id) == (response,)
        assert uow.prom.of_patient(ref.id, "koos") == (response,)
        assert uow.prom.of_patient(ref.id, "odi") == uow.prom.of_patient(other.id) == ()
        (fact,) = uow.facts.of_patient(ref.id).scores
        assert (fact.scale, fact.score, fact.at) == ("pain", 41.7, NOW - timedelta(hours=1))


def test_a_licence_reference_is_noted_once_per_instrument(store: Store) -> None:
    record = LicenceRecord("koos", "Example Clinic", "K-17", date(2026, 1, 1), None)
    with store.transaction() as uow:
        assert uow.prom.add_licence(uow.new_id(), record, uow.user.id)
        assert not uow.prom.add_licence(uow.new_id(), record, uow.user.id)
        other = replace(record, instrument="odi", expires_on=date(2026, 12, 31))
        assert uow.prom.add_licence(uow.new_id(), other, uow.user.id)
        assert uow.prom.licences() == (record, other)
        assert uow.prom.licences("odi") == (other,)


def test_an_episode_keeps_plan_and_referral(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        episode = Episode(
            id=uow.new_id(),
            patient=ref,
            started_on=date(2026, 1, 5),
            pathway="knee-replacement",
            plan_ends_on=date(2026, 4, 5),
            progress_report_on=date(2026, 2, 1),
        )
        uow.episodes.add([episode])
        assert uow.episodes.get(episode.id) == episode
        referral = Referral(
            uow.new_id(), ref, episode.id, "Dr Roe", date(2026, 1, 2), authorised_visits=12
        )
        uow.episodes.add_referral(referral)
        assert uow.episodes.referrals(ref.id) == (referral,)
