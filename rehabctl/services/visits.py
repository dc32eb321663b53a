"""Visits: planned, held, timed, ended or cancelled."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.clinic import visit_log
from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.message import ContactScope
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.roster import is_state
from rehabctl.domain.schedule import Span
from rehabctl.domain.visit import Channel, Participant, ParticipantRole, Visit, VisitKind
from rehabctl.reference.compact_states import CompactList
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.actors import allowed_contact
from rehabctl.services.booking_gate import licensed, require_free
from rehabctl.services.identifiers import identifier
from rehabctl.services.plan_limits import require_within_plan, units_of
from rehabctl.services.suitability import require_suitable
from rehabctl.services.visit_reminders import cancel_reminders

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

MAX_CLOCK_AHEAD = timedelta(minutes=10)
"""How far another clock may run ahead before a time counts as lying in the future."""
_CODE = re.compile(r"[0-9A-Z]{5}")


def add(
    store: Store,
    compact: CompactList,
    mrn: str,
    *,
    kind: VisitKind,
    start_at: datetime,
    minutes: int,
    provider: str | None = None,
    supervisor: str | None = None,
    state: str | None = None,
    override: str | None = None,
) -> Visit:
    """Plan a visit; it belongs to the active course of care, if there is one.

    It passes the same gate as a booking, but asks for no appointment type and no working hours.

    Parameters
    ----------
    store
        The open store.
    compact
        The membership list, for the check of licensure.
    mrn
        Record number.
    kind
        What it is for.
    start_at
        Planned start, an aware time.
    minutes
        Planned length.
    provider, supervisor
        Logins; the default provider is who runs the command.
    state
        Where the patient will be; default the home state.
    override
        Why the acting user decides what is not verified.

    Raises
    ------
    NotFoundError
        There is no such patient or user.
    FindingsError
        The provider may not treat the patient there, or somebody is booked then.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        episode = uow.episodes.active(patient.id)
        visit = Visit(
            id=uow.new_id(),
            patient=patient.ref,
            kind=kind,
            planned_start_at=start_at,
            planned_end_at=start_at + timedelta(minutes=minutes),
            provider_id=uow.user.id if provider is None else _user(uow, provider),
            supervisor_id=None if supervisor is None else _user(uow, supervisor),
            episode_id=None if episode is None else episode.id,
            appointment_id=uow.new_id(),
            time_zone=uow.clinic.time_zone,
            expected_state=(state or patient.demographics.state).upper(),
        )
        require_within_plan(uow, visit, override=override)
        span = Span(visit.planned_start_at, visit.planned_end_at)
        require_free(uow, visit.provider_id, [patient.id], span, buffer_min=0)
        visit = licensed(
            uow, compact, visit, visit.expected_state, start_at, when="booking", override=override
        )
        uow.visits.add(visit)
        uow.audit.record("visit.add", "visit", visit.id, {"kind": kind.value})
        return visit


def _user(uow: UnitOfWork, login: str) -> UUID:
    user = uow.clinics.user_by_login(login, uow.clinic.id)
    if user is None:
        raise NotFoundError(f"no user is called {login}", "Look at: rehabctl user list")
    return user.id


def start(
    store: Store,
    compact: CompactList,
    visit_id: str,
    *,
    channel: Channel,
    patient_state: str | None,
    contacts: Sequence[str] = (),
    at: datetime | None = None,
    override: str | None = None,
) -> Visit:
    """Start a planned visit; the patient's state is asked for, never taken from her address.

    Licensure is checked again, for where she is now and what the provider holds today.

    Parameters
    ----------
    store
        The open store.
    compact
        The membership list, for the check of licensure.
    visit_id
        Identifier.
    channel
        By which it begins.
    patient_state
        Two letters.
    contacts
        Identifiers of contacts who take part.
    at
        Real start; default now.
    override
        Why the acting user decides what is not verified.

    Raises
    ------
    FindingsError
        The provider may not treat the patient there, or not at a distance; the visit stays
        planned.
    """
    if patient_state is not None and not is_state(patient_state):
        raise UsageError("--state is not a two-letter state", "Write it like CO")

    def change(uow: UnitOfWork, visit: Visit, moment: datetime) -> Visit:
        people = [
            Participant(ParticipantRole.PATIENT),
            Participant(ParticipantRole.PROVIDER, user_id=visit.provider_id),
            *_caregivers(uow, visit.patient, contacts),
        ]
        state = None if patient_state is None else patient_state.upper()
        begun = visit_log.start(visit, moment, channel, state, people)
        require_suitable(uow, visit, channel, override=override)
        where = state or visit.expected_state  # both are in one room
        return licensed(uow, compact, begun, where, moment, when="check_in", override=override)

    return _change(store, visit_id, "start", at, change)


