"""Caregivers and proxies: added with what the patient allows them, and ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.message import Contact, ContactScope
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
    from rehabctl.store.store import Store


def add(
    store: Store,
    mrn: str,
    *,
    name: str,
    relationship: str,
    scopes: Sequence[ContactScope],
    is_proxy: bool = False,
    phone: str | None = None,
    email: str | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> Contact:
    """Add a contact.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number of the patient.
    name, relationship, phone, email
        Who she is.
    scopes
        What the patient allows her to receive or do.
    is_proxy
        Whether she may consent and act for the patient.
    valid_from, valid_until
        First and last day of the patient's consent; default from today, without end.

    Raises
    ------
    UsageError
        A name is missing, or the days are in the wrong order.
    """
    from rehabctl.services.roster_changes import clinic_today

    if not name.strip() or len(name) > 200 or not relationship.strip():
        raise UsageError("a contact needs a name and a relationship", "Give both")
    with store.transaction() as uow:
        require(uow, Action.WRITE_PATIENTS)
        patient = uow.patients.get(mrn)
        first = valid_from or clinic_today(uow.clinic, uow.now)
        if valid_until is not None and valid_until < first:
            raise UsageError("the consent ends before it begins", "Check --from and --until")
        contact = Contact(
            id=uow.new_id(),
            patient=patient.ref,
            name=name.strip(),
            relationship=relationship.strip(),
            valid_from=first,
            phone=phone,
            email=email,
            is_proxy=is_proxy,
            scopes=tuple(dict.fromkeys(scopes)),
            valid_until=valid_until,
        )
        uow.contacts.add(contact)
        uow.audit.record(
            "contact.add", "contact", contact.id, {"scopes": [s.value for s in contact.scopes]}
        )
        return contact


def of_patient(store: Store, mrn: str) -> tuple[Contact, ...]:
    """Return all contacts of a patient, ended ones too, oldest first."""
    with store.transaction() as uow:
        require(uow, Action.READ_PATIENTS)
        patient = uow.patients.get(mrn)
        found = uow.contacts.of_patient(patient.id)
        uow.audit.record("contact.list", "patient", patient.id, {"count": len(found)})
        return found


def end(store: Store, mrn: str, contact_id: str, last_day: date | None = None) -> Contact:
    """End what a patient allows a contact.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number of the patient.
    contact_id
        Identifier of the contact.
    last_day
        Default yesterday: from now on nothing is allowed.

    Raises
    ------
    NotFoundError
        The patient has no such contact.
    UsageError
        The day lies before the first.
    """
    from datetime import timedelta

    from rehabctl.services.roster_changes import clinic_today

    try:
        wanted = UUID(contact_id)
    except ValueError:
        raise NotFoundError(
            "that is no identifier of a contact", "Look at: rehabctl patient contact list MRN"
        ) from None
    with store.transaction() as uow:
        require(uow, Action.WRITE_PATIENTS)
        patient = uow.patients.get(mrn)
        uow.contacts.get(wanted, patient.id)
        uow.contacts.end(wanted, last_day or clinic_today(uow.clinic, uow.now) - timedelta(1))
        uow.audit.record("contact.end", "contact", wanted)
        return uow.contacts.get(wanted, patient.id)
