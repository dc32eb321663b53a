"""Films that go wrong in the ways of real ones, made from the shipped clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

CLIPS = Path(__file__).resolve().parents[1] / "fixtures" / "videos"
Picture = np.ndarray[Any, Any]
Pictures = list[Picture]


def pictures(name: str, *, every: int = 1, last_s: float = 99.0) -> Pictures:
    """Decoded pictures of a shipped clip (30 a second)."""
    capture = cv2.VideoCapture(str(CLIPS / name))
    found: Pictures = []
    while True:
        ok, picture = capture.read()
        if not ok or len(found) >= last_s * 30:
            break
        found.append(picture)
    capture.release()
    return found[::every]


def film(path: Path, shown: Sequence[Picture], fps: float) -> Path:
    """Encode pictures as they are."""
    height, width = shown[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (width, height))
    for picture in shown:
        writer.write(picture)
    writer.release()
    return path


def five_a_second(path: Path) -> Path:
    return film(path, pictures("squat_side_95.mp4", every=6), 5.0)


def four_a_second(path: Path) -> Path:
    return film(path, pictures("squat_side_95.mp4", every=7)[:30], 4.0)


def two_hundred_and_forty_a_second(path: Path) -> Path:
    shown = pictures("squat_side_95.mp4", last_s=4.0)
    return film(path, [picture for picture in shown for _ in range(8)], 240.0)


def four_k(path: Path) -> Path:
    shown = pictures("squat_side_95.mp4", every=3, last_s=4.0)
    return film(path, [cv2.resize(p, (2160, 2880)) for p in shown], 10.0)


def one_second(path: Path) -> Path:
    return film(path, pictures("squat_side_95.mp4", last_s=1.0), 30.0)


def black(path: Path) -> Path:
    return film(path, [np.zeros((240, 320, 3), np.uint8)] * 45, 30.0)


def black_tail(path: Path) -> Path:
    shown = pictures("squat_side_95.mp4", every=2)
    return film(path, shown + [np.zeros_like(shown[0])] * 15, 15.0)


def cut_to_another_view(path: Path) -> Path:
    side = pictures("squat_side_95.mp4", every=2, last_s=4.0)
    front = pictures("squat_front_valgus_left.mp4", every=2, last_s=4.0)
    return film(path, [*side, *(cv2.resize(p, side[0].shape[1::-1]) for p in front)], 15.0)


def leaves_and_returns(path: Path) -> Path:
    shown = pictures("squat_side_95.mp4", every=2)
    middle = len(shown) // 2
    empty = np.full_like(shown[0], shown[0][0, 0])
    return film(path, [*shown[:middle], *([empty] * 20), *shown[middle:]], 15.0)


def selfie(path: Path) -> Path:
    return film(path, [cv2.flip(p, 1) for p in pictures("squat_side_95.mp4", every=2)], 15.0)