def _caregivers(uow: UnitOfWork, patient: PatientRef, contacts: Sequence[str]) -> list[Participant]:
    found = [allowed_contact(uow, patient, c, ContactScope.CLINICAL) for c in contacts]
    return [Participant(ParticipantRole.CAREGIVER, contact_id=c.id) for c in found]


def switch_channel(
    store: Store,
    visit_id: str,
    channel: Channel,
    at: datetime | None = None,
    picture: str | None = None,
) -> Visit:
    """Go on with a visit by another channel, or with another picture."""
    return _change(
        store,
        visit_id,
        "channel",
        at,
        lambda uow, visit, moment: visit_log.switch_channel(visit, moment, channel, picture),
    )


def begin_block(
    store: Store, visit_id: str, code: str, *, one_to_one: bool, at: datetime | None = None
) -> Visit:
    """Time a procedure code; the code before ends there.

    Raises
    ------
    UsageError
        It has not the form of a procedure code, or the time does not fit.
    """
    if not _CODE.fullmatch(code):
        raise UsageError("that is no procedure code", "Five digits or capitals, like 97110")
    return _change(
        store,
        visit_id,
        "block",
        at,
        lambda uow, visit, moment: visit_log.begin_block(
            visit, moment, code, one_to_one=one_to_one
        ),
    )


def stop(
    store: Store,
    rules: RuleTable,
    visit_id: str,
    *,
    live_contact: bool = True,
    at: datetime | None = None,
) -> Visit:
    """End a visit; as a treatment day it counts for the next progress report.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    visit_id
        Identifier.
    live_contact
        Whether patient and clinician spoke live.
    at
        Real end; default now.
    """

    def change(uow: UnitOfWork, visit: Visit, moment: datetime) -> Visit:
        stopped = visit_log.stop(visit, moment, live_contact=live_contact)
        return replace(stopped, units=units_of(stopped, ZoneInfo(uow.clinic.time_zone)))

    return _change(store, visit_id, "stop", at, change, rules)


def cancel(store: Store, visit_id: str, reason: str, *, no_show: bool = False) -> Visit:
    """Cancel a planned visit, or note that the patient did not come."""
    if not reason.strip():
        raise UsageError("a cancelled visit needs a reason", "Give --reason")
    return _change(
        store,
        visit_id,
        "cancel",
        None,
        lambda uow, visit, moment: _cancelled(uow, visit, reason, no_show=no_show),
    )


def _cancelled(uow: UnitOfWork, visit: Visit, reason: str, *, no_show: bool) -> Visit:
    changed = visit_log.cancel(visit, reason, no_show=no_show)
    cancel_reminders(uow, visit)
    return changed


def _change(
    store: Store,
    visit_id: str,
    verb: str,
    at: datetime | None,
    change: Callable[[UnitOfWork, Visit, datetime], Visit],
    rules: RuleTable | None = None,
) -> Visit:
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        moment = at or uow.now
        if moment > uow.now + MAX_CLOCK_AHEAD:
            raise UsageError("the time lies in the future", "Check --at")
        before = uow.visits.get(identifier(visit_id, "a visit", "rehabctl visit list"))
        changed = change(uow, before, moment)
        if changed != before:
            changed = uow.visits.revise(changed)
            uow.audit.record(f"visit.{verb}", "visit", changed.id)
        if rules is not None:
            triage.refresh(uow, [changed.patient], rules)
        return changed


def of_patient(store: Store, mrn: str) -> tuple[Visit, ...]:
    """Return all visits of a patient, by planned start."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        found = uow.visits.of_patient(patient.id)
        uow.audit.record("visit.list", "patient", patient.id, {"count": len(found)})
        return found


def between(store: Store, from_at: datetime, until_at: datetime) -> tuple[Visit, ...]:
    """Return the clinic's visits of a stretch of time, by planned start."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        found = uow.visits.between(from_at, until_at)
        uow.audit.read("visit.list", "visit", [visit.id for visit in found])
        return found


def show(store: Store, visit_id: str) -> Visit:
    """Return one visit."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        visit = uow.visits.get(identifier(visit_id, "a visit", "rehabctl visit list"))
        uow.audit.record("visit.read", "visit", visit.id)
        return visit
