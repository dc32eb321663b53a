"""Messages from the child process: a JSON header and raw array bytes, each with its length.

Landmarks are patient data: they travel through the pipe only and never lie on disk in plain text.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.keypoint_series import (
    LANDMARK_COUNT,
    FrameSignals,
    KeypointSeries,
    ModelInfo,
    Option,
    PersonSample,
    VideoInfo,
)
from rehabctl.domain.errors import NotFoundError, RehabctlError, UnavailableError

FOUND_VALUES = 6
"""Per landmark: x, y, visibility, world x, y, z."""

_SIGNALS = 3
_LENGTHS = struct.Struct(">IQ")
_ERRORS: dict[int, type[RehabctlError]] = {
    int(kind.exit_code): kind for kind in (RehabctlError, NotFoundError, UnavailableError)
}

Header = dict[str, Any]


def write_message(stream: IO[bytes], header: Header, payload: bytes = b"") -> None:
    """Write one message and flush it.

    Parameters
    ----------
    stream
        The pipe.
    header
        Anything that JSON can hold.
    payload
        Raw bytes that belong to it.
    """
    head = json.dumps(header).encode()
    stream.write(_LENGTHS.pack(len(head), len(payload)) + head)
    stream.write(payload)
    stream.flush()


def read_message(stream: IO[bytes]) -> tuple[Header, bytes] | None:
    """Return the next header and payload, or None where the other side has ended.

    Parameters
    ----------
    stream
        The pipe.
    """
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_length, payload_length = _LENGTHS.unpack(lengths)
    head, payload = stream.read(head_length), stream.read(payload_length)
    if len(head) < head_length or len(payload) < payload_length:
        return None
    return json.loads(head), payload


def pack_error(error: RehabctlError) -> Header:
    """Return the parts of an error from which `unpack_error` makes it again.

    Parameters
    ----------
    error
        Its texts hold no patient data.
    """
    return {"exit_code": int(error.exit_code), "what": error.what, "next_step": error.next_step}


def unpack_error(header: Header) -> RehabctlError:
    """Return the error that the other side packed.

    Parameters
    ----------
    header
        A header with the keys of `pack_error`.
    """
    kind = _ERRORS.get(header["exit_code"], RehabctlError)
    return kind(header["what"], header["next_step"])


@dataclass(frozen=True, eq=False, slots=True)
class Chunk:
    """Landmarks of some frames in a row, as the network gave them."""

    t_ms: NDArray[np.float64]
    """(n,)"""
    found: NDArray[np.float32]
    """(n, 33, 6): x, y (shares of width and height), visibility, world x, y, z; NaN = nobody."""
    signals: NDArray[np.float32]
    """(n, 3): brightness, sharpness, change."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a video when its last frame is done."""

    video: VideoInfo
    model: ModelInfo
    people: tuple[PersonSample, ...]
    options: dict[str, Option]


def pack_chunk(chunk: Chunk) -> bytes:
    """Return the arrays as bytes, one after the other.

    Parameters
    ----------
    chunk
        At least one frame.
    """
    return b"".join(array.tobytes() for array in (chunk.t_ms, chunk.found, chunk.signals))


def unpack_chunk(payload: bytes) -> Chunk:
    """Return the arrays that `pack_chunk` joined.

    Parameters
    ----------
    payload
        Whole frames.
    """
    n = len(payload) // (8 + 4 * LANDMARK_COUNT * FOUND_VALUES + 4 * _SIGNALS)
    found_at = 8 * n
    signals_at = found_at + 4 * n * LANDMARK_COUNT * FOUND_VALUES
    found = np.frombuffer(payload[found_at:signals_at], dtype=np.float32)
    return Chunk(
        t_ms=np.frombuffer(payload[:found_at], dtype=np.float64),
        found=found.reshape(n, LANDMARK_COUNT, FOUND_VALUES),
        signals=np.frombuffer(payload[signals_at:], dtype=np.float32).reshape(n, _SIGNALS),
    )


def pack_facts(facts: Facts) -> Header:
    """Return what JSON can carry.

    Parameters
    ----------
    facts
        Of one video.
    """
    return asdict(facts)


def unpack_facts(header: Header) -> Facts:
    """Return the facts that JSON carried.

    Parameters
    ----------
    header
        From `pack_facts`.
    """
    return Facts(
        video=VideoInfo(**header["video"]),
        model=ModelInfo(**header["model"]),
        people=tuple(
            PersonSample(row["t_s"], tuple(tuple(box) for box in row["boxes_px"]))
            for row in header["people"]
        ),
        options=header["options"],
    )


def assemble(chunks: Sequence[Chunk], facts: Facts) -> KeypointSeries:
    """Return the series of one video.

    Parameters
    ----------
    chunks
        In any order: segments are worked on side by side.
    facts
        What came with the end.
    """
    ordered = sorted(chunks, key=lambda chunk: float(chunk.t_ms[0]))
    found = np.concatenate([chunk.found for chunk in ordered])
    luma, sharpness, change = np.concatenate([chunk.signals for chunk in ordered]).T.copy()
    size = np.array((facts.video.width, facts.video.height), dtype=np.float32)
    return KeypointSeries(
        t_s=np.concatenate([chunk.t_ms for chunk in ordered]) / 1000,
        xy_px=found[:, :, :2] * size,
        visibility=found[:, :, 2].copy(),
        world_m=found[:, :, 3:].copy(),
        video=facts.video,
        model=facts.model,
        signals=FrameSignals(luma=luma, sharpness=sharpness, change=change),
        people=facts.people,
        options=facts.options,
    )
