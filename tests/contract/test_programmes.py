"""Pinned library items, programmes, sessions and journal on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.patient import PatientRef, Side
from rehabctl.domain.programme import Prescription, Programme, ProgrammeStatus
from rehabctl.domain.session import ExerciseSession, JournalEntry, SessionEntry, SessionSource
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from rehabctl.store.unit_of_work import UnitOfWork
from tests.contract.conftest import NOW
from tests.contract.records import add_patient, given_patient

START = date(2026, 3, 2)


def programme_of(uow: UnitOfWork, patient: PatientRef) -> Programme:
    pinned = uow.library.pin_exercise("heel-slide", 2, "Heel slide", {"steps": ["a", "b"]})
    line = Prescription(
        uow.new_id(), pinned.id, "heel-slide", 2, "Heel slide", 1, 3, 12, 0.0, 30.0, 5,
        weekdays=(1, 3, 5), side=Side.LEFT, target_deg=110.0,
    )  # fmt: skip
    programme = Programme(uow.new_id(), patient, START, notes="gently", prescriptions=(line,))
    uow.programmes.add(programme)
    return uow.programmes.get(programme.id)


def test_an_exercise_is_pinned_once_and_never_changes(store: Store) -> None:
    with store.transaction() as uow:
        first = uow.library.pin_exercise("heel-slide", 2, "Heel slide", {"b": 1, "a": [1, 2]})
        again = uow.library.pin_exercise("heel-slide", 2, "Heel slide", {"a": [1, 2], "b": 1})
        edited = uow.library.pin_exercise("heel-slide", 2, "Heel slide", {"a": [1], "b": 1})
        protocol = uow.library.pin_protocol("tkr", 1, "TKR", {"phases": []})
        assert again == first
        assert edited.id != first.id
        assert uow.library.exercise(first.id).content == {"a": [1, 2], "b": 1}
        assert uow.library.protocol(protocol.id) == protocol
        with pytest.raises(NotFoundError):
            uow.library.exercise(protocol.id)


def test_a_programme_comes_back_with_its_lines(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        programme = programme_of(uow, ref)
        assert programme.created_at == NOW
        (line,) = programme.prescriptions
        assert (line.exercise_slug, line.weekdays, line.target_deg) == (
            "heel-slide", (1, 3, 5), 110.0,
        )  # fmt: skip
        assert uow.programmes.active(ref.id) == programme


def test_two_people_who_edit_at_once_get_a_conflict(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        read = programme_of(uow, ref)
    (line,) = read.prescriptions
    with store.transaction() as uow:
        revised = uow.programmes.revise(
            replace(read, notes="harder", prescriptions=(replace(line, reps=15),))
        )
        assert (revised.revision, revised.prescriptions[0].reps) == (2, 15)
    with pytest.raises(ConflictError), store.transaction() as uow:
        uow.programmes.revise(replace(read, notes="softer"))
    with store.transaction() as uow:
        assert uow.programmes.get(read.id).notes == "harder"


def test_a_dose_out_of_bounds_is_refused(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        read = programme_of(uow, ref)
    (line,) = read.prescriptions
    with pytest.raises(ConflictError), store.transaction() as uow:
        uow.programmes.revise(replace(read, prescriptions=(replace(line, sets=0),)))


def test_hold_and_resume_keep_the_days(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        programme = programme_of(uow, ref)
        uow.programmes.hold(programme, START, "red flag")
        assert uow.programmes.get(programme.id).status is ProgrammeStatus.HELD
        assert uow.programmes.get(programme.id).held_reason == "red flag"
        uow.programmes.resume(programme, START + timedelta(days=2))
        assert uow.programmes.get(programme.id).status is ProgrammeStatus.ACTIVE
        (hold,) = uow.facts.of_patient(ref.id).holds
        assert (hold.from_day, hold.to_day) == (START, START + timedelta(days=2))


def test_a_new_schedule_leaves_the_past_alone(store: Store) -> None:
    ref = given_patient(store)
    first = [START, START + timedelta(days=2), START + timedelta(days=2)]
    with store.transaction() as uow:
        programme = programme_of(uow, ref)
        uow.programmes.set_schedule(programme, START, first)
        assert uow.programmes.due_days(programme.id) == tuple(first)
        tomorrow = START + timedelta(days=1)
        later = [START - timedelta(days=1), START + timedelta(days=3)]
        uow.programmes.set_schedule(programme, tomorrow, later)
        assert uow.programmes.due_days(programme.id) == (START, START + timedelta(days=3))
        assert uow.facts.of_patient(ref.id).due_on == (START, START + timedelta(days=3))


def session_of(uow: UnitOfWork, patient: PatientRef, external_id: str) -> ExerciseSession:
    return ExerciseSession(
        id=uow.new_id(),
        patient=patient,
        source=SessionSource.PATIENT_DEVICE,
        external_id=external_id,
        entered_by="patient",
        started_at=NOW - timedelta(hours=1),
        completed_at=NOW,
        pain_before=3.0,
        pain_during=5.0,
        pain_after=4.0,
        difficulty=6,
        notes="hard",
        entries=(
            SessionEntry("heel-slide", True, reps_per_set=(12, 12, 10), pain_after=4.0),
            SessionEntry("quad-set", False, skip_reason="pain"),
        ),
    )


def test_the_same_upload_twice_is_one_session(store: Store) -> None:
    with store.transaction() as uow:
        ref, other = add_patient(uow, "1"), add_patient(uow, "2")
        session = session_of(uow, ref, "device-1")
        assert uow.sessions.add(session)
        assert not uow.sessions.add(replace(session, id=uow.new_id()))
        assert uow.sessions.add(session_of(uow, other, "device-1"))
        assert uow.sessions.of_patient(ref.id) == (session,)
        assert uow.sessions.of_patient(ref.id, since=NOW) == ()


def test_journal_entries_are_kept_once(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        entry = JournalEntry(
            uow.new_id(), ref, "j1", START, NOW, "patient", 4.0, 7, "stiff", ("calf_swelling",)
        )
        assert uow.sessions.add_journal(entry)
        assert not uow.sessions.add_journal(replace(entry, id=uow.new_id()))
        assert uow.sessions.journal(ref.id) == (entry,)


@pytest.mark.parametrize("pain", [-0.1, 10.1])
def test_pain_outside_the_scale_is_refused(store: Store, pain: float) -> None:
    ref = given_patient(store)
    with pytest.raises(ConflictError), store.transaction() as uow:
        uow.sessions.add(replace(session_of(uow, ref, "x"), pain_after=pain))
    with store.transaction() as uow:
        assert uow.sessions.of_patient(ref.id) == ()
