"""Words of messages and of the outbox."""

from __future__ import annotations

from enum import StrEnum


class MessageDirection(StrEnum):
    """Who wrote to whom."""

    TO_PATIENT = "to_patient"
    FROM_PATIENT = "from_patient"
    INTERNAL = "internal"


class OutboxState(StrEnum):
    """What has become of an outgoing item."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ContactScope(StrEnum):
    """What a contact may receive or do, with the patient's consent."""

    SCHEDULE = "schedule"
    HAND_OUTS = "hand_outs"
    MESSAGES = "messages"
    CLINICAL = "clinical"
    LOG_SESSIONS = "log_sessions"
