"""Push messages: as the RFCs say, read by others, and nothing shown to who carries them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import http_ece
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.domain.claim_port import UncertainError
from rehabctl.domain.errors import RehabctlError, UnavailableError, UsageError
from rehabctl.domain.message_port import (
    GONE,
    OutgoingText,
    RefusedMessageError,
    UnsupportedLookError,
)
from rehabctl.integrations.messaging.web_push import PushKey, WebPush, decoded, encoded, encrypt
from tests.integrations.fakes.push_service import FAULTS, FakePushService

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/abc"
BROWSER = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
AUTH = bytes(range(16))
KEY = PushKey(ec.derive_private_key(0xBEEF, ec.SECP256R1()))
# RFC 8291, section 5
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS"
    "6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qu"
    "lcy4a-fN"
)


def subscription(endpoint: str = ENDPOINT) -> str:
    keys = {"p256dh": PushKey(BROWSER).public, "auth": encoded(AUTH)}
    return json.dumps({"endpoint": endpoint, "keys": keys})


def message(endpoint: str = ENDPOINT) -> OutgoingText:
    return OutgoingText(subscription(endpoint), "A message", "Hill: call 303", "Ref 0123456789ab")


def push(fake: FakePushService) -> WebPush:
    made = WebPush(KEY, "mailto:desk@example.org", lambda: NOW, transport=fake.transport())
    made.client.sleep, made.client.jitter = lambda _: None, lambda: 0.5
    return made


def test_the_example_of_the_rfc_comes_out_byte_for_byte() -> None:
    body = encrypt(
        PLAIN, decoded(RECEIVER), decoded("BTBZMqHH6r4Tts7J_aSIgg"),
        salt=decoded("DGv6ra1nlYgDCS1FRnbzlw"), sender=PushKey.read(SENDER).private,
    )  # fmt: skip
    assert encoded(body) == BODY


@settings(max_examples=20)
@given(st.binary(max_size=3900), st.integers(0, 3900))
def test_an_outside_library_reads_what_is_sent(plain: bytes, length: int) -> None:
    sender = ec.generate_private_key(ec.SECP256R1())
    body = encrypt(
        plain, decoded(PushKey(BROWSER).public), AUTH,
        salt=bytes(16), sender=sender, length=length,
    )  # fmt: skip
    assert http_ece.decrypt(body, private_key=BROWSER, auth_secret=AUTH) == plain
    assert len(body) == 86 + max(len(plain), length) + 1 + 16


def test_a_message_goes_encrypted_and_signed_for_one_service() -> None:
    fake = FakePushService()
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return fake.transport().handle_request(request)

    port = WebPush(
        KEY, "mailto:desk@example.org", lambda: NOW, transport=httpx.MockTransport(answer)
    )
    assert port.send(message()) == ""
    [kept] = fake.kept
    said = json.loads(http_ece.decrypt(kept, private_key=BROWSER, auth_secret=AUTH))
    assert said == {"title": "A message", "body": "Hill: call 303", "tag": "Ref 0123456789ab"}
    scheme, _, parts = seen[0].headers["authorization"].partition(" ")
    token, key = (part.split("=", 1)[1] for part in parts.split(", "))
    assert (scheme, key) == ("vapid", KEY.public)
    claims = jwt.decode(
        token, KEY.private.public_key(), ["ES256"],
        audience="https://updates.push.services.mozilla.com", options={"verify_exp": False},
    )  # fmt: skip
    assert claims["sub"] == "mailto:desk@example.org"
    assert NOW.timestamp() < claims["exp"] <= (NOW + timedelta(hours=24)).timestamp()
    assert seen[0].headers["topic"] == "Ref0123456789ab"
    assert not fake.leaks


@pytest.mark.parametrize("fault", FAULTS)
def test_under_every_fault_it_is_said_whether_a_message_was_taken(fault: str) -> None:
    fake = FakePushService(fault)
    with pytest.raises(RehabctlError) as caught:
        push(fake).send(message())
    expected: dict[str, type[RehabctlError] | str] = {
        "gone": GONE,
        "not_found": GONE,
        "too_large": "too-large",
        "rate_limited": UnavailableError,
        "unauthorized": "other-key",
        "kept_then_timeout": UncertainError,
        "down": UnavailableError,
    }
    found = caught.value
    code = found.code if isinstance(found, RefusedMessageError) else type(found)
    assert code == expected[fault]
    assert len(fake.kept) == (fault == "kept_then_timeout")
    assert not fake.leaks
    assert ENDPOINT not in str(found)
    with pytest.raises(UnsupportedLookError):
        push(fake).find(message())


def test_what_cannot_be_encrypted_or_is_not_encrypted_is_not_sent() -> None:
    fake = FakePushService()
    broken = json.loads(subscription())
    broken["keys"]["p256dh"] = encoded(b"\4" + bytes(64))
    for address in (json.dumps(broken), subscription("http://push.example.org/1")):
        with pytest.raises(RefusedMessageError, match="gone"):
            push(fake).send(OutgoingText(address, "s", "b", "r"))
    assert not fake.kept
    with pytest.raises(UsageError, match="no address"):
        WebPush(KEY, "desk@example.org", lambda: NOW)


def test_a_key_is_read_as_pem_or_as_its_number_and_nothing_else() -> None:
    pem = KEY.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    number = encoded((0xBEEF).to_bytes(32))
    assert PushKey.read(pem).public == PushKey.read(number).public == KEY.public
    other = ec.generate_private_key(ec.SECP384R1())
    foreign = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for text in (foreign, "", "a b", encoded(bytes(32)), pem[:80]):
        with pytest.raises(UsageError, match="no private key on P-256"):
            PushKey.read(text)
