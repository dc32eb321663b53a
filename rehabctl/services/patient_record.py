"""What stands in a patient's record beside measurements: appointments, messages and notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.message import Message, MessageDirection
from rehabctl.domain.patient_detail import AppointmentSummary, MessageSummary, NoteSummary

if TYPE_CHECKING:
    from rehabctl.store.unit_of_work import UnitOfWork

_MOST = 10
_UNKNOWN = "-"


def appointments(uow: UnitOfWork, patient_id: UUID) -> Iterator[AppointmentSummary]:
    """Yield the appointments: those to come by start, then those that were, newest first.

    Parameters
    ----------
    uow
        The transaction.
    patient_id
        Whose.
    """
    visits = uow.visits.of_patient(patient_id)
    ahead = [visit for visit in visits if visit.planned_end_at >= uow.now]
    past = [visit for visit in reversed(visits) if visit.planned_end_at < uow.now]
    names = _logins(uow)
    for visit in (*ahead[:_MOST], *past[:_MOST]):
        what = visit.appointment_type or visit.kind.value
        provider = names.get(visit.provider_id, _UNKNOWN)
        yield AppointmentSummary(visit.planned_start_at, what, visit.status.value, provider)


def messages(uow: UnitOfWork, patient_id: UUID) -> Iterator[MessageSummary]:
    """Yield the newest messages, newest first. Reading them here does not mark them as read.

    Parameters
    ----------
    uow
        The transaction.
    patient_id
        Whose.
    """
    names = _logins(uow)
    for message in reversed(uow.messages.of_patient(patient_id)[-_MOST:]):
        incoming = message.direction is MessageDirection.FROM_PATIENT
        yield MessageSummary(
            message.sent_at,
            _author(message, names),
            message.body,
            incoming and message.read_at is None,
        )


def notes(uow: UnitOfWork, patient_id: UUID) -> list[NoteSummary]:
    """Return short and clinical notes, newest first.

    Parameters
    ----------
    uow
        The transaction.
    patient_id
        Whose.
    """
    names = _logins(uow)
    short = [
        NoteSummary(n.created_at, names.get(n.author_id, _UNKNOWN), "note", None, n.body)
        for n in uow.notes.of_patient(patient_id, _MOST)
    ]
    clinical = [
        NoteSummary(
            n.signed_at or n.opened_at,
            names.get(n.author_id, _UNKNOWN),
            n.kind.value,
            n.status.value,
            n.body,
        )
        for n in uow.documentation.notes(patient_id)
    ]
    return sorted((*short, *clinical), key=lambda note: note.at, reverse=True)[:_MOST]


def _logins(uow: UnitOfWork) -> dict[UUID, str]:
    return {user.id: user.login for user in uow.clinics.users(uow.clinic.id)}


def _author(message: Message, names: dict[UUID, str]) -> str:
    if message.author_user_id is not None:
        return names.get(message.author_user_id, _UNKNOWN)
    return "contact" if message.author_contact_id is not None else "patient"
