"""The outbox leaves the clinic: each item once, by the receiver's channels, never at night.

A delivery is taken in one transaction, carried out without any, and settled in a third, so that a
run that is killed at any moment leaves word of what it was doing. What may have been sent is looked
for before it is sent again; where nobody can look, somebody of the clinic decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.clinic.engagement import PRAISE
from rehabctl.clinic.phone import e164
from rehabctl.clinic.quiet_hours import QuietHours
from rehabctl.domain.claim_port import UncertainError
from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import (
    NotFoundError,
    NotPermittedError,
    RehabctlError,
    UnavailableError,
    UsageError,
)
from rehabctl.domain.message import (
    ContactScope,
    DeliveryChannel,
    OptOut,
    OutboxItem,
    OutboxState,
)
from rehabctl.domain.message_port import (
    GONE,
    Fate,
    MessagePort,
    OutgoingText,
    RefusedMessageError,
    UnsupportedLookError,
)
from rehabctl.domain.visit import VisitStatus
from rehabctl.reference.message_templates import DeliveryRules, load_delivery_rules, load_template
from rehabctl.reference.rules import RuleTable
from rehabctl.services.access import Action, require
from rehabctl.services.actors import PATIENT, allowed_contact
from rehabctl.services.engagement import may_deliver
from rehabctl.services.integrations import require_enabled
from rehabctl.services.push_subscriptions import push_address
from rehabctl.services.roster_changes import clinic_today
from rehabctl.services.visit_reminders import REMINDER

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

INTEGRATIONS = {
    DeliveryChannel.SMS: "sms-twilio",
    DeliveryChannel.EMAIL: "email-smtp",
    DeliveryChannel.PUSH: "push-web",
}
DELIVERY_KEY = "delivery"
_NOT_COMING = (VisitStatus.CANCELLED, VisitStatus.NO_SHOW)


class Stage(StrEnum):
    """How far a delivery has come."""

    WAITING = "waiting"
    SENDING = "sending"
    """Handed over, or just about to be: nobody knows."""
    ACCEPTED = "accepted"
    """The carrier has it and will say what became of it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What an item keeps about its own delivery."""

    stage: Stage = Stage.WAITING
    channel: DeliveryChannel | None = None
    remote_id: str = ""
    tried: tuple[DeliveryChannel, ...] = ()
    since: str = ""
    """When the carrier took it."""

    @classmethod
    def of(cls, item: OutboxItem) -> Delivery:
        """Read it from an item."""
        at: Mapping[str, Any] = item.payload.get(DELIVERY_KEY, {})
        channel = at.get("channel")
        return cls(
            Stage(at.get("stage", Stage.WAITING)),
            DeliveryChannel(channel) if channel else None,
            at.get("remote_id", ""),
            tuple(DeliveryChannel(one) for one in at.get("tried", ())),
            at.get("since", ""),
        )

    def payload(self, item: OutboxItem) -> dict[str, Any]:
        """Return the payload of an item with this in it."""
        at = {
            "stage": self.stage.value,
            "channel": self.channel.value if self.channel else None,
            "remote_id": self.remote_id,
            "tried": [one.value for one in self.tried],
            "since": self.since,
        }
        return {**item.payload, DELIVERY_KEY: at}


@dataclass(frozen=True, slots=True)
class Sender:
    """How the clinic names itself in messages."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """What one run did with an item."""

    id: UUID
    template: str
    channel: DeliveryChannel | None
    state: OutboxState
    why: str
    """A code; empty when it was sent."""


@dataclass(frozen=True, slots=True)
class _Job:
    """An item that this run has taken."""

    item: OutboxItem
    delivery: Delivery
    channel: DeliveryChannel
    text: OutgoingText


@dataclass(frozen=True, slots=True)
class Courier:
    """One run of delivery.

    `ports` are the carriers that are configured; those that are not enabled are not used.
    """

    store: Store
    rules: RuleTable
    sender: Sender
    ports: Mapping[DeliveryChannel, MessagePort]

    def deliver(self, *, limit: int = 500, dry_run: bool = False) -> Iterator[DeliveryLine]:
        """Deliver what is due and yield what became of each item.

        Parameters
        ----------
        limit
            How many items at most.
        dry_run
            Say what would be done and do nothing.

        Raises
        ------
        NotPermittedError
            No configured carrier is enabled, or one refuses our credentials.
        UsageError
            The clinic's name or number for messages is not configured.
        """
        if not self.sender.name or not self.sender.phone:
            raise UsageError(
                "messages need the clinic's name and number",
                "Write message_sender and message_phone into config.toml",
            )
        with self.store.transaction() as uow:
            require(uow, Action.WRITE_CLINICAL)
            usable = _enabled(uow, self.ports)
            due = [item.id for item in uow.outbox.due(limit)]
            uow.audit.read("message.due", "outbox", due)
        run = replace(self, ports=usable)
        for item_id in due:
            line = run._one(item_id, dry_run)
            if line is not None:
                yield line

    def _one(self, item_id: UUID, dry_run: bool) -> DeliveryLine | None:
        """Carry one item as far as it goes now; each turn ends or uses up a channel."""
        for _ in range(2 * len(DeliveryChannel) + 2):
            with self.store.transaction(rehearsal=dry_run) as uow:
                taken = self._take(uow, item_id)
            if not isinstance(taken, _Job):
                return taken
            if dry_run:
                return _line(taken.item, taken.channel, OutboxState.QUEUED, "would-send")
            line = self._carry(taken)
            if line is not None:
                return line
        return None

    def _take(self, uow: UnitOfWork, item_id: UUID) -> _Job | DeliveryLine | None:
        """Decide what is to be done with an item and write that down before it is done."""
        try:
            item = uow.outbox.get(item_id)
        except NotFoundError:  # another run was faster, and a worker sees it no more
            return None
        if item.state is not OutboxState.QUEUED or item.not_before > uow.now:
            return None
        times = load_delivery_rules(clinic_today(uow.clinic, uow.now))
        delivery = Delivery.of(item)
        if delivery.stage is Stage.WAITING:
            ended = self._ended(uow, item, times)
            if ended is not None:
                return ended
            try:
                channel, address = self._way(uow, item, delivery)
            except RehabctlError:
                return _end(uow, item, OutboxState.FAILED, "not-allowed")
            if channel is None:
                why = item.last_error if delivery.tried and item.last_error else "no-channel"
                return _end(uow, item, OutboxState.FAILED, why)
        else:
            channel, address = delivery.channel, ""
            if channel is None or channel not in self.ports:
                return _line(item, channel, OutboxState.QUEUED, "not-configured")
            if delivery.stage is Stage.SENDING:
                try:
                    address = _addresses(uow, item)[channel]
                except (RehabctlError, KeyError):  # she may not be asked about any more
                    return _end(uow, item, OutboxState.FAILED, "uncertain")
        text = self._text(uow, item, channel, address)
        stage = Stage.SENDING if delivery.stage is Stage.WAITING else delivery.stage
        after = replace(
            item,
            attempts=item.attempts + 1,
            payload=replace(delivery, stage=stage, channel=channel).payload(item),
            not_before=uow.now + timedelta(minutes=times.lease_minutes),
        )
        if not uow.outbox.advance(item, after):
            return None
        return _Job(after, delivery, channel, text)

    def _ended(
        self, uow: UnitOfWork, item: OutboxItem, times: DeliveryRules
    ) -> DeliveryLine | None:
        """End or postpone what must not be sent now."""
        if uow.now - item.not_before > timedelta(hours=times.too_old_hours):
            return _end(uow, item, OutboxState.FAILED, "too-old")
        if load_template(item.template, None) is None:
            return _end(uow, item, OutboxState.FAILED, "no-template")
        if item.template == REMINDER:
            visit = uow.visits.get(UUID(item.payload["visit_id"]))
            if visit.status in _NOT_COMING or visit.planned_start_at <= uow.now:
                return _end(uow, item, OutboxState.CANCELLED, "over")
        if item.template in PRAISE and _is_blind(uow):
            return _line(item, None, OutboxState.QUEUED, "needs-clinician")
        if not may_deliver(uow, self.rules, item):
            return _line(item, None, OutboxState.QUEUED, "open-alert")
        zone = ZoneInfo(item.time_zone)
        local = uow.now.astimezone(zone).date()
        quiet = QuietHours.of(self.rules.in_force(local)["QUIET_HOURS"])
        if quiet.quiet(uow.now, zone):
            later = replace(item, not_before=quiet.next_allowed(uow.now, zone))
            uow.outbox.advance(item, later)
            return _line(item, None, OutboxState.QUEUED, "quiet-hours")
        return None

    def _way(
        self, uow: UnitOfWork, item: OutboxItem, delivery: Delivery
    ) -> tuple[DeliveryChannel | None, str]:
        """Return the next channel of the receiver's order, and her address."""
        addresses = _addresses(uow, item)
        receiver = item.payload.get("to", PATIENT)
        allowed = [
            one.channel
            for one in uow.message_channels.of_patient(item.patient.id)
            if one.receiver == receiver and one.opted_out_at is None
        ]
        allowed.sort(key=lambda one: one.value != item.channel)  # what was asked for goes first
        for channel in allowed:
            if channel in self.ports and channel not in delivery.tried and channel in addresses:
                return channel, addresses[channel]
        return None, ""

    def _text(
        self, uow: UnitOfWork, item: OutboxItem, channel: DeliveryChannel, address: str
    ) -> OutgoingText:
        patient = uow.patients.by_id(item.patient.id)
        template = load_template(item.template, patient.demographics.language)
        if template is None:
            raise RehabctlError("a queued message has no text", "Look at: rehabctl message dead")
        words = {
            "clinic": self.sender.name,
            "phone": self.sender.phone,
            "when": "",
            "reference": f"Ref {item.id.hex[-12:]}",
        }
        if item.template == REMINDER:
            visit = uow.visits.get(UUID(item.payload["visit_id"]))
            local = visit.planned_start_at.astimezone(ZoneInfo(item.time_zone))
            words["when"] = f"{local:%Y-%m-%d %H:%M}"
        body = template.body.format(**words)
        if channel is not DeliveryChannel.PUSH:
            body = f"{body} {template.ending.format(**words)}"
        return OutgoingText(address, template.subject.format(**words), body, words["reference"])

    def _carry(self, job: _Job) -> DeliveryLine | None:
        """Do what was written down; None means that the item is open again, now."""
        port = self.ports[job.channel]
        match Delivery.of(job.item).stage if job.delivery.stage is not Stage.WAITING else None:
            case None:
                return self._send(job, port)
            case Stage.SENDING:
                return self._look(job, port)
            case _:
                return self._ask(job, port)

    def _send(self, job: _Job, port: MessagePort) -> DeliveryLine | None:
        tried = (*job.delivery.tried, job.channel)
        try:
            remote_id = port.send(job.text)
        except RefusedMessageError as error:
            return self._next_channel(job, replace(job.delivery, tried=tried), error.code)
        except UncertainError:
            return self._later(job, Delivery.of(job.item), "uncertain")
        except UnavailableError:
            return self._later(job, job.delivery, "unavailable")
        except RehabctlError:
            self._settle(job, replace(job.item, payload=job.delivery.payload(job.item)), now=True)
            raise
        if not remote_id:
            return self._finish(job, OutboxState.SENT, "")
        return self._watch(job, remote_id)

    def _look(self, job: _Job, port: MessagePort) -> DeliveryLine | None:
        try:
            remote_id = port.find(job.text)
        except UnsupportedLookError:
            return self._finish(job, OutboxState.FAILED, "uncertain")
        except NotPermittedError:
            self._settle(job, job.item, now=True)
            raise
        except RehabctlError:
            return self._later(job, job.delivery, "uncertain")
        if remote_id is not None:
            return self._watch(job, remote_id)
        again = replace(job.delivery, stage=Stage.WAITING, channel=None)
        self._settle(job, replace(job.item, payload=again.payload(job.item)), now=True)
        return None

    def _ask(self, job: _Job, port: MessagePort) -> DeliveryLine | None:
        times = self._times()
        since = datetime.fromisoformat(job.delivery.since)
        over = self.store.clock() - since > timedelta(hours=times.watch_hours)
        try:
            fate = port.fate(job.delivery.remote_id)
        except NotPermittedError:
            self._settle(job, job.item, now=True)
            raise
        except RehabctlError:
            fate = Fate.PENDING
        if fate is Fate.FAILED:
            tried = (*job.delivery.tried, job.channel)
            open_again = Delivery(tried=tried)
            return self._next_channel(job, open_again, "undelivered")
        if fate is Fate.DELIVERED or over:
            return self._finish(job, OutboxState.SENT, "" if fate is Fate.DELIVERED else "unknown")
        later = self.store.clock() + timedelta(minutes=times.watch_minutes)
        self._settle(job, replace(job.item, not_before=later))
        return _line(job.item, job.channel, OutboxState.QUEUED, "on-its-way")

    def _watch(self, job: _Job, remote_id: str) -> DeliveryLine:
        now = self.store.clock()
        taken = Delivery(
            Stage.ACCEPTED, job.channel, remote_id, job.delivery.tried, now.isoformat()
        )
        later = now + timedelta(minutes=self._times().watch_minutes)
        after = replace(
            job.item, payload=taken.payload(job.item), not_before=later, last_error=None
        )
        self._settle(job, after)
        return _line(job.item, job.channel, OutboxState.QUEUED, "on-its-way")

    def _next_channel(self, job: _Job, delivery: Delivery, code: str) -> None:
        after = replace(job.item, payload=delivery.payload(job.item), last_error=code)
        self._settle(job, after, now=True, ended=code)

    def _later(self, job: _Job, delivery: Delivery, code: str) -> DeliveryLine:
        """Try again after a wait that doubles, and give up after the last attempt."""
        times = self._times()
        if job.item.attempts >= times.most_attempts:
            return self._finish(job, OutboxState.FAILED, code)
        wait = timedelta(minutes=times.first_wait_minutes * 2 ** (job.item.attempts - 1))
        after = replace(
            job.item,
            payload=delivery.payload(job.item),
            not_before=self.store.clock() + wait,
            last_error=code,
        )
        self._settle(job, after)
        return _line(job.item, job.channel, OutboxState.QUEUED, code)

    def _finish(self, job: _Job, state: OutboxState, why: str) -> DeliveryLine:
        sent_at = self.store.clock() if state is OutboxState.SENT else None
        self._settle(job, replace(job.item, state=state, sent_at=sent_at, last_error=why or None))
        return _line(job.item, job.channel, state, why)

    def _settle(self, job: _Job, after: OutboxItem, *, now: bool = False, ended: str = "") -> None:
        with self.store.transaction() as uow:
            if now:
                after = replace(after, not_before=uow.now)
            uow.outbox.advance(job.item, after)
            receiver = job.item.payload.get("to", PATIENT)
            if ended == GONE and job.channel is DeliveryChannel.PUSH:
                uow.push.remove(job.item.patient.id, receiver)
            if ended == "opted-out":
                uow.message_channels.end(
                    job.item.patient.id, receiver, [job.channel], OptOut.CARRIER
                )
            detail = {"channel": job.channel.value, "state": after.state.value}
            uow.audit.record("message.deliver", "outbox", job.item.id, detail)

    def _times(self) -> DeliveryRules:
        return load_delivery_rules(clinic_today(self.store.clinic, self.store.clock()))


