"""What is booked, and what is free."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.clinic import scheduling
from rehabctl.domain.errors import FindingsError
from rehabctl.domain.schedule import Span
from rehabctl.domain.visit import Visit, VisitStatus
from rehabctl.reference.appointments import Appointments
from rehabctl.services.access import Action, require
from rehabctl.services.licences import user_id
from rehabctl.services.scheduling import Booking, BookingRules, minutes_of

if TYPE_CHECKING:
    from rehabctl.store.store import Store


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """One line of a day or week."""

    visit: Visit
    mrn: str
    name: str
    provider: str
    group_size: int
    group_min: int

    @property
    def is_short(self) -> bool:
        """Whether a group has fewer patients than it needs."""
        return self.group_size < self.group_min


def listed(
    store: Store,
    tables: BookingRules,
    from_at: datetime,
    until_at: datetime,
    *,
    provider: str | None = None,
) -> list[ScheduleLine]:
    """Return what is booked between two times, by start.

    Parameters
    ----------
    store
        The open store.
    tables
        Dated tables.
    from_at, until_at
        Its end excluded.
    provider
        Login; default everybody.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_SCHEDULE)
        who = None if provider is None else user_id(uow, provider)
        visits = uow.visits.between(from_at, until_at, provider_id=who)
        logins = {user.id: user.login for user in uow.clinics.users(uow.clinic.id)}
        people = {id_: uow.patients.by_id(id_) for id_ in {v.patient.id for v in visits}}
        sizes: dict[UUID, int] = {}
        for visit in visits:
            if visit.appointment_id and visit.status is not VisitStatus.CANCELLED:
                sizes[visit.appointment_id] = sizes.get(visit.appointment_id, 0) + 1
        uow.audit.read("schedule.list", "visit", [visit.id for visit in visits])
        return [
            ScheduleLine(
                visit,
                people[visit.patient.id].mrn,
                people[visit.patient.id].demographics.display_name,
                logins[visit.provider_id],
                sizes.get(visit.appointment_id, 1) if visit.appointment_id else 1,
                _group_min(tables.appointments, visit),
            )
            for visit in visits
        ]


def _group_min(table: Appointments, visit: Visit) -> int:
    kind = table.types.get(visit.appointment_type or "")
    return 1 if kind is None else kind.group_min


def availability(
    store: Store,
    tables: BookingRules,
    *,
    provider: str | None,
    type_key: str,
    from_at: datetime,
    until_at: datetime,
    minutes: int | None = None,
    limit: int = 30,
) -> list[Span]:
    """Return the free times of a provider for an appointment type, earliest first.

    Raises
    ------
    FindingsError
        The provider's working hours are not set.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_SCHEDULE)
        who = uow.user.id if provider is None else user_id(uow, provider)
        kind = tables.appointments.get(type_key, from_at.date())
        length = minutes_of(Booking((), type_key, from_at, minutes), kind)
        hours = uow.schedule.hours(who)
        if not hours:
            raise FindingsError(
                "the provider's working hours are not set",
                "Set them: rehabctl schedule hours LOGIN mon=09:00-17:00",
            )
        window = Span(from_at, until_at)
        working = scheduling.working_spans(
            hours, uow.schedule.absences(who, from_at, until_at), window
        )
        policy = tables.appointments.policy
        after = timedelta(minutes=policy.buffer_min)
        slots = uow.schedule.taken(who, from_at - timedelta(days=1), until_at + timedelta(days=1))
        # what is stored includes the buffer after an appointment
        taken = [
            Span(span[0].from_at, max(span[-1].until_at - after, span[0].until_at))
            for span in slots.values()
        ]
        found: list[Span] = []
        not_before = max(from_at, uow.now)
        for start in scheduling.free_starts(working, taken, length, policy, not_before):
            span = Span(start, start + timedelta(minutes=length))
            if span.until_at > until_at or len(found) == limit:
                break
            found.append(span)
        uow.audit.record("schedule.availability", "user_account", who, {"count": len(found)})
        return found
