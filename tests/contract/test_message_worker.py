"""A worker delivers what is due, sees no more than that, and sends nothing twice; and web push."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.message import DeliveryChannel, OutboxItem, OutboxState, PushSubscription
from rehabctl.domain.message_port import Fate, MessagePort, OutgoingText
from rehabctl.domain.visit import Visit, VisitKind
from rehabctl.integrations.messaging.twilio import TwilioMessages
from rehabctl.integrations.messaging.web_push import PushKey, WebPush
from rehabctl.services import (
    delivery_run,
    integrations,
    message_channels,
    messages,
    push_subscriptions,
    rounds,
    wiring_peers,
)
from rehabctl.services.dead_letters import dead
from rehabctl.services.message_delivery import Courier, DeliveryLine, Sender
from rehabctl.services.settings import MessagingSettings, Settings
from rehabctl.services.triage import clinic_rules
from rehabctl.store.handles import table
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, WORKER, as_login, at
from tests.contract.records import given_patient
from tests.integrations.fakes.push_service import FakePushService
from tests.integrations.fakes.twilio_messages import ACCOUNT, TOKEN, FakeTwilio

SMS, PUSH = DeliveryChannel.SMS, DeliveryChannel.PUSH
DAY = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)
SENDER = Sender("Hill Street", "303-555-0100")
RECEIVER = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
BROWSER = {
    "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/abc",
    "expirationTime": None,
    "keys": {"p256dh": RECEIVER, "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
}
CLINIC_KEY = PushKey.read("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")


@pytest.fixture
def reachable(store: Store, admin: Store, tmp_path: Path) -> None:
    signed = tmp_path / "baa.pdf"
    signed.write_bytes(b"signed")
    today = NOW.date()
    integrations.record_agreement(admin, "twilio", today, today + timedelta(days=90), signed)
    integrations.switch(admin, "sms-twilio", True)
    given_patient(store, phone="(303) 555-0123", time_zone="UTC")
    given_patient(store, "2")
    message_channels.opt_in(store, "1042", [SMS])


def sms(fake: FakeTwilio) -> TwilioMessages:
    made = TwilioMessages(ACCOUNT, TOKEN, "+15125550100", fake.transport())
    made.client.sleep, made.client.jitter = lambda _: None, lambda: 0.5
    return made


def push(fake: FakePushService) -> WebPush:
    made = WebPush(CLINIC_KEY, "mailto:d@example.org", lambda: DAY, transport=fake.transport())
    made.client.sleep, made.client.jitter = lambda _: None, lambda: 0.5
    return made


def queued(store: Store, settings: Settings, hours: float = 0) -> None:
    moment = at(store, DAY + timedelta(hours=hours))
    messages.send(moment, clinic_rules(settings), "1042", "Your knee is better")


def run(
    store: Store,
    settings: Settings,
    ports: dict[DeliveryChannel, MessagePort],
    minutes: float = 0,
) -> list[DeliveryLine]:
    moment = at(store, DAY + timedelta(minutes=minutes))
    return list(Courier(moment, clinic_rules(settings), SENDER, ports).deliver())


@dataclass
class Killed:
    """A carrier during whose answer this process is killed."""

    port: MessagePort
    sent: list[OutgoingText] = field(default_factory=list[OutgoingText])

    def send(self, text: OutgoingText) -> str:
        self.port.send(text)
        self.sent.append(text)
        raise SystemExit(137)

    def find(self, text: OutgoingText) -> str | None:
        raise AssertionError

    def fate(self, remote_id: str) -> Fate:
        raise AssertionError

    def check(self) -> None: ...


@pytest.mark.usefixtures("reachable")
def test_a_worker_delivers_and_sees_nobody_else(
    store: Store, worker: Store, settings: Settings
) -> None:
    fake = FakeTwilio()
    ports: dict[DeliveryChannel, MessagePort] = {SMS: sms(fake)}
    assert run(worker, settings, ports) == []
    assert seen_patients(worker) in ([], ["1042", "2"])
    queued(store, settings)
    with worker.transaction() as uow:
        if not uow.is_local:
            assert seen_patients(worker) == ["1042"]
            assert uow.sessions.of_patient(uow.patients.get("1042").id) == ()
    assert [one.why for one in run(worker, settings, ports)] == ["on-its-way"]
    assert run(worker, settings, ports) == []
    assert [one.state for one in run(worker, settings, ports, 6)] == [OutboxState.SENT]
    assert len(fake.sent) == 1
    assert seen_patients(worker) in ([], ["1042", "2"])
    assert not fake.leaks


def seen_patients(store: Store) -> list[str]:
    with store.transaction() as uow:
        rows = uow.connection.execute(table("patient").select()).mappings()
        return sorted(row["mrn"] for row in rows)


@pytest.mark.usefixtures("reachable")
def test_a_worker_killed_between_sending_and_writing_sends_nothing_twice(
    store: Store, worker: Store, settings: Settings
) -> None:
    queued(store, settings)
    fake = FakeTwilio()
    with pytest.raises(SystemExit):
        run(worker, settings, {SMS: Killed(sms(fake))})
    ports: dict[DeliveryChannel, MessagePort] = {SMS: sms(fake)}
    assert run(worker, settings, ports, 1) == [], "it is still leased"
    for minutes in (11, 17):
        run(worker, settings, ports, minutes)
    assert len(fake.sent) == 1
    with store.transaction() as uow:
        [item] = uow.outbox.of_patient(uow.patients.get("1042").id)
    assert item.state is OutboxState.SENT


@pytest.mark.usefixtures("reachable")
def test_two_workers_at_once_send_one_message(
    store: Store, worker: Store, settings: Settings
) -> None:
    queued(store, settings)
    fake = FakeTwilio()
    inner: list[list[DeliveryLine]] = []

    class Second(TwilioMessages):
        def send(self, text: OutgoingText) -> str:
            inner.append(run(worker, settings, {SMS: sms(fake)}))
            return sms(fake).send(text)

    lines = run(worker, settings, {SMS: Second(ACCOUNT, TOKEN, "+15125550100", fake.transport())})
    assert inner == [[]]
    assert [one.why for one in lines] == ["on-its-way"]
    assert len(fake.sent) == 1


@pytest.mark.usefixtures("reachable")
def test_a_worker_waits_for_the_morning_and_leaves_praise_to_who_sees_alerts(
    store: Store, worker: Store, settings: Settings
) -> None:
    queued(store, settings)
    with at(store, DAY).transaction() as uow:
        ref = uow.patients.get("1042").ref
        uow.outbox.queue(OutboxItem(uow.new_id(), ref, "portal", "education", {}, "e", DAY, "UTC"))
    fake = FakeTwilio()
    ports: dict[DeliveryChannel, MessagePort] = {SMS: sms(fake)}
    night = {one.why for one in run(worker, settings, ports, 6 * 60)}
    assert night == ({"quiet-hours"} if worker.is_local else {"quiet-hours", "needs-clinician"})
    assert not fake.sent
    lines = {one.template: one.why for one in run(worker, settings, ports, 15 * 60)}
    assert lines["message"] == "on-its-way"
    assert lines["education"] == ("on-its-way" if worker.is_local else "needs-clinician")
    assert len(fake.sent) == (2 if worker.is_local else 1)


@pytest.mark.usefixtures("reachable")
def test_a_worker_reminds_of_a_visit_without_seeing_what_happened_in_it(
    store: Store, worker: Store, settings: Settings
) -> None:
    with at(store, DAY).transaction() as uow:
        ref = uow.patients.get("1042").ref
        start = DAY + timedelta(days=1)
        visit = Visit(
            uow.new_id(), ref, VisitKind.TREATMENT, start, start + timedelta(hours=1), uow.user.id
        )
        uow.visits.add(visit)
        words = {"visit_id": str(visit.id)}
        uow.outbox.queue(
            OutboxItem(uow.new_id(), ref, "portal", "visit_reminder", words, "r", DAY, "UTC")
        )
    fake = FakeTwilio()
    assert [one.why for one in run(worker, settings, {SMS: sms(fake)})] == ["on-its-way"]
    [sent] = fake.sent
    assert "your appointment is on 2026-03-04 18:00" in sent["body"]


@pytest.mark.usefixtures("reachable")
def test_the_command_of_a_worker_delivers(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(store, settings)
    fake = FakeTwilio()
    monkeypatch.setattr(wiring_peers, "message_ports", lambda *_: {SMS: sms(fake)})
    at_day = replace(
        as_login(settings, WORKER),
        fixed_now=DAY,
        messaging=MessagingSettings(
            sms_account=ACCOUNT, sms_from="+1", message_sender="H", message_phone="3"
        ),
    )
    assert delivery_run.is_configured(at_day)
    assert not delivery_run.is_configured(settings)
    said: list[str] = []
    delivery_run.told_of(delivery_run.deliver_due(at_day), said.append)
    delivery_run.told_of([], said.append)
    assert said == ["messages: 0 sent, 1 on their way, 0 wait, 0 given up"]
    said.clear()
    heard = threading.Event()

    def tell(text: str) -> None:
        said.append(text)
        heard.set()

    nameless = replace(at_day, messaging=MessagingSettings())
    works: dict[str, Callable[[], object]] = {
        "messages wait": lambda: delivery_run.deliver_due(nameless),
        "exchange waits": lambda: 1 / 0,
        "nothing waits": lambda: None,
    }
    with rounds.repeating(works, every_s=3600, tell=tell):
        assert heard.wait(60)
    assert said == [
        "messages wait: messages need the clinic's name and number. "
        "Write message_sender and message_phone into config.toml.",
        "exchange waits: an unexpected ZeroDivisionError",
    ]
    with pytest.raises(UsageError, match="name and number"):
        rounds.make_one([lambda: delivery_run.deliver_due(nameless), lambda: said.append("too")])
    assert said[-1] == "too"
    assert len(fake.sent) == 1


def test_a_subscription_is_kept_once_read_back_and_ended(store: Store) -> None:
    columns = set(table("push_subscription").c.keys())
    assert {f.name for f in fields(PushSubscription)} - {"patient"} <= columns
    given_patient(store)
    push_subscriptions.subscribe(store, "1042", json.dumps(BROWSER))
    newer = BROWSER | {"endpoint": "https://wns2-par02p.notify.windows.com/w/?token=x"}
    push_subscriptions.subscribe(store, "1042", json.dumps(newer))
    message_channels.opt_in(store, "1042", [PUSH])
    with store.transaction() as uow:
        patient = uow.patients.get("1042").id
        found = uow.push.of_receiver(patient, "patient")
        assert found is not None
        assert (found.endpoint, found.p256dh) == (newer["endpoint"], RECEIVER)
    message_channels.opt_out(store, "1042", [PUSH])
    with store.transaction() as uow:
        assert uow.push.of_receiver(patient, "patient") is None
    keys = {"p256dh": "AAAA", "auth": "BTBZMqHH6r4Tts7J_aSIgg"}
    for document in (
        "", "[]", "{}", "null", json.dumps(BROWSER | {"keys": keys}),
        json.dumps(BROWSER | {"endpoint": "https://10.0.0.1/x"}),
        json.dumps(BROWSER | {"endpoint": "http://updates.push.services.mozilla.com/x"}),
        json.dumps(BROWSER | {"endpoint": "https://updates.push.services.mozilla.com:8443/x"}),
        json.dumps(BROWSER | {"endpoint": "https://a@updates.push.services.mozilla.com/x"}),
        json.dumps(BROWSER | {"endpoint": "https://xnotify.windows.com/x"}),
        json.dumps(BROWSER | {"endpoint": 7}),
    ):  # fmt: skip
        with pytest.raises(UsageError, match="the subscription"):
            push_subscriptions.subscribe(store, "1042", document)


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize(
    "fault", [None, "gone", "unauthorized", "rate_limited", "kept_then_timeout"]
)
def test_push_goes_in_its_turn_and_falls_back_when_the_browser_is_gone(
    store: Store, worker: Store, settings: Settings, fault: str | None
) -> None:
    push_subscriptions.subscribe(store, "1042", json.dumps(BROWSER))
    message_channels.opt_in(store, "1042", [PUSH, SMS])
    queued(store, settings)
    fake, phones = FakePushService(fault), FakeTwilio()
    ports: dict[DeliveryChannel, MessagePort] = {PUSH: push(fake), SMS: sms(phones)}
    for minutes in (0, 11, 40, 900, 1100, 1110):
        if minutes == 900:
            fake.fault = None
        run(worker, settings, ports, minutes)
    with store.transaction() as uow:
        patient = uow.patients.get("1042").id
        [item] = uow.outbox.of_patient(patient)
        kept = uow.push.of_receiver(patient, "patient")
    fell_back = fault in ("gone", "unauthorized")
    assert len(phones.sent) == fell_back
    assert len(fake.kept) == (not fell_back)
    assert item.state is (OutboxState.FAILED if fault == "kept_then_timeout" else OutboxState.SENT)
    assert (kept is None) is (fault == "gone")
    assert not fake.leaks


@pytest.mark.usefixtures("reachable")
def test_a_push_in_doubt_after_a_kill_is_left_to_a_person(
    store: Store, worker: Store, settings: Settings
) -> None:
    push_subscriptions.subscribe(store, "1042", json.dumps(BROWSER))
    message_channels.opt_in(store, "1042", [PUSH])
    queued(store, settings)
    fake = FakePushService()
    killed = Killed(push(fake))
    with pytest.raises(SystemExit):
        run(worker, settings, {PUSH: killed})
    [text] = killed.sent
    for word in ("Ana", "Diaz", "1042", "knee", "STOP"):
        assert word.lower() not in f"{text.subject} {text.body}".lower()
    assert text.body == "Hill Street: a message is waiting for you. Please call 303-555-0100."
    [line] = run(worker, settings, {PUSH: push(fake)}, 11)
    assert (line.state, line.why) == (OutboxState.FAILED, "uncertain")
    assert len(fake.kept) == 1
    assert [one.last_error for one in dead(store)] == ["uncertain"]


def test_push_services_cannot_be_asked() -> None:
    with pytest.raises(RehabctlError, match="cannot be asked"):
        push(FakePushService()).check()
