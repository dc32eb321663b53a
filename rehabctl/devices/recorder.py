"""Append-only recording (`.imurec`) that survives a crash of the program that writes it.

A header and then chunks of about a second, each with its length and CRC32, each on the disk before
the next begins. A cut or damaged tail is left out when reading. With a key, chunks are encrypted
(AES-256-GCM, a key of its own for each file by HKDF, the chunk's number as nonce) and bound to
their place in the file.
"""

from __future__ import annotations

import json
import os
import secrets
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.imu_recording import ImuRecording, RecordingMeta
from rehabctl.devices.model import SampleBatch
from rehabctl.devices.timeline import ClockModel
from rehabctl.domain.errors import NotFoundError, NotPermittedError, RehabctlError
from rehabctl.domain.sensor import GapRecord

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"RIMU\x01\n"
_HEAD = struct.Struct("<II")
_CHUNK = struct.Struct("<4sII")
_MARK = b"CHNK"
_ROW = np.dtype([("t_s", "<f8"), ("values", "<f4", (9,))])
_SAMPLES, _GAP, _END, _META, _CLOCK = b"S", b"G", b"E", b"M", b"C"
_MOST_CHUNK_BYTES = 2**24


class Recorder:
    """Writes samples of one sensor before anything else sees them.

    Parameters
    ----------
    path
        A new file; one that exists is refused.
    meta
        Facts of the recording.
    monotonic
        A clock that never jumps, in seconds; it decides when a chunk is full.
    key
        32 bytes for a recording of a patient; None for one of the bench.
    started_at
        When it began, by the host.
    """

    def __init__(
        self,
        path: Path,
        meta: RecordingMeta,
        monotonic: Callable[[], float],
        key: bytes | None = None,
        started_at: datetime | None = None,
    ) -> None:
        self._monotonic = monotonic
        self._rows: list[tuple[float, list[float]]] = []
        self._number = 0
        self._last_flush_s = monotonic()
        salt = secrets.token_bytes(16)
        self._cipher = None if key is None else _cipher(key, salt)
        header = {
            "meta": _fields(meta),
            "started_at": None if started_at is None else started_at.isoformat(),
            "encrypted": key is not None,
            "salt": salt.hex(),
        }
        self._header = json.dumps(header, sort_keys=True).encode()
        try:
            self._stream = path.open("xb")
        except FileExistsError:
            raise RehabctlError(f"{path.name} exists", "Name a new file") from None
        except OSError as error:
            what = f"cannot write {path.name}: {error.strerror}"
            raise RehabctlError(what, "Choose another path") from None
        self._stream.write(MAGIC + _HEAD.pack(len(self._header), zlib.crc32(self._header)))
        self._stream.write(self._header)
        self._sync()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add(self, t_s: float, batch: SampleBatch, row: int = 0) -> None:
        """Take one sample; about once a second this waits for the disk.

        Parameters
        ----------
        t_s
            Its time.
        batch, row
            Where its values are.
        """
        parts = (batch.gyr_rads[row], batch.acc_ms2[row], batch.mag_ut[row])
        values = [float(v) for part in parts for v in part]
        self._rows.append((t_s, values))
        if self._monotonic() - self._last_flush_s >= 1.0:
            self.flush()

    def add_gap(self, gap: GapRecord) -> None:
        """Enter missing samples into the file's own ledger.

        Parameters
        ----------
        gap
            From, to, how many, why.
        """
        self.flush()
        self._write(_GAP + json.dumps(_fields(gap)).encode())

    def describe(self, meta: RecordingMeta) -> None:
        """Replace the facts of the recording by what the sensor said since.

        Parameters
        ----------
        meta
            The last one counts.
        """
        self._write(_META + json.dumps(_fields(meta)).encode())

    def set_clock(self, clock: ClockModel) -> None:
        """Note how the times of the samples, on the sensor's clock, become the host's.

        Parameters
        ----------
        clock
            The last one counts.
        """
        self._write(_CLOCK + json.dumps(_fields(clock)).encode())

    def flush(self) -> None:
        """Put what was taken onto the disk."""
        self._last_flush_s = self._monotonic()
        if self._rows:
            rows, self._rows = self._rows, []
            self._write(_SAMPLES + np.array(rows, dtype=_ROW).tobytes())

    def close(self) -> None:
        """Write the rest and the end mark."""
        if not self._stream.closed:
            self.flush()
            self._write(_END)
            self._stream.close()

    def _write(self, payload: bytes) -> None:
        if self._cipher is not None:
            payload = self._cipher.encrypt(_nonce(self._number), payload, self._header)
        self._number += 1
        self._stream.write(_CHUNK.pack(_MARK, len(payload), zlib.crc32(payload)) + payload)
        self._sync()

    def _sync(self) -> None:
        self._stream.flush()
        os.fsync(self._stream.fileno())


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


@dataclass(frozen=True, eq=False)
class RecordedFile:
    """What an append-only recording holds."""

    recording: ImuRecording
    """With times of the host: seconds since the recording was started."""
    device_t_s: NDArray[np.float64]
    """The same times on the sensor's own clock."""
    clock: ClockModel | None
    """None for a sensor that sends no time."""
    started_at: datetime | None
    gaps: tuple[GapRecord, ...]
    complete: bool
    """Whether the recorder ended it; False after a crash."""
    dropped_bytes: int
    """At the end, cut or damaged."""


