"""What patients allow: noted, revoked, and required where data is made."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.consent import Consent, ConsentScope
from rehabctl.domain.errors import NotFoundError, NotPermittedError
from rehabctl.domain.patient import PatientRef
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


def require_consent(uow: UnitOfWork, patient: PatientRef, scope: ConsentScope) -> None:
    """Check that a patient's consent is active.

    Parameters
    ----------
    uow
        The transaction in which the data is made.
    patient
        Whose data.
    scope
        What is to be done with it.

    Raises
    ------
    NotPermittedError
        It was never given, has ended, or was revoked.
    """
    if not is_given(uow, patient, scope):
        raise NotPermittedError(
            f"the patient has no active consent to {scope.value.replace('_', ' ')}",
            f"Note it first: rehabctl consent grant {scope.value} --patient MRN",
        )


def is_given(uow: UnitOfWork, patient: PatientRef, scope: ConsentScope) -> bool:
    """Return whether a patient's consent is active.

    Parameters
    ----------
    uow
        The transaction.
    patient, scope
        Whose, and to what.
    """
    return any(consent.scope is scope for consent in uow.consents.active(patient.id))


def grant(
    store: Store,
    mrn: str,
    scope: ConsentScope,
    *,
    given_by_contact_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> Consent:
    """Note a consent; one of the same scope that is active already is returned as it is.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    scope
        What it is about.
    given_by_contact_id
        The proxy who gave it; None means the patient.
    expires_at
        When it ends by itself.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_PATIENTS)
        patient = uow.patients.get(mrn)
        for consent in uow.consents.active(patient.id):
            if consent.scope is scope:
                uow.audit.record("consent.read", "patient", patient.id, {"scope": scope.value})
                return consent
        uow.consents.revoke(patient.id, scope)  # one that expired makes room
        consent = Consent(
            id=uow.new_id(),
            patient=patient.ref,
            scope=scope,
            granted_at=uow.now,
            recorded_by=uow.user.id,
            given_by_contact_id=given_by_contact_id,
            expires_at=expires_at,
        )
        uow.consents.add(consent)
        uow.audit.record("consent.grant", "patient", patient.id, {"scope": scope.value})
        return consent


def revoke(store: Store, mrn: str, scope: ConsentScope) -> None:
    """Date the end of a consent.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    scope
        Which.

    Raises
    ------
    NotFoundError
        None of this scope is active.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_PATIENTS)
        patient = uow.patients.get(mrn)
        if not uow.consents.revoke(patient.id, scope):
            raise NotFoundError(
                f"no consent to {scope.value.replace('_', ' ')} is active",
                "Look at: rehabctl consent list",
            )
        uow.audit.record("consent.revoke", "patient", patient.id, {"scope": scope.value})


def of_patient(store: Store, mrn: str) -> tuple[Consent, ...]:
    """Return every consent of a patient, revoked ones too, oldest first.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_PATIENTS)
        patient = uow.patients.get(mrn)
        found = uow.consents.of_patient(patient.id)
        uow.audit.record("consent.list", "patient", patient.id, {"count": len(found)})
        return found
