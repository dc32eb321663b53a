"""HL7 v2 messages that wait for their receiver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import PatientRef


class QueueState(StrEnum):
    """What has become of a queued message."""

    QUEUED = "queued"
    SENDING = "sending"
    """Handed over, or just about to be: until it is settled nobody knows."""
    DONE = "done"
    """Acknowledged by `AA` or `CA`."""
    DEAD = "dead"
    """Refused by the receiver."""
    DROPPED = "dropped"
    """Given up by somebody of the clinic."""


WAITING = (QueueState.QUEUED, QueueState.SENDING)


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """One message for one destination. Its bytes, and so its control id, never change."""

    id: UUID
    patient: PatientRef
    destination: str
    """Name of a connection, or `HOST:PORT`."""
    kind: str
    """`oru`, `mdm` or `dft`."""
    control_id: str
    """MSH-10."""
    content: str
    queued_at: datetime
    not_before: datetime
    """Next attempt; while it is being sent, when another run may take it over."""
    state: QueueState = QueueState.QUEUED
    attempts: int = 0
    answer: str | None = None
    """Code of the last answer or problem, such as `AA`, `AE 207` or `no-answer`."""
    settled_at: datetime | None = None
