"""Plans of care: what must stand in one, when it runs out, and what is left of an authorisation.

Method: 42 CFR 410.61 and the Medicare Benefit Policy Manual, chapter 15, section 220; the dated
rows of `reference/documentation/plan_of_care.toml` hold the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.domain.counting import counted
from rehabctl.domain.plan_of_care import (
    Authorisation,
    AuthorisationUse,
    CertificationKind,
    PlanFinding,
    PlanOfCareRecord,
)
from rehabctl.domain.visit import Visit, VisitKind, VisitStatus
from rehabctl.reference.plan_of_care import PlanClocks

RENEWING = (VisitKind.EVALUATION, VisitKind.RE_EVALUATION)
"""Visits that lead to a new plan: the old one's end does not stop them."""
_TREATMENT = (*RENEWING, VisitKind.TREATMENT, VisitKind.GROUP)
_ELEMENTS = ("diagnosis", "treatment_type", "amount", "frequency")


def counts(visit: Visit) -> bool:
    """Return whether a visit is a treatment: of a plan, of an authorisation, of a report period."""
    return visit.kind in _TREATMENT


def missing_elements(plan: PlanOfCareRecord) -> list[str]:
    """Return the required elements that a plan lacks, in words."""
    found = [name for name in _ELEMENTS if not getattr(plan, name).strip()]
    if not any(goal.strip() for goal in plan.long_term_goals):
        found.append("long_term_goals")
    if plan.duration_weeks < 1:
        found.append("duration_weeks")
    return [name.replace("_", " ") for name in found]


def last_day(starts_on: date, duration_weeks: int, clocks: PlanClocks) -> date:
    """Return the day by which a plan is to be renewed: its own end, or the longest certification.

    Parameters
    ----------
    starts_on
        First treatment under the plan.
    duration_weeks
        As planned.
    clocks
        The row of that day.
    """
    days = min(7 * duration_weeks, clocks.certification_lasts_days)
    return starts_on + timedelta(days=days)


def certified_by_order(plan: PlanOfCareRecord, order_on: date | None, clocks: PlanClocks) -> bool:
    """Return whether an order on file and a transmission in time certify a first plan.

    Parameters
    ----------
    plan
        The plan.
    order_on
        Day of the signed order; None: there is none.
    clocks
        The row of the plan's first day.
    """
    if not clocks.order_on_file_certifies or not plan.is_initial:
        return False
    if order_on is None or order_on > plan.starts_on or plan.transmitted_on is None:
        return False
    in_time = plan.starts_on + timedelta(days=clocks.transmit_within_days)
    return bool(plan.transmission_proof) and plan.transmitted_on <= in_time


def is_certified(plan: PlanOfCareRecord, order_on: date | None, clocks: PlanClocks) -> bool:
    """Return whether a plan is certified, by a signature or by an order on file."""
    if plan.certification is CertificationKind.COUNTERSIGNED:
        return plan.certified_on is not None
    return certified_by_order(plan, order_on, clocks)


def findings(
    plan: PlanOfCareRecord,
    clocks: PlanClocks,
    *,
    order_on: date | None,
    treatment_days: Sequence[date],
    last_report_on: date | None,
    today: date,
) -> list[PlanFinding]:
    """Return what waits to be done about a plan, or was not done in time.

    Parameters
    ----------
    plan
        The newest plan.
    clocks
        The row of its first day.
    order_on
        Day of the signed order on file.
    treatment_days
        Days with a treatment.
    last_report_on
        Day of the last progress report.
    today
        Local date of the clinic.
    """
    found = [
        PlanFinding("POC_ELEMENT_MISSING", f"the plan says nothing about: {name}", None, True)
        for name in missing_elements(plan)
    ]
    found += _certification(plan, clocks, order_on, today)
    found.append(
        PlanFinding(
            "POC_RENEWAL",
            "the plan has ended" if plan.ends_on < today else "the plan is to be renewed",
            plan.ends_on,
            plan.ends_on < today,
        )
    )
    days = report_days(treatment_days, last_report_on, today)
    if len(days) >= clocks.report_every_treatment_days:
        text = f"{counted(len(days), 'treatment day')} since the last progress report"
        due = days[clocks.report_every_treatment_days - 1]
        found.append(PlanFinding("PROGRESS_REPORT", text, due, today > due))
    return found


def _certification(
    plan: PlanOfCareRecord, clocks: PlanClocks, order_on: date | None, today: date
) -> list[PlanFinding]:
    if is_certified(plan, order_on, clocks):
        return []
    found: list[PlanFinding] = []
    if clocks.order_on_file_certifies and plan.is_initial and order_on and not plan.transmitted_on:
        due = plan.starts_on + timedelta(days=clocks.transmit_within_days)
        found.append(
            PlanFinding("POC_TRANSMISSION", "the plan was not transmitted", due, today > due)
        )
    due = plan.starts_on + timedelta(days=clocks.certify_within_days)
    return [
        *found,
        PlanFinding("POC_CERTIFICATION", "the plan is not certified", due, today > due),
    ]


def report_days(
    treatment_days: Sequence[date], last_report_on: date | None, today: date
) -> list[date]:
    """Return the distinct treatment days since the last progress report, oldest first."""
    since = last_report_on or date.min
    return sorted({day for day in treatment_days if since < day <= today})


def use_of(
    given: Authorisation, visits: Sequence[Visit], units: Mapping[UUID, int], zone: ZoneInfo
) -> AuthorisationUse:
    """Return what is used and left of an authorisation.

    Parameters
    ----------
    given
        The authorisation.
    visits
        Of its course of care.
    units
        Billable units of completed visits, by visit.
    zone
        In which days are counted.
    """
    inside = [
        visit
        for visit in visits
        if counts(visit)
        and given.starts_on <= visit.planned_start_at.astimezone(zone).date() <= given.expires_on
    ]
    used = [v for v in inside if v.status in (VisitStatus.COMPLETED, VisitStatus.IN_PROGRESS)]
    planned = sum(visit.status is VisitStatus.PLANNED for visit in inside)
    units_used = sum(units.get(visit.id, 0) for visit in used)
    return AuthorisationUse(
        authorisation=given,
        visits_used=len(used),
        visits_planned=planned,
        units_used=units_used,
        visits_left=None if given.visits is None else given.visits - len(used) - planned,
        units_left=None if given.units is None else given.units - units_used,
    )
