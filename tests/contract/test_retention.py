"""What has been kept long enough is destroyed for good, and nothing else is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from rehabctl.domain.clinic import Role
from rehabctl.domain.consent import Consent, ConsentScope
from rehabctl.domain.errors import (
    NotFoundError,
    NotPermittedError,
    RehabctlError,
    UsageError,
)
from rehabctl.domain.patient import PatientRef, PatientStatus
from rehabctl.domain.retention import DueReason, RetentionTier, StoredRecord, StoredVideo
from rehabctl.reference.retention import RecordPeriod, load_retention
from rehabctl.services import retention
from rehabctl.services.settings import Settings
from rehabctl.services.wiring import open_store
from rehabctl.store.files import BlobStore
from rehabctl.store.repositories.retention import _periods
from rehabctl.store.store import Store
from rehabctl.store.unit_of_work import UnitOfWork
from tests.contract.conftest import ADMIN, NOW, as_login, at
from tests.contract.records import assessment, given_patient, keypoints, recording

RULES = load_retention()


LONG_AGO, FAR_AHEAD = datetime(2010, 3, 1, tzinfo=UTC), datetime(2990, 1, 1, tzinfo=UTC)
local_file = pytest.mark.parametrize("settings", ["sqlcipher"], indirect=True)


@pytest.fixture
def admin(store: Store) -> Store:
    return replace(store, user=replace(store.user, role=Role.CLINIC_ADMIN))


def film(store: Store, patient: PatientRef, age_days: int, **changes: Any) -> str:
    content = f"film {patient.id} {age_days}".encode() * 50
    sha256 = store.blobs.put(io.BytesIO(changes.pop("content", content)), kind="video")
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


@local_file
def test_a_hold_does_not_start_the_period_again(admin: Store) -> None:
    patient = given_patient(at(admin, LONG_AGO))
    with at(admin, LONG_AGO).transaction() as uow:
        discharge(uow, patient)
    retention.hold(admin, "1042", "case 7")
    assert [item.held for item in retention.plan(admin, RULES)] == [True]


on_server = pytest.mark.parametrize(
    "settings", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
NO_TIME_AT_ALL = replace(
    RULES,
    tiers=[{**row, "days": 0} for row in RULES.tiers],
    periods=[replace(row, years=0, minor_until_age=0) for row in RULES.periods],
)


@pytest.fixture
def boss_of(settings: Settings) -> Iterator[Store]:
    """The store as the clinic's administrator opens it."""
    with open_store(as_login(settings, ADMIN)) as opened:
        yield opened


@on_server
def test_an_administrator_destroys_films_on_a_server(store: Store, boss_of: Store) -> None:
    patient = given_patient(store)
    old = film(store, patient, 0, recorded_at=LONG_AGO)
    young = film(store, patient, 1, recorded_at=FAR_AHEAD)
    kept = film(store, patient, 2, recorded_at=LONG_AGO, keep_until=FAR_AHEAD)
    (item,) = retention.plan(boss_of, RULES)
    assert (item.mrn, item.reason, item.byte_count) == ("1042", DueReason.AGE, 10)
    with pytest.raises(NotPermittedError):
        run(store)
    assert retention.hold(boss_of, "1042", "case 7")
    assert not retention.hold(boss_of, "1042", "case 7")
    assert (run(boss_of).videos, run(boss_of).held) == (0, 1)
    retention.release(boss_of, "1042")
    for unknown in ("1042", "9999"):
        with pytest.raises(NotFoundError):
            retention.release(boss_of, unknown)
    assert run(boss_of, dry_run=True).videos == 1
    done = run(boss_of)
    assert (done.videos, done.video_bytes, done.records, done.held) == (1, 10, 0, 0)
    assert [store.blobs.exists(sha) for sha in (old, young, kept)] == [False, True, True]
    assert run(boss_of).videos == 0
    entries(boss_of)


