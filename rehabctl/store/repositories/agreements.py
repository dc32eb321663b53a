"""Agreements with vendors, and switched-on integrations."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, insert, select

from rehabctl.domain.agreement import Agreement, IntegrationSwitch
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import build, plain, upsert

_AGREEMENT, _SWITCH = table("agreement"), table("integration_switch")


class AgreementRepository:
    """The agreements and switches of one clinic."""

    def __init__(self, connection: Connection, clinic_id: UUID) -> None:
        self._connection = connection
        self._clinic_id = clinic_id

    def add(self, agreement: Agreement) -> None:
        """Add an agreement.

        Raises
        ------
        ConflictError
            The same document is recorded already.
        """
        row = {"id": agreement.id} | plain(agreement)
        self._connection.execute(insert(_AGREEMENT).values(row))

    def all(self) -> tuple[Agreement, ...]:
        """Return every agreement by vendor, the last to end first."""
        c = _AGREEMENT.c
        query = select(_AGREEMENT).where(c.clinic_id == self._clinic_id)
        query = query.order_by(c.vendor, c.expires_on.desc(), c.id)
        return tuple(build(Agreement, row) for row in self._connection.execute(query).mappings())

    def set_switch(self, switch: IntegrationSwitch) -> None:
        """Switch an integration on or off."""
        row = {"id": new_id()} | plain(switch)
        changed = ("enabled", "changed_by", "changed_at")
        upsert(self._connection, _SWITCH, [row], ("clinic_id", "name"), changed)

    def switches(self) -> dict[str, IntegrationSwitch]:
        """Return what was ever switched, by name."""
        query = select(_SWITCH).where(_SWITCH.c.clinic_id == self._clinic_id)
        rows = self._connection.execute(query).mappings()
        return {row["name"]: build(IntegrationSwitch, row) for row in rows}
