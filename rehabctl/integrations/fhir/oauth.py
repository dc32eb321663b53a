"""Tokens of OAuth 2 for FHIR servers: client credentials, and SMART backend services."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rehabctl.domain.claim_port import UncertainError
from rehabctl.domain.connection import FhirAuth, FhirConnection
from rehabctl.domain.errors import NotPermittedError, UnavailableError
from rehabctl.integrations.web_client import Effect, WebClient, object_of

if TYPE_CHECKING:
    import httpx
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

_LIFE_S = 290
"""Of an assertion; SMART allows 300."""
_TRIES = 3
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
HINT = "Store the secret again: rehabctl integration secret NAME"


@dataclass(slots=True)
class Tokens:
    """The tokens of one connection, each asked for when the last one was refused."""

    at: FhirConnection
    secret: str = field(repr=False)
    now: Callable[[], datetime]
    client: WebClient
    scope: str = field(default="", init=False)
    """What the server granted; empty: what was asked."""
    _token: str = field(default="", init=False, repr=False)

    def headers(self) -> Mapping[str, str]:
        """Return what says who we are, with a token made if there is none."""
        if self.at.auth is FhirAuth.NONE:
            return {}
        if not self._token:
            self.renew()
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """Ask for a new token; return whether there is such a thing.

        Raises
        ------
        NotPermittedError
            The server gives us none.
        """
        if self.at.auth is FhirAuth.NONE:
            return False
        answer = self._asked()
        if answer.status_code in (400, 401, 403):
            raise NotPermittedError(f"{self.at.name} gave us no token", HINT)
        told = object_of(self.at.name, answer)
        token = told.get("access_token")
        if answer.status_code != 200 or not isinstance(token, str) or not token:
            raise NotPermittedError(f"{self.at.name} gave us no token", HINT)
        self._token = token
        self.scope = str(told.get("scope") or "")
        return True

    def _asked(self) -> httpx.Response:
        for _ in range(_TRIES):
            form = {"grant_type": "client_credentials"}
            form |= {"scope": self.at.scope} if self.at.scope else {}
            headers: dict[str, str] = {}
            if self.at.auth is FhirAuth.SMART:
                form |= {
                    "client_assertion_type": _ASSERTION,
                    "client_assertion": assertion(self.at, self.secret, self.now()),
                }
            else:
                pair = base64.b64encode(f"{self.at.client_id}:{self.secret}".encode())
                headers["Authorization"] = f"Basic {pair.decode()}"
            try:
                # never repeated as it is: an assertion is good for one request
                return self.client.request(
                    "POST", self.at.token_url, Effect.ONCE, data=form, headers=headers
                )
            except UncertainError:
                continue
        raise UnavailableError(f"{self.at.name} gives no tokens now", "Try again later")


def assertion(at: FhirConnection, private_key: str, now: datetime) -> str:
    """Return a signed statement of who we are, as SMART backend services want it.

    Parameters
    ----------
    at
        The connection; `token_url` is who it is for.
    private_key
        PEM: RSA signs by RS384, the curve P-384 by ES384.
    now
        Aware time.

    Raises
    ------
    NotPermittedError
        The key cannot be used.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    if not is_rsa and not (
        isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP384R1)
    ):
        raise NotPermittedError(
            f"the private key of {at.name} is neither RSA nor P-384, or not PEM", HINT
        )
    issued = int(now.timestamp())
    head = {"alg": "RS384" if is_rsa else "ES384", "typ": "JWT", "kid": at.key_id}
    claims = {
        "iss": at.client_id,
        "sub": at.client_id,
        "aud": at.token_url,
        "iat": issued,
        "exp": issued + _LIFE_S,
        "jti": uuid.uuid4().hex,
    }
    signed = f"{_part(_json(head))}.{_part(_json(claims))}"
    return f"{signed}.{_part(_signature(key, signed.encode()))}"


def _signature(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA384())
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA384())))
    return r.to_bytes(48, "big") + s.to_bytes(48, "big")


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
