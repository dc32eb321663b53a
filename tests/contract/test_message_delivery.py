"""The outbox leaves the clinic once, by the receiver's channels, on both engines."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rehabctl.domain.claim_port import UncertainError
from rehabctl.domain.errors import NotPermittedError, UsageError
from rehabctl.domain.message import (
    DeliveryChannel,
    MessageChannel,
    OptOut,
    OutboxItem,
    OutboxState,
)
from rehabctl.domain.message_port import (
    Fate,
    IncomingText,
    OutgoingText,
    RefusedMessageError,
    UnsupportedLookError,
)
from rehabctl.domain.session import JournalEntry
from rehabctl.integrations.messaging.twilio import TwilioMessages
from rehabctl.reference.message_templates import load_template, template_keys
from rehabctl.services import integrations, message_channels, messages, triage
from rehabctl.services.dead_letters import dead, retry
from rehabctl.services.message_delivery import Courier, DeliveryLine, Sender
from rehabctl.services.message_replies import take_over
from rehabctl.services.settings import Settings
from rehabctl.services.triage import clinic_rules
from rehabctl.store.handles import table
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import given_patient
from tests.integrations.fakes.twilio_messages import ACCOUNT, FAULTS, TOKEN, FakeTwilio

SMS, EMAIL = DeliveryChannel.SMS, DeliveryChannel.EMAIL
NUMBER = "+13035550123"
DAY = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)
SENDER = Sender("Hill Street", "303-555-0100")


@dataclass
class MailFake:
    """A mail server: it takes, refuses, or leaves us in doubt."""

    error: Exception | None = None
    taken: list[OutgoingText] = field(default_factory=list[OutgoingText])

    def send(self, text: OutgoingText) -> str:
        if self.error is not None:
            raise self.error
        self.taken.append(text)
        return ""

    def find(self, text: OutgoingText) -> str | None:
        raise UnsupportedLookError("no list", "Ask")

    def fate(self, remote_id: str) -> Fate:
        return Fate.DELIVERED

    def check(self) -> None: ...


@pytest.fixture
def enabled(admin: Store, tmp_path: Path) -> None:
    signed = tmp_path / "baa.pdf"
    signed.write_bytes(b"signed")
    today = NOW.date()
    for vendor, name in (("twilio", "sms-twilio"), ("mail-provider", "email-smtp")):
        integrations.record_agreement(admin, vendor, today, today + timedelta(days=90), signed)
        integrations.switch(admin, name, True)


@pytest.fixture
def reachable(store: Store) -> None:
    given_patient(store, phone="(303) 555-0123", email="ada@example.org", time_zone="UTC")
    message_channels.opt_in(store, "1042", [SMS, EMAIL])


def sms(fake: FakeTwilio) -> TwilioMessages:
    made = TwilioMessages(ACCOUNT, TOKEN, "+15125550100", fake.transport())
    made.client.sleep, made.client.jitter = lambda _: None, lambda: 0.5
    return made


def queued(store: Store, settings: Settings, body: str = "Your knee is better") -> None:
    messages.send(at(store, DAY), clinic_rules(settings), "1042", body)


def run(
    store: Store,
    settings: Settings,
    fake: FakeTwilio,
    mail: MailFake,
    minutes: float = 0,
    *,
    dry_run: bool = False,
) -> list[DeliveryLine]:
    moment = at(store, DAY + timedelta(minutes=minutes))
    ports = {SMS: sms(fake), EMAIL: mail}
    courier = Courier(moment, clinic_rules(settings), SENDER, ports)
    return list(courier.deliver(dry_run=dry_run))


def test_every_field_has_a_column_and_channels_keep_their_order(
    store: Store, reachable: None
) -> None:
    columns = set(table("message_channel").c.keys())
    assert {f.name for f in fields(MessageChannel)} - {"patient"} <= columns
    found = message_channels.opt_in(store, "1042", [EMAIL, SMS])
    assert [one.channel for one in found] == [EMAIL, SMS]
    ended = message_channels.opt_out(store, "1042", [SMS])
    assert [(one.channel, one.opted_out_by) for one in ended] == [
        (EMAIL, None), (SMS, OptOut.STAFF),
    ]  # fmt: skip
    with pytest.raises(UsageError):
        message_channels.opt_in(store, "1042", [SMS, SMS])


@pytest.mark.usefixtures("enabled", "reachable")
def test_a_message_goes_once_and_says_nothing(store: Store, settings: Settings) -> None:
    queued(store, settings)
    fake, mail = FakeTwilio(), MailFake()
    assert [one.why for one in run(store, settings, fake, mail, dry_run=True)] == ["would-send"]
    assert not fake.requests
    assert [one.why for one in run(store, settings, fake, mail)] == ["on-its-way"]
    assert run(store, settings, fake, mail) == []
    assert [one.state for one in run(store, settings, fake, mail, 6)] == [OutboxState.SENT]
    assert run(store, settings, fake, mail, 600) == []
    [sent] = fake.sent
    assert sent["to"] == NUMBER
    assert sent["body"].startswith("Hill Street: a message is waiting for you. Please call 303-555")
    for word in ("Ada", "1042", "knee"):
        assert word.lower() not in sent["body"].lower()
    assert not mail.taken


@pytest.mark.usefixtures("enabled", "reachable")
@pytest.mark.parametrize("fault", FAULTS)
def test_under_every_fault_nothing_reaches_a_phone_twice(
    store: Store, settings: Settings, fault: str
) -> None:
    queued(store, settings)
    fake, mail = FakeTwilio(fault), MailFake()
    states: list[OutboxState] = []
    for minutes in (0, 11, 40, 900, 1100, 1110, 1120):
        if minutes == 900 and fault != "never_delivered":
            fake.fault = None  # it mends itself over night
        try:
            states += [one.state for one in run(store, settings, fake, mail, minutes)]
        except NotPermittedError:
            assert fault == "unauthorized"
    assert states[-1] in (OutboxState.SENT, OutboxState.FAILED)
    assert len(fake.sent) + len(mail.taken) == 1 or fault == "never_delivered"
    assert len(fake.sent) <= 1
    assert len(mail.taken) <= 1
    assert not fake.leaks
    fell_back = fault in ("opted_out", "not_a_number", "landline", "never_delivered")
    assert bool(mail.taken) is fell_back


@pytest.mark.usefixtures("enabled", "reachable")
def test_a_carriers_own_list_ends_the_channel(store: Store, settings: Settings) -> None:
    queued(store, settings)
    run(store, settings, FakeTwilio("opted_out"), MailFake())
    channels = {one.channel: one.opted_out_by for one in message_channels.of_patient(store, "1042")}
    assert channels == {SMS: OptOut.CARRIER, EMAIL: None}


@pytest.mark.usefixtures("enabled", "reachable")
def test_a_mail_in_doubt_is_left_to_a_person(store: Store, settings: Settings) -> None:
    message_channels.opt_in(store, "1042", [EMAIL])
    queued(store, settings)
    fake, mail = FakeTwilio(), MailFake(UncertainError("?", "?"))
    assert [one.why for one in run(store, settings, fake, mail)] == ["uncertain"]
    mail.error = None
    assert [one.state for one in run(store, settings, fake, mail, 11)] == [OutboxState.FAILED]
    assert run(store, settings, fake, mail, 500) == []
    [item] = dead(store)
    assert item.last_error == "uncertain"
    assert not mail.taken
    retry(at(store, DAY), str(item.id))
    assert [one.state for one in run(store, settings, fake, mail, 1)] == [OutboxState.SENT]
    assert len(mail.taken) == 1
    with pytest.raises(UsageError, match="it is sent"):
        retry(store, str(item.id))


@pytest.mark.usefixtures("enabled")
def test_without_a_channel_it_is_dead_and_at_night_it_waits(
    store: Store, settings: Settings
) -> None:
    given_patient(store, phone="(303) 555-0123", time_zone="UTC")
    queued(store, settings)
    fake, mail = FakeTwilio(), MailFake()
    assert [one.why for one in run(store, settings, fake, mail, 5 * 60)] == ["quiet-hours"]
    assert run(store, settings, fake, mail, 6 * 60) == []
    assert [one.why for one in run(store, settings, fake, mail, 15 * 60)] == ["no-channel"]
    [item] = dead(store)
    retry(at(store, DAY), str(item.id))
    assert [one.why for one in run(store, settings, fake, mail, 60 * 72)] == ["too-old"]


@pytest.mark.usefixtures("reachable")
def test_a_carrier_without_agreement_gets_nothing(store: Store, settings: Settings) -> None:
    queued(store, settings)
    fake = FakeTwilio()
    with pytest.raises(NotPermittedError, match="not enabled"):
        run(store, settings, fake, MailFake())
    assert not fake.requests


@pytest.mark.usefixtures("enabled", "reachable")
def test_a_run_that_was_killed_is_looked_after(store: Store, settings: Settings) -> None:
    queued(store, settings)
    fake, mail = FakeTwilio(), MailFake()
    moment = at(store, DAY)
    courier = Courier(moment, clinic_rules(settings), SENDER, {SMS: sms(fake), EMAIL: mail})
    with moment.transaction() as uow:
        [item] = uow.outbox.due(5)
        taken = courier._take(uow, item.id)  # pyright: ignore[reportPrivateUsage]
        assert courier._take(uow, item.id) is None  # pyright: ignore[reportPrivateUsage]
    assert not isinstance(taken, DeliveryLine | None)
    sms(fake).send(taken.text)  # and then the power went
    for minutes in (11, 20):
        run(store, settings, fake, mail, minutes)
    assert len(fake.sent) == 1
    assert not dead(store)


@pytest.mark.usefixtures("enabled", "reachable")
def test_replies_come_in_once_and_stop_is_obeyed(store: Store, settings: Settings) -> None:
    replies = [
        IncomingText("SM1", NUMBER, "I will call", NOW),
        IncomingText("SM2", "+15005550006", "Who is this?", NOW),
        IncomingText("SM3", NUMBER, " Stop. ", NOW + timedelta(hours=1)),
    ]
    first = take_over(store, replies)
    assert (first.new, first.stopped, first.not_ours) == (2, 1, 1)
    again = take_over(store, replies)
    assert (again.new, again.known, again.stopped) == (0, 2, 0)
    [line], _ = messages.inbox(store, limit=5)
    _, said = messages.show(store, str(line.thread.id))
    assert [one.body for one in said] == ["I will call", " Stop. "]
    queued(store, settings)
    fake, mail = FakeTwilio(), MailFake()
    run(store, settings, fake, mail)
    assert not fake.sent
    assert len(mail.taken) == 1
    take_over(store, [IncomingText("SM4", NUMBER, "START", NOW + timedelta(hours=2))])
    take_over(store, replies)  # the old STOP is not obeyed again
    channels = {one.channel: one.opted_out_by for one in message_channels.of_patient(store, "1042")}
    assert channels == {SMS: None, EMAIL: None}


def test_a_number_of_two_people_is_nobodys_reply_but_stops_both(store: Store) -> None:
    for mrn in ("1", "2"):
        given_patient(store, mrn, phone="303-555-0123")
        message_channels.opt_in(store, mrn, [SMS])
    one = IncomingText("SM1", NUMBER, "hello", NOW)
    assert take_over(store, [one]).not_ours == 1
    assert take_over(store, [replace(one, remote_id="SM2", body="STOP")]).stopped == 2


@pytest.mark.usefixtures("enabled", "reachable")
def test_praise_stays_while_a_high_alert_is_open_and_reminders_go(
    store: Store, settings: Settings
) -> None:
    rules = clinic_rules(settings)
    with at(store, DAY).transaction() as uow:
        ref = uow.patients.get("1042").ref
        for template in ("education", "reminder"):
            uow.outbox.queue(
                OutboxItem(uow.new_id(), ref, "portal", template, {}, template, DAY, "UTC")
            )
        hurts = JournalEntry(uow.new_id(), ref, "j1", DAY.date(), DAY, "patient", pain=9.0)
        uow.sessions.add_journal(hurts)
        triage.refresh(uow, [ref], rules)
    fake, mail = FakeTwilio(), MailFake()
    lines = run(store, settings, fake, mail)
    assert {(one.template, one.why) for one in lines} == {
        ("education", "open-alert"), ("reminder", "on-its-way"),
    }  # fmt: skip
    [sent] = fake.sent
    assert sent["body"].startswith("Hill Street: this is your reminder for today.")


def test_templates_hold_only_words_that_may_leave() -> None:
    for key in template_keys():
        for language in (None, "es", "es-MX", "fr"):
            template = load_template(key, language)
            assert template is not None
            words = {"clinic": "C", "phone": "P", "when": "W", "reference": "R"}
            text = f"{template.body} {template.ending}".format(**words)
            assert len(text) <= 160
            assert "STOP" in text
            assert "STOP" not in template.body


def test_a_refusal_has_a_code_and_no_address() -> None:
    assert "ada" not in str(RefusedMessageError("bad-address"))
