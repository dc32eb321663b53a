"""Visits: planned, held, timed, ended or cancelled."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.clinic import visit_log
from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.message import ContactScope
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.roster import is_state
from rehabctl.domain.visit import Channel, Participant, ParticipantRole, Visit, VisitKind
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.actors import allowed_contact

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

MAX_CLOCK_AHEAD = timedelta(minutes=10)
"""How far another clock may run ahead before a time counts as lying in the future."""
_CODE = re.compile(r"[0-9A-Z]{5}")


def add(
    store: Store,
    mrn: str,
    *,
    kind: VisitKind,
    start_at: datetime,
    minutes: int,
    provider: str | None = None,
    supervisor: str | None = None,
) -> Visit:
    """Plan a visit; it belongs to the active course of care, if there is one.

    Parameters
    ----------
    store
        The open store.
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

    Raises
    ------
    NotFoundError
        There is no such patient or user.
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
    visit_id: str,
    *,
    channel: Channel,
    patient_state: str | None,
    contacts: Sequence[str] = (),
    at: datetime | None = None,
) -> Visit:
    """Start a planned visit; the patient's state is asked for, never taken from her address.

    Parameters
    ----------
    store
        The open store.
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
        return visit_log.start(visit, moment, channel, state, people)

    return _change(store, visit_id, "start", at, change)


def _caregivers(uow: UnitOfWork, patient: PatientRef, contacts: Sequence[str]) -> list[Participant]:
    found = [allowed_contact(uow, patient, c, ContactScope.CLINICAL) for c in contacts]
    return [Participant(ParticipantRole.CAREGIVER, contact_id=c.id) for c in found]


def switch_channel(
    store: Store, visit_id: str, channel: Channel, at: datetime | None = None
) -> Visit:
    """Go on with a visit by another channel."""
    return _change(
        store,
        visit_id,
        "channel",
        at,
        lambda uow, visit, moment: visit_log.switch_channel(visit, moment, channel),
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
        return visit_log.stop(visit, moment, live_contact=live_contact)

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
        lambda uow, visit, moment: visit_log.cancel(visit, reason, no_show=no_show),
    )


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
        before = uow.visits.get(_uuid(visit_id))
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
        visit = uow.visits.get(_uuid(visit_id))
        uow.audit.record("visit.read", "visit", visit.id)
        return visit


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError(
            "that is no identifier of a visit", "Look at: rehabctl visit list"
        ) from None
