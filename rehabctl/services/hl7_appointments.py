"""Appointments of a record system become ours: by the rules of every booking, or not at all."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.domain.roster import FieldProblem
from rehabctl.domain.visit import Visit, VisitStatus
from rehabctl.integrations.hl7v2 import inbound
from rehabctl.integrations.hl7v2.appointments import AppointmentMessage, appointment
from rehabctl.services.access import Action, require
from rehabctl.services.licences import user_id
from rehabctl.services.rebooking import cancel_in, move_in
from rehabctl.services.roster_changes import Change
from rehabctl.services.scheduling import Booking, BookingRules, book_in

if TYPE_CHECKING:
    from uuid import UUID

    from rehabctl.domain.patient import Patient
    from rehabctl.integrations.hl7v2.message import Message
    from rehabctl.store.unit_of_work import UnitOfWork

Outcome = tuple[Change, "Patient"] | list[FieldProblem]


def take_over(uow: UnitOfWork, tables: BookingRules, message: Message) -> Outcome:
    """Book, move, change or cancel as a message says.

    An appointment is found again by its number at the sender, from which ours is derived; the same
    message twice changes nothing.

    Parameters
    ----------
    uow
        The transaction; whoever catches an error undoes it.
    tables
        Dated tables of booking.
    message
        SIU S12 to S15.

    Raises
    ------
    RehabctlError
        The booking may not be made.
    """
    require(uow, Action.WRITE_SCHEDULE)
    said = appointment(message, ZoneInfo(uow.clinic.time_zone))
    if isinstance(said, list):
        return said
    patient = _patient(uow, message)
    if isinstance(patient, FieldProblem):
        return [patient]
    sender = f"{message.header.text(3)}|{message.header.text(4)}"
    key = f"hl7:{uuid.uuid5(uow.clinic.id, f'{sender} {said.number}')}"
    visits = [
        v
        for v in uow.visits.of_patient(patient.id)
        if (v.external_id or "").partition("#")[0] == key
    ]
    planned = next((v for v in visits if v.status is VisitStatus.PLANNED), None)
    if planned is not None:
        done = _change(uow, tables, patient, said, planned, f"{key}#{len(visits)}")
    else:
        done = _begin(uow, tables, patient, said, visits, key)
    if isinstance(done, FieldProblem):
        return [done]
    detail = {
        "kind": f"SIU^{said.event}",
        "sha256": hashlib.sha256(message.data).hexdigest(),
    }
    uow.audit.record("import.hl7", "patient", patient.id, detail)
    return done, patient


def _patient(uow: UnitOfWork, message: Message) -> Patient | FieldProblem:
    values = inbound.patient_values(message)
    mrn = values.get("mrn", "")
    found = uow.patients.summaries([mrn]).get(mrn) if mrn else None
    if found is None:
        return FieldProblem("PID-3", "is not a patient of this clinic")
    born = values.get("birth_date", "")
    if born and born != found.demographics.birth_date.isoformat():
        return FieldProblem("PID-7", "is not the birth date of this record number")
    return uow.patients.get(mrn)


def _begin(
    uow: UnitOfWork,
    tables: BookingRules,
    patient: Patient,
    said: AppointmentMessage,
    visits: list[Visit],
    key: str,
) -> Change | FieldProblem:
    """Take over a message about an appointment that is not planned."""
    if not visits:
        if said.event != "S12":
            return FieldProblem("SCH-2", "is an appointment that is not known")
        return _book(uow, tables, patient, said, key)
    if said.event == "S15" and all(v.status is VisitStatus.CANCELLED for v in visits):
        return Change.UNCHANGED
    return FieldProblem("SCH-2", "is an appointment that was cancelled or has begun")


def _book(
    uow: UnitOfWork, tables: BookingRules, patient: Patient, said: AppointmentMessage, key: str
) -> Change | FieldProblem:
    if said.start_at is None:
        return FieldProblem("AIS-4", "is missing")
    booking = Booking(
        mrns=(patient.mrn,),
        type_key=said.type_key or None,
        start_at=said.start_at,
        minutes=said.minutes,
        provider=said.provider or None,
    )
    book_in(uow, tables, booking, external_id=key)
    return Change.CREATED


def _change(
    uow: UnitOfWork,
    tables: BookingRules,
    patient: Patient,
    said: AppointmentMessage,
    visit: Visit,
    next_key: str,
) -> Change | FieldProblem:
    """Take over a message about an appointment that is planned."""
    if said.event == "S15":
        cancel_in(uow, visit, said.reason or "cancelled by the record system")
        return Change.UPDATED
    same_time = said.start_at in (None, visit.planned_start_at)
    same_rest = _is_same(uow, said, visit)
    if same_time and same_rest:
        return Change.UNCHANGED
    if said.event == "S12":
        return FieldProblem("SCH-2", "is booked already, otherwise: send S13 or S14")
    if same_rest and said.start_at is not None:
        move_in(uow, tables, str(visit.id), said.start_at)
        return Change.UPDATED
    if said.event == "S13":
        return FieldProblem("SCH-2", "changes more than the time: send S14")
    cancel_in(uow, visit, said.reason or "changed by the record system")
    changed = AppointmentMessage(
        event=said.event,
        number=said.number,
        type_key=said.type_key or visit.appointment_type or "",
        start_at=said.start_at or visit.planned_start_at,
        minutes=said.minutes,
        provider=said.provider or _login(uow, visit.provider_id),
        reason=said.reason,
    )
    made = _book(uow, tables, patient, changed, next_key)
    return made if isinstance(made, FieldProblem) else Change.UPDATED


def _is_same(uow: UnitOfWork, said: AppointmentMessage, visit: Visit) -> bool:
    lasts = visit.planned_end_at - visit.planned_start_at
    return (
        said.type_key in ("", visit.appointment_type)
        and (said.minutes is None or timedelta(minutes=said.minutes) == lasts)
        and (not said.provider or user_id(uow, said.provider) == visit.provider_id)
    )


def _login(uow: UnitOfWork, user: UUID) -> str:
    return next(one.login for one in uow.clinics.users(uow.clinic.id) if one.id == user)
