"""Notices (webhooks) of video services: believed only when signed, whole and fresh."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta

from rehabctl.domain.errors import NotPermittedError
from rehabctl.integrations.video.signed_tokens import read


def check_livekit(body: bytes, authorization: str, secret: str, now: datetime) -> None:
    """Check a notice of LiveKit: a token in `Authorization` holds the SHA-256 of the body.

    Raises
    ------
    NotPermittedError
        It is not signed, not whole, or too old.
    """
    claims = read(authorization.removeprefix("Bearer ").strip(), secret, now)
    told = claims.get("sha256")
    found = base64.b64encode(hashlib.sha256(body).digest())
    if not isinstance(told, str) or not hmac.compare_digest(told.encode(), found):
        raise NotPermittedError("the notice was changed on its way", "Drop it")


def check_daily(
    body: bytes, signature: str, timestamp: str, secret: str, now: datetime, longest: timedelta
) -> None:
    """Check a notice of Daily: HMAC-SHA256 over `timestamp.body` with the base64 secret.

    The page with this rule could not be read; it is taken from what others wrote about it.

    Parameters
    ----------
    body
        As it came.
    signature, timestamp
        `X-Webhook-Signature` and `X-Webhook-Timestamp`, in seconds or milliseconds.
    secret
        The `hmac` of the webhook.
    now
        Aware time.
    longest
        How old a notice may be.

    Raises
    ------
    NotPermittedError
        It is not signed, not whole, or too old.
    """
    try:
        key = base64.b64decode(secret, validate=True)
        told = base64.b64decode(signature, validate=True)
        number = int(timestamp)
    except (binascii.Error, ValueError):
        raise NotPermittedError("the notice is not signed as documented", "Drop it") from None
    made = hmac.digest(key, timestamp.encode() + b"." + body, hashlib.sha256)
    if not hmac.compare_digest(told, made):
        raise NotPermittedError("the signature of the notice does not fit", "Drop it")
    seconds = number / 1000 if number > 10**11 else number
    if abs(now.timestamp() - seconds) > longest.total_seconds():
        raise NotPermittedError("the notice is too old", "Drop it")
