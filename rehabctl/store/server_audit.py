"""The audit log of a shared PostgreSQL: the server writes, chains and checks it.

Nobody has rights on the entries but to read her clinic's as an auditor. A function appends under
the login of the connection, at the server's time, so that no client can sign for another; there is
no secret that clients could lose. Who administers the server can write the chain anew: only
anchors kept elsewhere show that.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from rehabctl.domain.audit import AuditAnchor, AuditVerdict
from rehabctl.store.audit_log import ANOTHER_DATABASE, AuditLog, canonical

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rehabctl.domain.clinic import User


class ServerAuditLog(AuditLog):
    """Writes and reads the chain within one transaction, by the server's functions.

    Parameters
    ----------
    connection
        Of the transaction.
    user
        Who acts; the server knows it by herself.
    now
        Time of the transaction.
    """

    def __init__(self, connection: Connection, user: User, now: datetime) -> None:
        super().__init__(connection, b"", user, now)

    def record(
        self,
        action: str,
        entity: str,
        entity_id: UUID | str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Append one entry."""
        self._connection.execute(
            text("SELECT audit_append(:action, :entity, :entity_id, :detail)"),
            {
                "action": action,
                "entity": entity,
                "entity_id": None if entity_id is None else str(entity_id),
                "detail": canonical(detail or {}),
            },
        )

    def verify(self, anchor: AuditAnchor | None = None) -> AuditVerdict:
        """Have the server walk the whole chain, of all its clinics."""
        if anchor is not None and anchor.database_id != self.anchor().database_id:
            return AuditVerdict(False, 0, None, ANOTHER_DATABASE)
        entries, first_bad, reason = self._connection.execute(
            text("SELECT entries, first_bad, reason FROM audit_verify(:sequence, :mac)"),
            {
                "sequence": 0 if anchor is None else anchor.sequence,
                "mac": "" if anchor is None else anchor.mac,
            },
        ).one()
        return AuditVerdict(first_bad is None, entries, first_bad, reason)
