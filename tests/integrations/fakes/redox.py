"""Plays Redox: the token endpoint, the one that takes messages, and the sender to a destination.

Documented (docs.redoxengine.com and developer.redoxengine.com in public copies, checked against the
public clients WeInfuse/redox and a Python one that calls `/v2/auth/token`):

- POST https://api.redoxengine.com/v2/auth/token, a form with `grant_type=client_credentials`,
  `client_assertion_type` and `client_assertion`: a JWT with header alg RS384 or ES384, kid, typ JWT
  and claims iss = sub = client id, aud = that URL, iat, exp within five minutes, a fresh jti. The
  token lives five minutes.
- POST https://api.redoxengine.com/endpoint with a bearer token. 200 means that Redox has it, not
  that it was delivered, and has one `Meta.Logs[].ID` for each destination; 400 says why in
  `Meta.Errors`; 401, 413, 429 (a window of five minutes), 500, 502, 504. There is no key against
  doing it twice.
- A destination is verified by POST `{"verification-token", "challenge"}` or by GET with both in the
  query; the answer is 200 with the challenge anywhere in the body. Each message then comes with the
  token in `verification-token` and as `Authorization: Bearer`, in order and at least once: 200
  sends the next, 400 and above stops the queue and sends the same again.

Assumed: bodies of OAuth errors (RFC 6749), the wording of errors, Retry-After on 429, that the
AttemptID is new in each attempt. Redox also has a signing secret for webhooks; no public page says
which header and algorithm, and public code contradicts itself, so nothing is signed here.
"""

from __future__ import annotations

import base64
import copy
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, quote

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.integrations.fakes.redox_messages import DESTINATION, Json

HOST = "api.redoxengine.com"
TOKEN_URL = f"https://{HOST}/v2/auth/token"
ENDPOINT_URL = f"https://{HOST}/endpoint"
CLIENT_ID = "c11e0000-0000-4000-8000-000000000001"
KEY_ID = "rehab-2026"
VERIFICATION_TOKEN = "a-long-token-that-only-redox-and-the-clinic-know"
NOW_S = 1772463600
"""2026-03-02 15:00 UTC, the time at the fake unless `clock` says another."""
LARGEST_BODY = 10_000_000


class Fault(StrEnum):
    """What goes wrong at the API of Redox."""

    KEY_REVOKED = "key_revoked"
    TOKEN_EXPIRED_ONCE = "token_expired_once"
    RATE_LIMITED_ONCE = "rate_limited_once"
    DOWN = "down"
    BAD_GATEWAY = "bad_gateway"
    ACCEPTED_THEN_500 = "accepted_then_500"
    ACCEPTED_THEN_TIMEOUT = "accepted_then_timeout"
    NO_SUBSCRIPTION = "no_subscription"
    ERRORS_WITH_200 = "errors_with_200"
    CUT_JSON = "cut_json"
    PROXY_PAGE = "proxy_page"
    TOKEN_WITHOUT_EXPIRY = "token_without_expiry"


class DeliveryFault(StrEnum):
    """What goes wrong, or is odd, among the messages to a destination."""

    WRONG_TOKEN = "wrong_token"
    NO_TOKEN = "no_token"
    SENT_TWICE = "sent_twice"
    OUT_OF_ORDER = "out_of_order"
    CUT_BODY = "cut_body"
    WRONG_TYPES = "wrong_types"
    UNKNOWN_EVENT = "unknown_event"
    ANOTHER_DESTINATION = "another_destination"
    PATIENT_WITHOUT_IDENTIFIER = "patient_without_identifier"
    TEST_MESSAGE = "test_message"
    BYTE_ORDER_MARK = "byte_order_mark"


FAULTS = tuple(Fault)
DELIVERY_FAULTS = tuple(DeliveryFault)
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
Receiver = Callable[[httpx.Request], httpx.Response]


