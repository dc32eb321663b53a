"""The gate that every visit passes, when it is booked and again when it starts.

Licensure is judged each time anew: a licence may run out between booking and visit, and the
patient may be somewhere else than expected.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.clinic import scheduling
from rehabctl.domain.errors import FindingsError
from rehabctl.domain.licence import LicenceCheck, Verdict
from rehabctl.domain.schedule import Span
from rehabctl.domain.visit import Visit
from rehabctl.reference.compact_states import CompactList
from rehabctl.services.licences import pairing

if TYPE_CHECKING:
    from rehabctl.store.unit_of_work import UnitOfWork


def licensed(
    uow: UnitOfWork,
    compact: CompactList,
    visit: Visit,
    state: str | None,
    at: datetime,
    *,
    when: str,
    override: str | None = None,
) -> Visit:
    """Return the visit with this check added to what it keeps, or refuse it.

    Parameters
    ----------
    uow
        The transaction.
    compact
        The membership list.
    visit
        Which pairing.
    state
        Where the patient is, or is expected to be.
    at
        Time of the visit.
    when
        `booking`, `moving` or `check_in`.
    override
        Why the acting user decides what nobody could verify; never lifts a block.

    Raises
    ------
    FindingsError
        The pairing is not compliant, or not verified and nobody decided.
    """
    zone = ZoneInfo(visit.time_zone or uow.clinic.time_zone)
    day = at.astimezone(zone).date()
    found = pairing(uow, compact, visit.provider_id, state, day, visit.supervisor_id)
    if found.verdict is Verdict.BLOCKED or (found.verdict is Verdict.UNKNOWN and not override):
        raise FindingsError(_sentence(found), _next_step(found, when))
    if override and found.verdict is Verdict.UNKNOWN:
        uow.audit.record(
            "licence.override", "visit", visit.id, {"codes": list(found.codes), "when": when}
        )
    kept = {
        "when": when,
        "at": uow.now.isoformat(),
        "state": state,
        "verdict": found.verdict.value,
        "codes": list(found.codes),
        "basis": list(found.basis),
        "warnings": [warning.code for warning in found.warnings],
        "override_by": uow.user.login if found.verdict is Verdict.UNKNOWN else None,
        "override_reason": override if found.verdict is Verdict.UNKNOWN else None,
    }
    return replace(visit, licence_checks=(*visit.licence_checks, kept))


def _sentence(found: LicenceCheck) -> str:
    first = found.reasons[0]
    return f"{first.code}: {first.text}"


def _next_step(found: LicenceCheck, when: str) -> str:
    if found.verdict is Verdict.UNKNOWN:
        return "Look it up, or decide it under your name: --override REASON"
    if found.codes == ("LOCATION_UNKNOWN",):
        return "Ask the patient where she is and give --state"
    if when == "check_in":
        return "Do not begin: move the visit or let somebody licensed there take it"
    return "Choose a provider who is licensed there: rehabctl licence status"


def require_free(
    uow: UnitOfWork,
    provider_id: UUID,
    patients: list[UUID],
    span: Span,
    *,
    buffer_min: int,
    but: tuple[Visit, ...] = (),
) -> None:
    """Check that provider and patients are free, while nobody else can book them.

    Parameters
    ----------
    uow
        The transaction; until it ends others wait.
    provider_id, patients
        Whose time it takes.
    span
        Planned start and end.
    buffer_min
        Minutes after it that the provider keeps free.
    but
        Visits that do not count: those which are moved.

    Raises
    ------
    FindingsError
        Somebody is booked then.
    """
    uow.schedule.lock([provider_id, *patients])
    until = span.until_at + timedelta(minutes=buffer_min)
    own = {visit.appointment_id for visit in but}
    if set(uow.schedule.taken(provider_id, span.from_at, until)) - own:
        raise FindingsError(
            "OVERLAP: the provider has another appointment then",
            "Look for a free time: rehabctl schedule availability",
        )
    met = uow.schedule.of_patients(patients, span.from_at, span.until_at)
    if set(met) - {visit.id for visit in but}:
        raise FindingsError(
            "OVERLAP: the patient has another appointment then", "Choose another time"
        )


def require_working(uow: UnitOfWork, provider: UUID, span: Span) -> None:
    """Check that a provider works then and is not away.

    Parameters
    ----------
    uow
        The transaction.
    provider
        Whose hours; a provider without any can be booked at every time.
    span
        Planned start and end.

    Raises
    ------
    FindingsError
        `ABSENT` or `OUTSIDE_HOURS`.
    """
    hours = uow.schedule.hours(provider)
    away = uow.schedule.absences(provider, span.from_at, span.until_at)
    if any(span.meets(Span(a.from_at, a.until_at)) for a in away):
        raise FindingsError("ABSENT: the provider is away then", "Choose another time")
    if hours and not scheduling.is_inside(span, scheduling.working_spans(hours, away, span)):
        raise FindingsError(
            "OUTSIDE_HOURS: the provider does not work then",
            "Look at: rehabctl schedule availability, or add --outside-hours",
        )
