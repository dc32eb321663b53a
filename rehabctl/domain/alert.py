"""An alert as the store keeps it, and with everything behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from rehabctl.domain.facts import AlertState
from rehabctl.domain.patient import PatientRef


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """One alert with the identifier by which people act on it."""

    id: UUID
    patient: PatientRef
    state: AlertState


@dataclass(frozen=True, slots=True)
class AlertEvidence:
    """One alert with what its rule reads today, whether or not it is still met."""

    id: str
    state: AlertState
    verdict: str = ""
    """met, not met, not judged or switched off."""
    inputs: Mapping[str, str | float | None] = field(default_factory=dict[str, str | float | None])
    limits: Mapping[str, float] = field(default_factory=dict[str, float])
    source: str = ""
    grade: str = ""
