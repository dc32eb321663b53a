"""Business associate agreements, and which integrations a clinic has switched on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Agreement:
    """A signed agreement with a vendor who is given patient data."""

    id: UUID
    clinic_id: UUID
    vendor: str
    """As integrations name it."""
    signed_on: date
    expires_on: date
    """The last day on which it holds."""
    file_sha256: str
    """Of the signed document, which the clinic keeps."""
    recorded_by: UUID
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class IntegrationSwitch:
    """Whether an integration may be used, and who said so."""

    clinic_id: UUID
    name: str
    enabled: bool
    changed_by: UUID
    changed_at: datetime
