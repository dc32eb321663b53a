"""Remote therapeutic monitoring: what a patient's devices recorded, and who worked with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from rehabctl.domain.patient import PatientRef


class RecordKind(StrEnum):
    """What kind of record makes a day count."""

    EXERCISE_SESSION = "exercise_session"
    MOVEMENT_ASSESSMENT = "movement_assessment"
    SENSOR_RECORDING = "sensor_recording"
    QUESTIONNAIRE = "questionnaire"


class PeriodKind(StrEnum):
    """What can be claimed once for a period."""

    SUPPLY = "supply"
    MANAGEMENT = "management"
    SETUP = "setup"


@dataclass(frozen=True, slots=True)
class MonitoringRecord:
    """One stored record of a patient, with the hash of its content."""

    event_id: UUID
    kind: RecordKind
    source: str
    """Who or what entered it, in the words of its own table."""
    recorded_at: datetime
    received_at: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class MonitoringMinutes:
    """Time that a clinician spent with the data of one patient, or in talk about it."""

    id: UUID
    patient: PatientRef
    provider_id: UUID
    started_at: datetime
    minutes: int
    live_contact: bool
    """Whether patient or caregiver and clinician spoke live."""

    def each_minute(self) -> tuple[datetime, ...]:
        """Return the starts of its whole minutes, in UTC."""
        start = self.started_at.astimezone(UTC).replace(second=0, microsecond=0)
        return tuple(start + timedelta(minutes=n) for n in range(self.minutes))


@dataclass(frozen=True, slots=True)
class DeviceAttestation:
    """A named person's statement on the regulatory basis of a monitoring device."""

    id: UUID
    device: str
    device_version: str
    system: str
    """What it follows: a word of `MonitoredSystem`."""
    basis: str
    """Regulatory basis as stated by that person."""
    attested_by: str
    valid_from: date
    recorded_by: UUID


@dataclass(frozen=True, slots=True)
class MonitoringClaim:
    """Evidence as it stood when a period was claimed. It never changes."""

    id: UUID
    patient: PatientRef
    kind: PeriodKind
    period: str
    """First day of a window, a month like `2026-03`, or the episode of a set-up."""
    service_on: date
    lines: tuple[tuple[str, int], ...]
    """Codes with units."""
    evidence: dict[str, Any]
    evidence_sha256: str
    claimed_at: datetime
    claimed_by: UUID
