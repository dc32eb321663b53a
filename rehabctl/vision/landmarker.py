"""The pose network: landmarks of one person through a video, and everybody in single frames."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from rehabctl.analysis.keypoint_series import LANDMARK_COUNT
from rehabctl.domain.errors import RehabctlError, UnavailableError
from rehabctl.reference.pose_models import load_pose_models
from rehabctl.vision.container import file_sha256

Image = mediapipe.Image
_MOST_PEOPLE = 3
_VISIBLE = 0.5
_BODY_SWAPPED = np.arange(11, LANDMARK_COUNT).reshape(-1, 2)[:, ::-1].ravel()
_LEFT_RIGHT_SWAPPED = np.array([0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9, *_BODY_SWAPPED])


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model on disk. The network maps the file; handing it the bytes would cost 30 MB more."""

    path: Path
    sha256: str
    name: str
    """For example `pose_landmarker_full`; `pose_landmarker_unknown` for a file not in the table."""

    @classmethod
    def read(cls, path: Path) -> ModelFile:
        """Hash a model file.

        Parameters
        ----------
        path
            A `.task` bundle.

        Raises
        ------
        UnavailableError
            It cannot be read.
        """
        try:
            sha256 = file_sha256(path)
        except OSError:
            raise UnavailableError(
                f"the pose model {path.name} cannot be read",
                "Run `rehabctl pose model install full`",
            ) from None
        known = load_pose_models().by_sha256(sha256)
        return cls(path, sha256, f"pose_landmarker_{known.name if known else 'unknown'}")


def as_image(rgb: NDArray[Any]) -> Image:
    """Copy a frame into the network's own image type.

    Parameters
    ----------
    rgb
        (height, width, 3) bytes.
    """
    return Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)


class PersonTracker:
    """Follows one person through one video.

    It keeps the state of its filters, so each video (and each segment) gets a new one.

    Parameters
    ----------
    model
        The network.
    """

    def __init__(self, model: ModelFile) -> None:
        self._landmarker = _create(model, vision.RunningMode.VIDEO, most_people=1)
        self._last_ms = -1

    def find(self, image: Image, t_ms: float) -> NDArray[np.float32] | None:
        """Return the landmarks of the next frame, or None where nobody was found.

        (33, 6): x and y as shares of width and height, visibility, world x, y, z in metres.

        Parameters
        ----------
        image
            The frame.
        t_ms
            Its presentation time. The network takes whole, increasing milliseconds.
        """
        self._last_ms = max(self._last_ms + 1, round(t_ms))
        result = self._landmarker.detect_for_video(image, self._last_ms)
        if not result.pose_landmarks:
            return None
        pairs = zip(result.pose_landmarks[0], result.pose_world_landmarks[0], strict=True)
        rows = [(p.x, p.y, p.visibility, w.x, w.y, w.z) for p, w in pairs]
        return np.array(rows, dtype=np.float32)

    def close(self) -> None:
        """Release the network."""
        self._landmarker.close()


class PeopleFinder:
    """Finds everybody (up to three) in single frames.

    Parameters
    ----------
    model
        The network.
    """

    def __init__(self, model: ModelFile) -> None:
        self._landmarker = _create(model, vision.RunningMode.IMAGE, most_people=_MOST_PEOPLE)

    def boxes(self, image: Image) -> list[tuple[float, float, float, float]]:
        """Return a box (x0, y0, x1, y1) per person, as shares of width and height, largest first.

        Parameters
        ----------
        image
            Any frame.
        """
        boxes: list[tuple[float, float, float, float]] = []
        for person in self._landmarker.detect(image).pose_landmarks:
            seen = [(p.x, p.y) for p in person if (p.visibility or 0.0) >= _VISIBLE]
            if seen:
                xy = np.clip(np.array(seen, dtype=np.float64), 0.0, 1.0)
                (x0, y0), (x1, y1) = xy.min(axis=0).tolist(), xy.max(axis=0).tolist()
                boxes.append((x0, y0, x1, y1))
        return sorted(boxes, key=_area, reverse=True)

    def close(self) -> None:
        """Release the network."""
        self._landmarker.close()


def unmirror(found: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn landmarks of a flipped image back into those of the original.

    Parameters
    ----------
    found
        (33, 6) as `PersonTracker.find` returns them.
    """
    back = found[_LEFT_RIGHT_SWAPPED]
    back[:, 0] = 1 - back[:, 0]
    back[:, 3] = -back[:, 3]
    return back


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _create(model: ModelFile, mode: Any, *, most_people: int) -> Any:
    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(
            model_asset_path=os.fspath(model.path), delegate=BaseOptions.Delegate.CPU
        ),
        running_mode=mode,
        num_poses=most_people,
    )
    try:
        return vision.PoseLandmarker.create_from_options(options)
    except (RuntimeError, ValueError):
        raise RehabctlError(
            "the pose model cannot be loaded", "Run `rehabctl pose model verify`"
        ) from None
