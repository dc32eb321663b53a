"""What has been kept long enough is destroyed for good, and nothing else is."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rehabctl.domain.clinic import Role
from rehabctl.domain.consent import Consent, ConsentScope
from rehabctl.domain.errors import NotFoundError, NotPermittedError, UsageError
from rehabctl.domain.patient import PatientRef, PatientStatus
from rehabctl.domain.retention import DueReason, RetentionTier
from rehabctl.reference.retention import load_retention
from rehabctl.services import retention
from rehabctl.store.store import Store
from rehabctl.store.unit_of_work import UnitOfWork
from tests.contract.conftest import NOW, at
from tests.contract.records import assessment, given_patient, keypoints, recording

RULES = load_retention()


local_file = pytest.mark.parametrize("settings", ["sqlcipher"], indirect=True)


@pytest.fixture
def admin(store: Store) -> Store:
    return replace(store, user=replace(store.user, role=Role.CLINIC_ADMIN))


def film(store: Store, patient: PatientRef, age_days: int, **changes: Any) -> str:
    text = f"film {patient.id} {age_days}".encode() * 50
    sha256 = store.blobs.put(io.BytesIO(changes.pop("content", text)), kind="video")
    with store.transaction() as uow:
        made = recording(uow, patient, sha256)
        moment = NOW - timedelta(days=age_days)
        changes = {"stored": True, "recorded_at": moment, "byte_count": 10} | changes
        uow.recordings.add(replace(made, **changes))
    return sha256


def discharge(uow: UnitOfWork, patient: PatientRef) -> None:
    known = uow.patients.by_id(patient.id)
    uow.patients.update(replace(known, status=PatientStatus.DISCHARGED))


def run(store: Store, *, dry_run: bool = False) -> retention.RetentionReport:
    return retention.run(store, RULES, dry_run=dry_run, report=lambda *_: None)


def entries(store: Store) -> int:
    with store.snapshot() as uow:
        verdict = uow.audit.verify()
        assert verdict.ok
        return verdict.entries


@local_file
def test_films_go_after_ninety_days_and_only_once(admin: Store) -> None:
    patient = given_patient(admin)
    old, young = film(admin, patient, 91), film(admin, patient, 89)
    kept = film(admin, patient, 300, keep_until=NOW + timedelta(days=1))
    assert [(i.tier, i.mrn, i.reason) for i in retention.plan(admin, RULES)] == [
        (RetentionTier.RAW_VIDEO, "1042", DueReason.AGE)
    ]
    assert run(admin, dry_run=True).videos == 1
    assert admin.blobs.exists(old)
    done = run(admin)
    assert (done.videos, done.video_bytes, done.records, done.held) == (1, 10, 0, 0)
    assert [admin.blobs.exists(sha) for sha in (old, young, kept)] == [False, True, True]
    assert run(admin).videos == 0
    entries(admin)


@local_file
def test_a_legal_hold_keeps_everything_until_it_is_released(admin: Store) -> None:
    patient = given_patient(admin)
    sha256 = film(admin, patient, 100)
    assert retention.hold(admin, "1042", "case 7")
    assert not retention.hold(admin, "1042", "case 7")
    assert [item.held for item in retention.plan(admin, RULES)] == [True]
    assert (run(admin).videos, run(admin).held) == (0, 1)
    assert admin.blobs.exists(sha256)
    retention.release(admin, "1042")
    with pytest.raises(NotFoundError):
        retention.release(admin, "1042")
    assert run(admin).videos == 1
    with pytest.raises(UsageError):
        retention.hold(admin, "1042", " ")
    therapist = replace(admin, user=replace(admin.user, role=Role.THERAPIST), is_local=False)
    with pytest.raises(NotPermittedError):
        retention.hold(therapist, "1042", "x")


@local_file
def test_a_revoked_consent_makes_films_due_at_once_and_a_new_one_does_not(admin: Store) -> None:
    patient = given_patient(admin)
    film(admin, patient, 1)
    scope = ConsentScope.VIDEO_RECORDING
    with admin.transaction() as uow:
        uow.consents.add(Consent(uow.new_id(), patient, scope, NOW, uow.user.id))
    assert list(retention.plan(admin, RULES)) == []
    with admin.transaction() as uow:
        assert uow.consents.revoke(patient.id, scope)
    assert [item.reason for item in retention.plan(admin, RULES)] == [DueReason.CONSENT_REVOKED]
    with admin.transaction() as uow:
        uow.consents.add(Consent(uow.new_id(), patient, scope, NOW, uow.user.id))
    assert list(retention.plan(admin, RULES)) == []


@local_file
def test_bytes_that_another_recording_needs_stay(admin: Store) -> None:
    first, second = given_patient(admin, "1"), given_patient(admin, "2")
    same = b"the same film" * 99
    sha256 = film(admin, first, 100, content=same)
    film(admin, second, 1, content=same)
    assert run(admin).videos == 1
    assert admin.blobs.exists(sha256)
    with admin.transaction() as uow:
        due = uow.retention.videos(timedelta(0), "none", after=None, limit=9)
    assert [video.mrn for video in due] == ["2"]


@local_file
def test_a_run_that_was_killed_between_file_and_row_is_finished(admin: Store) -> None:
    sha256 = film(admin, given_patient(admin), 100)
    assert admin.blobs.delete(sha256)
    assert run(admin).videos == 1
    assert run(admin).videos == 0


@local_file
def test_a_record_goes_when_its_states_period_is_over(admin: Store) -> None:
    long_ago = at(admin, datetime(2010, 3, 1, tzinfo=UTC))
    gone = given_patient(long_ago, "1", state="CO")
    given_patient(long_ago, "2", state="CO")
    minor = given_patient(long_ago, "3", birth_date=date(2003, 1, 1))
    with long_ago.transaction() as uow:
        for ref in (gone, minor):
            uow.patients.update(
                replace(uow.patients.by_id(ref.id), status=PatientStatus.DISCHARGED)
            )
        blob = admin.blobs.put(io.BytesIO(b"keypoints"), kind="keypoints")
        found = uow.recordings.add(recording(uow, gone))
        uow.recordings.add_keypoints(replace(keypoints(uow, found), blob_sha256=blob))
        uow.assessments.save(assessment(uow, gone, uow.now))
    before = entries(admin)
    assert [(i.tier, i.mrn, i.due_on) for i in retention.plan(admin, RULES)] == [
        (RetentionTier.RECORD, "1", date(2020, 3, 1))
    ]
    assert run(admin).records == 1
    assert not admin.blobs.exists(blob)
    with admin.snapshot() as uow:
        assert set(uow.patients.find(["1", "2", "3"])) == {"2", "3"}
    assert entries(admin) > before, "the log is never destroyed"
    assert run(admin).records == 0


@local_file
def test_a_late_entry_starts_the_period_again(admin: Store) -> None:
    patient = given_patient(at(admin, datetime(2010, 3, 1, tzinfo=UTC)))
    with at(admin, datetime(2010, 3, 2, tzinfo=UTC)).transaction() as uow:
        uow.patients.update(
            replace(uow.patients.by_id(patient.id), status=PatientStatus.DISCHARGED)
        )
    with at(admin, datetime(2020, 1, 1, tzinfo=UTC)).transaction() as uow:
        uow.assessments.save(assessment(uow, patient, uow.now))
    assert list(retention.plan(admin, RULES)) == []


def test_a_server_destroys_nothing_and_keeps_holds(store: Store) -> None:
    if store.is_local:
        return
    for use in (lambda: list(retention.plan(store, RULES)), lambda: run(store)):
        with pytest.raises(NotPermittedError, match="local file only"):
            use()