def is_chunk_file(path: Path) -> bool:
    """Tell whether a file begins like an append-only recording.

    Parameters
    ----------
    path
        Any file.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_chunk_file(path: Path, key: bytes | None = None) -> RecordedFile:
    """Read an append-only recording as far as it is whole.

    Parameters
    ----------
    path
        The file.
    key
        The one it was written with.

    Raises
    ------
    NotPermittedError
        It is encrypted and the key is missing or wrong.
    RehabctlError
        It is damaged from the start, or empty.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"no recording {path.name}", "Check the path") from None
    except OSError as error:
        raise RehabctlError(f"cannot read {path.name}: {error.strerror}", "Check it") from None
    header, at = _read_header(path.name, data)
    table = cast("dict[str, Any]", json.loads(header))
    cipher = None
    if table["encrypted"]:
        if key is None:
            raise NotPermittedError(
                f"{path.name} is the encrypted recording of a patient", "Name the --patient"
            )
        cipher = _cipher(key, bytes.fromhex(table["salt"]))
    rows: list[bytes] = []
    found = _Found(RecordingMeta(**table["meta"]))
    number = 0
    while payload := _next_chunk(data, at):
        at += _CHUNK.size + len(payload)
        plain = _decrypt(path.name, cipher, payload, number, header)
        number += 1
        if plain[:1] == _SAMPLES:
            rows.append(plain[1:])
        else:
            found.take(plain)
        found.complete = plain[:1] == _END
    samples = np.frombuffer(b"".join(rows), dtype=_ROW)
    if len(samples) < 2:
        raise RehabctlError(f"{path.name} holds no samples", "Record again")
    began = table.get("started_at")
    started_at = None if began is None else datetime.fromisoformat(began)
    return _recorded(path.name, samples, found, started_at, len(data) - at)


@dataclass
class _Found:
    """What the chunks beside the samples say."""

    meta: RecordingMeta
    gaps: list[GapRecord] = field(default_factory=list[GapRecord])
    clock: ClockModel | None = None
    complete: bool = False

    def take(self, plain: bytes) -> None:
        kind, body = plain[:1], plain[1:]
        if kind == _GAP:
            self.gaps.append(GapRecord(**json.loads(body)))
        elif kind == _META:
            self.meta = RecordingMeta(**json.loads(body))
        elif kind == _CLOCK:
            self.clock = ClockModel(**json.loads(body))


def _recorded(
    name: str,
    samples: NDArray[Any],
    found: _Found,
    started_at: datetime | None,
    dropped_bytes: int,
) -> RecordedFile:
    clock = found.clock or ClockModel(0.0, 0.0)
    device_t_s = samples["t_s"].astype(np.float64)
    values = samples["values"].astype(np.float64)
    mag = values[:, 6:]
    try:
        recording = ImuRecording(
            device_t_s * (1.0 + clock.skew_ppm / 1e6) + clock.offset_s,
            values[:, :3].copy(),
            values[:, 3:6].copy(),
            None if bool(np.isnan(mag).any()) else mag.copy(),
            found.meta,
        )
    except ValueError as error:
        raise RehabctlError(f"{name} is refused: {error}", "Record again") from None
    gaps = tuple(
        replace(gap, from_s=clock.to_host(gap.from_s), to_s=clock.to_host(gap.to_s))
        for gap in found.gaps
    )
    return RecordedFile(
        recording, device_t_s, found.clock, started_at, gaps, found.complete, dropped_bytes
    )


def _read_header(name: str, data: bytes) -> tuple[bytes, int]:
    start = len(MAGIC) + _HEAD.size
    damaged = RehabctlError(f"{name} is damaged at its start", "Restore it from a copy")
    if not data.startswith(MAGIC) or len(data) < start:
        raise damaged
    length, checksum = _HEAD.unpack(data[len(MAGIC) : start])
    header = data[start : start + length]
    if len(header) != length or zlib.crc32(header) != checksum:
        raise damaged
    return header, start + length


def _next_chunk(data: bytes, at: int) -> bytes | None:
    """Return the next whole chunk; None at the end, a cut or damage."""
    body = at + _CHUNK.size
    if body > len(data):
        return None
    mark, length, checksum = _CHUNK.unpack(data[at:body])
    payload = data[body : body + length]
    whole = mark == _MARK and 0 < length <= _MOST_CHUNK_BYTES and len(payload) == length
    return payload if whole and zlib.crc32(payload) == checksum else None


def _decrypt(name: str, cipher: AESGCM | None, payload: bytes, number: int, header: bytes) -> bytes:
    if cipher is None:
        return payload
    from cryptography.exceptions import InvalidTag

    try:
        return cipher.decrypt(_nonce(number), payload, header)
    except InvalidTag:
        raise NotPermittedError(
            f"{name} does not open with this key, or was changed", "Use the key it was made with"
        ) from None


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    if len(key) != 32:
        raise NotPermittedError("the key has a wrong length", "Use a key of 32 bytes")
    derived = HKDF(hashes.SHA256(), 32, salt, b"rehabctl imu recording").derive(key)
    return AESGCM(derived)


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")
