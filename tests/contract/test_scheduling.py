"""Bookings on both engines: nothing overlaps, nothing unlicensed is booked, nothing half-done."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError, UsageError
from rehabctl.domain.licence import LicenceKind, LicenceStatus, Profession, ProviderLicence
from rehabctl.domain.message import OutboxState
from rehabctl.domain.schedule import Span
from rehabctl.domain.visit import Visit, VisitStatus
from rehabctl.reference.appointments import load_appointments
from rehabctl.reference.compact_states import load_compact
from rehabctl.reference.rules import load_rules
from rehabctl.services import calendars, licences, rebooking, schedule_views, scheduling, users
from rehabctl.services.scheduling import Booking, BookingRules
from rehabctl.services.settings import Settings
from rehabctl.services.wiring import open_store
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from tests.contract.conftest import COLLEAGUE, NOW, PROVIDERS, as_login, at
from tests.contract.records import add_patient

TABLES = BookingRules(load_appointments(), load_compact(), load_rules())
START = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
MRNS = tuple(str(n) for n in range(1, 9))


def licence(admin: Store, login: str, state: str = "CO", **changes: Any) -> ProviderLicence:
    values: dict[str, Any] = {
        "profession": Profession.PT,
        "kind": LicenceKind.LICENCE,
        "state": state,
        "number": "PT-1",
        "issued_on": date(2024, 1, 1),
        "expires_on": date(2027, 10, 31),
    }
    return licences.add(admin, login, values | changes)


@pytest.fixture
def clinic(store: Store, admin: Store) -> Store:
    """Eight patients at home in Colorado; one therapist licensed there, one licensed nowhere."""
    for login in PROVIDERS if admin.is_local else ():
        users.add(admin, login, Role.THERAPIST)
    with store.transaction() as uow:
        for mrn in MRNS:
            add_patient(uow, mrn)
    licence(admin, "jane")
    licence(admin, "pta", profession=Profession.PTA)
    return store


def book(store: Store, *mrns: str, **changes: Any) -> list[Visit]:
    values: dict[str, Any] = {
        "mrns": mrns or ("1",),
        "type_key": "treatment-tele",
        "start_at": START,
        "provider": "jane",
    }
    return scheduling.book(store, TABLES, Booking(**(values | changes)))


def visits(store: Store) -> tuple[Visit, ...]:
    with store.transaction() as uow:
        return uow.visits.between(NOW - timedelta(days=999), NOW + timedelta(days=999))


def test_a_booked_visit_keeps_what_it_rests_on(clinic: Store) -> None:
    [visit] = book(clinic, state="co")
    assert visits(clinic) == (visit,)
    assert visit.planned_end_at - visit.planned_start_at == timedelta(minutes=30)
    assert (visit.appointment_type, visit.expected_state) == ("treatment-tele", "CO")
    [check] = visit.licence_checks
    assert (check["when"], check["verdict"], check["basis"]) == (
        "booking", "allowed", ["pt licence CO"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"provider": "nora"}, "LIC_NONE"),
        ({"state": "UT"}, "LIC_NONE"),
        ({"state": "ABROAD"}, "LOCATION_ABROAD"),
        ({"state": "XX"}, "LOCATION_UNKNOWN"),
        ({"provider": "pta"}, "SUPERVISOR_MISSING"),
        ({"provider": "pta", "supervisor": "nora"}, "SUPERVISOR_NOT_PT"),
        ({"start_at": datetime(2027, 11, 1, 15, tzinfo=UTC)}, "LIC_EXPIRED"),
        ({"override": "I know", "state": "UT"}, "LIC_NONE"),
        ({"start_at": datetime(2027, 10, 18, 15, tzinfo=UTC), "every_weeks": 1, "count": 3},
         "LIC_EXPIRED"),
    ],
)  # fmt: skip
def test_a_pairing_that_is_not_compliant_is_not_booked(
    clinic: Store, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(FindingsError, match=code):
        book(clinic, **changes)
    assert visits(clinic) == ()
    with clinic.transaction() as uow:
        assert uow.outbox.due(99) == ()


def test_an_assistant_is_booked_with_a_supervisor(clinic: Store) -> None:
    [visit] = book(clinic, provider="pta", supervisor="jane")
    assert visit.licence_checks[0]["basis"] == ["pta licence CO", "pt licence CO"]


def test_what_is_not_verified_needs_a_person_who_decides(clinic: Store, admin: Store) -> None:
    licence(admin, "nora", "OH", is_home=True)
    licence(admin, "nora", "CO", kind=LicenceKind.PRIVILEGE)
    with pytest.raises(FindingsError, match=r"HOME_UNVERIFIED.*--override"):
        book(clinic, provider="nora")
    [visit] = book(clinic, provider="nora", override="map read today")
    [check] = visit.licence_checks
    assert check["override_by"] == clinic.user.login
    assert check["override_reason"] == "map read today"


@pytest.mark.parametrize(
    ("minutes", "booked"), [(0, False), (-30, False), (34, False), (35, True), (-35, True)]
)
def test_a_provider_is_free_with_a_buffer(clinic: Store, minutes: int, booked: bool) -> None:
    book(clinic, "1")
    start = START + timedelta(minutes=minutes)
    if booked:
        assert book(clinic, "2", start_at=start)
    else:
        with pytest.raises(FindingsError, match="OVERLAP: the provider"):
            book(clinic, "2", start_at=start)
        assert len(visits(clinic)) == 1


def test_a_patient_is_in_one_place_at_a_time(clinic: Store, admin: Store) -> None:
    licence(admin, "nora")
    book(clinic, "1")
    with pytest.raises(FindingsError, match="OVERLAP: the patient"):
        book(clinic, "1", provider="nora", start_at=START + timedelta(minutes=29))
    assert book(clinic, "1", provider="nora", start_at=START + timedelta(minutes=30))


def test_what_a_colleague_booked_is_taken_though_her_patient_is_not_seen(
    settings: Settings, clinic: Store
) -> None:
    with open_store(as_login(settings, COLLEAGUE)) as other:
        with other.transaction() as uow:
            add_patient(uow, "hers")
        book(other, "hers")
    with pytest.raises(FindingsError, match="OVERLAP: the provider"):
        book(clinic, "1")
    hours = ["mon=08:00-11:00"]
    calendars.set_hours(clinic, "jane", hours, zone="America/Denver", valid_from=date(2026, 1, 1))
    assert START not in [span.from_at for span in available(clinic)]


def test_the_key_keeps_appointments_apart_without_any_check(clinic: Store) -> None:
    [visit] = book(clinic, "1")
    with clinic.transaction() as uow:
        twin = replace(
            visit, id=uow.new_id(), appointment_id=uow.new_id(),
            patient=uow.patients.get("2").ref,
        )  # fmt: skip
    with pytest.raises(ConflictError), clinic.transaction() as uow:
        uow.visits.add(twin)
    assert visits(clinic) == (visit,)


def test_a_group_has_four_to_six(clinic: Store) -> None:
    with pytest.raises(FindingsError, match="GROUP_TOO_LARGE"):
        book(clinic, *MRNS[:7], type_key="group")
    assert visits(clinic) == ()
    made = book(clinic, *MRNS[:4], type_key="group")
    assert len({visit.appointment_id for visit in made}) == 1
    lines = schedule_views.listed(clinic, TABLES, START, START + timedelta(hours=1))
    assert [(line.group_size, line.is_short) for line in lines] == [(4, False)] * 4
    rebooking.cancel(clinic, TABLES, str(made[0].id), "ill")
    lines = schedule_views.listed(clinic, TABLES, START, START + timedelta(hours=1))
    assert {line.is_short for line in lines if line.visit.status is VisitStatus.PLANNED} == {True}
    with pytest.raises(FindingsError, match="GROUP_TOO_LARGE"):
        book(clinic, "7", "8")


def test_one_unlicensed_state_stops_the_whole_group(clinic: Store) -> None:
    with clinic.transaction() as uow:
        add_patient(uow, "abroad", state="UT")
    with pytest.raises(FindingsError, match="LIC_NONE"):
        book(clinic, "1", "2", "3", "abroad", type_key="group")
    assert visits(clinic) == ()


def test_a_series_keeps_its_local_time_and_is_booked_whole(clinic: Store) -> None:
    start = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)
    made = book(clinic, start_at=start, zone="America/Denver", every_weeks=1, count=3)
    assert [visit.planned_start_at.hour for visit in made] == [16, 15, 15]
    assert len({visit.series_id for visit in made}) == 1
    with pytest.raises(FindingsError, match="OVERLAP"):
        book(clinic, "2", start_at=start + timedelta(hours=-1, days=7), every_weeks=1, count=2)
    assert len(visits(clinic)) == 3
    done = rebooking.cancel(clinic, TABLES, str(made[1].id), "moved", following=True)
    assert {visit.id for visit, _ in done} == {made[1].id, made[2].id}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"mrns": ()}, UsageError),
        ({"mrns": ("1", "1"), "type_key": "group"}, UsageError),
        ({"mrns": ("nobody",)}, NotFoundError),
        ({"provider": "nobody"}, NotFoundError),
        ({"type_key": "massage"}, UsageError),
        ({"minutes": 33}, UsageError),
        ({"zone": "Mars/Base"}, UsageError),
        ({"start_at": NOW - timedelta(minutes=1)}, UsageError),
        ({"every_weeks": 1, "count": 61}, UsageError),
        ({"count": 2}, UsageError),
        ({"waitlist_entry": "x"}, NotFoundError),
    ],
)
def test_bad_input_changes_nothing(
    clinic: Store, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        book(clinic, **changes)
    assert visits(clinic) == ()


def test_a_rehearsal_changes_nothing(clinic: Store) -> None:
    booking = Booking(("1",), "treatment", START, provider="jane")
    assert scheduling.book(clinic, TABLES, booking, dry_run=True)
    assert visits(clinic) == ()


def test_a_move_checks_the_new_day_and_takes_everybody_along(clinic: Store) -> None:
    made = book(clinic, *MRNS[:4], type_key="group")
    later = START + timedelta(minutes=20)  # overlaps itself, which does not count
    moved = rebooking.move(clinic, TABLES, str(made[2].id), later)
    assert {visit.planned_start_at for visit in moved} == {later}
    assert len(moved) == 4
    assert [check["when"] for check in moved[0].licence_checks] == ["booking", "moving"]
    book(clinic, "8", start_at=START + timedelta(hours=3))
    with pytest.raises(FindingsError, match="OVERLAP"):
        rebooking.move(clinic, TABLES, str(made[0].id), START + timedelta(hours=3))
    with pytest.raises(FindingsError, match="LIC_EXPIRED"):
        rebooking.move(clinic, TABLES, str(made[0].id), datetime(2027, 11, 1, tzinfo=UTC))
    assert {v.planned_start_at for v in visits(clinic)} == {later, START + timedelta(hours=3)}


def test_reminders_follow_the_visit(clinic: Store) -> None:
    def queued() -> list[tuple[str, datetime]]:
        with clinic.transaction() as uow:
            ref = uow.patients.get("1").ref
            items = uow.outbox.of_patient(ref.id)
        return sorted(
            (item.payload["visit_id"], item.not_before)
            for item in items
            if item.state is OutboxState.QUEUED
        )

    start = datetime(2026, 3, 9, 18, 0, tzinfo=UTC)
    [visit] = book(clinic, start_at=start)
    [other] = book(clinic, start_at=start + timedelta(days=30))
    mine = [moment for visit_id, moment in queued() if visit_id == str(visit.id)]
    assert mine == [start - timedelta(hours=h) for h in (72, 24, 2)]
    [moved] = rebooking.move(clinic, TABLES, str(visit.id), start + timedelta(days=1))
    mine = [moment for visit_id, moment in queued() if visit_id == str(visit.id)]
    assert mine == [start + timedelta(hours=24 - h) for h in (72, 24, 2)]
    [(_, late)] = rebooking.cancel(clinic, TABLES, str(moved.id), "ill")
    assert not late
    assert {visit_id for visit_id, _ in queued()} == {str(other.id)}
    with pytest.raises(UsageError, match="cancelled"):
        rebooking.cancel(clinic, TABLES, str(moved.id), "again")


def test_a_late_cancellation_is_told(clinic: Store) -> None:
    [visit] = book(clinic)
    soon = at(clinic, START - timedelta(hours=23))
    [(_, late)] = rebooking.cancel(soon, TABLES, str(visit.id), "ill")
    assert late


def test_availability_is_what_can_be_booked(clinic: Store) -> None:
    with pytest.raises(FindingsError, match="hours are not set"):
        available(clinic)
    calendars.set_hours(
        clinic, "jane", ["mon=09:00-11:00"], zone="America/Denver", valid_from=date(2026, 1, 1)
    )
    assert available(clinic)[0].from_at == START  # 09:00 in Denver, after the change of the clocks
    book(clinic, start_at=START + timedelta(minutes=30))
    calendars.add_absence(
        clinic, "jane", START + timedelta(minutes=90), START + timedelta(minutes=100), "call"
    )
    starts = [span.from_at for span in available(clinic)]
    # 09:00 would end at 09:30 without a buffer; 10:05 to 10:30 is too short after an absence
    assert starts == []
    calendars.set_hours(
        clinic, "jane", ["mon=08:00-11:00"], zone="America/Denver", valid_from=date(2026, 1, 1)
    )
    for span in available(clinic):
        scheduling.book(
            clinic,
            TABLES,
            Booking(("2",), "treatment-tele", span.from_at, provider="jane"),
            dry_run=True,
        )
    with pytest.raises(FindingsError, match="OUTSIDE_HOURS"):
        book(clinic, "2", start_at=START - timedelta(hours=3))
    assert book(clinic, "2", start_at=START - timedelta(hours=3), outside_hours=True)
    with pytest.raises(FindingsError, match="ABSENT"):
        book(clinic, "3", start_at=START + timedelta(minutes=95), outside_hours=False)


def available(store: Store) -> list[Span]:
    return schedule_views.availability(
        store,
        TABLES,
        provider="jane",
        type_key="treatment-tele",
        from_at=START - timedelta(hours=12),
        until_at=START + timedelta(days=1),
    )


@pytest.mark.parametrize(
    "line", ["mon", "mon=9", "xyz=09:00-10:00", "mon=10:00-09:00", "mon=25:00-26:00"]
)
def test_wrong_hours_are_refused(clinic: Store, line: str) -> None:
    calendars.set_hours(clinic, "jane", ["mon=09:00-11:00"], zone=None, valid_from=None)
    with pytest.raises(UsageError):
        calendars.set_hours(clinic, "jane", ["tue=09:00-11:00", line], zone=None, valid_from=None)
    assert [line.weekday for line in calendars.hours_of(clinic, "jane")] == [1]


def test_the_waitlist_stands_in_the_order_of_need(clinic: Store) -> None:
    from rehabctl.services import triage

    first = calendars.add_wish(clinic, TABLES, "1", "treatment")
    later = calendars.add_wish(at(clinic, NOW + timedelta(days=1)), TABLES, "2", "treatment")
    assert [mrn for _, mrn, _ in calendars.waiting(clinic)] == ["1", "2"]
    with clinic.transaction() as uow:  # only patient 2 stands on the worklist
        triage.refresh(uow, [later.patient], TABLES.rules)
    assert [(mrn, tier) for _, mrn, tier in calendars.waiting(clinic)] == [
        ("2", "stable"), ("1", None),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="another patient"):
        book(clinic, "2", waitlist_entry=str(first.id))
    book(clinic, "2", waitlist_entry=str(later.id))
    calendars.remove_wish(clinic, str(first.id))
    assert calendars.waiting(clinic) == []


def test_a_calendar_goes_out_and_busy_times_come_in_once(clinic: Store) -> None:
    book(clinic, zone="America/Denver")
    lines = schedule_views.listed(clinic, TABLES, START, START + timedelta(hours=1))
    content = calendars.export_calendar(clinic, lines, with_mrn=False)
    assert b"DTSTART;TZID=America/Denver:20260309T090000" in content
    assert b"Diaz" not in content
    report = calendars.import_calendar(clinic, "pta", content, None)
    assert (report.created, report.unchanged) == (1, 0)
    again = calendars.import_calendar(clinic, "pta", content, None)
    assert (again.created, again.unchanged) == (0, 1)
    with pytest.raises(FindingsError, match="ABSENT"):
        book(clinic, "2", provider="pta", supervisor="jane")
    with pytest.raises(RehabctlError, match="not an iCalendar"):
        calendars.import_calendar(clinic, "pta", b"BEGIN:VCARD", None)


def test_two_writers_never_book_one_provider_twice(settings: Settings, clinic: Store) -> None:
    """Both look for a conflict before either has written: one of them has to wait."""
    barrier, won, lost = threading.Barrier(4), [], []

    def attempt(mrn: str) -> None:
        with open_store(settings, busy_timeout_s=60) as own:
            barrier.wait()
            try:
                won.extend(book(own, mrn))
            except FindingsError as error:
                lost.append(str(error))

    threads = [threading.Thread(target=attempt, args=(mrn,)) for mrn in MRNS[:4]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 3)
    assert len(visits(clinic)) == 1


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["book", "book", "move", "cancel", "lapse", "renew"]),
        st.sampled_from(MRNS[:4]),
        st.sampled_from(["jane", "nora"]),
        st.integers(0, 20),
    ),
    min_size=4,
    max_size=14,
)


@pytest.mark.slow
@given(operations=OPERATIONS)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_done_nothing_overlaps_and_nothing_unlicensed_is_planned(
    clinic: Store, admin: Store, operations: list[tuple[str, str, str, int]]
) -> None:
    made: list[Visit] = []
    with clinic.transaction() as uow:
        for visit in uow.visits.between(NOW, NOW + timedelta(days=99)):
            if visit.status is VisitStatus.PLANNED:
                uow.visits.revise(replace(visit, status=VisitStatus.CANCELLED))
    for what, mrn, provider, quarter in operations:
        start = START + timedelta(minutes=15 * quarter)
        try:
            if what == "book":
                made += book(clinic, mrn, provider=provider, start_at=start)
            elif what == "move" and made:
                rebooking.move(clinic, TABLES, str(made[quarter % len(made)].id), start)
            elif what == "cancel" and made:
                rebooking.cancel(clinic, TABLES, str(made[quarter % len(made)].id), "x")
            elif what in ("lapse", "renew"):
                lapsed = LicenceStatus.INACTIVE if what == "lapse" else LicenceStatus.ACTIVE
                licence(admin, "jane", status=lapsed)
        except (FindingsError, UsageError):
            continue
    planned = [v for v in visits(clinic) if v.status is VisitStatus.PLANNED]
    for n, one in enumerate(planned):
        assert one.licence_checks[-1]["verdict"] == "allowed"
        for other in planned[n + 1 :]:
            if one.provider_id == other.provider_id or one.patient == other.patient:
                mine = Span(one.planned_start_at, one.planned_end_at)
                assert not mine.meets(Span(other.planned_start_at, other.planned_end_at))
    with clinic.transaction() as uow:
        nora = uow.clinics.user_by_login("nora", uow.clinic.id)
    assert nora is not None
    assert nora.id not in {visit.provider_id for visit in planned}
