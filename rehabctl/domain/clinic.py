"""A clinic and the people who work with its records."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a user is in the clinic; it decides what she may do."""

    THERAPIST = "therapist"
    CLINIC_ADMIN = "clinic_admin"
    """Sees aggregates, manages users."""
    REGISTRAR = "registrar"
    """Demographics and imports, no clinical reads."""
    BILLING = "billing"
    TECHNICIAN = "technician"
    PATIENT = "patient"
    AUDITOR = "auditor"
    WORKER = "worker"
    """A program that takes analysis jobs."""


@dataclass(frozen=True, slots=True)
class Clinic:
    """The owner of all records of one store, or of one part of a shared store."""

    id: UUID
    name: str
    time_zone: str
    """IANA name; a session's day is the clinic's local date."""


@dataclass(frozen=True, slots=True)
class User:
    """A person, or a worker program, that acts on records."""

    id: UUID
    clinic_id: UUID
    login: str
    """The operating system's user name (local store) or the database role (shared store)."""
    display_name: str
    role: Role
    active: bool = True
