"""A database key wrapped with a passphrase: Argon2id and AES-256-GCM."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass

from rehabctl.domain.errors import NotPermittedError

_ITERATIONS = 3
_LANES = 4
_MEMORY_KIB = 65_536
_LABEL = b"rehabctl wrapped key 1"


@dataclass(frozen=True)
class WrappedKey:
    """A wrapped key with what is needed to derive the wrapping key again. Bytes are hexadecimal."""

    salt: str
    nonce: str
    ciphertext: str
    iterations: int = _ITERATIONS
    lanes: int = _LANES
    memory_kib: int = _MEMORY_KIB

    @classmethod
    def wrap(cls, key: str, passphrase: str) -> WrappedKey:
        """Wrap a raw key.

        Parameters
        ----------
        key
            64 hexadecimal digits.
        passphrase
            What the user types.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        empty = cls(salt=secrets.token_hex(16), nonce=secrets.token_hex(12), ciphertext="")
        sealed = AESGCM(empty._wrapping_key(passphrase)).encrypt(
            bytes.fromhex(empty.nonce), bytes.fromhex(key), _LABEL
        )
        return cls(salt=empty.salt, nonce=empty.nonce, ciphertext=sealed.hex())

    def unwrap(self, passphrase: str) -> str:
        """Return the raw key.

        Raises
        ------
        NotPermittedError
            The passphrase does not fit.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = AESGCM(self._wrapping_key(passphrase))
        try:
            key = cipher.decrypt(bytes.fromhex(self.nonce), bytes.fromhex(self.ciphertext), _LABEL)
        except InvalidTag:
            raise NotPermittedError(
                "the passphrase does not fit the database", "Try again"
            ) from None
        return key.hex()

    def _wrapping_key(self, passphrase: str) -> bytes:
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        kdf = Argon2id(
            salt=bytes.fromhex(self.salt),
            length=32,
            iterations=self.iterations,
            lanes=self.lanes,
            memory_cost=self.memory_kib,
        )
        return kdf.derive(passphrase.encode())

    def to_json(self) -> str:
        """Return the text of the key folder's file."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_json(cls, text: str) -> WrappedKey:
        """Read the text back.

        Raises
        ------
        NotPermittedError
            It is damaged.
        """
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            raise NotPermittedError(
                "the passphrase file of the database is damaged", "Restore it from a backup"
            ) from None
