"""Who acts: the member of staff who types, the patient, or a contact whom the patient allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.errors import NotFoundError, NotPermittedError
from rehabctl.domain.message import Contact, ContactScope
from rehabctl.domain.patient import PatientRef

if TYPE_CHECKING:
    from rehabctl.store.unit_of_work import UnitOfWork

PATIENT = "patient"
STAFF = "me"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as records keep it: `patient`, `contact:ID` or `user:LOGIN`."""

    text: str
    user_id: UUID | None = None
    contact_id: UUID | None = None


def acting(uow: UnitOfWork, patient: PatientRef, by: str, scope: ContactScope) -> Actor:
    """Return who acts.

    Parameters
    ----------
    uow
        The transaction.
    patient
        For whom.
    by
        `patient`, `me` (who runs the command), or a contact's identifier.
    scope
        What a contact needs the patient's consent for.

    Raises
    ------
    NotFoundError
        The patient has no such contact.
    NotPermittedError
        The patient's consent does not cover it today.
    """
    if by == PATIENT:
        return Actor(PATIENT)
    if by == STAFF:
        return Actor(f"user:{uow.user.login}", user_id=uow.user.id)
    contact = allowed_contact(uow, patient, by, scope)
    return Actor(f"contact:{contact.id}", contact_id=contact.id)


def allowed_contact(
    uow: UnitOfWork, patient: PatientRef, contact_id: str, scope: ContactScope
) -> Contact:
    """Return a contact whom the patient allows something today; errors as in `acting`."""
    from rehabctl.services.roster_changes import clinic_today

    try:
        contact = uow.contacts.get(UUID(contact_id), patient.id)
    except ValueError:
        raise NotFoundError(
            f"{contact_id!r} is neither `patient`, `me` nor the identifier of a contact",
            "Look at: rehabctl patient contact list MRN",
        ) from None
    if not contact.may(scope, clinic_today(uow.clinic, uow.now)):
        raise NotPermittedError(
            f"the patient's consent for this contact does not cover "
            f"{scope.value.replace('_', ' ')} today",
            "Look at: rehabctl patient contact list MRN",
        )
    return contact
