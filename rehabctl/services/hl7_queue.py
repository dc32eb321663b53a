"""HL7 v2 messages leave by a queue in the store: in their order, and never twice unasked.

A message is taken in one transaction, sent without any, and settled in a third. Who is killed
between the answer and its commit leaves it as being sent; when its lease is over it is sent again
with the same bytes, and so the same control id (MSH-10), by which a receiver knows a repetition.
To each destination nobody overtakes: what waits for an answer holds back what follows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.connection import MllpConnection
from rehabctl.domain.errors import (
    NotFoundError,
    RehabctlError,
    UnavailableError,
    UsageError,
)
from rehabctl.domain.hl7_queue import WAITING, QueuedMessage, QueueState
from rehabctl.integrations.hl7v2 import mllp
from rehabctl.integrations.hl7v2.message import MessageError, parse
from rehabctl.reference.hl7_queue import load_retry_rules
from rehabctl.services.access import Action, may, require
from rehabctl.services.connections import connection_named
from rehabctl.services.hl7_export import NETWORK, MessageKind, export_messages
from rehabctl.services.integrations import require_enabled
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.reference.rules import RuleTable
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

Ask = Callable[[bytes], bytes]
OpenLine = Callable[[MllpConnection], AbstractContextManager[Ask]]
_ACCEPTED = ("AA", "CA")
_REFUSED = ("AE", "AR", "CE", "CR")
_REASON = re.compile(r"[A-Za-z0-9_.]{1,20}")


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What became of messages that were to be queued."""

    queued: int
    known: int
    """The same content waits for, or was sent to, this destination already."""


def enqueue(
    store: Store, rules: RuleTable, mrn: str, kind: MessageKind, to: str, receiver: str = ""
) -> Enqueued:
    """Queue the messages about a patient for one destination.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    mrn
        Record number.
    kind
        What is sent.
    to
        Name of a connection, or `HOST:PORT`.
    receiver
        Receiving application (MSH-5); empty: that of the connection.

    Raises
    ------
    NotFoundError
        There is no such connection or patient, or nothing of this kind about her.
    NotPermittedError
        Another machine may not be given patient data.
    """
    with store.transaction() as uow:
        at = _destination(uow, to)
    messages = export_messages(store, rules, mrn, kind, receiver or at.receiver)
    with store.transaction() as uow:
        _require(uow)
        patient = uow.patients.get(mrn).ref
        queued = 0
        for data in messages:
            message = QueuedMessage(
                id=uow.new_id(),
                patient=patient,
                destination=to,
                kind=kind.value,
                control_id=parse(data).control_id,
                content=data.decode(),
                queued_at=uow.now,
                not_before=uow.now,
            )
            queued += uow.hl7_queue.add(message)
        detail = {"kind": kind.value, "to": to, "messages": queued}
        uow.audit.record("hl7.queue", "patient", patient.id, detail)
    return Enqueued(queued, len(messages) - queued)


def waiting(store: Store, *, every: bool = False, limit: int = 1000) -> list[QueuedMessage]:
    """Return the queue in its order.

    Parameters
    ----------
    store
        The open store.
    every
        Also what is done or dropped.
    limit
        How many at most.
    """
    states = tuple(QueueState) if every else (*WAITING, QueueState.DEAD)
    with store.transaction() as uow:
        _require(uow)
        found = uow.hl7_queue.all(states, limit)
        uow.audit.read("hl7.list", "hl7_message", [one.id for one in found])
    return list(found)


def retry(store: Store, message_id: UUID, *, replay: bool = False) -> QueuedMessage:
    """Have a message sent again at the next run, in its old place.

    Parameters
    ----------
    store
        The open store.
    message_id
        Which.
    replay
        Also one that was acknowledged; the receiver sees the same control id.

    Raises
    ------
    UsageError
        It was acknowledged, or is being sent.
    """

    def again(uow: UnitOfWork, message: QueuedMessage) -> QueuedMessage:
        if message.state is QueueState.DONE and not replay:
            raise UsageError("this message was acknowledged", "Add --replay to send it again")
        return replace(message, state=QueueState.QUEUED, not_before=uow.now, settled_at=None)

    return _changed(store, "hl7.retry", message_id, again)


def drop(store: Store, message_id: UUID) -> QueuedMessage:
    """Give a message up.

    Raises
    ------
    UsageError
        It was acknowledged, or is being sent.
    """

    def given_up(uow: UnitOfWork, message: QueuedMessage) -> QueuedMessage:
        if message.state is QueueState.DONE:
            raise UsageError("this message was acknowledged", "It cannot be taken back")
        return replace(message, state=QueueState.DROPPED, settled_at=uow.now)

    return _changed(store, "hl7.drop", message_id, given_up)


