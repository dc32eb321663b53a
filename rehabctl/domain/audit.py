"""Entries of the audit log and what a check of its chain says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to which record, and the link to the entry before."""

    sequence: int
    """1-based, without gaps."""
    at: datetime
    actor: str
    """Login of the user."""
    action: str
    """Such as `patient.read` or `import.batch`."""
    entity: str
    entity_id: str | None
    detail: str
    """Canonical JSON without patient data: counts, hashes, codes."""
    mac: str
    """HMAC-SHA-256 over the entry and the one before, hexadecimal."""


@dataclass(frozen=True, slots=True)
class AuditAnchor:
    """The head of the chain at one time, to be kept outside the database.

    Only a comparison with an anchor shows that the end of the chain was cut off, or that the whole
    database was put back to an older state.
    """

    database_id: UUID
    sequence: int
    mac: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """Result of walking the whole chain."""

    ok: bool
    entries: int
    """Entries read before the first bad one."""
    first_bad: int | None
    """Sequence number of the first entry that does not fit."""
    reason: str | None
