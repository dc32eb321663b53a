"""What a plan of care and a payer's authorisation still allow, asked before a visit is booked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.billing.units import Service, count_units
from rehabctl.clinic import plan_of_care
from rehabctl.domain.errors import FindingsError
from rehabctl.domain.plan_of_care import AuthorisationUse
from rehabctl.domain.visit import Visit

if TYPE_CHECKING:
    from uuid import UUID

    from rehabctl.store.unit_of_work import UnitOfWork


def authorisation_use(
    uow: UnitOfWork, episode_id: UUID, patient_id: UUID, *, but: UUID | None = None
) -> list[AuthorisationUse]:
    """Return what is used and left of each authorisation of a course of care.

    Parameters
    ----------
    uow
        The transaction.
    episode_id, patient_id
        Which course of care.
    but
        A visit that does not count: the one that is moved.
    """
    given = uow.documentation.authorisations(episode_id)
    if not given:
        return []
    visits = [
        visit
        for visit in uow.visits.of_patient(patient_id)
        if visit.episode_id == episode_id and visit.id != but
    ]
    zone = ZoneInfo(uow.clinic.time_zone)
    units = {
        visit.id: units_of(visit, zone) if visit.units is None else visit.units for visit in visits
    }
    return [plan_of_care.use_of(one, visits, units, zone) for one in given]


def units_of(visit: Visit, zone: ZoneInfo) -> int:
    """Return the billable units of a visit's timed blocks, by the total-time rule."""
    services = services_of(visit)
    if not services or visit.started_at is None:
        return 0
    day = visit.started_at.astimezone(zone).date()
    return sum(line.units for line in count_units(services, rule="cms", on=day).lines)


def services_of(visit: Visit, now: datetime | None = None) -> list[Service]:
    """Return the minutes of each code of a visit; a block that runs is counted up to `now`."""
    minutes: dict[str, int] = {}
    for block in visit.blocks:
        ended = block.ended_at or now
        if ended is not None:
            seconds = (ended - block.started_at).total_seconds()
            minutes[block.code] = minutes.get(block.code, 0) + int(seconds // 60)
    return [Service(code, total) for code, total in minutes.items()]


def require_within_plan(uow: UnitOfWork, visit: Visit, *, override: str | None) -> None:
    """Refuse a visit after the plan of care has ended, or beyond what a payer authorised.

    A course of care without a plan or an authorisation on file is not limited by them.

    Parameters
    ----------
    uow
        The transaction.
    visit
        Which is to be booked.
    override
        Why the acting user books it nevertheless.

    Raises
    ------
    FindingsError
        `POC_ENDED`, `AUTH_EXPIRED` or `AUTH_USED_UP`.
    """
    if visit.episode_id is None or not plan_of_care.counts(visit):
        return
    day = visit.planned_start_at.astimezone(ZoneInfo(uow.clinic.time_zone)).date()
    found: str | None = None
    episode = uow.episodes.get(visit.episode_id)
    renews = visit.kind in plan_of_care.RENEWING
    if episode.plan_ends_on is not None and episode.plan_ends_on < day and not renews:
        found = "POC_ENDED: the plan of care ends before that day"
    uses = authorisation_use(uow, visit.episode_id, visit.patient.id, but=visit.id)
    if found is None and uses:
        running = [
            use
            for use in uses
            if use.authorisation.starts_on <= day <= use.authorisation.expires_on
        ]
        if not running:
            found = "AUTH_EXPIRED: no authorisation runs on that day"
        elif all(use.visits_left is not None and use.visits_left < 1 for use in running):
            found = "AUTH_USED_UP: no authorised visit is left"
        elif all(use.units_left is not None and use.units_left < 1 for use in running):
            found = "AUTH_USED_UP: no authorised unit is left"
    if found is None:
        return
    if not override:
        raise FindingsError(
            found, "Renew it first, or decide it under your name: --override REASON"
        )
    uow.audit.record("plan.override", "visit", visit.id, {"code": found.partition(":")[0]})
