"""The intake on both engines: kept with its reasons, and what bookings make of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import FindingsError, NotFoundError, UsageError
from rehabctl.domain.suitability import Suitability, SuitabilityIntake
from rehabctl.domain.visit import Channel, Visit, VisitStatus
from rehabctl.reference.appointments import load_appointments
from rehabctl.reference.compact_states import load_compact
from rehabctl.reference.rules import load_rules
from rehabctl.reference.suitability import load_suitability, rules_version
from rehabctl.services import rebooking, scheduling, suitability, visits
from rehabctl.services.scheduling import Booking, BookingRules
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import add_patient, given_patient

TABLES = BookingRules(load_appointments(), load_compact(), load_rules())
RULES = load_suitability()
START = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)


@pytest.fixture
def course(store: Store, licensed: None) -> Store:
    """Two patients in a course of care; one had her knee replaced a week ago."""
    with store.transaction() as uow:
        for mrn, condition in (("1", None), ("2", "TKR")):
            ref = add_patient(uow, mrn)
            uow.episodes.add(
                [
                    Episode(
                        uow.new_id(), ref, date(2026, 2, 20), condition=condition,
                        surgery_date=date(2026, 2, 23),
                    )
                ]
            )  # fmt: skip
    return store


def asked(store: Store, mrn: str = "1", **changes: Any) -> SuitabilityIntake:
    answers: dict[str, Any] = {"falls_12_months": 0, "device": "video", "has_caregiver": False}
    return suitability.assess(store, RULES, mrn, **(answers | changes))


def book(store: Store, mrn: str = "1", **changes: Any) -> list[Visit]:
    values: dict[str, Any] = {"mrns": (mrn,), "type_key": None, "start_at": START}
    return scheduling.book(store, TABLES, Booking(**(values | changes)))


def test_an_intake_is_kept_with_its_day_its_rules_and_who_asked(course: Store) -> None:
    made = asked(course, "2", falls_12_months=2)
    kept = suitability.stored(course, "2")
    assert kept == made
    assert (kept.assessed_at, kept.assessed_by) == (NOW, course.user.id)
    assert (kept.condition, kept.weeks_post_op) == ("TKR", 1)
    assert kept.rules_version == rules_version(RULES)
    assert {r["code"]: r["rule_version"] for r in kept.reasons} == {
        "FALLS_ALONE": "FALLS_ALONE@2020-01-01",
        "EARLY_REPLACEMENT": "EARLY_REPLACEMENT@2020-01-01",
    }
    assert (kept.first_visit, kept.later_visits) == (Suitability.IN_PERSON, Suitability.IN_PERSON)
    newer = asked(at(course, NOW + timedelta(days=1)), "2")
    assert suitability.stored(course, "2") == newer
    with course.transaction() as uow:
        outcome = uow.suitability.outcome(newer.episode_id)
    assert outcome is not None
    assert (outcome.first_visit, outcome.assessed_at) == (Suitability.HYBRID, newer.assessed_at)


def test_a_rehearsal_and_wrong_answers_keep_nothing(course: Store) -> None:
    asked(course, dry_run=True)
    with pytest.raises(UsageError, match="--device"):
        asked(course, device="fax")
    with pytest.raises(NotFoundError, match="no intake is on file"):
        suitability.stored(course, "1")
    given_patient(course, "3")
    for attempt in (lambda: asked(course, "3"), lambda: suitability.stored(course, "3")):
        with pytest.raises(NotFoundError, match="no active course of care"):
            attempt()


@pytest.mark.parametrize(
    ("answers", "first", "second"),
    [
        (None, "treatment", "treatment"),
        ({}, "evaluation-tele", "treatment-tele"),
        ({"device": "phone"}, "evaluation", "treatment-tele"),
        ({"device": "none"}, "evaluation", "treatment"),
    ],
)
def test_the_appointment_type_follows_from_the_intake(
    course: Store, answers: dict[str, Any] | None, first: str, second: str
) -> None:
    if answers is not None:
        asked(course, **answers)
    [one] = book(course)
    [two] = book(course, start_at=START + timedelta(days=1))
    assert (one.appointment_type, two.appointment_type) == (first, second)


def test_patients_of_different_types_need_a_word(course: Store) -> None:
    asked(course, "1")
    with pytest.raises(UsageError, match=r"different appointment types.*--type"):
        book(course, mrns=("1", "2"))


def test_what_is_wanted_in_one_room_is_not_booked_at_a_distance(course: Store) -> None:
    asked(course, device="none")
    for key in ("evaluation-tele", "treatment-tele", "group-tele"):
        with pytest.raises(FindingsError, match=r"NOT_SUITABLE.*--override"):
            book(course, type_key=key)
    with course.transaction() as uow:
        assert uow.visits.between(NOW, NOW + timedelta(days=99)) == ()
    assert book(course, type_key="check-in")  # a call is no treatment
    later = START + timedelta(hours=2)
    [visit] = book(course, type_key="treatment-tele", start_at=later, override="lives far away")
    with pytest.raises(FindingsError, match="NOT_SUITABLE"):
        rebooking.move(course, TABLES, str(visit.id), later + timedelta(days=1))
    [moved] = rebooking.move(
        course, TABLES, str(visit.id), later + timedelta(days=1), override="lives far away"
    )
    assert moved.planned_start_at == later + timedelta(days=1)


def test_an_override_is_kept_in_the_log_under_a_name(course: Store, auditor: Store) -> None:
    asked(course, device="none")
    [visit] = book(course, type_key="treatment-tele", override="lives far away")
    with auditor.transaction() as uow:
        entries = [e for e in uow.audit.entries(limit=50) if e.action == "suitability.override"]
    assert [(e.entity_id, e.actor) for e in entries] == [(str(visit.id), course.user.login)]
    assert "far away" not in str(entries)


def test_a_hybrid_course_of_care_begins_in_the_room(course: Store) -> None:
    asked(course, device="phone")
    with pytest.raises(FindingsError, match="NOT_SUITABLE"):
        book(course, type_key="evaluation-tele")
    book(course, type_key="evaluation")
    assert book(course, type_key="treatment-tele", start_at=START + timedelta(days=1))


def test_check_in_asks_again_by_which_channel(course: Store) -> None:
    asked(course, device="none")
    [visit] = book(course)
    day = at(course, START)
    for channel in (Channel.VIDEO, Channel.PHONE):
        with pytest.raises(FindingsError, match="NOT_SUITABLE"):
            visits.start(day, TABLES.compact, str(visit.id), channel=channel, patient_state="CO")
    assert visits.show(day, str(visit.id)).status is VisitStatus.PLANNED
    begun = visits.start(
        day, TABLES.compact, str(visit.id), channel=Channel.IN_PERSON, patient_state=None
    )
    assert begun.status is VisitStatus.IN_PROGRESS
