"""What patients allow."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from rehabctl.domain.consent import Consent, ConsentScope
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, owned, owner, plain

_TABLE = table("consent")


class ConsentRepository:
    """Consents, given and revoked."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, consent: Consent) -> None:
        """Add a consent.

        Raises
        ------
        ConflictError
            One with the same scope is not revoked.
        """
        self._connection.execute(
            insert(_TABLE).values(owned(consent.patient, consent.id, self._now) | plain(consent))
        )

    def revoke(self, patient_id: UUID, scope: ConsentScope) -> bool:
        """Date the end of the consent that is not revoked; return whether there was one."""
        c = _TABLE.c
        statement = (
            update(_TABLE)
            .where(c.patient_id == patient_id, c.scope == scope.value, c.revoked_at.is_(None))
            .values(revoked_at=self._now)
        )
        return self._connection.execute(statement).rowcount > 0

    def of_patient(self, patient_id: UUID) -> tuple[Consent, ...]:
        """Return every consent of a patient, revoked ones too, oldest first."""
        query = select(_TABLE).where(_TABLE.c.patient_id == patient_id)
        rows = self._connection.execute(query.order_by(_TABLE.c.granted_at, _TABLE.c.id))
        return tuple(
            build(Consent, row, patient=owner(row), scope=ConsentScope(row["scope"]))
            for row in rows.mappings()
        )

    def allowed_by(self, scope: ConsentScope) -> frozenset[UUID]:
        """Return the patients whose consent of a scope holds at the time of this transaction."""
        query = select(_TABLE).where(_TABLE.c.scope == scope.value, _TABLE.c.revoked_at.is_(None))
        found = (
            build(Consent, row, patient=owner(row), scope=scope)
            for row in self._connection.execute(query).mappings()
        )
        return frozenset(c.patient.id for c in found if c.is_active(self._now))

    def active(self, patient_id: UUID) -> tuple[Consent, ...]:
        """Return the consents that hold at the time of this transaction."""
        return tuple(c for c in self.of_patient(patient_id) if c.is_active(self._now))
