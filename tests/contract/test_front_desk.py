"""A registrar books on a server: by demographics and the schedule, without clinical records."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import FindingsError, NotPermittedError
from rehabctl.domain.message import OutboxItem
from rehabctl.domain.visit import Channel, Visit, VisitStatus
from rehabctl.reference.appointments import load_appointments
from rehabctl.reference.compact_states import load_compact
from rehabctl.reference.rules import load_rules
from rehabctl.reference.suitability import load_suitability
from rehabctl.services import (
    calendars,
    licences,
    plans_of_care,
    rebooking,
    schedule_views,
    scheduling,
    suitability,
    triage,
    visit_sheet,
    visits,
)
from rehabctl.services.scheduling import Booking, BookingRules
from rehabctl.services.settings import Settings
from rehabctl.services.wiring import open_store
from rehabctl.store.store import Store
from tests.contract.conftest import COLLEAGUE, NOW, THERAPIST, as_login, at
from tests.contract.records import add_patient

TABLES = BookingRules(load_appointments(), load_compact(), load_rules())
START = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("settings", ["postgres"], indirect=True),  # a file's key opens it all
]


@pytest.fixture
def desk(registrar: Store, store: Store, licensed: None) -> Store:
    """The registrar's store; a patient of the therapist is in a course of care."""
    with store.transaction() as uow:
        for mrn in ("1", "2"):
            ref = add_patient(uow, mrn)
            uow.episodes.add([Episode(uow.new_id(), ref, date(2026, 2, 2), diagnosis="Knee")])
    return registrar


def book(store: Store, mrn: str = "1", **changes: Any) -> list[Visit]:
    values: dict[str, Any] = {
        "mrns": (mrn,), "type_key": "treatment-tele", "start_at": START, "provider": THERAPIST,
    }  # fmt: skip
    return scheduling.book(store, TABLES, Booking(**(values | changes)))


def held(store: Store, visit: Visit, minutes: int = 30) -> None:
    start = visit.planned_start_at
    visit_id = str(visit.id)
    visits.start(
        at(store, start), TABLES.compact, visit_id, channel=Channel.VIDEO, patient_state="CO"
    )
    visits.begin_block(at(store, start), visit_id, "97110", one_to_one=True)
    visits.stop(at(store, start + timedelta(minutes=minutes)), TABLES.rules, visit_id)
    visit_sheet.rate(store, visit_id, 3)


def test_the_desk_books_moves_and_cancels(desk: Store, store: Store) -> None:
    hours = ["mon=08:00-12:00", "tue=08:00-12:00"]
    calendars.set_hours(store, THERAPIST, hours, zone="America/Denver", valid_from=NOW.date())
    free = schedule_views.availability(
        desk, TABLES, provider=THERAPIST, type_key="treatment-tele",
        from_at=START - timedelta(hours=12), until_at=START + timedelta(days=1),
    )  # fmt: skip
    assert START in [span.from_at for span in free]
    [visit] = book(desk)
    assert visit.licence_checks[0]["verdict"] == "allowed"
    with store.transaction() as uow:
        assert [v.id for v in uow.visits.of_patient(visit.patient.id)] == [visit.id]
        assert len(uow.outbox.of_patient(visit.patient.id)) == 3
    [moved] = rebooking.move(desk, TABLES, str(visit.id), START + timedelta(days=1))
    assert moved.planned_start_at == START + timedelta(days=1)
    lines = schedule_views.listed(desk, TABLES, START, START + timedelta(days=2))
    assert [(line.mrn, line.provider) for line in lines] == [("1", THERAPIST)]
    [(gone, _)] = rebooking.cancel(desk, TABLES, str(visit.id), "called")
    assert gone.status is VisitStatus.CANCELLED
    assert book(desk, "2", start_at=START + timedelta(days=1))  # the time is free again


