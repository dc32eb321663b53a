"""Moving an appointment asks everything again that booking asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import FindingsError, UsageError
from rehabctl.domain.visit import Visit, VisitStatus
from rehabctl.reference.appointments import load_appointments
from rehabctl.reference.compact_states import load_compact
from rehabctl.reference.rules import load_rules
from rehabctl.services import plans_of_care, rebooking, scheduling
from rehabctl.services.scheduling import Booking, BookingRules
from rehabctl.services.settings import Settings
from rehabctl.services.visit_desk import VisitDesk
from rehabctl.store.store import Store
from tests.contract.records import add_patient

TABLES = BookingRules(load_appointments(), load_compact(), load_rules())
START = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
LAST_OF_PLAN = date(2026, 4, 27)
PLAN: dict[str, Any] = {
    "diagnosis": "knee", "long_term_goals": ("stairs",), "treatment_type": "exercise",
    "amount": "once a day", "frequency": "2 a week", "duration_weeks": 8,
    "starts_on": date(2026, 3, 2),
}  # fmt: skip


@pytest.fixture
def course(store: Store, licensed: None) -> Store:
    """A course of care with a plan of eight weeks and one authorised visit in March."""
    with store.transaction() as uow:
        ref = add_patient(uow, "1")
        uow.episodes.add([Episode(uow.new_id(), ref, date(2026, 2, 2), diagnosis="Knee")])
    plans_of_care.write(store, TABLES.rules, "1", PLAN, "PT")
    plans_of_care.authorise(
        store, "1",
        {
            "number": "A-1", "payer": "ACME", "starts_on": date(2026, 3, 1),
            "expires_on": date(2026, 3, 31), "visits": 1, "units": None,
        },
    )  # fmt: skip
    return store


def book(store: Store) -> Visit:
    return scheduling.book(store, TABLES, Booking(("1",), "treatment-tele", START))[0]


def test_the_only_authorised_visit_can_be_moved_but_no_second_one_booked(course: Store) -> None:
    visit = book(course)
    with pytest.raises(FindingsError, match="AUTH_USED_UP: no authorised visit"):
        scheduling.book(
            course, TABLES, Booking(("1",), "treatment-tele", START + timedelta(days=1))
        )
    [moved] = rebooking.move(course, TABLES, str(visit.id), START + timedelta(days=2))
    assert moved.planned_start_at == START + timedelta(days=2)


@pytest.mark.parametrize(
    ("day", "code"),
    [(date(2026, 4, 1), "AUTH_EXPIRED"), (LAST_OF_PLAN + timedelta(days=1), "POC_ENDED")],
)
def test_a_move_keeps_to_the_plan_and_the_authorisation(
    course: Store, day: date, code: str
) -> None:
    visit = book(course)
    later = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
    with pytest.raises(FindingsError, match=code):
        rebooking.move(course, TABLES, str(visit.id), later)
    with course.transaction() as uow:
        assert uow.visits.get(visit.id) == visit
    [moved] = rebooking.move(course, TABLES, str(visit.id), later, override="payer agreed")
    assert moved.planned_start_at == later


def test_the_panel_books_moves_and_cancels_as_the_commands_do(
    course: Store, settings: Settings
) -> None:
    desk = VisitDesk(course, settings, TABLES.rules)
    desk.book("1", START, "treatment-tele", "")
    with pytest.raises(FindingsError):
        desk.book("1", START, "treatment-tele", "")
    [line] = desk.listed(START.date(), 1, everybody=False)
    desk.move(str(line.visit.id), START + timedelta(hours=1), "")
    with pytest.raises(UsageError, match="reason"):
        desk.cancel(str(line.visit.id), " ")
    desk.cancel(str(line.visit.id), "ill")
    [line] = desk.listed(START.date(), 1, everybody=False)
    assert line.visit.planned_start_at == START + timedelta(hours=1)
    assert (line.visit.status, line.visit.cancel_reason) == (VisitStatus.CANCELLED, "ill")
