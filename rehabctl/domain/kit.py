"""Sensor kits: a case of sensors and straps that goes to a patient, comes back and is cleaned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import PatientRef


class KitStatus(StrEnum):
    """Where a kit is."""

    AVAILABLE = "available"
    """Complete and clean."""
    ASSIGNED = "assigned"
    """Meant for a patient, still here or handed over."""
    SHIPPED = "shipped"
    """On its way to the patient, or there."""
    RETURNED = "returned"
    """Back, not cleaned yet."""
    LOST = "lost"
    RETIRED = "retired"


class KitItemStatus(StrEnum):
    """In which state one item is."""

    GOOD = "good"
    DAMAGED = "damaged"
    LOST = "lost"


class KitEventKind(StrEnum):
    """What happened to a kit or one of its items."""

    CREATED = "created"
    ITEM_ADDED = "item_added"
    ITEM_REMOVED = "item_removed"
    ASSIGNED = "assigned"
    SHIPPED = "shipped"
    RETURNED = "returned"
    CLEANED = "cleaned"
    CHECKED = "checked"
    DAMAGED = "damaged"
    REPAIRED = "repaired"
    LOST = "lost"
    FOUND = "found"
    RETIRED = "retired"


_S, _E = KitStatus, KitEventKind
KIT_STEPS: dict[KitEventKind, tuple[frozenset[KitStatus], KitStatus]] = {
    _E.ASSIGNED: (frozenset({_S.AVAILABLE}), _S.ASSIGNED),
    _E.SHIPPED: (frozenset({_S.ASSIGNED}), _S.SHIPPED),
    _E.RETURNED: (frozenset({_S.ASSIGNED, _S.SHIPPED, _S.LOST}), _S.RETURNED),
    _E.CLEANED: (frozenset({_S.RETURNED}), _S.AVAILABLE),
    _E.LOST: (frozenset({_S.AVAILABLE, _S.ASSIGNED, _S.SHIPPED, _S.RETURNED}), _S.LOST),
    _E.FOUND: (frozenset({_S.LOST}), _S.RETURNED),
    _E.RETIRED: (frozenset({_S.AVAILABLE, _S.RETURNED, _S.LOST}), _S.RETIRED),
}
"""From which states an event of the whole kit is possible, and where it leads."""


@dataclass(frozen=True, slots=True)
class Kit:
    """One case."""

    id: UUID
    clinic_id: UUID
    name: str
    """Unique in the clinic, as on its label."""
    status: KitStatus
    status_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class KitItem:
    """One sensor or accessory of a kit."""

    id: UUID
    kit_id: UUID
    clinic_id: UUID
    serial: str
    """Unique in the clinic; of an accessory, a label."""
    model: str
    firmware: str
    segment: str
    is_sensor: bool
    """False for a strap, a charger or another accessory, which needs no certificate."""
    status: KitItemStatus
    battery_percent: int | None
    battery_at: datetime | None


@dataclass(frozen=True, slots=True)
class KitEvent:
    """One entry of a kit's log. Never changed."""

    id: UUID
    kit_id: UUID
    clinic_id: UUID
    kind: KitEventKind
    at: datetime
    actor: str
    serial: str = ""
    """Of the item it is about; empty for the whole kit."""
    comment: str = ""
    """Never about a patient."""


@dataclass(frozen=True, slots=True)
class KitAssignment:
    """Who has a kit, or had it."""

    id: UUID
    patient: PatientRef
    kit_id: UUID
    assigned_at: datetime
    due_back_on: date | None = None
    returned_at: datetime | None = None
