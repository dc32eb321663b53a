"""Courses of care, flags, goals, consents and notes on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from rehabctl.domain.consent import Consent, ConsentScope
from rehabctl.domain.episode import (
    Episode,
    EpisodeStatus,
    FlagKind,
    Goal,
    GoalStatus,
    GoalTerm,
    PatientFlag,
)
from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.patient import Side
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import add_patient, given_patient


def test_an_episode_comes_back_and_changes(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        episode = Episode(
            id=uow.new_id(),
            patient=ref,
            started_on=date(2026, 1, 10),
            diagnosis="Knee replacement",
            icd10="Z96.651",
            condition="TKR",
            surgery="Total knee arthroplasty",
            surgery_date=date(2026, 1, 10),
            side=Side.RIGHT,
            surgeon="Dr Ito",
            precautions=("no kneeling",),
        )
        uow.episodes.add([episode])
    with store.transaction() as uow:
        assert uow.episodes.get(episode.id) == episode
        closed = replace(episode, status=EpisodeStatus.CLOSED, ended_on=date(2026, 3, 1))
        uow.episodes.update(closed)
        assert uow.episodes.of_patient(ref.id) == (closed,)
        assert uow.episodes.active(ref.id) is None
        with pytest.raises(NotFoundError):
            uow.episodes.get(ref.id)
    assert episode.weeks_post_op(date(2026, 3, 2)) == 7
    assert episode.weeks_post_op(date(2026, 1, 9)) is None


def test_flags_and_goals_belong_to_an_episode_of_the_same_patient(store: Store) -> None:
    with store.transaction() as uow:
        ref, other = add_patient(uow, "1"), add_patient(uow, "2")
        episode = Episode(uow.new_id(), ref, date(2026, 1, 1))
        uow.episodes.add([episode])
        flag = PatientFlag(
            uow.new_id(), ref, FlagKind.CONTRAINDICATION, "acute_dvt_suspected", NOW, episode.id
        )
        uow.episodes.add_flag(flag)
        goal = Goal(
            uow.new_id(), ref, episode.id, "Bend to 120", GoalTerm.LONG, "knee_flexion",
            Side.LEFT, 70.0, 120.0, "deg", date(2026, 6, 1),
        )  # fmt: skip
        uow.episodes.add_goal(goal)
        assert uow.episodes.flags(ref.id) == (flag,)
        assert uow.episodes.goals(ref.id) == (goal,)
        uow.episodes.set_goal_status(goal.id, GoalStatus.MET)
        assert uow.episodes.goals(ref.id) == (replace(goal, status=GoalStatus.MET),)
        uow.episodes.clear_flag(flag.id)
        assert uow.episodes.flags(ref.id) == ()
    with pytest.raises(ConflictError), store.transaction() as uow:
        uow.episodes.add_goal(replace(goal, id=uow.new_id(), patient=other))


def test_a_consent_is_given_once_revoked_and_given_again(store: Store) -> None:
    ref = given_patient(store)
    scope = ConsentScope.BODY_TRACKING
    with store.transaction() as uow:
        consent = Consent(uow.new_id(), ref, scope, NOW, uow.user.id)
        uow.consents.add(consent)
        assert uow.consents.active(ref.id) == (consent,)
    with pytest.raises(ConflictError), store.transaction() as uow:
        uow.consents.add(replace(consent, id=uow.new_id()))
    later = at(store, NOW + timedelta(hours=1))
    with later.transaction() as uow:
        assert uow.consents.revoke(ref.id, scope)
        assert not uow.consents.revoke(ref.id, scope)
        assert not uow.consents.revoke(ref.id, ConsentScope.DATA_SHARING)
        uow.consents.add(replace(consent, id=uow.new_id(), granted_at=uow.now))
        history = uow.consents.of_patient(ref.id)
        assert [c.revoked_at for c in history] == [NOW + timedelta(hours=1), None]
        assert len(uow.consents.active(ref.id)) == 1


def test_a_consent_ends_by_itself(store: Store) -> None:
    ref = given_patient(store)
    ends = NOW + timedelta(days=30)
    with store.transaction() as uow:
        uow.consents.add(
            Consent(uow.new_id(), ref, ConsentScope.DATA_SHARING, NOW, uow.user.id, expires_at=ends)
        )
    for moment, count in ((ends - timedelta(seconds=1), 1), (ends, 0)):
        with at(store, moment).transaction() as uow:
            assert len(uow.consents.active(ref.id)) == count


def test_notes_are_listed_newest_first(store: Store) -> None:
    ref = given_patient(store)
    for minute, body in enumerate(("first", "second", "third")):
        with at(store, NOW + timedelta(minutes=minute)).transaction() as uow:
            uow.notes.add(uow.new_id(), ref, uow.user.id, body)
    with store.transaction() as uow:
        assert [n.body for n in uow.notes.of_patient(ref.id, limit=2)] == ["third", "second"]
