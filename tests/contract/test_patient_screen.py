"""What the patient screen reads beside measurements, and the band of published cohorts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.episode import Episode, Side
from rehabctl.domain.facts import Extreme
from rehabctl.domain.patient_detail import Trend
from rehabctl.domain.recording import MotionResult
from rehabctl.domain.visit import Visit, VisitKind
from rehabctl.reference.rules import load_rules
from rehabctl.services import consents, messages, patient_detail
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import assessment, given_patient

SURGERY = NOW.date() - timedelta(days=42)


def treated(store: Store, condition: str | None = "TKR") -> Trend:
    """Store two measurements of an operated left knee and return the trend of its flexion."""
    ref = given_patient(store)
    with store.transaction() as uow:
        episode = Episode(
            uow.new_id(), ref, SURGERY, condition=condition, surgery_date=SURGERY, side=Side.LEFT
        )
        uow.episodes.add([episode])
        for day, peak in ((14, 88.0), (42, 101.0)):
            moment = NOW - timedelta(days=42 - day)
            made = assessment(uow, ref, moment, input_sha256=f"{day:064d}")
            motions = [
                MotionResult(
                    "knee_flexion", side, peak, 5.0, (peak - 5, peak + 5), Extreme.MAX, driving=True
                )
                for side in ("left", "right")
            ]
            uow.assessments.save(replace(made, motions=tuple(motions)))
    trends = patient_detail.load(store, load_rules(), "1042").trends
    assert [t.band for t in trends if t.side == "right"] == [None]  # the other leg was not operated
    [trend] = [t for t in trends if (t.measure, t.side) == ("knee_flexion", "left")]
    return trend


def test_the_operated_side_has_the_band_of_published_cohorts_with_its_source(store: Store) -> None:
    band = treated(store).band
    assert band is not None
    first, last = band.limits[0], band.limits[-1]
    assert (first[0], last[0]) == (NOW - timedelta(days=28), NOW)
    # day 14: the display line has 90.0, the growth model begins at 100, Ebert lies between
    assert first[1:] == pytest.approx((90.0, 100.0), abs=0.1)
    # day 42: all four speak, the growth model highest
    assert 105 < last[1] < last[2] < 112
    assert "Kornuijt 2019" in band.source
    assert "growth model of 2018" in band.source


def test_without_a_published_curve_there_is_no_band(store: Store) -> None:
    assert treated(store, condition=None).band is None


def test_appointments_to_come_stand_first_then_those_that_were(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        login = uow.user.login
        for days in (-9, 3, -2, 1):
            start = NOW + timedelta(days=days)
            uow.visits.add(
                Visit(
                    uow.new_id(),
                    ref,
                    VisitKind.TREATMENT,
                    start,
                    start + timedelta(minutes=30),
                    uow.user.id,
                )
            )
    found = patient_detail.load(store, load_rules(), "1042").appointments
    assert [(a.at - NOW).days for a in found] == [1, 3, -2, -9]
    assert {a.provider for a in found} == {login}
    assert {a.what for a in found} == {"treatment"}


def test_messages_notes_and_consents_come_newest_first(store: Store) -> None:
    ref = given_patient(store)
    consents.grant(store, "1042", ConsentScope.BODY_TRACKING)
    with store.transaction() as uow:
        uow.notes.add(uow.new_id(), ref, uow.user.id, "Tired today.")
    messages.receive(store, "1042", "The knee is warm.", by="patient")
    later = at(store, NOW + timedelta(hours=1))
    messages.send(later, load_rules(), "1042", "Keep the ice on.")
    found = patient_detail.load(later, load_rules(), "1042")
    assert [(m.text, m.is_unread) for m in found.messages] == [
        ("Keep the ice on.", False),
        ("The knee is warm.", True),
    ]
    assert found.messages[1].author == "patient"
    assert [(n.kind, n.state, n.text) for n in found.notes] == [("note", None, "Tired today.")]
    assert [(c.scope, c.expires_at) for c in found.consents] == [("body_tracking", None)]
    assert found.birth_date == date(1961, 4, 2)
