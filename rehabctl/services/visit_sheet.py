"""Beside a visit: the join sheet before it, the running units in it, the patient's answer after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.billing.units import UnitResult, count_units
from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.licence import LicenceCheck
from rehabctl.domain.visit import Visit, VisitStatus
from rehabctl.reference.compact_states import CompactList
from rehabctl.reference.fallback import FallbackStep, load_fallback
from rehabctl.services.access import Action, require
from rehabctl.services.licences import pairing
from rehabctl.services.plan_limits import services_of

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class JoinSheet:
    """What a provider needs at hand when the visit begins."""

    visit: Visit
    mrn: str
    clinic_start: datetime
    patient_start: datetime
    """In the patient's own zone."""
    phone: str | None
    licence: LicenceCheck
    """As of now, for the expected state."""
    steps: tuple[FallbackStep, ...]


def join_sheet(store: Store, compact: CompactList, visit_id: str) -> JoinSheet:
    """Return the join sheet of a planned visit.

    Parameters
    ----------
    store
        The open store.
    compact
        The membership list.
    visit_id
        Identifier.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        visit = _visit(uow, visit_id)
        who = uow.patients.by_id(visit.patient.id).demographics
        zone = ZoneInfo(uow.clinic.time_zone)
        start = visit.planned_start_at.astimezone(zone)
        state = visit.patient_state or visit.expected_state
        found = pairing(uow, compact, visit.provider_id, state, start.date(), visit.supervisor_id)
        uow.audit.record("visit.sheet", "visit", visit.id)
        steps = tuple(
            replace(step, command=step.command.replace("ID", str(visit.id)))
            for step in load_fallback()
        )
        own = start.astimezone(ZoneInfo(who.time_zone)) if who.time_zone else start
        return JoinSheet(visit, who.mrn, start, own, who.phone, found, steps)


def running_units(store: Store, visit_id: str, rule: str) -> UnitResult:
    """Return the units of a visit as they stand now; a block that runs is counted up to now.

    Parameters
    ----------
    store
        The open store.
    visit_id
        Identifier.
    rule
        `cms` (total time) or `ama` (midpoint, per code).
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        visit = _visit(uow, visit_id)
        if visit.started_at is None:
            raise UsageError("the visit has not started", "Start it: rehabctl visit start ID")
        day = visit.started_at.astimezone(ZoneInfo(uow.clinic.time_zone)).date()
        uow.audit.record("visit.units", "visit", visit.id)
        return count_units(services_of(visit, uow.now), rule=rule, on=day)


def rate(store: Store, visit_id: str, score: int) -> Visit:
    """Keep the patient's answer to how satisfied she was, 0 to 10.

    Raises
    ------
    UsageError
        The visit was not held, or the answer is out of range.
    """
    if not 0 <= score <= 10:
        raise UsageError("the answer is not between 0 and 10", "Ask again")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        visit = _visit(uow, visit_id)
        if visit.status is not VisitStatus.COMPLETED:
            raise UsageError("the visit was not held", "Stop it first: rehabctl visit stop ID")
        changed = uow.visits.revise(replace(visit, satisfaction=score))
        uow.audit.record("visit.rate", "visit", visit.id)
        return changed


def _visit(uow: UnitOfWork, visit_id: str) -> Visit:
    try:
        return uow.visits.get(UUID(visit_id))
    except ValueError:
        raise NotFoundError(
            "that is no identifier of a visit", "Look at: rehabctl visit list"
        ) from None