def test_the_desk_is_held_to_licensure_and_the_plan(
    desk: Store, store: Store, admin: Store
) -> None:
    with pytest.raises(FindingsError, match="LIC_NONE"):
        book(desk, provider=COLLEAGUE)
    plan = {
        "diagnosis": "knee", "long_term_goals": ("stairs",), "treatment_type": "exercise",
        "amount": "once a day", "frequency": "2 a week", "duration_weeks": 8,
        "starts_on": date(2026, 3, 2),
    }  # fmt: skip
    plans_of_care.write(store, TABLES.rules, "1", plan, "PT")
    given = {
        "number": "A-1", "payer": "ACME", "starts_on": date(2026, 3, 1),
        "expires_on": date(2026, 12, 31), "visits": 9, "units": 3,
    }  # fmt: skip
    plans_of_care.authorise(store, "1", given)
    with pytest.raises(FindingsError, match="POC_ENDED"):
        book(desk, start_at=START + timedelta(weeks=9))
    [first] = book(desk)
    held(store, first, minutes=38)  # three units
    for who in (desk, store):
        with pytest.raises(FindingsError, match="AUTH_USED_UP: no authorised unit"):
            book(who, start_at=START + timedelta(days=2))
    [other] = book(desk, "2", start_at=START + timedelta(days=3))
    licences.add(
        admin, THERAPIST,
        {
            "profession": "pt", "kind": "licence", "state": "CO", "number": "PT-1",
            "issued_on": date(2000, 1, 1), "expires_on": date(2026, 3, 13),
        },
    )  # fmt: skip
    with pytest.raises(FindingsError, match="LIC_EXPIRED"):
        rebooking.move(desk, TABLES, str(other.id), START + timedelta(days=7))


def test_the_desk_follows_an_intake_that_it_cannot_read(desk: Store, store: Store) -> None:
    suitability.assess(
        store, load_suitability(), "1", falls_12_months=4, device="video", has_caregiver=False
    )
    with pytest.raises(FindingsError, match="NOT_SUITABLE") as refused:
        book(desk)
    assert "FALL" not in str(refused.value).upper()
    assert [visit.appointment_type for visit in book(desk, type_key=None)] == ["evaluation"]
    with desk.transaction() as uow:
        episode = uow.episodes.active(uow.patients.get("1").id)
        assert episode is not None
        with pytest.raises(NotPermittedError):
            suitability.stored(desk, "1")
    with pytest.raises(NotPermittedError), desk.transaction() as uow:
        uow.suitability.newest(episode.id)


def test_the_desk_decides_nothing_under_its_own_name(desk: Store) -> None:
    [visit] = book(desk)
    later = START + timedelta(days=1)
    with pytest.raises(NotPermittedError, match="may not write clinical"):
        book(desk, start_at=later, override="I think so")
    with pytest.raises(NotPermittedError, match="may not write clinical"):
        rebooking.move(desk, TABLES, str(visit.id), later, override="I think so")


def test_a_patient_with_a_colleague_is_taken_for_the_desk_too(
    desk: Store, admin: Store, store: Store
) -> None:
    licences.add(
        admin, COLLEAGUE,
        {
            "profession": "pt", "kind": "licence", "state": "CO", "number": "PT-2",
            "issued_on": date(2000, 1, 1), "expires_on": date(2100, 1, 1),
        },
    )  # fmt: skip
    [visit] = book(desk)
    visits.start(
        at(store, START), TABLES.compact, str(visit.id), channel=Channel.VIDEO, patient_state="CO"
    )
    with pytest.raises(FindingsError, match="OVERLAP: the patient"):
        book(at(desk, START), provider=COLLEAGUE, start_at=START + timedelta(minutes=20))


def test_cancelling_one_of_a_group_keeps_the_time_of_the_others_who_began(
    desk: Store, store: Store
) -> None:
    one, two = book(desk, type_key="group", mrns=("1", "2"))
    visits.start(
        at(store, START), TABLES.compact, str(one.id), channel=Channel.VIDEO, patient_state="CO"
    )
    rebooking.cancel(desk, TABLES, str(two.id), "ill")
    with pytest.raises(FindingsError, match="OVERLAP: the provider"):
        book(desk, "2")


