"""JSON Web Tokens with HS256 (RFC 7515, RFC 7518): made and checked here, without any call."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from rehabctl.domain.errors import NotPermittedError


def sign(claims: Mapping[str, Any], secret: str) -> str:
    """Return a token.

    Parameters
    ----------
    claims
        What it says.
    secret
        Shared with who reads it.
    """
    head = _encoded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = _encoded(json.dumps(claims, separators=(",", ":")).encode())
    return f"{head}.{body}.{_encoded(_signature(f'{head}.{body}', secret))}"


def read(token: str, secret: str, now: datetime) -> dict[str, Any]:
    """Return what a token says, if it was signed with this secret and is in force.

    Raises
    ------
    NotPermittedError
        It was not signed so, never ends, or is not in force now.
    """
    try:
        head, body, signature = token.split(".")
        algorithm = json.loads(_decoded(head))["alg"]
        if algorithm != "HS256" or not hmac.compare_digest(
            _decoded(signature), _signature(f"{head}.{body}", secret)
        ):
            raise _refused("its signature does not fit")
        claims = json.loads(_decoded(body))
        ends, begins = float(claims["exp"]), float(claims.get("nbf", 0))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _refused("it is no signed token that ends") from None
    if not begins <= now.timestamp() < ends:
        raise _refused("it is not in force now")
    return cast("dict[str, Any]", claims)


def unverified_claims(token: str) -> dict[str, Any]:
    """Return what a token says, whoever signed it; nothing where it says nothing."""
    try:
        _, body, _ = token.split(".")
        claims = json.loads(_decoded(body))
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", claims) if isinstance(claims, dict) else {}


def _signature(text: str, secret: str) -> bytes:
    return hmac.digest(secret.encode(), text.encode(), hashlib.sha256)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError from None


def _refused(why: str) -> NotPermittedError:
    return NotPermittedError(f"the notice is not from the video service: {why}", "Drop it")