@dataclass
class FakeRedox:
    """One account with one key; `accepted` holds every message that went into the network."""

    public_key: PublicKey
    fault: str | None = None
    clock: Callable[[], float] = lambda: NOW_S
    destinations: tuple[str, ...] = (DESTINATION["ID"],)
    accepted: list[Json] = field(default_factory=list[Json])
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    leaks: list[str] = field(default_factory=list[str])
    _spent: set[str] = field(default_factory=set[str])
    _tokens: dict[str, float] = field(default_factory=dict[str, float])

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.method, request.url.path))
        if request.url.scheme != "https" or request.url.host != HOST:
            self.leaks.append(f"asked {request.url.scheme}://{request.url.host}")
            return httpx.Response(404)
        if self.fault == Fault.DOWN:
            raise httpx.ConnectError("refused", request=request)
        if self.fault == Fault.PROXY_PAGE:
            return httpx.Response(200, html="<html>Sign in to the hotel's network</html>")
        match request.method, request.url.path:
            case "POST", "/v2/auth/token":
                response = self._token(request)
            case "POST", "/endpoint":
                response = self._take(request)
            case _:
                response = httpx.Response(404, text="Not Found")
        if self.fault == Fault.CUT_JSON:
            return httpx.Response(response.status_code, content=response.content[:-4])
        return response

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: value[0] for name, value in parse_qs(request.content.decode()).items()}
        if form.get("grant_type") != "client_credentials":
            return httpx.Response(400, json={"error": "unsupported_grant_type"})
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        wrong = "wrong client_assertion_type"
        if form.get("client_assertion_type") == kind:
            wrong = self._wrong_with(form.get("client_assertion", ""))
        if self.fault == Fault.KEY_REVOKED:
            wrong = "key not found"
        if wrong:
            return httpx.Response(401, json={"error": "invalid_client", "error_description": wrong})
        token = f"redox-token-{len(self._tokens) + 1}"
        self._tokens[token] = self.clock() + 300
        if self.fault == Fault.TOKEN_EXPIRED_ONCE and len(self._tokens) == 1:
            self._tokens[token] = self.clock() - 1
        body = {"access_token": token, "token_type": "Bearer", "expires_in": 300}
        if self.fault == Fault.TOKEN_WITHOUT_EXPIRY:
            del body["expires_in"]
        return httpx.Response(200, json=body)

    def _wrong_with(self, assertion: str) -> str:
        """Return what is wrong with a signed assertion, or nothing."""
        try:
            head, body, signature = assertion.split(".")
            header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
            if not self._signed(header["alg"], f"{head}.{body}".encode(), _decoded(signature)):
                return "signature"
            if header["kid"] != KEY_ID or header["typ"] != "JWT":
                return "kid or typ"
            if claims["iss"] != CLIENT_ID or claims["sub"] != CLIENT_ID:
                return "iss or sub"
            if claims["aud"] != TOKEN_URL:
                return "aud"
            now = self.clock()
            if not now < claims["exp"] <= now + 300 or not claims["iat"] <= now:
                return "exp or iat"
            if claims["jti"] in self._spent:
                return "jti was used before"
            self._spent.add(claims["jti"])
        except (ValueError, KeyError, TypeError):
            return "not a signed token"
        return ""

    def _signed(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        try:
            if algorithm == "RS384" and isinstance(self.public_key, rsa.RSAPublicKey):
                self.public_key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA384())
                return True
            if algorithm == "ES384" and isinstance(self.public_key, ec.EllipticCurvePublicKey):
                if len(signature) != 96:
                    return False
                numbers = (int.from_bytes(signature[:48]), int.from_bytes(signature[48:]))
                rule = ec.ECDSA(hashes.SHA384())
                self.public_key.verify(encode_dss_signature(*numbers), signed, rule)
                return True
        except InvalidSignature:
            pass
        return False

    def _take(self, request: httpx.Request) -> httpx.Response:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._tokens.get(bearer, 0) <= self.clock():
            return httpx.Response(401, text="Invalid access token")
        if self.fault == Fault.RATE_LIMITED_ONCE:
            self.fault = None
            return httpx.Response(429, headers={"Retry-After": "300"}, text="Too Many Requests")
        if self.fault == Fault.BAD_GATEWAY:
            return httpx.Response(502, html="<html>502 Bad Gateway</html>")
        if len(request.content) > LARGEST_BODY:
            return httpx.Response(413, text="Payload Too Large")
        try:
            message = json.loads(request.content)
            meta: Json = message["Meta"]
        except (ValueError, KeyError, TypeError):
            return _refused({}, "Could not read the request body", "DataModels")
        missing = [name for name in ("DataModel", "EventType") if not meta.get(name)]
        who: Json = message.get("Patient") or {}
        if missing or not who.get("Identifiers"):
            missing = [f"Meta.{name}" for name in missing] or ["Patient.Identifiers"]
            return _refused(meta, f"Required field missing - {missing[0]}", "DataModels")
        named: list[Json] = meta.get("Destinations") or []
        wanted = [one.get("ID") for one in named]
        strange = not wanted or any(one not in self.destinations for one in wanted)
        if strange or self.fault == Fault.NO_SUBSCRIPTION:
            return _refused(meta, "No subscriptions. Meta.Destinations needs one", "Subscriptions")
        if self.fault == Fault.ERRORS_WITH_200:
            return _refused(meta, "The health system is down", "Send", status=200)
        self.accepted.append(message)
        if self.fault == Fault.ACCEPTED_THEN_500:
            return httpx.Response(500, text="Internal Server Error")
        if self.fault == Fault.ACCEPTED_THEN_TIMEOUT:
            raise httpx.ReadTimeout("no answer", request=request)
        name = f"{len(self.accepted)}"
        logs = [{"ID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name}/{one}"))} for one in wanted]
        return httpx.Response(200, json={"Meta": {**meta, "Logs": logs}})


