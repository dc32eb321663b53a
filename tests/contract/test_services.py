"""The services of a day in the clinic, on both engines: assign, log, rank, acknowledge, rebuild."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rehabctl.domain.alert import StoredAlert
from rehabctl.domain.facts import AlertStatus
from rehabctl.domain.patient import PatientStatus
from rehabctl.domain.review import ReviewDecision
from rehabctl.domain.review_item import ReviewItem
from rehabctl.domain.session import JournalEntry
from rehabctl.domain.triage import WorklistRow
from rehabctl.reference.rules import load_rules
from rehabctl.services import alerts, exercise_sessions, prescribing, review, triage
from rehabctl.services.library import open_library
from rehabctl.services.settings import Settings
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import add_patient, assessment

RULES = load_rules()
PROTOCOL = "total-knee-replacement"


@pytest.fixture
def clinic(store: Store, settings: Settings) -> Store:
    """Three patients on a knee protocol since four days; nothing has been reported yet."""
    start = at(store, NOW - timedelta(days=4))
    with start.transaction() as uow:
        for mrn in ("1", "2", "3"):
            add_patient(uow, mrn)
    for mrn in ("1", "2", "3"):
        prescribing.assign(start, settings, RULES, PROTOCOL, mrn, start.clock().date())
    return store


def log(store: Store, settings: Settings, mrn: str, pain_after: float, name: str = "a") -> None:
    started = store.clock() - timedelta(minutes=30)
    with store.transaction() as uow:
        programme = uow.programmes.active(uow.patients.get(mrn).id)
    assert programme is not None
    upload: dict[str, Any] = {
        "id": name,
        "started_at": started.isoformat(),
        "completed_at": store.clock().isoformat(),
        "pain_before": 2,
        "pain_after": pain_after,
        "exercises": [
            {"exercise": p.exercise_slug, "done": True, "reps": [10]}
            for p in programme.prescriptions
        ],
    }
    library = open_library(settings)
    exercise_sessions.log(store, library, RULES, mrn, upload, by="patient")


def ranked(store: Store) -> Sequence[WorklistRow]:
    return triage.worklist(store, RULES, limit=10).rows


def severe_pain(store: Store, mrn: str) -> StoredAlert:
    found = alerts.of_patient(store, RULES, mrn)
    return next(one.alert for one in found if one.alert.state.code == "PAIN_SEVERE")


def test_severe_pain_leads_until_it_is_acknowledged(clinic: Store, settings: Settings) -> None:
    log(clinic, settings, "2", pain_after=9)
    assert ranked(clinic)[0].mrn == "2"
    before = severe_pain(clinic, "2")
    later = at(clinic, NOW + timedelta(minutes=5))
    alerts.acknowledge(later, RULES, [str(before.id)], "called")
    after = severe_pain(later, "2")
    assert (after.id, after.state.status) == (before.id, AlertStatus.ACKNOWLEDGED)
    assert triage.rebuild(later, RULES, check=True).different == 0


def test_a_snoozed_alert_comes_back_when_its_time_has_passed(
    clinic: Store, settings: Settings
) -> None:
    log(clinic, settings, "1", pain_after=9)
    then, until = at(clinic, NOW + timedelta(seconds=1)), NOW + timedelta(days=1)
    alerts.snooze(then, RULES, [str(severe_pain(clinic, "1").id)], until)
    asleep, awake = at(clinic, NOW + timedelta(hours=2)), at(clinic, NOW + timedelta(hours=25))
    assert severe_pain(asleep, "1").state.status is AlertStatus.SNOOZED
    assert triage.sweep(awake, RULES) >= 1
    assert severe_pain(awake, "1").state.status is AlertStatus.OPEN
    assert triage.rebuild(awake, RULES, check=True).different == 0


def test_silence_alone_moves_a_patient_up(clinic: Store, settings: Settings) -> None:
    for day in range(4):
        today = at(clinic, NOW + timedelta(days=day))
        for mrn in ("1", "3"):
            log(today, settings, mrn, pain_after=2, name=f"{mrn}-{day}")
    quiet = at(clinic, NOW + timedelta(days=3, hours=1))
    assert ranked(quiet)[0].mrn == "2"
    assert triage.rebuild(quiet, RULES, check=True).different == 0


def test_a_red_flag_answer_outranks_severe_pain(clinic: Store, settings: Settings) -> None:
    log(clinic, settings, "2", pain_after=9)
    with clinic.transaction() as uow:
        ref = uow.patients.get("3").ref
        uow.sessions.add_journal(
            JournalEntry(
                uow.new_id(), ref, "j", NOW.date(), NOW, "patient", red_flags=("calf_swelling",)
            )
        )
        triage.refresh(uow, [ref], RULES)
    assert [row.mrn for row in ranked(clinic)][:2] == ["3", "2"]


def test_a_decision_takes_a_recording_off_the_queue(clinic: Store) -> None:
    with clinic.transaction() as uow:
        ref = uow.patients.get("1").ref
        record = assessment(uow, ref, NOW)
        uow.assessments.save(record)
        uow.reviews.enqueue(ReviewItem(uow.new_id(), ref, record.id, 0.4, NOW))
        triage.refresh(uow, [ref], RULES)
    ((mrn, item, _),) = review.waiting(clinic, 10)
    assert (mrn, item.assessment_id) == ("1", record.id)
    later = at(clinic, NOW + timedelta(minutes=5))
    review.decide(later, RULES, str(record.id), ReviewDecision.ACCEPTED, "")
    assert review.waiting(later, 10) == []
    assert triage.rebuild(later, RULES, check=True).different == 0


def test_a_discharged_patient_stays_off_the_worklist(clinic: Store, settings: Settings) -> None:
    with clinic.transaction() as uow:
        patient = uow.patients.get("1")
        uow.patients.update(replace(patient, status=PatientStatus.DISCHARGED))
        uow.panel.remove([patient.id])
    log(clinic, settings, "1", pain_after=9)
    assert triage.rebuild(clinic, RULES, check=False).patients == 2
    assert {row.mrn for row in ranked(clinic)} == {"2", "3"}


def test_a_rebuild_finds_and_mends_a_row_that_events_do_not_support(clinic: Store) -> None:
    with clinic.transaction() as uow:
        patient = uow.patients.get("1")
        row = uow.panel.stored([patient.id])[patient.id]
        uow.panel.save([replace(row, pain_now=9.0)])
    assert triage.rebuild(clinic, RULES, check=True).different == 1
    triage.rebuild(clinic, RULES, check=False)
    assert triage.rebuild(clinic, RULES, check=True).different == 0
