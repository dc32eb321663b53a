"""Twilio's client under every fault that the fake of its author knows."""

from __future__ import annotations

import pytest

from rehabctl.domain.claim_port import UncertainError
from rehabctl.domain.errors import NotPermittedError, RehabctlError, UnavailableError
from rehabctl.domain.message_port import Fate, OutgoingText, RefusedMessageError
from rehabctl.integrations.messaging.twilio import TwilioMessages
from tests.integrations.fakes.twilio_messages import ACCOUNT, FAULTS, TOKEN, FakeTwilio

TEXT = OutgoingText("+13035550123", "", "Clinic: please call. Ref abc", "Ref abc")
LIST_ONLY = {
    "pages_that_never_end", "page_of_another_host", "reply_twice", "reply_from_a_stranger",
}  # fmt: skip
SENT_WITHOUT_ANSWER = {"sent_then_timeout", "sent_then_500", "cut_json"}
SEND_ERRORS = {
    "unauthorized": NotPermittedError,
    "down": UnavailableError,
    "unavailable_503": UncertainError,
    "proxy_page": UncertainError,
    "opted_out": RefusedMessageError,
    "not_a_number": RefusedMessageError,
    "landline": RefusedMessageError,
}


def client(fake: FakeTwilio, token: str = TOKEN) -> TwilioMessages:
    made = TwilioMessages(ACCOUNT, token, "+15125550100", fake.transport())
    made.client.sleep, made.client.jitter = lambda _: None, lambda: 0.5
    return made


@pytest.mark.parametrize("fault", FAULTS)
def test_a_send_ends_with_the_truth_or_an_error_and_is_never_repeated(fault: str) -> None:
    fake = FakeTwilio(fault)
    port = client(fake)
    if fault in SENT_WITHOUT_ANSWER:
        with pytest.raises(UncertainError):
            port.send(TEXT)
        assert len(fake.sent) == 1
    elif fault in SEND_ERRORS:
        with pytest.raises(SEND_ERRORS[fault]):
            port.send(TEXT)
        assert not fake.sent
    else:
        assert port.send(TEXT) == fake.sent[0]["sid"]
        assert fake.sent[0]["to"] == TEXT.address
        assert len(fake.sent) == 1
    assert not fake.leaks


@pytest.mark.parametrize("fault", FAULTS)
def test_a_message_is_found_again_or_nobody_claims_to_know(fault: str) -> None:
    fake = FakeTwilio()
    port = client(fake)
    sid = port.send(TEXT)
    other = OutgoingText(TEXT.address, "", "Clinic: please call. Ref xyz", "Ref xyz")
    fake.fault = fault
    fake.requests.clear()
    try:
        assert port.find(TEXT) == sid
        assert port.find(other) is None
    except RehabctlError:
        assert fault in {
            "unauthorized", "down", "unavailable_503", "proxy_page", "cut_json",
            "pages_that_never_end", "page_of_another_host",
        }  # fmt: skip
    assert len(fake.sent) == 1
    assert not fake.leaks


@pytest.mark.parametrize("fault", FAULTS)
def test_replies_come_once_or_not_at_all(fault: str) -> None:
    fake = FakeTwilio()
    port = client(fake)
    port.send(TEXT)
    fake.reply(TEXT.address, "I will call", "SMa", "Sun, 01 Mar 2026 10:00:00 +0000")
    fake.fault = fault
    fake.requests.clear()
    try:
        found = port.received()
    except RehabctlError:
        assert fault in {
            "unauthorized", "down", "unavailable_503", "proxy_page", "cut_json",
            "pages_that_never_end", "page_of_another_host",
        }  # fmt: skip
    else:
        ours = [one for one in found if one.remote_id == "SMa"]
        assert [one.body for one in ours] == ["I will call"]
        assert len(found) == (2 if fault == "reply_from_a_stranger" else 1)
    assert not fake.leaks


def test_many_pages_are_read_to_their_end() -> None:
    fake = FakeTwilio()
    port = client(fake)
    for number in range(450):
        fake.reply("+13035550123", str(number), f"SM{number}", "Sun, 01 Mar 2026 10:00:00 +0000")
    assert len(port.received()) == 450


def test_what_became_of_a_message() -> None:
    fake = FakeTwilio()
    port = client(fake)
    sid = port.send(TEXT)
    assert port.fate(sid) is Fate.DELIVERED
    fake.fault = "never_delivered"
    assert port.fate(sid) is Fate.FAILED
    with pytest.raises(RehabctlError):
        port.fate("SM-unknown")


def test_a_wrong_secret_shows_when_it_is_tried() -> None:
    client(FakeTwilio()).check()
    with pytest.raises(NotPermittedError):
        client(FakeTwilio(), "wrong").check()
