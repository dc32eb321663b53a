"""What receivers answer comes into the inbox, once; STOP ends the channel it came by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from rehabctl.clinic.phone import e164
from rehabctl.domain.message import (
    DeliveryChannel,
    Message,
    MessageChannel,
    MessageDirection,
    MessageThread,
    OptOut,
)
from rehabctl.domain.message_port import IncomingText
from rehabctl.reference.message_templates import DeliveryRules, load_delivery_rules
from rehabctl.services.access import Action, require
from rehabctl.services.actors import PATIENT
from rehabctl.services.integrations import require_enabled
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_SUBJECT = "Text message"
_LONGEST = 10_000


@dataclass(slots=True)
class Fetched:
    """What one run took over."""

    new: int = 0
    known: int = 0
    stopped: int = 0
    """Channels that were ended by STOP."""
    not_ours: int = 0
    """From a number of no receiver, or of several."""


def require_fetching(store: Store) -> None:
    """Check that replies may be fetched, before a carrier is asked.

    Raises
    ------
    NotPermittedError
        The carrier is not enabled, or the user may not write.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        require_enabled(uow, "sms-twilio")


def take_over(store: Store, incoming: Sequence[IncomingText]) -> Fetched:
    """Write replies into the inbox; those that are there already are left alone.

    Parameters
    ----------
    store
        The open store.
    incoming
        What receivers wrote, oldest first.
    """
    result = Fetched()
    for one in incoming:
        with store.transaction() as uow:
            require(uow, Action.WRITE_CLINICAL)
            _one(uow, one, result)
    return result


def _one(uow: UnitOfWork, one: IncomingText, result: Fetched) -> None:
    rules = load_delivery_rules(clinic_today(uow.clinic, uow.now))
    senders = [
        channel
        for channel in uow.message_channels.of_channel(DeliveryChannel.SMS)
        if _number(uow, channel) == one.address
    ]
    word = one.body.strip().strip(".!").casefold()
    everybody = word in rules.stop_words or word in rules.start_words
    if not senders or (len(senders) > 1 and not everybody):
        result.not_ours += 1
        return
    for channel in senders:
        if not _write(uow, channel, one):
            result.known += 1
            continue
        result.new += 1
        result.stopped += _obey(uow, channel, word, rules)


def _obey(uow: UnitOfWork, channel: MessageChannel, word: str, rules: DeliveryRules) -> int:
    """End a channel, or open it again, as the receiver says; return how many were ended."""
    if word in rules.stop_words:
        ended = uow.message_channels.end(
            channel.patient.id, channel.receiver, [channel.channel], OptOut.STOP
        )
        uow.audit.record("message.stop", "patient", channel.patient.id)
        return ended
    if word in rules.start_words and channel.opted_out_by in (OptOut.STOP, OptOut.CARRIER):
        again = replace(channel, opted_in_at=uow.now, opted_out_at=None, opted_out_by=None)
        uow.message_channels.put(again)
        uow.audit.record("message.start", "patient", channel.patient.id)
    return 0


def _write(uow: UnitOfWork, channel: MessageChannel, one: IncomingText) -> bool:
    """Add a reply to the newest conversation; False when it is there already."""
    message_id = uuid5(uow.clinic.id, f"{one.remote_id} {channel.patient.id} {channel.receiver}")
    patient = channel.patient
    if any(known.id == message_id for known in uow.messages.of_patient(patient.id)):
        return False
    threads, _ = uow.messages.inbox(1, patient_id=patient.id)
    if threads:
        thread_id = threads[0].thread.id
    else:
        thread = MessageThread(uow.new_id(), patient, _SUBJECT, one.sent_at)
        uow.messages.add_thread(thread)
        thread_id = thread.id
    contact = None if channel.receiver == PATIENT else UUID(channel.receiver)
    uow.messages.add(
        Message(
            id=message_id,
            patient=patient,
            thread_id=thread_id,
            direction=MessageDirection.FROM_PATIENT,
            body=one.body[:_LONGEST] or "(empty)",
            sent_at=one.sent_at,
            author_contact_id=contact,
        )
    )
    uow.audit.record("message.receive", "message", message_id, {"by": "sms"})
    return True


def _number(uow: UnitOfWork, channel: MessageChannel) -> str | None:
    if channel.receiver == PATIENT:
        phone = uow.patients.by_id(channel.patient.id).demographics.phone
    else:
        phone = uow.contacts.get(UUID(channel.receiver), channel.patient.id).phone
    return e164(phone) if phone else None
