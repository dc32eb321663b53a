"""Messages, the outbox, and the people around a patient who may receive or act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from rehabctl.domain.patient import PatientRef


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


class DeliveryChannel(StrEnum):
    """How something reaches a patient outside the clinic."""

    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"
    """A message of a web page to the receiver's browser."""


class OptOut(StrEnum):
    """What ended a channel."""

    STAFF = "staff"
    """Somebody of the clinic noted the patient's wish."""
    STOP = "stop"
    """The receiver answered STOP."""
    CARRIER = "carrier"
    """The carrier's own list says so."""


class ContactScope(StrEnum):
    """What a contact may receive or do, with the patient's consent."""

    SCHEDULE = "schedule"
    HAND_OUTS = "hand_outs"
    MESSAGES = "messages"
    CLINICAL = "clinical"
    LOG_SESSIONS = "log_sessions"


@dataclass(frozen=True, slots=True)
class Contact:
    """A caregiver or proxy, with what she may receive or do."""

    id: UUID
    patient: PatientRef
    name: str
    relationship: str
    valid_from: date
    phone: str | None = None
    email: str | None = None
    is_proxy: bool = False
    """Whether she may consent and act for the patient."""
    scopes: tuple[ContactScope, ...] = ()
    valid_until: date | None = None
    """Last day."""

    def may(self, scope: ContactScope, day: date) -> bool:
        """Return whether the patient's consent covers something on a day."""
        held = self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)
        return held and scope in self.scopes


@dataclass(frozen=True, slots=True)
class MessageChannel:
    """A way by which a receiver allows the clinic to reach her."""

    id: UUID
    patient: PatientRef
    receiver: str
    """`patient` or the identifier of a contact."""
    channel: DeliveryChannel
    rank: int
    """The lowest is tried first."""
    opted_in_at: datetime
    recorded_by: UUID
    opted_out_at: datetime | None = None
    opted_out_by: OptOut | None = None


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """Where a receiver's browser takes push messages, and with which key (RFC 8291)."""

    id: UUID
    patient: PatientRef
    receiver: str
    """`patient` or the identifier of a contact."""
    endpoint: str
    p256dh: str
    """The browser's public key, 65 bytes as base64url."""
    auth: str
    """Its secret of 16 bytes, as base64url."""
    recorded_by: UUID


@dataclass(frozen=True, slots=True)
class MessageThread:
    """A conversation with, or about, one patient."""

    id: UUID
    patient: PatientRef
    subject: str
    last_message_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a thread. With neither author the patient wrote it herself."""

    id: UUID
    patient: PatientRef
    thread_id: UUID
    direction: MessageDirection
    body: str
    sent_at: datetime
    author_user_id: UUID | None = None
    author_contact_id: UUID | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class InboxThread:
    """One line of the inbox."""

    thread: MessageThread
    mrn: str
    unread: int
    """Messages of the patient's side that nobody has read."""


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """Something that is to leave the clinic, once, outside the receiver's quiet hours."""

    id: UUID
    patient: PatientRef
    channel: str
    """How it is to be delivered, such as `portal`, `email` or `sms`."""
    template: str
    """What it is: `message`, `missed_session`, `hand_out` ..."""
    payload: Mapping[str, Any]
    """Identifiers and words for the template; `to` is `patient` or a contact, `by` who queued."""
    dedupe_key: str
    """A second item with this key is not queued."""
    not_before: datetime
    time_zone: str
    """The receiver's; quiet hours are local."""
    state: OutboxState = OutboxState.QUEUED
    attempts: int = 0
    message_id: UUID | None = None
    sent_at: datetime | None = None
    last_error: str | None = None
    """A code, never text of the message."""
