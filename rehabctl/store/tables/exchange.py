"""What other systems told, kept as its own text beside what was made of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from rehabctl.domain.hl7_queue import QueueState
from rehabctl.store.column_types import ByteOrderedText, UtcDateTime
from rehabctl.store.tables.base import PatientOwned, Table, one_of, patient_owned

KINDS = ("oru", "mdm", "dft")
"""Of queued messages; a test compares them with what can be exported."""


class ForeignRecord(PatientOwned, table=True):
    """One record about a patient, as another system wrote it last."""

    __table_args__ = patient_owned(
        UniqueConstraint("patient_id", "source", "kind", "external_id"),
        Index(None, "clinic_id", "source", "kind", "external_id"),
        identity=False,
    )

    source: str
    """The system that wrote it."""
    kind: str
    """Such as `Observation`."""
    external_id: str
    content: str
    content_sha256: str
    received_at: datetime = Field(sa_type=UtcDateTime)


class DirectoryRecord(Table, table=True):
    """One record that is about no patient: a practitioner, an organisation, a medication."""

    __table_args__ = (UniqueConstraint("clinic_id", "source", "kind", "external_id"),)

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    created_at: datetime = Field(sa_type=UtcDateTime)
    source: str
    kind: str
    external_id: str
    content: str
    content_sha256: str
    received_at: datetime = Field(sa_type=UtcDateTime)


class Hl7Message(PatientOwned, table=True):
    """One HL7 v2 message that waits for its receiver, or was answered."""

    __table_args__ = patient_owned(
        UniqueConstraint("clinic_id", "destination", "control_id"),
        Index(None, "clinic_id", "state", "destination", "queued_at"),
        one_of("kind", KINDS),
        one_of("state", (state.value for state in QueueState)),
        identity=False,
    )

    destination: str = Field(sa_type=ByteOrderedText)
    kind: str
    control_id: str
    content: str
    queued_at: datetime = Field(sa_type=UtcDateTime)
    not_before: datetime = Field(sa_type=UtcDateTime)
    state: str
    attempts: int
    answer: str | None
    settled_at: datetime | None = Field(sa_type=UtcDateTime)
