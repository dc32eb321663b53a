"""Patients on both engines: keys, pages, suggestions, ownership."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from rehabctl.domain.clinic import User
from rehabctl.domain.episode import Episode, EpisodeStatus
from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.patient import (
    CareLine,
    Patient,
    PatientRef,
    PatientStatus,
    Sex,
    Side,
)
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from rehabctl.store.unit_of_work import UnitOfWork
from tests.contract.conftest import COLLEAGUE, NOW, at
from tests.contract.records import add_patient, demographics, given_patient


def colleague(uow: UnitOfWork) -> User:
    found = uow.clinics.user_by_login(COLLEAGUE)
    assert found is not None
    return found


def test_a_patient_comes_back_as_she_went_in(store: Store) -> None:
    who = demographics(
        "A-7",
        middle_name="María José",
        phone="+1 303 555 0100",
        email="ana@example.org",
        address1="1 Main St",
        city="Denver",
        postal_code="80202",
        time_zone="America/Denver",
        language="es",
        payer="Acme Health",
        member_id="X1",
        sex=Sex.OTHER,
    )
    with store.transaction() as uow:
        ref = PatientRef(uow.new_id(), uow.clinic.id, uow.user.id)
        patient = Patient(ref, who, PatientStatus.ACTIVE, uow.now, uow.now)
        uow.patients.add([patient])
    with store.transaction() as uow:
        assert uow.patients.get("A-7") == patient
        assert uow.patients.by_id(ref.id) == patient
        assert uow.patients.find(["A-7", "none"]) == {"A-7": patient}
    assert patient.created_at == NOW


def test_a_record_number_is_taken_once(store: Store) -> None:
    given_patient(store)
    with pytest.raises(ConflictError):
        given_patient(store)
    with store.transaction() as uow:
        assert uow.patients.count() == 1


def test_a_patient_belongs_to_a_therapist_of_her_own_clinic(registrar: Store) -> None:
    with pytest.raises(ConflictError):
        given_patient(registrar, therapist_id=uuid4())


def test_an_update_is_dated_and_keeps_the_owner(store: Store) -> None:
    ref = given_patient(store)
    later = at(store, NOW + timedelta(days=1))
    with later.transaction() as uow:
        patient = uow.patients.get("1042")
        changed = replace(
            patient,
            demographics=replace(patient.demographics, city="Boulder"),
            status=PatientStatus.DISCHARGED,
        )
        uow.patients.update(changed)
    with store.transaction() as uow:
        found = uow.patients.get("1042")
    assert found == replace(changed, updated_at=NOW + timedelta(days=1))
    assert found.ref == ref


def test_pages_cover_the_list_in_byte_order_whatever_the_server_speaks(store: Store) -> None:
    numbers = ["1042", "B7", "a-10", "a2", "Z", "b7", "1001"]
    with store.transaction() as uow:
        for number in numbers:
            add_patient(uow, number)
    seen: list[str] = []
    cursor = None
    with store.transaction() as uow:
        while True:
            page = uow.patients.page(limit=3, cursor=cursor)
            seen += [item.demographics.mrn for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert seen == sorted(numbers)


def test_a_page_carries_the_active_course_of_care_that_started_last(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        older = Episode(uow.new_id(), ref, date(2025, 1, 1), diagnosis="neck pain")
        newer = Episode(
            uow.new_id(),
            ref,
            date(2026, 2, 1),
            diagnosis="TKR",
            surgery_date=date(2026, 2, 1),
            side=Side.LEFT,
            precautions=("no kneeling", "no twist"),
        )
        closed = Episode(
            uow.new_id(), ref, date(2026, 2, 20), diagnosis="fall", status=EpisodeStatus.CLOSED
        )
        uow.episodes.add([older, newer, closed])
        (item,) = uow.patients.page(limit=10).items
        assert item.active_episode == newer.id
        assert item.care == CareLine(
            "TKR", date(2026, 2, 1), Side.LEFT, ("no kneeling", "no twist")
        )
        assert item.therapist == store.user.login
        assert item == uow.patients.summary("1042")
        assert uow.episodes.active(ref.id) == newer


def test_a_list_can_be_narrowed(store: Store, registrar: Store) -> None:
    with registrar.transaction() as uow:
        other = colleague(uow)
        mine = add_patient(uow, "1", store.user.id)
        add_patient(uow, "2", other.id)
        patient = uow.patients.get("1")
        uow.patients.update(replace(patient, status=PatientStatus.DISCHARGED))
        by_therapist = uow.patients.page(limit=9, therapist_id=other.id).items
        by_status = uow.patients.page(limit=9, status=PatientStatus.DISCHARGED).items
        assert [i.demographics.mrn for i in by_therapist] == ["2"]
        assert [i.ref for i in by_status] == [mine]
        assert uow.patients.count(therapist_id=other.id) == 1
        assert uow.patients.count(status=PatientStatus.ACTIVE) == 1


def test_an_unknown_number_suggests_the_nearest(store: Store) -> None:
    with store.transaction() as uow:
        for number in ("1041", "1042", "2000"):
            add_patient(uow, number)
    with store.transaction() as uow, pytest.raises(NotFoundError, match="1042") as caught:
        uow.patients.get("1402")
    assert "2000" not in str(caught.value)


def test_a_foreign_cursor_is_refused(store: Store) -> None:
    for cursor in ("garbage!", "W10", "eyJhIjoxfQ", "WzEsMl0"):
        with store.transaction() as uow, pytest.raises(UsageError):
            uow.patients.page(limit=3, cursor=cursor)


def test_a_transfer_moves_every_row_of_the_patient(store: Store, registrar: Store) -> None:
    ref = given_patient(store)
    with registrar.transaction() as uow:
        other = colleague(uow)
        uow.episodes.add([Episode(uow.new_id(), ref, date(2026, 1, 1))])
        moved = uow.patients.transfer(ref, other.id)
        (episode,) = uow.episodes.of_patient(ref.id)
        assert episode.patient == moved == replace(ref, therapist_id=other.id)


def test_times_without_a_zone_never_reach_the_store(store: Store) -> None:
    naive = at(store, datetime(2026, 3, 2, 15, 0))
    with pytest.raises(Exception, match="zone"):
        given_patient(naive)
    zoned = at(store, datetime.fromisoformat("2026-03-02T09:00:00-06:00"))
    given_patient(zoned)
    with store.transaction() as uow:
        created = uow.patients.get("1042").created_at
    assert created == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    assert created.tzinfo is UTC
