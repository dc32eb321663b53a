"""The queue of outgoing HL7 v2 messages on both engines: in order, once, whatever happens."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from rehabctl.domain.connection import MllpConnection
from rehabctl.domain.errors import NotFoundError, NotPermittedError, UnavailableError, UsageError
from rehabctl.domain.hl7_queue import QueueState
from rehabctl.domain.session import JournalEntry
from rehabctl.integrations.hl7v2.message import parse
from rehabctl.services import connections, hl7_queue, integrations
from rehabctl.services.hl7_export import MessageKind
from rehabctl.services.hl7_queue import Enqueued, QueueSender
from rehabctl.services.settings import Settings
from rehabctl.services.triage import clinic_rules
from rehabctl.store.store import Store
from rehabctl.store.tables.exchange import KINDS
from tests.contract.conftest import NOW, at
from tests.contract.records import given_patient

ENGINE = "127.0.0.1:2575"
MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """What ends a program at once."""


@dataclass
class Receiver:
    """A system that answers by its orders, one a message; then it takes everything."""

    orders: list[str] = field(default_factory=list[str])
    got: list[str] = field(default_factory=list[str])

    @contextmanager
    def line(self, at: MllpConnection) -> Generator[hl7_queue.Ask]:
        yield self.answer

    def answer(self, data: bytes) -> bytes:
        control_id = parse(data).control_id
        order = self.orders.pop(0) if self.orders else "AA"
        if order == "away":
            raise UnavailableError("the receiver does not answer", "Send again later")
        self.got.append(control_id)
        if order == "kill":
            raise Killed
        if order == "cut":
            return b""
        if order == "other":
            control_id = "another"
        error = "\rERR|||207^Application error|E" if order in ("AE", "AR") else ""
        text = "|Ana Diaz is not known" if error else ""
        msa = f"MSA|{order if error else 'AA'}|{control_id}{text}{error}\r"
        return f"MSH|^~\\&|EHR||RC||2026||ACK|1|P|2.5.1\r{msa}".encode()


@pytest.fixture
def notes(store: Store) -> None:
    """Three notes of a patient, oldest first."""
    ref = given_patient(store)
    for n in range(3):
        with at(store, NOW + n * MINUTE).transaction() as uow:
            uow.notes.add(uow.new_id(), ref, uow.user.id, f"Note {n}")


def queued(store: Store, settings: Settings, to: str = ENGINE) -> Enqueued:
    return hl7_queue.enqueue(store, clinic_rules(settings), "1042", MessageKind.MDM, to)


def run(store: Store, receiver: Receiver, minutes: int = 0) -> list[tuple[str, str | None]]:
    later = at(store, NOW + minutes * MINUTE)
    return [(one.state.value, one.answer) for one in QueueSender(later, receiver.line).send()]


def order(store: Store) -> list[str]:
    return [one.control_id for one in hl7_queue.waiting(store, every=True)]


@pytest.mark.usefixtures("notes")
def test_messages_leave_once_in_their_order(store: Store, settings: Settings) -> None:
    assert queued(store, settings) == Enqueued(3, 0)
    assert queued(store, settings) == Enqueued(0, 3)
    receiver = Receiver()
    assert run(store, receiver) == [("done", "AA")] * 3
    assert run(store, receiver) == []
    assert receiver.got == order(store)
    assert len(set(receiver.got)) == 3
    assert queued(store, settings) == Enqueued(0, 3)
    assert hl7_queue.waiting(store) == []


@pytest.mark.usefixtures("notes")
def test_what_nobody_answers_waits_longer_each_time_and_holds_back_the_rest(
    store: Store, settings: Settings
) -> None:
    queued(store, settings)
    receiver = Receiver(["away", "cut", "other"])
    assert run(store, receiver) == [("queued", "no-answer")]
    assert run(store, receiver, 0) == []
    assert run(store, receiver, 1) == [("queued", "no-answer")]
    assert run(store, receiver, 2) == []
    assert run(store, receiver, 3) == [("queued", "wrong-answer")]
    assert run(store, receiver, 6) == []
    assert run(store, receiver, 7) == [("done", "AA")] * 3
    first, *rest = order(store)
    assert receiver.got == [first, first, first, *rest]


@pytest.mark.usefixtures("notes")
def test_a_refusal_is_kept_with_its_code_and_lets_the_others_pass(
    store: Store, settings: Settings
) -> None:
    queued(store, settings)
    receiver = Receiver(["AE", "AR"])
    assert run(store, receiver) == [("dead", "AE 207"), ("dead", "AR 207"), ("done", "AA")]
    first, second = hl7_queue.waiting(store)
    assert (first.state, first.attempts) == (QueueState.DEAD, 1)
    hl7_queue.retry(store, first.id)
    assert hl7_queue.drop(store, second.id).state is QueueState.DROPPED
    assert run(store, receiver) == [("done", "AA")]
    assert receiver.got[-1] == first.control_id
    with pytest.raises(UsageError, match="acknowledged"):
        hl7_queue.retry(store, first.id)
    with pytest.raises(UsageError, match="acknowledged"):
        hl7_queue.drop(store, first.id)
    hl7_queue.retry(store, first.id, replay=True)
    hl7_queue.retry(store, second.id)
    assert run(store, receiver) == [("done", "AA")] * 2
    assert receiver.got[-2:] == [first.control_id, second.control_id]
    with pytest.raises(NotFoundError):
        hl7_queue.drop(store, first.patient.id)


@pytest.mark.usefixtures("notes")
def test_a_kill_between_answer_and_commit_sends_the_same_message_again(
    store: Store, settings: Settings
) -> None:
    queued(store, settings)
    receiver = Receiver(["AA", "kill"])
    with pytest.raises(Killed):
        run(store, receiver)
    before = hl7_queue.waiting(store)
    assert [one.state for one in before] == [QueueState.SENDING, QueueState.QUEUED]
    assert run(store, receiver, 4) == []  # perhaps somebody is still sending it: nobody overtakes
    with pytest.raises(UsageError, match="being sent"):
        hl7_queue.drop(store, before[0].id)
    assert run(store, receiver, 5) == [("done", "AA")] * 2
    first, second, third = order(store)
    assert receiver.got == [first, second, second, third]
    contents = {one.content for one in (*before, *hl7_queue.waiting(store, every=True))}
    assert len(contents) == 3


@pytest.mark.usefixtures("notes")
def test_two_runs_at_once_send_each_message_once(store: Store, settings: Settings) -> None:
    queued(store, settings)
    receiver, inner = Receiver(), Receiver()

    @contextmanager
    def line(to: MllpConnection) -> Generator[hl7_queue.Ask]:
        def ask(data: bytes) -> bytes:
            assert run(store, inner) == []
            return receiver.answer(data)

        yield ask

    assert len(list(QueueSender(store, line).send())) == 3
    assert inner.got == []
    assert receiver.got == order(store)


@pytest.mark.usefixtures("notes")
def test_one_destination_never_holds_back_another(
    store: Store, admin: Store, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "connections.toml"
    file.write_text(
        'schema = "rehabctl-connections/1"\n[[mllp]]\nname = "engine"\n'
        'address = "engine.example.org:2575"\nreceiver = "EHR"\n',
        encoding="utf-8",
    )
    (made,) = connections.import_file(admin, file)
    assert connections.connections(store) == (made,)
    with pytest.raises(NotPermittedError, match="not enabled"):
        queued(store, settings, "engine")
    document = tmp_path / "baa.pdf"
    document.write_bytes(b"signed")
    day = NOW.date()
    integrations.record_agreement(admin, "record-system", day, day.replace(year=2030), document)
    integrations.switch(admin, "hl7-mllp", True)
    assert queued(store, settings, "engine") == Enqueued(3, 0)
    assert queued(store, settings) == Enqueued(3, 0)
    assert {parse(one.content.encode()).header.text(5) for one in hl7_queue.waiting(store)} == {
        "EHR",
        "",
    }
    integrations.switch(admin, "hl7-mllp", False)
    receiver = Receiver()
    assert run(store, receiver) == [("done", "AA")] * 3 + [("queued", "not-enabled")]
    integrations.switch(admin, "hl7-mllp", True)
    assert run(store, receiver) == [("done", "AA")] * 3
    with pytest.raises(NotFoundError, match="MLLP"):
        queued(store, settings, "engin")
    with pytest.raises(UsageError, match="HOST:PORT"):
        queued(store, settings, "host:x")


def test_billing_and_others_see_no_results_in_the_queue(
    store: Store, biller: Store, auditor: Store, settings: Settings
) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        entry = JournalEntry(uow.new_id(), ref, "a", NOW.date(), NOW, "thea", pain=4.0)
        uow.sessions.add_journal(entry)
    rules = clinic_rules(settings)
    assert hl7_queue.enqueue(store, rules, "1042", MessageKind.ORU, ENGINE) == Enqueued(1, 0)
    if settings.database_url is not None:
        assert hl7_queue.waiting(biller) == []
        assert run(biller, Receiver()) == []
        with pytest.raises(NotPermittedError):
            hl7_queue.waiting(auditor)
    assert run(store, Receiver()) == [("done", "AA")]


def test_the_kinds_of_the_queue_are_those_that_are_exported() -> None:
    assert set(KINDS) == {kind.value for kind in MessageKind}
