"""Access to single patients beyond a role's own."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from rehabctl.domain.access import AccessKind
from rehabctl.store.column_types import UtcDateTime
from rehabctl.store.tables.base import PatientOwned, at_most, one_of, patient_owned, same_clinic


class AccessGrant(PatientOwned, table=True):
    """One person's access to one patient, for a time. On a server only its functions write it."""

    __table_args__ = patient_owned(
        same_clinic("user_id", "user_account"),
        same_clinic("reviewed_by", "user_account"),
        one_of("kind", AccessKind),
        at_most("reason", 500),
        Index(None, "patient_id"),
        Index(None, "user_id", "kind", "until_at"),
        identity=False,
    )

    user_id: UUID
    """Who is let in."""
    kind: str
    reason: str
    until_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reviewed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reviewed_by: UUID | None = None
