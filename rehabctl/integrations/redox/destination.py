"""The rules by which Redox speaks to a destination: its challenge, its token, its retries."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

MAX_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived: names of headers and of the query in lower case."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered. 400 and above: Redox stops its queue and sends the same again."""

    status: int
    text: str = ""


def challenge(request: Request, token: str) -> Reply | None:
    """Return the answer to a request that verifies the destination; None for any other.

    Parameters
    ----------
    request
        Any.
    token
        The verification token that Redox and the clinic know.
    """
    asked: Mapping[str, object] = request.query
    if request.method == "POST" and "verification-token" not in request.headers:
        try:
            said = json.loads(request.body)
        except (ValueError, RecursionError):
            return None
        asked = cast("dict[str, object]", said) if isinstance(said, dict) else {}
    text = asked.get("challenge")
    if not isinstance(text, str):
        return None
    is_ours = _same(str(asked.get("verification-token", "")), token)
    return Reply(200, text) if is_ours and len(text) <= 200 else Reply(401)


def is_genuine(request: Request, token: str) -> bool:
    """Return whether a message comes from who knows the verification token."""
    return _same(request.headers.get("verification-token", ""), token)


def _same(said: str, token: str) -> bool:
    return bool(token) and hmac.compare_digest(said.encode(), token.encode())
