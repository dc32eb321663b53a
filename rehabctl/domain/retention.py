"""What has been kept long enough, and orders to keep it all the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import PatientRef


class RetentionTier(StrEnum):
    """What is destroyed together."""

    RAW_VIDEO = "raw_video"
    """The film of one recording; what was measured on it stays."""
    RECORD = "record"
    """Everything about one discharged patient, the audit log excepted."""


class DueReason(StrEnum):
    """Why something may be destroyed."""

    AGE = "age"
    CONSENT_REVOKED = "consent_revoked"


@dataclass(frozen=True, slots=True)
class StoredVideo:
    """A film in the blob store."""

    recording_id: UUID
    patient: PatientRef
    mrn: str
    sha256: str
    byte_count: int
    due_at: datetime
    reason: DueReason
    held: bool


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """Everything about one discharged patient."""

    patient_id: UUID
    mrn: str
    due_on: date
    held: bool
    rule: str = ""
    """State and first day of the row that decided, where this machine decides."""
