"""Appointments of a record system are booked, moved, changed and cancelled by our own rules."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from rehabctl.domain.visit import Visit, VisitStatus
from rehabctl.integrations.hl7v2.message import parse
from rehabctl.reference.rules import load_rules
from rehabctl.services import hl7_import
from rehabctl.services.hl7_listener import Listener
from rehabctl.store.store import Store
from tests.contract.records import add_patient


def siu(
    event: str, start: str = "202603091500+0000", number: str = "A1", kind: str = "treatment-tele",
    minutes: str = "30", mrn: str = "1", reason: str = "", provider: str = "",
) -> str:  # fmt: skip
    return (
        f"MSH|^~\\&|EHR|MAIN|RC|X|20260302||SIU^{event}|{number}{event}|P|2.5.1\r"
        f"SCH|P{number}|{number}||||{reason}||{kind}|{minutes}|MIN|^^^{start}\r"
        f"PID|1||{mrn}^^^H^MR\r"
        f"AIP|1||{provider}\r"
    )


@pytest.fixture
def course(store: Store, licensed: None) -> Store:
    with store.transaction() as uow:
        add_patient(uow, "1")
        add_patient(uow, "2")
    return store


def receive(store: Store, *messages: str) -> tuple[tuple[int, ...], list[str]]:
    done = hl7_import.import_stream(store, load_rules(), io.BytesIO("".join(messages).encode()))
    counts = (done.created, done.updated, done.unchanged, done.rejected)
    return counts, [f"{one.field} {one.message}" for one in done.rejects]


def visits(store: Store, mrn: str = "1") -> list[Visit]:
    with store.snapshot() as uow:
        found = uow.visits.of_patient(uow.patients.get(mrn).id)
    return sorted(found, key=lambda visit: (visit.status.value, visit.planned_start_at))


def test_booked_moved_changed_and_cancelled_once_each(course: Store) -> None:
    assert receive(course, siu("S12"), siu("S12")) == ((1, 0, 1, 0), [])
    (booked,) = visits(course)
    assert booked.planned_start_at == datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
    assert booked.appointment_type == "treatment-tele"
    assert booked.licence_checks[0]["when"] == "booking"

    later = "202603111500+0000"
    assert receive(course, siu("S13", later), siu("S13", later)) == ((0, 1, 1, 0), [])
    (moved,) = visits(course)
    assert (moved.id, moved.planned_start_at.day) == (booked.id, 11)

    longer = siu("S14", later, minutes="45")
    assert receive(course, longer, longer) == ((0, 1, 1, 0), [])
    first, second = visits(course)
    assert (first.status, second.status) == (VisitStatus.CANCELLED, VisitStatus.PLANNED)
    assert (second.planned_end_at - second.planned_start_at).seconds == 45 * 60

    off = siu("S15", later, reason="PAT^patient is ill")
    assert receive(course, off, off) == ((0, 1, 1, 0), [])
    assert [visit.status for visit in visits(course)] == [VisitStatus.CANCELLED] * 2
    assert "patient is ill" in {visit.cancel_reason for visit in visits(course)}
    counts, why = receive(course, siu("S12"))  # an old message does not bring it back
    assert (counts, len(why)) == ((0, 0, 0, 1), 1)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (siu("S12", mrn="404"), "PID-3 is not a patient"),
        (siu("S12", start="20260309"), "AIS-4 is no time"),
        (siu("S12", start=""), "AIS-4 is missing"),
        (siu("S12", start="202601091500+0000"), "SCH the start lies in the past"),
        (siu("S12", kind="dance"), "SCH "),
        (siu("S12", minutes="31"), "SCH treatment-tele is not booked for 31 min"),
        (siu("S12", provider="nobody"), "SCH "),
        (siu("S13", number="A9"), "SCH-2 is an appointment that is not known"),
        (siu("S15", number="A9"), "SCH-2 is an appointment that is not known"),
        (siu("S12", number="").replace("SCH|P|", "SCH||"), "SCH-2 is missing"),
    ],
)
def test_what_may_not_be_booked_is_refused_with_its_reason(
    course: Store, message: str, reason: str
) -> None:
    counts, why = receive(course, message)
    assert counts == (0, 0, 0, 1)
    assert why[0].startswith(reason)
    assert visits(course) == []


def test_an_overlap_is_answered_by_ae_and_changes_nothing(course: Store) -> None:
    listener = Listener(course, load_rules())
    first = parse(listener.answer(siu("S12").encode())).first("MSA")
    assert first is not None
    assert first.text(1) == "AA"
    other = siu("S12", number="B1", mrn="2")
    second = parse(listener.answer(other.encode())).first("MSA")
    assert second is not None
    assert second.text(1) == "AE"
    assert visits(course, "2") == []
    moved = parse(listener.answer(siu("S14", minutes="31").encode())).first("MSA")
    assert moved is not None
    assert moved.text(1) == "AE"  # neither cancelled nor booked again: all or nothing
    assert [visit.status for visit in visits(course)] == [VisitStatus.PLANNED]


def test_a_dry_run_keeps_nothing(course: Store) -> None:
    data = io.BytesIO(siu("S12").encode())
    assert hl7_import.import_stream(course, load_rules(), data, dry_run=True).created == 1
    assert visits(course) == []
