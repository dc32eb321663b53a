"""Reading and checking the audit log."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.audit import AuditAnchor, AuditEntry, AuditVerdict
from rehabctl.domain.errors import RehabctlError
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
    from rehabctl.store.store import Store


def entries(
    store: Store,
    *,
    limit: int,
    before: int | None = None,
    mrn: str | None = None,
    actor: str | None = None,
) -> tuple[AuditEntry, ...]:
    """Return entries, newest first. Reading the log is an entry too.

    Parameters
    ----------
    store
        The open store.
    limit
        How many at most.
    before
        Only those before this number.
    mrn
        Only those about this patient herself.
    actor
        Only those by this login.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_AUDIT)
        patient_id = None if mrn is None else uow.patients.get(mrn).id
        found = uow.audit.entries(limit=limit, before=before, entity_id=patient_id, actor=actor)
        uow.audit.record("audit.list", "audit_entry", None, {"count": len(found)})
        return found


def verify(store: Store, anchor: AuditAnchor | None = None) -> AuditVerdict:
    """Walk the whole chain, and compare it with a head noted earlier.

    Parameters
    ----------
    store
        The open store.
    anchor
        Kept outside the database; without one a cut-off end is not noticed.
    """
    with store.snapshot() as uow:
        require(uow, Action.READ_AUDIT)
        return uow.audit.verify(anchor)


def anchor(store: Store) -> AuditAnchor:
    """Return the head of the chain, to be kept outside the database.

    Parameters
    ----------
    store
        The open store.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_AUDIT)
        uow.audit.record("audit.anchor", "audit_entry")
        return uow.audit.anchor()


def read_anchor(path: Path) -> AuditAnchor:
    """Read an anchor that `audit anchor` wrote.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    RehabctlError
        It is no anchor.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
        return AuditAnchor(
            UUID(data["database_id"]),
            int(data["sequence"]),
            str(data["mac"]),
            datetime.fromisoformat(data["at"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise RehabctlError(
            f"{path.name} is no anchor", "Use a file that rehabctl audit anchor wrote"
        ) from None
