"""Links into the room of a visit, on both engines."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from rehabctl.domain.errors import UsageError
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.video import VideoRole, VideoService
from rehabctl.domain.visit import Visit, VisitKind
from rehabctl.integrations.video.rooms import VideoRooms
from rehabctl.reference.video import load_video_rules
from rehabctl.services import video_visits
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import given_patient

ROOMS = VideoRooms(VideoService.JITSI, "https://meet.example.org", "clinic", "s" * 32)
RULES = load_video_rules(date(2026, 3, 2))


def booked(store: Store, patient: PatientRef, group: UUID | None = None, hours: int = 0) -> Visit:
    start = NOW + timedelta(hours=hours)
    with store.transaction() as uow:
        visit = Visit(
            uow.new_id(), patient, VisitKind.GROUP if group else VisitKind.TREATMENT,
            start, start + timedelta(minutes=45), uow.user.id, appointment_id=group,
        )  # fmt: skip
        uow.visits.add(visit)
        return visit


def test_both_enter_one_room_and_nobody_is_named(store: Store) -> None:
    visit = booked(store, given_patient(store))
    patient, therapist = (
        video_visits.join(store, RULES, ROOMS, str(visit.id), role) for role in VideoRole
    )
    assert patient.room == therapist.room
    assert patient.link != therapist.link
    assert str(visit.id) not in patient.link
    assert patient.from_at == NOW - timedelta(minutes=15)
    assert patient.until_at == NOW + timedelta(minutes=75)
    later = at(store, NOW + timedelta(minutes=76))
    with pytest.raises(UsageError, match="over"):
        video_visits.join(later, RULES, ROOMS, str(visit.id), VideoRole.PATIENT)


def test_a_group_shares_a_room_that_others_do_not(store: Store) -> None:
    with store.transaction() as uow:
        group = uow.new_id()
    visits = [
        booked(store, given_patient(store, "1"), group),
        booked(store, given_patient(store, "2"), group),
        booked(store, given_patient(store, "3"), hours=2),
    ]
    rooms = [
        video_visits.join(store, RULES, ROOMS, str(one.id), VideoRole.PATIENT).room
        for one in visits
    ]
    assert rooms[0] == rooms[1] != rooms[2]
