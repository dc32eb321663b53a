"""From check-in to close on both engines: licensure again, running units, the patient's answer."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from rehabctl.domain.errors import FindingsError, NotFoundError, UsageError
from rehabctl.domain.licence import LicenceKind, Profession, Verdict
from rehabctl.domain.visit import Channel, Visit, VisitKind, VisitStatus
from rehabctl.reference.compact_states import load_compact
from rehabctl.reference.rules import load_rules
from rehabctl.services import licences, visit_sheet, visits
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import given_patient

COMPACT = load_compact()
RULES = load_rules()


@pytest.fixture
def planned(store: Store, licensed: None) -> Visit:
    given_patient(store, "1", time_zone="America/New_York", phone="555-0100")
    return visits.add(
        store, COMPACT, "1", kind=VisitKind.TREATMENT, start_at=NOW + timedelta(days=1), minutes=45
    )


def hold(store: Store, admin: Store, **changes: Any) -> None:
    values: dict[str, Any] = {
        "profession": Profession.PT, "kind": LicenceKind.LICENCE, "state": "CO", "number": "1",
        "issued_on": date(2000, 1, 1), "expires_on": date(2100, 1, 1),
    }  # fmt: skip
    licences.add(admin, store.user.login, values | changes)


def begin(store: Store, visit: Visit, state: str | None = "CO", **more: Any) -> Visit:
    day = at(store, visit.planned_start_at)
    channel = more.pop("channel", Channel.VIDEO)
    return visits.start(day, COMPACT, str(visit.id), channel=channel, patient_state=state, **more)


def test_a_licence_that_ran_out_stops_the_visit_and_not_the_booking(
    store: Store, admin: Store, planned: Visit
) -> None:
    hold(store, admin, expires_on=NOW.date())
    with pytest.raises(FindingsError, match=r"LIC_EXPIRED.*Do not begin"):
        begin(store, planned)
    assert visits.show(store, str(planned.id)) == planned


@pytest.mark.parametrize(("state", "code"), [("UT", "LIC_NONE"), ("AE", "LOCATION_ABROAD")])
def test_where_the_patient_is_now_decides(
    store: Store, planned: Visit, state: str, code: str
) -> None:
    with pytest.raises(FindingsError, match=code):
        begin(store, planned, state)
    with pytest.raises(UsageError, match="state"):
        begin(store, planned, None)
    assert visits.show(store, str(planned.id)).status is VisitStatus.PLANNED
    begun = begin(store, planned)
    assert [(c["when"], c["verdict"]) for c in begun.licence_checks] == [
        ("booking", "allowed"), ("check_in", "allowed"),
    ]  # fmt: skip


def test_in_one_room_the_expected_state_counts(store: Store, planned: Visit) -> None:
    begun = begin(store, planned, None, channel=Channel.IN_PERSON)
    assert begun.licence_checks[-1]["state"] == "CO"


def test_a_planned_visit_passes_the_gate_of_a_booking(store: Store, planned: Visit) -> None:
    given_patient(store, "2", state="UT")
    start = planned.planned_start_at + timedelta(hours=2)
    with pytest.raises(FindingsError, match="LIC_NONE"):
        visits.add(store, COMPACT, "2", kind=VisitKind.TREATMENT, start_at=start, minutes=30)
    with pytest.raises(FindingsError, match="OVERLAP"):
        visits.add(
            store, COMPACT, "2", kind=VisitKind.TREATMENT, minutes=30, state="CO",
            start_at=planned.planned_start_at + timedelta(minutes=20),
        )  # fmt: skip
    visits.cancel(store, str(planned.id), "ill")
    assert visits.add(
        store, COMPACT, "2", kind=VisitKind.TREATMENT, minutes=30, state="CO",
        start_at=planned.planned_start_at,
    )  # fmt: skip


def test_the_join_sheet_says_what_to_do_when_the_call_breaks(
    store: Store, admin: Store, planned: Visit
) -> None:
    sheet = visit_sheet.join_sheet(store, COMPACT, str(planned.id))
    assert [step.channel for step in sheet.steps] == [
        "video", "video", "audio", "phone", "rescheduled",
    ]  # fmt: skip
    assert str(planned.id) in sheet.steps[0].command
    assert sheet.phone == "555-0100"
    assert f"{sheet.patient_start:%H:%M %Z}" == "10:00 EST"
    assert sheet.licence.verdict is Verdict.ALLOWED
    hold(store, admin, expires_on=NOW.date())
    again = visit_sheet.join_sheet(store, COMPACT, str(planned.id))
    assert again.licence.codes == ("LIC_EXPIRED",)
    with pytest.raises(NotFoundError):
        visit_sheet.join_sheet(store, COMPACT, "x")


@pytest.mark.parametrize(("minutes", "units"), [(7, 0), (8, 1), (22, 1), (23, 2), (37, 2), (38, 3)])
def test_units_run_along_with_the_visit(
    store: Store, planned: Visit, minutes: int, units: int
) -> None:
    with pytest.raises(UsageError, match="not started"):
        visit_sheet.running_units(store, str(planned.id), "cms")
    begin(store, planned)
    start = planned.planned_start_at
    visits.begin_block(at(store, start), str(planned.id), "97110", one_to_one=True)
    later = at(store, start + timedelta(minutes=minutes))
    assert visit_sheet.running_units(later, str(planned.id), "cms").total_timed_units == units


def test_the_patients_answer_is_kept_after_the_visit(store: Store, planned: Visit) -> None:
    with pytest.raises(UsageError, match="not held"):
        visit_sheet.rate(store, str(planned.id), 9)
    begin(store, planned)
    later = at(store, planned.planned_end_at)
    visits.stop(later, RULES, str(planned.id))
    for wrong in (-1, 11):
        with pytest.raises(UsageError, match="between 0 and 10"):
            visit_sheet.rate(store, str(planned.id), wrong)
    assert visit_sheet.rate(store, str(planned.id), 9).satisfaction == 9