def _enabled(
    uow: UnitOfWork, ports: Mapping[DeliveryChannel, MessagePort]
) -> dict[DeliveryChannel, MessagePort]:
    usable: dict[DeliveryChannel, MessagePort] = {}
    refused: NotPermittedError | None = None
    for channel, port in ports.items():
        try:
            require_enabled(uow, INTEGRATIONS[channel])
        except NotPermittedError as error:
            refused = error
        else:
            usable[channel] = port
    if not usable and refused is not None:
        raise refused
    return usable


def _is_blind(uow: UnitOfWork) -> bool:
    """Return whether who acts sees no alerts: a worker of a server, which is no clinician."""
    return not uow.is_local and uow.user.role is Role.WORKER


def _addresses(uow: UnitOfWork, item: OutboxItem) -> dict[DeliveryChannel, str]:
    """Return where the receiver of an item is reached."""
    receiver = item.payload.get("to", PATIENT)
    if receiver == PATIENT:
        who = uow.patients.by_id(item.patient.id).demographics
        phone, email = who.phone, who.email
    else:
        scope = ContactScope.SCHEDULE if item.template == REMINDER else ContactScope.MESSAGES
        contact = allowed_contact(uow, item.patient, receiver, scope)
        phone, email = contact.phone, contact.email
    found: dict[DeliveryChannel, str] = {}
    number = e164(phone) if phone else None
    if number is not None:
        found[DeliveryChannel.SMS] = number
    if email and email.isascii() and email.isprintable() and email.count("@") == 1:
        found[DeliveryChannel.EMAIL] = email
    subscription = uow.push.of_receiver(item.patient.id, receiver)
    if subscription is not None:
        found[DeliveryChannel.PUSH] = push_address(subscription)
    return found


def _end(uow: UnitOfWork, item: OutboxItem, state: OutboxState, why: str) -> DeliveryLine:
    uow.outbox.advance(item, replace(item, state=state, last_error=why))
    uow.audit.record("message.deliver", "outbox", item.id, {"state": state.value})
    return _line(item, None, state, why)


def _line(
    item: OutboxItem, channel: DeliveryChannel | None, state: OutboxState, why: str
) -> DeliveryLine:
    return DeliveryLine(item.id, item.template, channel, state, why)