@dataclass(frozen=True, slots=True)
class QueueSender:
    """One run over everything that is due."""

    store: Store
    open_line: OpenLine

    def send(self) -> Iterator[QueuedMessage]:
        """Send what is due and yield what became of each message.

        A destination that is unknown or not allowed any more is passed over: its first message is
        yielded with the reason, and stays as it was.
        """
        with self.store.transaction() as uow:
            _require(uow)
            destinations = uow.hl7_queue.destinations()
            uow.audit.record("hl7.send", "hl7_message", None, {"destinations": len(destinations)})
        for destination in destinations:
            yield from self._drain(destination)

    def _drain(self, destination: str) -> Iterator[QueuedMessage]:
        with ExitStack() as lines:
            ask: Ask | None = None
            while True:
                taken = self._take(destination)
                if isinstance(taken, QueuedMessage):
                    yield taken
                if not isinstance(taken, _Taken):
                    return
                try:
                    ask = ask or lines.enter_context(self.open_line(taken.at))
                    answer = _answer(ask(taken.message.content.encode()), taken.message.control_id)
                except UnavailableError:
                    answer = "no-answer"
                except RehabctlError:
                    answer = "not-usable"
                settled = self._settle(taken.message, answer)
                yield settled
                if settled.state is QueueState.QUEUED:
                    return

    def _take(self, destination: str) -> _Taken | QueuedMessage | None:
        """Write down that a message is being sent, before it is."""
        with self.store.transaction() as uow:
            message = uow.hl7_queue.head(destination)
            if message is None or message.not_before > uow.now:
                return None
            try:
                at = _destination(uow, destination)
            except NotFoundError:
                return replace(message, answer="no-connection")
            except RehabctlError:
                return replace(message, answer="not-enabled")
            lease = load_retry_rules(clinic_today(uow.clinic, uow.now)).lease
            after = replace(
                message,
                state=QueueState.SENDING,
                attempts=message.attempts + 1,
                not_before=uow.now + lease,
            )
            return _Taken(after, at) if uow.hl7_queue.advance(message, after) else None

    def _settle(self, message: QueuedMessage, answer: str) -> QueuedMessage:
        code = answer.partition(" ")[0]
        with self.store.transaction() as uow:
            if code in _ACCEPTED or code in _REFUSED:
                state = QueueState.DONE if code in _ACCEPTED else QueueState.DEAD
                after = replace(message, state=state, answer=answer, settled_at=uow.now)
            else:
                rules = load_retry_rules(clinic_today(uow.clinic, uow.now))
                later = uow.now + rules.wait(message.attempts)
                after = replace(message, state=QueueState.QUEUED, answer=answer, not_before=later)
            if not uow.hl7_queue.advance(message, after):
                return uow.hl7_queue.get(
                    message.id
                )  # its lease was over, and another run settled it
            detail = {"state": after.state.value, "answer": answer, "attempts": after.attempts}
            uow.audit.record("hl7.sent", "hl7_message", message.id, detail)
        return after


@dataclass(frozen=True, slots=True)
class _Taken:
    message: QueuedMessage
    at: MllpConnection


def _changed(
    store: Store,
    action: str,
    message_id: UUID,
    change: Callable[[UnitOfWork, QueuedMessage], QueuedMessage],
) -> QueuedMessage:
    with store.transaction() as uow:
        _require(uow)
        message = uow.hl7_queue.get(message_id)
        is_held = message.state is QueueState.SENDING and message.not_before > uow.now
        if is_held or not uow.hl7_queue.advance(message, after := change(uow, message)):
            raise UsageError("this message is being sent", "Look again in a few minutes")
        uow.audit.record(action, "hl7_message", message.id, {"was": message.state.value})
        return after


def destination(store: Store, to: str) -> MllpConnection:
    """Return a receiver by the name of its connection, or by `HOST:PORT`.

    Raises
    ------
    NotFoundError
        There is no such connection.
    NotPermittedError
        Another machine may not be given patient data.
    """
    with store.transaction() as uow:
        return _destination(uow, to)


def _destination(uow: UnitOfWork, to: str) -> MllpConnection:
    at = MllpConnection("", to) if ":" in to else connection_named(uow, to, MllpConnection)
    host, _ = mllp.address(at.address)
    if not mllp.is_loopback(host):
        require_enabled(uow, NETWORK)
    return at


def _require(uow: UnitOfWork) -> None:
    if not may(uow.user.role, Action.MANAGE_CLAIMS, is_local=uow.is_local):
        require(uow, Action.WRITE_CLINICAL)


def _answer(data: bytes, control_id: str) -> str:
    """Return the code of an answer, with that of its reason; texts may name a patient."""
    try:
        message = parse(data)
    except MessageError:
        return "no-answer" if not data else "wrong-answer"
    msa, err = message.first("MSA"), message.first("ERR")
    if msa is None or msa.text(2) != control_id or msa.text(1) not in _ACCEPTED + _REFUSED:
        return "wrong-answer"
    reason = "" if err is None else err.text(3)
    is_told = msa.text(1) in _REFUSED and _REASON.fullmatch(reason)
    return f"{msa.text(1)} {reason}" if is_told else msa.text(1)