@on_server
def test_an_administrator_destroys_records_on_a_server(store: Store, boss_of: Store) -> None:
    before = at(store, LONG_AGO)
    refs = [given_patient(before, str(n), state="CO") for n in range(4)]
    with before.transaction() as uow:
        for ref in refs[:3]:
            discharge(uow, ref)
        blob = store.blobs.put(io.BytesIO(b"keypoints"), kind="keypoints")
        found = uow.recordings.add(recording(uow, refs[0]))
        uow.recordings.add_keypoints(replace(keypoints(uow, found), blob_sha256=blob))
        uow.assessments.save(assessment(uow, refs[0], uow.now))
    with at(store, FAR_AHEAD).transaction() as uow:
        uow.assessments.save(assessment(uow, refs[1], uow.now))
    retention.hold(boss_of, "2", "case 7")
    assert [(i.mrn, i.due_on, i.held) for i in retention.plan(boss_of, RULES)] == [
        ("0", date(2020, 3, 1), False), ("2", date(2020, 3, 1), True)
    ]  # fmt: skip
    done = run(boss_of)
    assert (done.records, done.held) == (1, 1)
    assert not store.blobs.exists(blob)
    with store.snapshot() as uow:
        assert set(uow.patients.find(["0", "1", "2", "3"])) == {"1", "2", "3"}
        assert uow.assessments.of_patient(refs[0].id, 9) == ()
    entries(boss_of)


@on_server
def test_a_machine_without_the_recordings_destroys_no_row(store: Store, boss_of: Store) -> None:
    film(store, given_patient(store), 0, recorded_at=LONG_AGO)
    elsewhere = replace(boss_of, make_blobs=lambda: BlobStore(Path("/nowhere"), b"k" * 32))
    with pytest.raises(RehabctlError, match="do not lie on this machine"):
        run(elsewhere)
    assert [item.held for item in retention.plan(boss_of, RULES)] == [False]


@on_server
def test_no_client_shortens_a_period_of_the_server(store: Store, boss_of: Store) -> None:
    """The server's own clock and copy of the periods decide; a clinic's row can lengthen them."""
    now = datetime.now(UTC)
    patient = given_patient(at(store, now))
    film(store, patient, 0, recorded_at=now)
    with at(store, now).transaction() as uow:
        discharge(uow, patient)
    shifted = at(boss_of, FAR_AHEAD)
    assert list(retention.plan(shifted, NO_TIME_AT_ALL)) == []
    with boss_of.transaction() as uow:
        video = StoredVideo(uuid4(), patient, "", "", 0, now, DueReason.AGE, held=False)
        film_id = uow.connection.execute(
            text("SELECT recording FROM retention_videos(0, NULL, 9)")
        ).scalar()
        assert film_id is None
        assert uow.retention.destroy_video(video, timedelta(0)) is None
        for own in (NO_TIME_AT_ALL, RULES):
            record = StoredRecord(patient.id, "", now.date(), held=False)
            assert uow.retention.destroy_record(record, own, now.date()) is None
    longer = replace(RULES, periods=[replace(RULES.periods[0], state="CO", years=900)])
    gone = given_patient(at(store, LONG_AGO), "2")
    with at(store, LONG_AGO).transaction() as uow:
        discharge(uow, gone)
    assert list(retention.plan(boss_of, longer)) == []
    assert len(list(retention.plan(boss_of, RULES))) == 1


@on_server
@given(
    birth=st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    last=st.dates(date(2003, 1, 1), date(2080, 1, 1)),
    state=st.sampled_from(["CO", "CA", "TX", "MA", "OH"]),
    longer=st.integers(0, 30),
)
@example(birth=date(2004, 2, 29), last=date(2020, 2, 29), state="CO", longer=13)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_server_counts_as_the_program_does(
    boss: Engine, birth: date, last: date, state: str, longer: int
) -> None:
    today = date(2080, 1, 2)
    own = RecordPeriod(state, longer, 0, date(2003, 4, 14), "", "")
    expected = max(p.keep_until(birth, last) for p in (RULES.period(state, today), own))
    query = text("SELECT retention_until(:state, :birth, :last, :today, CAST(:own AS jsonb))")
    values = {"state": state, "birth": birth, "last": last, "today": today}
    with boss.connect() as connection:
        for periods in ([own], [replace(own, state="*"), own]):
            text_of = _periods(replace(RULES, periods=periods))
            found = connection.execute(query, values | {"own": text_of}).scalar_one()
            assert found == expected