@dataclass
class FakeRedoxSender:
    """Sends to the destination of the clinic as Redox does; give it what receives the requests."""

    receive: Receiver
    url: str = "https://rehab.example.test/redox"
    token: str = VERIFICATION_TOKEN
    fault: str | None = None
    attempts: int = 3
    answers: list[int] = field(default_factory=list[int])

    def verify(self, method: str = "POST", token: str | None = None) -> bool:
        """Return whether the destination answers a challenge as it should."""
        challenge = "2e73f864-a0e9-4764-a7d5-91fe5836db22"
        pair = {"verification-token": token or self.token, "challenge": challenge}
        if method == "GET":
            query = "&".join(f"{name}={quote(value)}" for name, value in pair.items())
            request = httpx.Request("GET", f"{self.url}?{query}", headers=_named())
        else:
            body = json.dumps(pair).encode()
            request = httpx.Request("POST", self.url, content=body, headers=_named())
        response = self.receive(request)
        return response.status_code == 200 and challenge in response.text

    def send(self, messages: Iterable[Json]) -> int:
        """Send in order until one is refused `attempts` times; return how many were taken."""
        taken = 0
        for message in self._spoilt(messages):
            for attempt in range(1, self.attempts + 1):
                answer = self.receive(self.request(message, attempt)).status_code
                self.answers.append(answer)
                if answer < 400:
                    taken += 1
                    break
            else:
                return taken  # the queue stays paused
        return taken

    def request(self, message: Json, attempt: int = 1) -> httpx.Request:
        """Return the request that carries one message."""
        sent = copy.deepcopy(message)
        for log in sent["Meta"].get("Logs", []):
            log["AttemptID"] = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{log['ID']}/{attempt}"))
        body = json.dumps(sent, ensure_ascii=False).encode()
        if self.fault == DeliveryFault.CUT_BODY:
            body = body[: len(body) // 2]
        if self.fault == DeliveryFault.BYTE_ORDER_MARK:
            body = b"\xef\xbb\xbf" + body
        token = "another token" if self.fault == DeliveryFault.WRONG_TOKEN else self.token
        headers = {**_named(), "verification-token": token, "Authorization": f"Bearer {token}"}
        if self.fault == DeliveryFault.NO_TOKEN:
            headers = _named()
        return httpx.Request("POST", self.url, content=body, headers=headers)

    def _spoilt(self, messages: Iterable[Json]) -> Iterator[Json]:
        all_of_them = [copy.deepcopy(message) for message in messages]
        if self.fault == DeliveryFault.OUT_OF_ORDER:
            all_of_them.reverse()
        for message in all_of_them:
            match self.fault:
                case DeliveryFault.SENT_TWICE:
                    yield message
                case DeliveryFault.WRONG_TYPES:
                    message["Patient"]["Identifiers"] = {"ID": 4711, "IDType": "MR"}
                    message["Patient"]["Demographics"]["DOB"] = 19580228
                case DeliveryFault.UNKNOWN_EVENT:
                    message["Meta"]["EventType"] = "HoroscopeUpdate"
                case DeliveryFault.ANOTHER_DESTINATION:
                    other = {"ID": "0badde57-0000-4000-8000-000000000009", "Name": "Elsewhere (p)"}
                    message["Meta"]["Destinations"] = [other]
                case DeliveryFault.PATIENT_WITHOUT_IDENTIFIER:
                    message["Patient"]["Identifiers"] = []
                case DeliveryFault.TEST_MESSAGE:
                    message["Meta"]["Test"] = True
                case _:
                    pass
            yield message


def _named() -> dict[str, str]:
    return {"application-name": "RedoxEngine", "Content-Type": "application/json"}


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _refused(meta: Json, text: str, module: str, *, status: int = 400) -> httpx.Response:
    error: dict[str, Any] = {"ID": 531829, "Text": text, "Type": "message", "Module": module}
    return httpx.Response(status, json={"Meta": {**meta, "Errors": [error]}})
