"""Key points as JSON: OpenPose (one file a frame), AlphaPose and COCO result lists, COCO sets."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.integrations.motion_files.points import ForeignPoints, empty_points
from rehabctl.integrations.motion_files.skeletons import (
    SKELETON_BY_POINT_COUNT,
    landmark_index,
)

Person = NDArray[np.float64]
"""(K, 3): x and y in pixels, score."""

_MAX_BYTES = 512 * 2**20
_MAX_GAPS = 100
"""Missing frames for each frame that is there."""


def read(path: Path, *, fps: float | None) -> ForeignPoints:
    """Read a JSON file, or a folder of one OpenPose file a frame.

    Of several people the one is followed that starts largest and moves least between frames.

    Parameters
    ----------
    path
        A file or a folder.
    fps
        Frame rate: these files carry none.

    Raises
    ------
    UsageError
        No frame rate was given.
    RehabctlError
        The file holds no key points in a known layout.
    """
    if fps is None:
        raise UsageError("this format carries no time stamps", "Give the frame rate with --fps")
    files = sorted(path.glob("*.json"), key=_frame_number) if path.is_dir() else [path]
    digest = hashlib.sha256()
    frames: dict[int, list[Person]] = {}
    for position, file in enumerate(files):
        data = file.read_bytes() if file.stat().st_size <= _MAX_BYTES else b""
        digest.update(data)
        try:
            content: Any = json.loads(data)
        except (ValueError, RecursionError):
            raise _unknown(file) from None
        found = dict(_people_by_frame(content, position if path.is_dir() else None))
        if not found and not path.is_dir():
            raise _unknown(file)
        frames.update(found)
    if not any(frames.values()):
        raise _unknown(path)
    return _follow(frames, fps, digest.hexdigest(), path)


def _people_by_frame(content: Any, position: int | None) -> Iterable[tuple[int, list[Person]]]:
    """Yield (frame number, people) of one JSON document in any of the known layouts."""
    if isinstance(content, Mapping):
        document = cast("Mapping[str, Any]", content)
        if "people" in document:
            yield position or 0, _openpose_people(document)
            return
        content = document.get("annotations")
    by_frame: dict[int, list[Person]] = {}
    for order, entry in enumerate(_mappings(content)):
        if "people" in entry:  # a list of OpenPose frames
            by_frame[order] = _openpose_people(entry)
        elif "keypoints" in entry:
            frame = _image_number(entry.get("image_id", order))
            by_frame.setdefault(frame, []).append(_person(entry["keypoints"]))
    yield from by_frame.items()


def _openpose_people(frame: Mapping[str, Any]) -> list[Person]:
    return [_person(p.get("pose_keypoints_2d")) for p in _mappings(frame.get("people"))]


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a JSON list; anything else is passed over."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("Mapping[str, Any]", item) for item in items if isinstance(item, Mapping)]


def _person(values: Any) -> Person:
    """Return (K, 3) of a flat x, y, score list; an unknown length gives no points."""
    try:
        flat = np.asarray(values, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        return np.empty((0, 3))
    if flat.size % 3 or flat.size // 3 not in SKELETON_BY_POINT_COUNT:
        return np.empty((0, 3))
    person = flat.reshape(-1, 3).copy()
    person[person[:, 2] <= 0, :2] = np.nan  # a score of zero means "not found", not (0, 0)
    return person


def _follow(
    frames: Mapping[int, list[Person]], fps: float, sha256: str, path: Path
) -> ForeignPoints:
    first, last = min(frames), max(frames)
    if last - first > _MAX_GAPS * len(frames):  # image numbers are names, not always frames
        raise _unknown(path)
    points, score = empty_points(last - first + 1, 2)
    centre: NDArray[np.float64] | None = None
    skeleton = ""
    for frame in sorted(frames):
        people = [p for p in frames[frame] if len(p) and np.isfinite(p[:, :2]).any()]
        if not people:
            continue
        person = _choose(people, centre)
        centre = np.nanmean(person[:, :2], axis=0)
        name, labels = SKELETON_BY_POINT_COUNT[len(person)]
        skeleton = skeleton or name
        # COCO sets mark visibility 0, 1, 2 instead of a score
        high = float(np.nanmax(person[:, 2]))
        scores = person[:, 2] / 2 if high > 1 else person[:, 2]
        for k, label in enumerate(labels):
            index = landmark_index(label)
            if index is not None:
                points[frame - first, index] = person[k, :2]
                score[frame - first, index] = scores[k]
    if not skeleton:
        raise _unknown(path)
    t_s = np.arange(last - first + 1) / fps
    return ForeignPoints(t_s, points, score, skeleton, sha256)


def _choose(people: list[Person], centre: NDArray[np.float64] | None) -> Person:
    if centre is None:
        return max(people, key=_box_area)
    return min(people, key=lambda p: float(np.sum((np.nanmean(p[:, :2], axis=0) - centre) ** 2)))


def _box_area(person: Person) -> float:
    width, height = np.nanmax(person[:, :2], axis=0) - np.nanmin(person[:, :2], axis=0)
    return float(width * height)


def _frame_number(file: Path) -> tuple[int, str]:
    return _image_number(file.stem), file.name


def _image_number(value: Any) -> int:
    """Return the last run of digits of an image name, or the number itself."""
    if isinstance(value, int):
        return value
    digits = re.findall(r"\d+", Path(str(value)).stem)
    return int(digits[-1]) if digits else 0


def _unknown(path: Path) -> RehabctlError:
    return RehabctlError(
        f"{path.name} holds no key points in a known layout",
        "Known are OpenPose BODY_25 and COCO, COCO-17 and HALPE-26 or -136 JSON, and TRC",
    )
