"""Web push: a message encrypted for one browser (RFC 8291), signed by the clinic (RFC 8292)."""

from __future__ import annotations

import base64
import json
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rehabctl.domain.errors import NotPermittedError, RehabctlError, UsageError
from rehabctl.domain.message_port import (
    GONE,
    Fate,
    OutgoingText,
    RefusedMessageError,
    UnsupportedLookError,
)
from rehabctl.integrations.web_client import Effect, WebClient

if TYPE_CHECKING:
    import httpx
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_RECORD_BYTES = 4096
_PLAIN_BYTES = 1024
"""Every message is made this long, so that its length says nothing."""
_TOKEN = timedelta(hours=12)
_NOT_THERE = (404, 410)
_TOO_LARGE = 413


@dataclass(frozen=True, slots=True)
class PushKey:
    """The clinic's key pair on P-256, which browsers were given when they subscribed."""

    private: EllipticCurvePrivateKey

    @classmethod
    def read(cls, text: str) -> PushKey:
        """Read a private key: PEM, or its 32 bytes as base64url.

        Raises
        ------
        UsageError
            It is neither, or of another curve.
        """
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        try:
            if text.lstrip().startswith("-----BEGIN"):
                found = serialization.load_pem_private_key(text.encode(), None)
            else:
                number = int.from_bytes(decoded(text.strip()))
                found = ec.derive_private_key(number, ec.SECP256R1())
        except (ValueError, TypeError):
            found = None
        if not isinstance(found, ec.EllipticCurvePrivateKey) or not isinstance(
            found.curve, ec.SECP256R1
        ):
            raise UsageError(
                "the secret of push-web is no private key on P-256",
                "Make one: openssl ecparam -genkey -name prime256v1 -noout",
            )
        return cls(found)

    @property
    def public(self) -> str:
        """Return the public key as a browser wants it (`applicationServerKey`)."""
        return encoded(_point(self.private))

    def sign(self, endpoint: str, contact: str, now: datetime) -> str:
        """Return the `Authorization` of a request to an endpoint (RFC 8292, section 3)."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        at = urlsplit(endpoint)
        head = {"typ": "JWT", "alg": "ES256"}
        claims = {
            "aud": f"{at.scheme}://{at.netloc}",
            "exp": int((now + _TOKEN).timestamp()),
            "sub": contact,
        }
        said = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
        r, s = decode_dss_signature(self.private.sign(said.encode(), ec.ECDSA(hashes.SHA256())))
        signature = encoded(r.to_bytes(32) + s.to_bytes(32))
        return f"vapid t={said}.{signature}, k={self.public}"


def encrypt(
    plain: bytes,
    receiver: bytes,
    auth: bytes,
    *,
    salt: bytes,
    sender: EllipticCurvePrivateKey,
    length: int = 0,
) -> bytes:
    """Return the body of a push message for one browser (RFC 8291, section 3; RFC 8188).

    Parameters
    ----------
    plain
        What is said, fewer than 4,000 bytes.
    receiver
        The browser's public key, 65 bytes.
    auth
        Its secret, 16 bytes.
    salt
        16 bytes, never used twice.
    sender
        A key pair of this message only.
    length
        To which it is filled up.

    Raises
    ------
    ValueError
        The receiver's key is no point of the curve.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    own = _point(sender)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), receiver)
    shared = sender.exchange(ec.ECDH(), public)
    secret = _derived(shared, auth, b"WebPush: info\0" + receiver + own, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    filled = plain + b"\2" + b"\0" * max(0, length - len(plain))
    head = salt + struct.pack(">IB", _RECORD_BYTES, len(own)) + own
    return head + AESGCM(key).encrypt(nonce, filled, None)


class WebPush:
    """Messages to browsers. A push service keeps no list: one in doubt is not repeated.

    Parameters
    ----------
    key
        The clinic's.
    contact
        `mailto:` address of who answers for it.
    now
        The clock.
    keep
        How long the service keeps a message for a browser that is not there.
    transport
        What carries the requests; None is the network.
    """

    def __init__(
        self,
        key: PushKey,
        contact: str,
        now: Callable[[], datetime],
        keep: timedelta = timedelta(hours=12),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not contact.startswith(("mailto:", "https://")):
            raise UsageError(
                "push_contact is no address", 'Write it like "mailto:desk@example.org"'
            )
        self._key, self._contact, self._now, self._keep = key, contact, now, keep
        self.client = WebClient("the push service", "", dict[str, str], transport=transport)

    def send(self, text: OutgoingText) -> str:
        """Send one message; see `MessagePort.send`. What a browser's maker keeps is encrypted."""
        from cryptography.hazmat.primitives.asymmetric import ec

        at = json.loads(text.address)
        endpoint = at["endpoint"]
        said = {"title": text.subject, "body": text.body, "tag": text.reference}
        try:
            body = encrypt(
                json.dumps(said, ensure_ascii=False).encode(),
                decoded(at["keys"]["p256dh"]),
                decoded(at["keys"]["auth"]),
                salt=secrets.token_bytes(16),
                sender=ec.generate_private_key(ec.SECP256R1()),
                length=_PLAIN_BYTES,
            )
        except ValueError:
            raise RefusedMessageError(GONE) from None  # for such a key nobody can encrypt
        headers = {
            "Authorization": self._key.sign(endpoint, self._contact, self._now()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(self._keep.total_seconds())),
            "Topic": "".join(one for one in text.reference if one.isalnum())[:32],
        }
        if not endpoint.startswith("https://"):
            raise RefusedMessageError(GONE)
        try:
            answer = self.client.request(
                "POST", endpoint, Effect.ONCE, headers=headers, content=body
            )
        except NotPermittedError:  # it knows this browser by another key of ours
            raise RefusedMessageError("other-key") from None
        if answer.status_code in _NOT_THERE:
            raise RefusedMessageError(GONE)
        if answer.status_code == _TOO_LARGE:
            raise RefusedMessageError("too-large")
        if answer.status_code >= 300:
            raise RefusedMessageError(f"refused-{answer.status_code}")
        return ""

    def find(self, text: OutgoingText) -> str | None:
        """Raise: a push service keeps no list."""
        raise UnsupportedLookError("a push service keeps no list", "Ask the receiver")

    def fate(self, remote_id: str) -> Fate:
        """Return that it was delivered: what a push service took is all that is known."""
        return Fate.DELIVERED

    def check(self) -> None:
        """Raise: there is nobody to ask without a message."""
        raise RehabctlError("push services cannot be asked", "Send a message to yourself")


def encoded(data: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return what base64url, padded or not, stands for; errors as `base64`."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _point(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
