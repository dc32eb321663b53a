"""The clocks of a plan of care: thirty days, ninety days, ten treatment days; and what is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from rehabctl.clinic.plan_of_care import findings, is_certified, last_day, missing_elements, use_of
from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.plan_of_care import Authorisation, CertificationKind, PlanOfCareRecord
from rehabctl.domain.visit import Visit, VisitKind, VisitStatus
from rehabctl.reference.plan_of_care import plan_clocks

START = date(2026, 3, 2)
CLOCKS = plan_clocks(START)
UNIT = UUID(int=1)
REF = PatientRef(UNIT, UNIT, UNIT)
PLAN = PlanOfCareRecord(
    id=UNIT,
    patient=REF,
    episode_id=UNIT,
    diagnosis="knee",
    long_term_goals=("stairs",),
    treatment_type="exercise",
    amount="once a day",
    frequency="2 a week",
    duration_weeks=12,
    starts_on=START,
    ends_on=last_day(START, 12, CLOCKS),
    is_initial=True,
    signed_by=UNIT,
    credentials="PT",
    signed_at=datetime(2026, 3, 2, tzinfo=UTC),
)


def codes(
    plan: PlanOfCareRecord,
    today: date,
    days: list[date] | None = None,
    report: date | None = None,
    order: date | None = None,
) -> dict[str, bool]:
    found = findings(
        plan,
        CLOCKS,
        order_on=order,
        treatment_days=days or [],
        last_report_on=report,
        today=today,
    )
    return {finding.code: finding.is_overdue for finding in found}


@pytest.mark.parametrize(("weeks", "days"), [(8, 56), (12, 84), (13, 90), (26, 90)])
def test_a_plan_is_renewed_at_its_end_or_after_ninety_days(weeks: int, days: int) -> None:
    assert last_day(START, weeks, CLOCKS) == START + timedelta(days=days)


def test_the_renewal_is_overdue_the_day_after() -> None:
    assert codes(PLAN, PLAN.ends_on)["POC_RENEWAL"] is False
    assert codes(PLAN, PLAN.ends_on + timedelta(days=1))["POC_RENEWAL"] is True


@pytest.mark.parametrize(("day", "overdue"), [(30, False), (31, True)])
def test_certification_within_thirty_days(day: int, overdue: bool) -> None:
    found = codes(PLAN, START + timedelta(days=day))
    assert found["POC_CERTIFICATION"] is overdue
    signed = replace(PLAN, certification=CertificationKind.COUNTERSIGNED, certified_on=START)
    assert "POC_CERTIFICATION" not in codes(signed, START + timedelta(days=day))


@pytest.mark.parametrize(
    ("order", "sent_day", "proof", "initial", "certified"),
    [
        (START, 30, "fax 1", True, True),
        (START, 31, "fax 1", True, False),  # transmitted too late
        (None, 3, "fax 1", True, False),  # no order on file
        (START + timedelta(days=1), 3, "fax 1", True, False),  # order after the evaluation
        (START, 3, "", True, False),  # no proof
        (START, None, None, True, False),
        (START, 3, "fax 1", False, False),  # a renewal needs a signature
    ],
)
def test_an_order_on_file_certifies_a_first_plan(
    order: date | None, sent_day: int | None, proof: str | None, initial: bool, certified: bool
) -> None:
    sent = None if sent_day is None else START + timedelta(days=sent_day)
    plan = replace(PLAN, transmitted_on=sent, transmission_proof=proof, is_initial=initial)
    assert is_certified(plan, order, CLOCKS) is certified
    assert is_certified(plan, order, plan_clocks(date(2024, 12, 31))) is False


def test_a_missing_transmission_is_told() -> None:
    assert codes(PLAN, START, order=START)["POC_TRANSMISSION"] is False
    assert "POC_TRANSMISSION" not in codes(PLAN, START)


@pytest.mark.parametrize(("count", "listed", "overdue"), [(9, False, None), (10, True, False)])
def test_a_report_after_ten_treatment_days(count: int, listed: bool, overdue: bool | None) -> None:
    days = [START + timedelta(days=n) for n in range(count)]
    twice = [*days, *days]  # two visits of a day are one treatment day
    found = codes(PLAN, days[-1], twice)
    assert ("PROGRESS_REPORT" in found) is listed
    assert found.get("PROGRESS_REPORT") is overdue
    assert "PROGRESS_REPORT" not in codes(PLAN, days[-1], twice, report=days[0])
    if listed:
        assert codes(PLAN, days[-1] + timedelta(days=1), twice)["PROGRESS_REPORT"] is True


def test_every_element_is_asked_for() -> None:
    empty = replace(
        PLAN, diagnosis=" ", long_term_goals=(" ",), treatment_type="", amount="", frequency="",
        duration_weeks=0,
    )  # fmt: skip
    assert missing_elements(empty) == [
        "diagnosis", "treatment type", "amount", "frequency", "long term goals", "duration weeks",
    ]  # fmt: skip
    assert missing_elements(PLAN) == []


def test_no_row_is_guessed() -> None:
    with pytest.raises(RehabctlError, match="1999"):
        plan_clocks(date(1999, 12, 31))


def visit(day: date, status: VisitStatus, kind: VisitKind = VisitKind.TREATMENT) -> Visit:
    start = datetime(day.year, day.month, day.day, 18, tzinfo=UTC)
    return Visit(
        id=UUID(int=day.toordinal()),
        patient=REF,
        kind=kind,
        planned_start_at=start,
        planned_end_at=start + timedelta(minutes=45),
        provider_id=UNIT,
        status=status,
    )


def test_what_is_left_counts_what_is_planned() -> None:
    given = Authorisation(UNIT, REF, UNIT, "A-1", "ACME", START, START + timedelta(days=9), 5, 8)
    days = [START + timedelta(days=n) for n in range(-1, 12)]
    statuses = [VisitStatus.COMPLETED] * 4 + [VisitStatus.PLANNED] * 9
    visits = [visit(d, s) for d, s in zip(days, statuses, strict=True)]
    visits[5] = replace(visits[5], status=VisitStatus.CANCELLED)
    visits[6] = replace(visits[6], kind=VisitKind.CHECK_IN)
    use = use_of(given, visits, {v.id: 3 for v in visits}, ZoneInfo("America/Denver"))
    assert (use.visits_used, use.visits_planned, use.visits_left) == (3, 5, -3)
    assert (use.units_used, use.units_left) == (9, -1)
