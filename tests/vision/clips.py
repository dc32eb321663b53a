"""The rendered clips of `fixtures/videos` and their truth."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CLIPS = Path(__file__).resolve().parents[2] / "fixtures" / "videos"

Images = Iterator[NDArray[np.uint8]]
MakeVideo = Callable[..., Path]


def clip(name: str) -> Path:
    return CLIPS / f"{name}.mp4"


def truth(name: str) -> dict[str, Any]:
    return json.loads((CLIPS / f"{name}.truth.json").read_text())


def images(path: Path, count: int) -> Images:
    """The first frames of a clip, as OpenCV gives them."""
    capture = cv2.VideoCapture(str(path))
    for _ in range(count):
        ok, frame = capture.read()
        assert ok
        yield frame
    capture.release()
