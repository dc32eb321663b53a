"""What asks for a clinician's attention: alerts, messages, the outbox and the worklist."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from rehabctl.domain.escalation import CallOutcome
from rehabctl.domain.facts import AlertActionKind, AlertSeverity, AlertStatus
from rehabctl.domain.message import DeliveryChannel, MessageDirection, OptOut, OutboxState
from rehabctl.domain.triage import Tier
from rehabctl.store.column_types import ByteOrderedText, Document, UtcDateTime
from rehabctl.store.tables.base import (
    PatientOwned,
    Table,
    at_most,
    between,
    one_of,
    patient_owned,
    same_clinic,
    same_patient,
)

_NOT_CLOSED = text("status <> 'closed'")


class Alert(PatientOwned, table=True):
    """Where an alert stands. At most one per patient, code and key is not closed."""

    __table_args__ = patient_owned(
        one_of("severity", AlertSeverity),
        one_of("handled_severity", AlertSeverity),
        one_of("status", AlertStatus),
        UniqueConstraint("patient_id", "code", "key", "opened_at"),
        Index(
            "uq_alert_not_closed",
            "patient_id",
            "code",
            "key",
            unique=True,
            sqlite_where=_NOT_CLOSED,
            postgresql_where=_NOT_CLOSED,
        ),
    )

    code: str = Field(sa_type=ByteOrderedText)
    key: str = Field(sa_type=ByteOrderedText)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    status: str
    severity: str
    group: str
    text: str
    rule_version: str
    level: float
    known_at: datetime = Field(sa_type=UtcDateTime)
    close_after_days: int | None = None
    reopens_on: str
    unreviewed_since: datetime = Field(sa_type=UtcDateTime)
    unmet_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    handled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    handled_level: float | None = None
    handled_severity: str | None = None
    handled_by: str | None = None
    snoozed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    assigned_to: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AlertAction(PatientOwned, table=True):
    """What a person did with an alert: an event, from which alerts can be made again."""

    __table_args__ = patient_owned(
        one_of("kind", AlertActionKind), Index(None, "patient_id", "at"), identity=False
    )

    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    code: str
    key: str
    by: str
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    assignee: str | None = None
    comment: str | None = None


class StaffCall(PatientOwned, table=True):
    """What a call about missed sessions came to."""

    __table_args__ = patient_owned(
        one_of("outcome", CallOutcome), Index(None, "patient_id", "at"), identity=False
    )

    at: datetime = Field(sa_type=UtcDateTime)
    outcome: str
    by: str
    comment: str | None = None


class MessageThread(PatientOwned, table=True):
    """A conversation with, or about, one patient."""

    __table_args__ = patient_owned(Index(None, "patient_id", "last_message_at"))

    subject: str
    last_message_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Message(PatientOwned, table=True):
    """One message of a thread."""

    __table_args__ = patient_owned(
        same_patient("thread_id", "message_thread"),
        same_patient("author_contact_id", "contact"),
        same_clinic("author_user_id", "user_account"),
        one_of("direction", MessageDirection),
        Index(None, "thread_id", "sent_at"),
        Index(None, "patient_id"),
    )

    thread_id: UUID
    direction: str
    author_user_id: UUID | None = None
    author_contact_id: UUID | None = None
    """Neither author: the patient wrote it."""
    body: str
    sent_at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Outbox(PatientOwned, table=True):
    """Something that is to leave the clinic, once, outside the receiver's quiet hours."""

    __table_args__ = patient_owned(
        same_patient("message_id", "message"),
        UniqueConstraint("clinic_id", "dedupe_key"),
        one_of("state", OutboxState),
        Index(None, "state", "not_before"),
        Index(None, "patient_id"),
    )

    message_id: UUID | None = None
    channel: str
    template: str
    payload: dict[str, Any] = Field(sa_type=Document)
    dedupe_key: str
    not_before: datetime = Field(sa_type=UtcDateTime)
    time_zone: str
    """The receiver's; quiet hours are local."""
    state: str
    attempts: int
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_error: str | None = None
    """A code, never text of the message."""


class MessageChannel(PatientOwned, table=True):
    """A way by which a receiver allows the clinic to reach her; an end keeps the row."""

    __table_args__ = patient_owned(
        UniqueConstraint("patient_id", "receiver", "channel"),
        same_clinic("recorded_by", "user_account"),
        one_of("channel", DeliveryChannel),
        one_of("opted_out_by", OptOut),
        Index(None, "clinic_id", "channel"),
    )

    receiver: str
    channel: str
    rank: int
    opted_in_at: datetime = Field(sa_type=UtcDateTime)
    recorded_by: UUID
    opted_out_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    opted_out_by: str | None = None


class PushSubscription(PatientOwned, table=True):
    """Where a receiver's browser takes push messages, and with which key; one a receiver."""

    __table_args__ = patient_owned(
        UniqueConstraint("patient_id", "receiver"),
        same_clinic("recorded_by", "user_account"),
        at_most("endpoint", 2000),
        identity=False,
    )

    receiver: str
    endpoint: str
    p256dh: str
    auth: str
    recorded_by: UUID


class PanelRow(Table, table=True):
    """The maintained line of one patient in the worklist."""

    __table_args__ = (
        *patient_owned(identity=False),
        one_of("tier", Tier),
        between("pain_now", 0, 10),
        Index(None, "therapist_id", "rank_key", "sort_name", "patient_id"),
        Index(None, "clinic_id", "rank_key", "sort_name", "patient_id"),
        Index(None, "therapist_id", "tier"),
        Index(None, "clinic_id", "tier"),
        Index(None, "next_change_at"),
        Index(None, "therapist_id", "next_change_at"),
    )

    patient_id: UUID = Field(primary_key=True)
    clinic_id: UUID
    therapist_id: UUID
    tier: str
    rank_key: str = Field(sa_type=ByteOrderedText)
    reasons: list[dict[str, Any]] = Field(sa_type=Document)
    last_session_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    adherence_percent_28d: float | None = None
    pain_now: float | None = None
    pain_series: list[float] = Field(sa_type=Document)
    pain_trend: str | None = None
    rom_trend: str | None = None
    open_alerts: int
    next_due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sort_name: str = Field(sa_type=ByteOrderedText)
    """Name in the case-folded form by which lists sort."""
    search_text: str
    """Record number, name and reasons, case-folded."""
    next_change_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    computed_at: datetime = Field(sa_type=UtcDateTime)
    rules_version: str
    plan_version: str | None = None
