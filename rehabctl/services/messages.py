"""Messages between clinic and patient: written here, queued for delivery outside quiet hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.clinic.quiet_hours import QuietHours
from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.message import (
    ContactScope,
    InboxThread,
    Message,
    MessageDirection,
    MessageThread,
    OutboxItem,
)
from rehabctl.domain.patient import Patient
from rehabctl.reference.rules import RuleTable
from rehabctl.services.access import Action, require
from rehabctl.services.actors import PATIENT, Actor, acting, allowed_contact

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

CHANNELS = ("portal", "email", "sms")
MESSAGE = "message"
_MAX_CHARACTERS = 10_000


def send(
    store: Store,
    rules: RuleTable,
    mrn: str,
    body: str,
    *,
    subject: str | None = None,
    thread_id: str | None = None,
    to: str = PATIENT,
    channel: str = "portal",
) -> tuple[Message, OutboxItem]:
    """Write to a patient, or to a contact whom she allows messages, and queue the delivery.

    Parameters
    ----------
    store
        The open store.
    rules
        Name the quiet hours.
    mrn
        Record number.
    body
        What is said.
    subject
        Of a new conversation.
    thread_id
        Conversation to go on with; None begins a new one.
    to
        `patient` or the identifier of a contact.
    channel
        How it is to be delivered.

    Raises
    ------
    UsageError
        Nothing is said, or the channel is not known.
    NotFoundError, NotPermittedError
        There is no such patient, conversation or contact, or no consent for the contact.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        return queue_message(
            uow, rules, patient, body,
            subject=subject, thread_id=thread_id, to=to, channel=channel,
        )  # fmt: skip


def queue_message(
    uow: UnitOfWork,
    rules: RuleTable,
    patient: Patient,
    body: str,
    *,
    subject: str | None = None,
    thread_id: str | None = None,
    to: str = PATIENT,
    channel: str = "portal",
    words: Mapping[str, str] | None = None,
) -> tuple[Message, OutboxItem]:
    """Write and queue a message inside another use case's transaction; see `send`."""
    if channel not in CHANNELS:
        raise UsageError(f"unknown channel {channel!r}", f"Use one of: {', '.join(CHANNELS)}")
    if to != PATIENT:
        allowed_contact(uow, patient.ref, to, ContactScope.MESSAGES)
    me = Actor(f"user:{uow.user.login}", user_id=uow.user.id)
    message = _write(uow, patient, body, MessageDirection.TO_PATIENT, me, subject, thread_id)
    item = queue(
        uow, rules, patient, MESSAGE, f"message:{message.id}", to=to, channel=channel,
        message_id=message.id, words=words,
    )  # fmt: skip
    uow.audit.record("message.send", "message", message.id, {"channel": channel})
    return message, item


def queue(
    uow: UnitOfWork,
    rules: RuleTable,
    patient: Patient,
    template: str,
    dedupe_key: str,
    *,
    not_before: datetime | None = None,
    to: str = PATIENT,
    channel: str = "portal",
    message_id: UUID | None = None,
    words: Mapping[str, str] | None = None,
) -> OutboxItem:
    """Queue something for a patient once, outside the quiet hours of her own time zone.

    Parameters
    ----------
    uow
        The transaction.
    rules
        Name the quiet hours.
    patient
        Who receives it.
    template
        What it is.
    dedupe_key
        A second item with this key is not queued.
    not_before
        Earliest moment; default now.
    to
        `patient` or the identifier of a contact.
    channel
        How it is to be delivered.
    message_id
        Which message it delivers.
    words
        For the template.
    """
    zone = patient.demographics.time_zone or uow.clinic.time_zone
    local = uow.now.astimezone(ZoneInfo(uow.clinic.time_zone)).date()
    quiet = QuietHours.of(rules.in_force(local)["QUIET_HOURS"])
    item = OutboxItem(
        id=uow.new_id(),
        patient=patient.ref,
        channel=channel,
        template=template,
        payload={**(words or {}), "to": to, "by": f"user:{uow.user.login}"},
        dedupe_key=dedupe_key,
        not_before=quiet.next_allowed(not_before or uow.now, ZoneInfo(zone)),
        time_zone=zone,
        message_id=message_id,
    )
    uow.outbox.queue(item)
    return item


def receive(
    store: Store,
    mrn: str,
    body: str,
    *,
    by: str,
    subject: str | None = None,
    thread_id: str | None = None,
) -> Message:
    """Note what a patient, or a contact for her, wrote or said.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    body
        What was said.
    by
        `patient` or the identifier of a contact.
    subject, thread_id
        As in `send`.

    Raises
    ------
    NotPermittedError
        The patient does not allow the contact to write.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        actor = acting(uow, patient.ref, by, ContactScope.MESSAGES)
        if actor.user_id is not None:
            raise UsageError("staff do not write as the patient", "Use: rehabctl message send")
        message = _write(
            uow, patient, body, MessageDirection.FROM_PATIENT, actor, subject, thread_id
        )
        uow.audit.record("message.receive", "message", message.id, {"by": actor.text})
        return message


def _write(
    uow: UnitOfWork,
    patient: Patient,
    body: str,
    direction: MessageDirection,
    actor: Actor,
    subject: str | None,
    thread_id: str | None,
) -> Message:
    if not body.strip() or len(body) > _MAX_CHARACTERS:
        raise UsageError(
            f"a message has 1 to {_MAX_CHARACTERS} characters", "Shorten it, or write something"
        )
    if thread_id is None:
        thread = MessageThread(uow.new_id(), patient.ref, subject or "Message", uow.now)
        uow.messages.add_thread(thread)
    else:
        thread = _thread(uow, thread_id)
        if thread.patient.id != patient.id:
            raise NotFoundError(
                "the patient has no such conversation", "Look at: rehabctl message list"
            )
    message = Message(
        id=uow.new_id(),
        patient=patient.ref,
        thread_id=thread.id,
        direction=direction,
        body=body,
        sent_at=uow.now,
        author_user_id=actor.user_id,
        author_contact_id=actor.contact_id,
    )
    uow.messages.add(message)
    return message


def _thread(uow: UnitOfWork, thread_id: str) -> MessageThread:
    try:
        return uow.messages.thread(UUID(thread_id))
    except ValueError:
        raise NotFoundError(
            "that is no identifier of a conversation", "Look at: rehabctl message list"
        ) from None


def inbox(
    store: Store,
    *,
    limit: int,
    cursor: str | None = None,
    mrn: str | None = None,
    unread_only: bool = False,
) -> tuple[tuple[InboxThread, ...], str | None]:
    """Return conversations, the one with the newest message first, and the next cursor."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient_id = None if mrn is None else uow.patients.get(mrn).id
        found, after = uow.messages.inbox(
            limit, cursor=cursor, patient_id=patient_id, unread_only=unread_only
        )
        uow.audit.read("message.list", "message_thread", [line.thread.id for line in found])
        return found, after


def show(
    store: Store, thread_id: str, *, mark_read: bool = False
) -> tuple[MessageThread, tuple[Message, ...]]:
    """Return one conversation, oldest message first.

    Parameters
    ----------
    store
        The open store.
    thread_id
        Identifier.
    mark_read
        Whether to note that the patient's messages were read.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL if mark_read else Action.READ_CLINICAL)
        thread = _thread(uow, thread_id)
        if mark_read:
            uow.messages.mark_read(thread.id)
        action = "message.mark_read" if mark_read else "message.read"
        uow.audit.record(action, "message_thread", thread.id)
        return thread, uow.messages.of_thread(thread.id)
