"""Encrypted recordings and keypoints beside the database.

A blob has a random data key of its own, wrapped by the store's blob key: to change the store's key
only headers are rewritten, and to destroy a blob it is enough to lose its header. The bytes are
encrypted in chunks (AES-256-GCM; the chunk's number is its nonce, and the last chunk says so), so
that neither change, exchange, nor a cut-off end passes unnoticed. A blob is found by the SHA-256 of
its plain bytes; the file is named by an HMAC of it, so that a name tells nothing about the content.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import os
import re
import secrets
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.store.errors import file_error
from rehabctl.store.private_files import sync_folder

CHUNK_BYTES = 1 << 20
_MAGIC = b"RHBLOB1\n"
_KIND = re.compile(r"[a-z][a-z0-9_]{0,30}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TAG_BYTES = 16
_WRAPPED_BYTES = 12 + 32 + _TAG_BYTES


class BlobStore:
    """Content-addressed, encrypted files in one folder. Implements `domain.blobs.BlobSink`.

    Parameters
    ----------
    folder
        Made when the first blob is written.
    key
        The store's blob key, 32 bytes.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._wrap_key = hmac.new(key, b"wrap", hashlib.sha256).digest()
        self._name_key = hmac.new(key, b"name", hashlib.sha256).digest()

    def file_key(self, kind: str) -> bytes:
        """Return a key of 32 bytes for files that are encrypted while they are written.

        Parameters
        ----------
        kind
            What they are; each kind has a key of its own.
        """
        return hmac.new(self._wrap_key, b"file:" + kind.encode(), hashlib.sha256).digest()

    def put(self, source: BinaryIO, *, kind: str) -> str:
        """Store a stream and return the SHA-256 of its plain bytes, by which it is found again.

        Parameters
        ----------
        source
            Read to its end, a chunk at a time.
        kind
            What it is, such as `video` or `keypoints`; kept in the header.

        Raises
        ------
        RehabctlError
            The disk is full or cannot be written; nothing is left behind.
        """
        if not _KIND.fullmatch(kind):
            raise ValueError(f"not a kind of blob: {kind!r}")
        part = self._folder / f".{secrets.token_hex(8)}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as target:
                digest = self._encrypt(source, target, kind)
                target.flush()
                os.fsync(descriptor)
            path = self._path(digest)
            path.parent.mkdir(exist_ok=True, mode=0o700)
            part.replace(path)
            sync_folder(path.parent)
        except OSError as error:
            raise file_error(error) from None
        finally:
            part.unlink(missing_ok=True)
        return digest

    def put_file(self, path: Path, *, kind: str) -> str:
        """Store a file and return the SHA-256 of its plain bytes.

        Parameters
        ----------
        path
            The file.
        kind
            As for `put`.
        """
        try:
            source = path.open("rb")
        except OSError as error:
            raise RehabctlError(
                f"cannot read {path.name}: {error.strerror}", "Check the file"
            ) from None
        with source:
            return self.put(source, kind=kind)

    def exists(self, sha256: str) -> bool:
        """Return whether a blob is stored."""
        return self._path(sha256).exists()

    @property
    def is_here(self) -> bool:
        """Whether this machine keeps blobs of the store at all."""
        return self._folder.is_dir()

    def delete(self, sha256: str) -> bool:
        """Destroy a blob: its wrapped key first, then the file. Return whether there was one."""
        path = self._path(sha256)
        try:
            with path.open("r+b") as file:
                file.write(b"\0" * (len(_MAGIC) + 1 + _WRAPPED_BYTES))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise file_error(error) from None
        return True

    def open(self, sha256: str) -> BinaryIO:
        """Open a blob for reading from start to end; every chunk is verified as it is read.

        Parameters
        ----------
        sha256
            As returned by `put`.

        Raises
        ------
        NotFoundError
            There is no such blob.
        RehabctlError
            While reading: it is damaged.
        """
        try:
            file = self._path(sha256).open("rb")
        except FileNotFoundError:
            raise NotFoundError(
                "the recording is not stored", "It may have passed its retention time"
            ) from None
        except OSError as error:
            raise file_error(error) from None
        return io.BufferedReader(_BlobReader(file, self._decrypt(file, sha256)), CHUNK_BYTES)

    def read(self, sha256: str) -> bytes:
        """Return the whole of a blob."""
        with self.open(sha256) as source:
            return source.read()

    def verify(self) -> tuple[int, tuple[str, ...]]:
        """Read every blob.

        Returns
        -------
        tuple
            How many there are, and the file names of damaged ones.
        """
        damaged: list[str] = []
        count = 0
        for path in sorted(self._folder.glob("??/*.blob")):
            count += 1
            try:
                with path.open("rb") as file:
                    digest = hashlib.sha256()
                    for chunk in self._chunks(file):
                        digest.update(chunk)
                if self._path(digest.hexdigest()) != path:
                    damaged.append(path.name)
            except (OSError, RehabctlError):
                damaged.append(path.name)
        return count, tuple(damaged)

    def copy_wrapped(self, target: Path, key: bytes) -> int:
        """Copy every blob into another folder under another store key; return how many.

        Only headers are encrypted anew. A blob that cannot be unwrapped is copied as it is, so that
        it is found damaged there too.

        Parameters
        ----------
        target
            A new folder.
        key
            The other store's blob key, 32 bytes.
        """
        other = BlobStore(target, key)
        count = 0
        target.mkdir(parents=True, mode=0o700)
        for path in sorted(self._folder.glob("??/*.blob")):
            with path.open("rb") as source:
                head, name = self._rewrapped(source, other)
                copy = target / (name or f"{path.parent.name}/{path.name}")
                copy.parent.mkdir(exist_ok=True, mode=0o700)
                descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(head)
                    while block := source.read(CHUNK_BYTES):
                        file.write(block)
                    file.flush()
                    os.fsync(descriptor)
            sync_folder(copy.parent)
            count += 1
        return count

    def _rewrapped(self, source: BinaryIO, other: BlobStore) -> tuple[bytes, str | None]:
        """Return the header for another store and the name there; None: it cannot be unwrapped."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            digest = hashlib.sha256()
            for chunk in self._chunks(source):
                digest.update(chunk)
            source.seek(0)
            head = source.read(len(_MAGIC) + 1 + _WRAPPED_BYTES)
            kind = source.read(head[len(_MAGIC)])
        except RehabctlError:
            source.seek(0)
            return b"", None
        label = head[: len(_MAGIC) + 1] + kind
        wrapped = head[len(_MAGIC) + 1 :]
        data_key = AESGCM(self._wrap_key).decrypt(wrapped[:12], wrapped[12:], label)
        nonce = secrets.token_bytes(12)
        wrapped = nonce + AESGCM(other._wrap_key).encrypt(nonce, data_key, label)
        path = other._path(digest.hexdigest())
        return label[: len(_MAGIC) + 1] + wrapped + kind, f"{path.parent.name}/{path.name}"

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ValueError("a blob is named by 64 lower-case hexadecimal digits")
        name = hmac.new(self._name_key, bytes.fromhex(sha256), hashlib.sha256).hexdigest()
        return self._folder / name[:2] / f"{name[2:]}.blob"

    def _encrypt(self, source: BinaryIO, target: BinaryIO, kind: str) -> str:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        data_key = AESGCM.generate_key(256)
        nonce = secrets.token_bytes(12)
        label = _MAGIC + bytes([len(kind)]) + kind.encode()
        wrapped = AESGCM(self._wrap_key).encrypt(nonce, data_key, label)
        target.write(_MAGIC + bytes([len(kind)]) + nonce + wrapped + kind.encode())
        cipher, digest = AESGCM(data_key), hashlib.sha256()
        chunk, index, last = _read_full(source, CHUNK_BYTES), 0, False
        while not last:
            following = _read_full(source, CHUNK_BYTES)
            last = not following
            digest.update(chunk)
            target.write(cipher.encrypt(_nonce(index), chunk, _place(index, last=last)))
            chunk, index = following, index + 1
        return digest.hexdigest()

    def _decrypt(self, file: BinaryIO, sha256: str) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for chunk in self._chunks(file):
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != sha256:
            raise _damaged()

    def _chunks(self, file: BinaryIO) -> Iterator[bytes]:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        head = file.read(len(_MAGIC) + 1 + _WRAPPED_BYTES)
        if len(head) < len(_MAGIC) + 1 + _WRAPPED_BYTES or not head.startswith(_MAGIC):
            raise _damaged()
        wrapped = head[len(_MAGIC) + 1 :]
        label = head[: len(_MAGIC) + 1] + file.read(head[len(_MAGIC)])
        try:
            cipher = AESGCM(AESGCM(self._wrap_key).decrypt(wrapped[:12], wrapped[12:], label))
            chunk, index, last = file.read(CHUNK_BYTES + _TAG_BYTES), 0, False
            while not last:
                following = file.read(CHUNK_BYTES + _TAG_BYTES)
                last = not following
                yield cipher.decrypt(_nonce(index), chunk, _place(index, last=last))
                chunk, index = following, index + 1
        except InvalidTag:
            raise _damaged() from None


class _BlobReader(io.RawIOBase):
    """Presents an iterator of chunks as a stream."""

    def __init__(self, file: BinaryIO, chunks: Iterator[bytes]) -> None:
        self._file = file
        self._source = chunks
        self._rest = memoryview(b"")

    def close(self) -> None:
        """Close the file, read to its end or not."""
        self._file.close()
        super().close()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Fill the buffer as far as the current chunk goes."""
        while not self._rest:
            chunk = next(self._source, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _read_full(source: BinaryIO, count: int) -> bytes:
    """Read `count` bytes, fewer only at the end: a pipe may hand them over in pieces."""
    pieces: list[bytes] = []
    while count and (piece := source.read(count)):
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _nonce(index: int) -> bytes:
    """Each data key is used for one blob only, so that the chunk's number never repeats."""
    return struct.pack(">IQ", 0, index)


def _place(index: int, *, last: bool) -> bytes:
    return struct.pack(">Q?", index, last)


def _damaged() -> RehabctlError:
    return RehabctlError("a stored recording is damaged", "Restore it from a backup")
