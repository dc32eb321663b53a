"""Caregivers and proxies of patients."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, insert, select, update

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.message import Contact, ContactScope
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, owned, owner, plain

_TABLE = table("contact")


class ContactRepository:
    """Contacts are added and ended, never deleted: messages and consents name them."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, contact: Contact) -> None:
        """Add a contact."""
        row = owned(contact.patient, contact.id, self._now) | plain(contact)
        self._connection.execute(insert(_TABLE).values(row))

    def get(self, contact_id: UUID, patient_id: UUID) -> Contact:
        """Return one contact of a patient.

        Raises
        ------
        NotFoundError
            The patient has none with this identifier.
        """
        query = select(_TABLE).where(_TABLE.c.id == contact_id, _TABLE.c.patient_id == patient_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError(
                "the patient has no such contact", "Look at: rehabctl patient contact list MRN"
            )
        return _contact(row)

    def of_patient(self, patient_id: UUID) -> tuple[Contact, ...]:
        """Return all contacts of a patient, ended ones too, oldest first."""
        query = select(_TABLE).where(_TABLE.c.patient_id == patient_id)
        rows = self._connection.execute(query.order_by(_TABLE.c.created_at, _TABLE.c.id))
        return tuple(_contact(row) for row in rows.mappings())

    def end(self, contact_id: UUID, last_day: date) -> None:
        """Date the last day on which a contact may receive or do anything."""
        self._connection.execute(
            update(_TABLE).where(_TABLE.c.id == contact_id).values(valid_until=last_day)
        )


def _contact(row: RowMapping) -> Contact:
    scopes = tuple(ContactScope(scope) for scope in row["scopes"])
    return build(Contact, row, patient=owner(row), scopes=scopes)
