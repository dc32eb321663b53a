"""An alert as the store keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from rehabctl.domain.facts import AlertState
from rehabctl.domain.patient import PatientRef


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """One alert with the identifier by which people act on it."""

    id: UUID
    patient: PatientRef
    state: AlertState
