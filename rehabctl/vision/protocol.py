"""Messages from the child process: a JSON header and raw array bytes, each with its length.

Landmarks are patient data: they travel through the pipe only and never lie on disk in plain text.
"""

from __future__ import annotations

import io
import json
import struct
from dataclasses import asdict
from typing import IO, Any

import numpy as np

from rehabctl.analysis.keypoint_series import (
    FrameSignals,
    KeypointSeries,
    ModelInfo,
    PersonSample,
    VideoInfo,
)
from rehabctl.domain.errors import NotFoundError, RehabctlError, UnavailableError

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


def pack_series(series: KeypointSeries) -> tuple[Header, bytes]:
    """Split a series into what JSON carries and array bytes (an uncompressed `.npz`).

    Parameters
    ----------
    series
        Landmarks of one video.
    """
    arrays = {"t_s": series.t_s, "xy_px": series.xy_px, "visibility": series.visibility}
    if series.world_m is not None:
        arrays["world_m"] = series.world_m
    if series.signals is not None:
        arrays |= {f"signals_{name}": value for name, value in vars(series.signals).items()}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # pyright: ignore[reportArgumentType]
    header: Header = {
        "video": asdict(series.video),
        "model": asdict(series.model),
        "people": [asdict(sample) for sample in series.people],
        "options": series.options,
    }
    return header, buffer.getvalue()


def unpack_series(header: Header, payload: bytes) -> KeypointSeries:
    """Return the series that `pack_series` split.

    Parameters
    ----------
    header, payload
        The two parts.
    """
    with np.load(io.BytesIO(payload), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    signals = {
        name.removeprefix("signals_"): value
        for name, value in arrays.items()
        if name.startswith("signals_")
    }
    return KeypointSeries(
        t_s=arrays["t_s"],
        xy_px=arrays["xy_px"],
        visibility=arrays["visibility"],
        world_m=arrays.get("world_m"),
        video=VideoInfo(**header["video"]),
        model=ModelInfo(**header["model"]),
        signals=FrameSignals(**signals) if signals else None,
        people=unpack_people(header["people"]),
        options=header["options"],
    )


def unpack_people(rows: list[Header]) -> tuple[PersonSample, ...]:
    """Return the samples that JSON turned into lists.

    Parameters
    ----------
    rows
        One mapping a sampled frame.
    """
    return tuple(
        PersonSample(row["t_s"], tuple(tuple(box) for box in row["boxes_px"])) for row in rows
    )
