"""The keypoint file: landmarks of one video in a few megabytes (layout: docs/keypoint-file.md)."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import tempfile
import zipfile
import zlib
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

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
from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.vision.keypoint_codec import (
    pack_shares,
    pack_steps,
    step_that_fits,
    unpack_shares,
    unpack_steps,
)
from rehabctl.vision.keypoint_container import (
    MOST_FILE_BYTES,
    ForeignFileError,
    SealedArrays,
    seal,
)

SUFFIX = ".npz"
SCHEMA = "rehabctl-keypoints"
VERSION = 1

_ALL = tuple(range(LANDMARK_COUNT))
_BODY = (0, 7, 8, *range(11, LANDMARK_COUNT))
_SHOULDERS, _HIPS = [11, 12], [23, 24]
_FINE_SHARE = 1 / 16384
"""Of the longer side of the image: 0.12 px a step, 0.06 px at most wrong, at 1920 px."""
_COARSE_SHARE = 1 / 2048
_TORSO_SHARE = 0.001
"""A step of the compact profile: with it, no angle between body segments moves by 0.5 degrees."""
_WORLD_STEP_M = 0.0001
_COARSE_WORLD_STEP_M = 0.005
"""For the turn of the shoulders, the one thing that the compact profile keeps of the depth."""
_SIGNAL_STEP = 0.01
_LARGEST_STEP = 1e6
_MOST_FRAMES = 500_000
_MOST_HEADER_BYTES = 2**20
_UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    EOFError,
    OverflowError,
    RecursionError,
    RuntimeError,
    NotImplementedError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


class Profile(StrEnum):
    """How much of the landmarks is kept."""

    FULL = "full"
    """All 33 landmarks and their metric coordinates."""
    COMPACT = "compact"
    """Nose, ears and body in the image; of the depth only the turn of the shoulders."""


def write(series: KeypointSeries, target: Path | BinaryIO, profile: Profile = Profile.FULL) -> None:
    """Write a series.

    Parameters
    ----------
    series
        Frames at least a microsecond apart.
    target
        A stream, or a path (written beside it first, readable by the user alone).
    profile
        What is kept.

    Raises
    ------
    RehabctlError
        The file cannot be written.
    """
    data = seal(_arrays(series, Profile(profile)))
    if not isinstance(target, Path):
        target.write(data)
        return
    try:
        _write_file(target, data)
    except OSError:
        raise RehabctlError(
            f"{target.name} cannot be written", "Check the folder and the disk's space"
        ) from None


def read(source: Path | BinaryIO) -> KeypointSeries:
    """Read a series; a damaged file is refused, whatever the damage.

    Landmarks that the file does not hold are NaN.

    Parameters
    ----------
    source
        A path or a stream.

    Raises
    ------
    NotFoundError
        The path does not exist.
    RehabctlError
        It is no keypoint file, damaged, or written by a newer version.
    """
    name = source.name if isinstance(source, Path) else "the keypoint file"
    again = "Extract the video again"
    try:
        return _series(SealedArrays(_bytes(source)))
    except FileNotFoundError:
        raise NotFoundError(f"{name} does not exist", "Check the path") from None
    except OSError:
        raise RehabctlError(f"{name} cannot be read", "Check the file's permissions") from None
    except ForeignFileError:
        raise RehabctlError(
            f"{name} is not a keypoint file of rehabctl",
            "Use `rehabctl pose import` for keypoints of other programs",
        ) from None
    except _UNREADABLE:
        raise RehabctlError(f"{name} is damaged", again) from None


def _bytes(source: Path | BinaryIO) -> bytes:
    if isinstance(source, Path):
        with source.open("rb") as file:
            data = file.read(MOST_FILE_BYTES + 1)
    else:
        data = source.read(MOST_FILE_BYTES + 1)
    if len(data) > MOST_FILE_BYTES:
        raise ForeignFileError
    return data


def _write_file(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _arrays(series: KeypointSeries, profile: Profile) -> dict[str, NDArray[Any]]:
    landmarks = _ALL if profile is Profile.FULL else _BODY
    if len(series.t_s) > _MOST_FRAMES:
        raise RehabctlError(
            f"a keypoint file holds no more than {_MOST_FRAMES:,} frames", "Cut the recording"
        )
    t_us = np.round(series.t_s * 1e6).astype(np.int64)
    if np.any(np.diff(t_us) <= 0):
        raise ValueError("frames must be at least a microsecond apart")
    xy = _channels(series.xy_px[:, landmarks])
    xy_step = step_that_fits(xy, _xy_step(series, profile))
    arrays: dict[str, NDArray[Any]] = {
        "t_us": np.diff(t_us, prepend=0),
        "xy": pack_steps(xy, xy_step),
        "visibility": pack_shares(series.visibility[:, landmarks].T),
    }
    header: dict[str, Any] = {
        "schema": f"{SCHEMA}/{VERSION}",
        "profile": profile,
        "frames": len(t_us),
        "landmarks": landmarks,
        "xy_step_px": xy_step,
        "video": asdict(series.video),
        "model": asdict(series.model),
        "people": [asdict(sample) for sample in series.people],
        "options": series.options,
    }
    if series.world_m is not None:
        kept = _ALL if profile is Profile.FULL else _SHOULDERS
        step = _WORLD_STEP_M if profile is Profile.FULL else _COARSE_WORLD_STEP_M
        world = _channels(series.world_m[:, kept])
        header |= {"world_landmarks": kept, "world_step_m": step_that_fits(world, step)}
        arrays["world"] = pack_steps(world, header["world_step_m"])
    if series.signals is not None:
        signals = _signal_channels(series.signals)
        header["signal_step"] = step_that_fits(signals, _SIGNAL_STEP)
        arrays["signals"] = pack_steps(signals, header["signal_step"])
    text = json.dumps(header, separators=(",", ":")).encode()
    return {"header": np.frombuffer(text, dtype=np.uint8), **arrays}


def _series(file: SealedArrays) -> KeypointSeries:
    header = json.loads(file.read_text("header", _MOST_HEADER_BYTES))
    schema, _, version = str(header["schema"]).partition("/")
    if schema != SCHEMA:
        raise ForeignFileError
    if int(version) > VERSION:
        raise RehabctlError(
            f"the keypoint file has version {int(version)}, newer than this rehabctl reads",
            "Upgrade rehabctl",
        )
    n, landmarks = int(header["frames"]), _numbers(header["landmarks"])
    if not 0 <= n <= _MOST_FRAMES:
        raise ValueError("header")
    count = len(landmarks)
    xy = np.full((n, LANDMARK_COUNT, 2), np.nan, dtype=np.float32)
    packed = file.read("xy", (2, 2 * count, n), np.uint8)
    xy[:, landmarks] = _landmarks(unpack_steps(packed, _step(header, "xy_step_px")), 2)
    visibility = np.full((n, LANDMARK_COUNT), np.nan, dtype=np.float32)
    visibility[:, landmarks] = unpack_shares(file.read("visibility", (count, n), np.uint8)).T
    world = None
    if "world_step_m" in header:
        kept = _numbers(header.get("world_landmarks", _ALL))
        packed = file.read("world", (2, 3 * len(kept), n), np.uint8)
        world = np.full((n, LANDMARK_COUNT, 3), np.nan, dtype=np.float32)
        world[:, kept] = _landmarks(unpack_steps(packed, _step(header, "world_step_m")), 3)
    signals = None
    if "signal_step" in header:
        packed = file.read("signals", (2, 3, n), np.uint8)
        signals = _signals(unpack_steps(packed, _step(header, "signal_step")))
    return KeypointSeries(
        t_s=np.cumsum(file.read("t_us", (n,), np.int64)) / 1e6,
        xy_px=xy,
        visibility=visibility,
        world_m=world,
        video=_video(header["video"]),
        model=ModelInfo(**{key: str(value) for key, value in header["model"].items()}),
        signals=signals,
        people=tuple(_person(row) for row in header["people"]),
        options={str(key): _option(value) for key, value in header["options"].items()},
    )


def _numbers(value: Any) -> list[int]:
    """Return numbers of landmarks, each at most once."""
    numbers = [int(i) for i in value]
    if len(set(numbers)) != len(numbers) or not set(numbers) <= set(_ALL):
        raise ValueError("landmarks")
    return numbers


def _channels(values: NDArray[Any]) -> NDArray[Any]:
    """Turn (N, landmarks, axes) into (landmarks * axes, N)."""
    n, landmarks, axes = values.shape
    return values.reshape(n, landmarks * axes).T


def _landmarks(channels: NDArray[Any], axes: int) -> NDArray[np.float32]:
    """Turn (landmarks * axes, N) into (N, landmarks, axes)."""
    count, n = channels.shape
    return np.ascontiguousarray(channels.T.reshape(n, count // axes, axes), dtype=np.float32)


def _xy_step(series: KeypointSeries, profile: Profile) -> float:
    longer_side = max(series.video.width, series.video.height)
    fine = longer_side * _FINE_SHARE
    if profile is Profile.FULL:
        return fine
    middle = series.xy_px[:, _SHOULDERS].mean(axis=1) - series.xy_px[:, _HIPS].mean(axis=1)
    torso_px = np.hypot(middle[:, 0], middle[:, 1])
    known = torso_px[np.isfinite(torso_px)]
    wanted = _TORSO_SHARE * float(np.median(known)) if len(known) else 0.0
    return float(np.clip(wanted, fine, longer_side * _COARSE_SHARE))


def _signal_channels(signals: FrameSignals) -> NDArray[Any]:
    """Return (3, N); sharpness spans powers of ten and is kept as a logarithm."""
    return np.stack([signals.luma, np.log2(1 + signals.sharpness), signals.change])


def _signals(channels: NDArray[np.float32]) -> FrameSignals:
    luma, log_sharpness, change = channels
    with np.errstate(over="ignore"):  # only a made-up file holds such numbers
        return FrameSignals(luma=luma, sharpness=np.exp2(log_sharpness) - 1, change=change)


def _step(header: dict[str, Any], key: str) -> float:
    step = float(header[key])
    if not 0 < step < _LARGEST_STEP:
        raise ValueError(key)
    return step


def _video(row: dict[str, Any]) -> VideoInfo:
    return VideoInfo(
        sha256=str(row["sha256"]),
        width=int(row["width"]),
        height=int(row["height"]),
        rotation_deg=int(row["rotation_deg"]),
        duration_s=float(row["duration_s"]),
        frame_count=int(row["frame_count"]),
        fps_mean=float(row["fps_mean"]),
        variable_frame_rate=bool(row["variable_frame_rate"]),
    )


def _person(row: dict[str, Any]) -> PersonSample:
    boxes: list[tuple[float, float, float, float]] = []
    for box in row["boxes_px"]:
        x0, y0, x1, y1 = (float(value) for value in box)
        boxes.append((x0, y0, x1, y1))
    return PersonSample(float(row["t_s"]), tuple(boxes))


def _option(value: object) -> Option:
    if not isinstance(value, bool | int | float | str):
        raise TypeError("option")
    return value
