"""Appointments that change: moved to another time, or cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from rehabctl.clinic import scheduling
from rehabctl.domain.errors import UsageError
from rehabctl.domain.schedule import Span
from rehabctl.domain.visit import Channel, Visit, VisitStatus
from rehabctl.services.access import Action, require
from rehabctl.services.booking_gate import licensed, require_free, require_working
from rehabctl.services.identifiers import identifier
from rehabctl.services.plan_limits import require_within_plan
from rehabctl.services.scheduling import BookingRules
from rehabctl.services.suitability import require_suitable
from rehabctl.services.visit_reminders import cancel_reminders, plan_reminders

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


def move(
    store: Store,
    tables: BookingRules,
    visit_id: str,
    start_at: datetime,
    *,
    override: str | None = None,
    outside_hours: bool = False,
) -> list[Visit]:
    """Move an appointment, with everybody who takes part.

    Everything that a booking checks is checked for the new time: licensure, the plan of care and
    its authorisation, suitability, and that everybody is free.

    Parameters
    ----------
    store
        The open store.
    tables
        Dated tables.
    visit_id
        Any visit of the appointment.
    start_at
        New start.
    override
        Why the acting user decides what is not verified.
    outside_hours
        Whether the provider's hours do not matter.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_SCHEDULE)
        if override:
            require(uow, Action.WRITE_CLINICAL)  # a clinician decides what is not verified
        moved = move_in(
            uow, tables, visit_id, start_at, override=override, outside_hours=outside_hours
        )
        uow.audit.read("schedule.move", "visit", [visit.id for visit in moved])
        return moved


def move_in(
    uow: UnitOfWork,
    tables: BookingRules,
    visit_id: str,
    start_at: datetime,
    *,
    override: str | None = None,
    outside_hours: bool = False,
) -> list[Visit]:
    """Move within a transaction, which must be undone when this raises; see `move`."""
    if start_at < uow.now:
        raise UsageError("the start lies in the past", "Check --start")
    visits = _appointment(uow, visit_id)
    first = visits[0]
    patients = [visit.patient.id for visit in visits]
    span = Span(start_at, start_at + (first.planned_end_at - first.planned_start_at))
    uow.schedule.lock([first.provider_id, *patients])
    if not outside_hours:
        require_working(uow, first.provider_id, span)
    require_free(
        uow,
        first.provider_id,
        patients,
        span,
        buffer_min=tables.appointments.policy.buffer_min,
        but=tuple(visits),
    )
    moved: list[Visit] = []
    for visit in visits:
        new = replace(visit, planned_start_at=span.from_at, planned_end_at=span.until_at)
        require_within_plan(uow, new, override=override)
        require_suitable(uow, new, _channel(tables, new), override=override)
        new = licensed(
            uow, tables.compact, new, new.expected_state, start_at,
            when="moving", override=override,
        )  # fmt: skip
        new = uow.visits.revise(new)
        cancel_reminders(uow, new)
        plan_reminders(
            uow,
            tables.appointments.policy,
            tables.rules,
            uow.patients.by_id(new.patient.id),
            new,
        )
        moved.append(new)
    return moved


def _channel(tables: BookingRules, visit: Visit) -> Channel:
    kind = tables.appointments.types.get(visit.appointment_type or "")
    return Channel.IN_PERSON if kind is None else kind.channel


def _appointment(uow: UnitOfWork, visit_id: str) -> list[Visit]:
    """Return the planned visits of one appointment, the asked one first."""
    visit = uow.visits.get(identifier(visit_id, "an appointment", "rehabctl schedule list"))
    if visit.status is not VisitStatus.PLANNED:
        raise UsageError(
            f"the visit is {visit.status.value.replace('_', ' ')}", "Only a planned one is changed"
        )
    if visit.appointment_id is None:
        return [visit]
    others = [i for i in uow.schedule.of_appointment(visit.appointment_id) if i != visit.id]
    found = [visit, *(uow.visits.get(i) for i in others)]
    return [other for other in found if other.status is VisitStatus.PLANNED]


def cancel(
    store: Store,
    tables: BookingRules,
    visit_id: str,
    reason: str,
    *,
    whole_group: bool = False,
    following: bool = False,
) -> list[tuple[Visit, bool]]:
    """Cancel a visit, and on request its whole group or the rest of its series.

    Parameters
    ----------
    store
        The open store.
    tables
        Dated tables.
    visit_id
        Identifier.
    reason
        Why.
    whole_group
        Everybody of the appointment.
    following
        This patient's later visits of the series too.

    Returns
    -------
    list
        Each visit with whether it came with less notice than the clinic asks for.
    """
    if not reason.strip():
        raise UsageError("a cancelled visit needs a reason", "Give --reason")
    with store.transaction() as uow:
        require(uow, Action.WRITE_SCHEDULE)
        visits = _appointment(uow, visit_id)
        first = visits[0]
        if not whole_group:
            visits = [first]
        if following and first.series_id is not None:
            visits += [
                visit
                for visit in uow.visits.of_patient(first.patient.id)
                if visit.series_id == first.series_id
                and visit.planned_start_at > first.planned_start_at
                and visit.status is VisitStatus.PLANNED
            ]
        done: list[tuple[Visit, bool]] = []
        for visit in visits:
            late = scheduling.is_late(visit.planned_start_at, uow.now, tables.appointments.policy)
            new = cancel_in(uow, visit, reason.strip())
            uow.audit.record("schedule.cancel", "visit", new.id, {"late": late})
            done.append((new, late))
        return done


def cancel_in(uow: UnitOfWork, visit: Visit, reason: str) -> Visit:
    """Cancel a visit within a transaction, with its reminders; see `cancel`."""
    new = replace(visit, status=VisitStatus.CANCELLED, cancel_reason=reason)
    new = uow.visits.revise(new)
    cancel_reminders(uow, new)
    return new