def test_the_waitlist_stands_in_the_same_order_without_a_tier(desk: Store, store: Store) -> None:
    for n, mrn in enumerate(("1", "2")):
        calendars.add_wish(at(desk, NOW + timedelta(days=n)), TABLES, mrn, "treatment")
    with store.transaction() as uow:
        triage.refresh(uow, [uow.patients.get("2").ref], TABLES.rules)
    assert [(mrn, tier) for _, mrn, tier in calendars.waiting(desk)] == [("2", None), ("1", None)]
    assert [mrn for _, mrn, _ in calendars.waiting(store)] == ["2", "1"]
    entry = calendars.waiting(desk)[0][0]
    book(desk, "2", waitlist_entry=str(entry.id))
    assert [mrn for _, mrn, _ in calendars.waiting(desk)] == ["1"]


ATTEMPTS = [
    "SELECT satisfaction FROM visit",
    "SELECT patient_state FROM visit",
    "SELECT * FROM visit",
    "SELECT code FROM visit_block",
    "SELECT channel FROM visit_channel",
    "SELECT id FROM visit_participant",
    "SELECT falls_12_months FROM suitability_intake",
    "SELECT body FROM clinical_note",
    "SELECT diagnosis FROM plan_of_care",
    "SELECT reasons FROM panel_row",
    "DELETE FROM visit",
    "UPDATE visit SET status = 'completed', started_at = now(), ended_at = now()",
    "UPDATE visit SET started_at = now()",
    "UPDATE provider_licence SET expires_on = '2100-01-01'",
    "INSERT INTO provider_licence SELECT * FROM provider_licence",
    "UPDATE authorisation SET visits = 99",
    "DELETE FROM working_hours",
    "INSERT INTO suitability_intake SELECT * FROM suitability_intake",
]


@pytest.mark.parametrize("sql", ATTEMPTS)
def test_what_the_desk_tries_by_sql_is_refused(desk: Store, sql: str) -> None:
    book(desk)
    with pytest.raises(NotPermittedError), desk.transaction() as uow:
        uow.connection.execute(text(sql))


def test_what_was_held_is_not_changed_by_the_desk(
    desk: Store, store: Store, settings: Settings
) -> None:
    [visit] = book(desk)
    held(store, visit)
    with store.transaction() as uow:
        before = uow.visits.get(visit.id)
        ref = visit.patient
        uow.outbox.queue(
            OutboxItem(
                id=uow.new_id(), patient=ref, channel="portal", template="care_message",
                payload={"text": "clinical"}, dedupe_key="m:1", not_before=NOW, time_zone="UTC",
            )
        )  # fmt: skip
    with open_store(as_login(settings, "rex")) as again, again.transaction() as uow:
        for sql in (
            "UPDATE visit SET status = 'cancelled'",
            "UPDATE visit SET planned_end_at = planned_end_at + interval '1 hour'",
            "UPDATE outbox SET state = 'cancelled' WHERE template = 'care_message'",
        ):
            assert uow.connection.execute(text(sql)).rowcount == 0
        assert uow.outbox.of_patient(ref.id)
        assert {item.template for item in uow.outbox.of_patient(ref.id)} == {"visit_reminder"}
    with store.transaction() as uow:
        assert uow.visits.get(visit.id) == before
        assert "care_message" in {item.template for item in uow.outbox.of_patient(ref.id)}


def test_what_follows_from_an_intake_is_told_to_the_desk_only(desk: Store, store: Store) -> None:
    suitability.assess(
        store, load_suitability(), "1", falls_12_months=0, device="none", has_caregiver=False
    )
    function = text("SELECT count(*) FROM booking_suitability(:course)")
    with store.transaction() as uow:
        episode = uow.episodes.active(uow.patients.get("1").id)
    assert episode is not None
    with pytest.raises(NotPermittedError), store.transaction() as uow:  # not for therapists
        uow.connection.execute(function, {"course": episode.id})
    with desk.transaction() as uow:
        assert uow.connection.execute(function, {"course": episode.id}).scalar_one() == 1
