"""The fake of Redox does what its documentation says, before any client meets it."""

import base64
import json

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.integrations.fakes import redox
from tests.integrations.fakes.redox_messages import Json, week_of_messages

KEY = ec.derive_private_key(4711, ec.SECP384R1())
FORM = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _assertion(**changed: object) -> str:
    header = {"alg": "ES384", "kid": redox.KEY_ID, "typ": "JWT"}
    claims: dict[str, object] = {"iss": redox.CLIENT_ID, "sub": redox.CLIENT_ID, "jti": "1"}
    claims |= {"aud": redox.TOKEN_URL, "iat": redox.NOW_S, "exp": redox.NOW_S + 300}
    signed = ".".join(_part(json.dumps(one).encode()) for one in (header, claims | changed))
    pair = decode_dss_signature(KEY.sign(signed.encode(), ec.ECDSA(hashes.SHA384())))
    return f"{signed}.{_part(b''.join(number.to_bytes(48) for number in pair))}"


def _client(fake: redox.FakeRedox, **changed: object) -> httpx.Client:
    client = httpx.Client(transport=fake.transport())
    form = FORM | {"client_assertion": _assertion(**changed)}
    answer = client.post(redox.TOKEN_URL, data=form)
    if answer.status_code == 200:
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return client


def test_a_message_is_taken_once_with_a_log_for_each_destination() -> None:
    fake = redox.FakeRedox(KEY.public_key())
    message = week_of_messages()[0]
    answer = _client(fake).post(redox.ENDPOINT_URL, json=message)
    assert answer.status_code == 200
    assert len(answer.json()["Meta"]["Logs"]) == 1
    assert fake.accepted == [message]
    assert fake.leaks == []


@pytest.mark.parametrize(
    "changed",
    [{"aud": "https://example.test"}, {"exp": redox.NOW_S + 301}, {"exp": redox.NOW_S}, {"sub": 1}],
)
def test_an_assertion_out_of_line_gives_no_token(changed: dict[str, object]) -> None:
    client = _client(redox.FakeRedox(KEY.public_key()), **changed)
    assert client.post(redox.ENDPOINT_URL, json=week_of_messages()[0]).status_code == 401


def test_an_assertion_serves_once_and_its_token_five_minutes() -> None:
    time = [float(redox.NOW_S)]
    fake = redox.FakeRedox(KEY.public_key(), clock=lambda: time[0])
    client = _client(fake)
    again = client.post(redox.TOKEN_URL, data=FORM | {"client_assertion": _assertion()})
    assert again.status_code == 401
    time[0] += 300
    assert client.post(redox.ENDPOINT_URL, json=week_of_messages()[0]).status_code == 401


def test_a_message_without_a_known_destination_is_refused_with_reasons() -> None:
    fake = redox.FakeRedox(KEY.public_key())
    message = week_of_messages()[0]
    message["Meta"]["Destinations"] = []
    answer = _client(fake).post(redox.ENDPOINT_URL, json=message)
    assert answer.status_code == 400
    assert answer.json()["Meta"]["Errors"][0]["Module"] == "Subscriptions"
    assert fake.accepted == []


def test_a_lost_answer_leaves_the_message_in_the_network() -> None:
    fake = redox.FakeRedox(KEY.public_key(), fault=redox.Fault.ACCEPTED_THEN_TIMEOUT)
    with pytest.raises(httpx.ReadTimeout):
        _client(fake).post(redox.ENDPOINT_URL, json=week_of_messages()[0])
    assert len(fake.accepted) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_destination_is_verified_by_its_challenge(method: str) -> None:
    def destination(request: httpx.Request) -> httpx.Response:
        said: Json = dict(request.url.params) or json.loads(request.content)
        ok = said["verification-token"] == redox.VERIFICATION_TOKEN
        return httpx.Response(200 if ok else 401, text=said["challenge"])

    sender = redox.FakeRedoxSender(destination)
    assert sender.verify(method)
    assert not sender.verify(method, token="guessed")


def test_messages_come_in_order_and_a_refused_one_stops_the_queue() -> None:
    seen: list[Json] = []

    def destination(request: httpx.Request) -> httpx.Response:
        assert request.headers["verification-token"] == redox.VERIFICATION_TOKEN
        seen.append(json.loads(request.content)["Meta"])
        return httpx.Response(500 if len(seen) == 2 or len(seen) > 4 else 200)

    sender = redox.FakeRedoxSender(destination)
    assert sender.send(week_of_messages()) == 3
    assert sender.answers == [200, 500, 200, 200, 500, 500, 500]
    assert seen[1]["Logs"][0]["ID"] == seen[2]["Logs"][0]["ID"]
    assert seen[1]["Logs"][0]["AttemptID"] != seen[2]["Logs"][0]["AttemptID"]


def test_the_week_has_each_model_and_the_same_seed_writes_the_same() -> None:
    messages = week_of_messages(3)
    assert messages == week_of_messages(3)
    assert messages != week_of_messages(4)
    models = {message["Meta"]["DataModel"] for message in messages}
    assert models == {"PatientAdmin", "Scheduling", "Order", "Referral", "Results", "Notes"}
    times = [message["Meta"]["EventDateTime"] for message in messages]
    assert times == sorted(set(times))
