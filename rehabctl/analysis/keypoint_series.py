"""Body landmarks over time: the array type that vision writes and analysis reads."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

LANDMARK_COUNT = 33
"""MediaPipe's body landmarks, in its order (0 nose, 11/12 shoulders, 23/24 hips, ...)."""

FloatArray = NDArray[np.floating]
Option = float | int | str | bool


@dataclass(frozen=True)
class VideoInfo:
    """Facts of the video file that the landmarks came from."""

    sha256: str
    width: int
    """Pixels after the rotation flag was applied."""
    height: int
    rotation_deg: int
    """The container's rotation flag, already applied to the coordinates."""
    duration_s: float
    frame_count: int
    """Frames decoded (analysed frames are `len(KeypointSeries.t_s)`)."""
    fps_mean: float
    variable_frame_rate: bool


@dataclass(frozen=True)
class ModelInfo:
    """The estimator that made the landmarks."""

    name: str
    """For example `pose_landmarker_full`; `import:openpose` for foreign keypoints."""
    sha256: str
    """Of the model file; empty for imported keypoints."""
    mediapipe: str
    opencv: str


@dataclass(frozen=True)
class PersonSample:
    """Everybody visible in one sampled frame, largest first.

    `boxes_px` holds (x0, y0, x1, y1) per person in pixels.
    """

    t_s: float
    boxes_px: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, eq=False)
class FrameSignals:
    """Per analysed frame, from a downscaled grey image; each array has shape (N,)."""

    luma: FloatArray
    """Mean brightness, 0-255."""
    sharpness: FloatArray
    """Variance of the Laplacian."""
    change: FloatArray
    """Mean absolute difference to the frame before, 0-255; the first is 0."""


@dataclass(frozen=True, eq=False)
class KeypointSeries:
    """Landmarks of one person over time.

    Pixel coordinates have x to the right and y downwards, already multiplied by width and height,
    so that angles may be computed from them. Left and right are the person's own. NaN marks a
    frame (or landmark) in which nothing was found.
    """

    t_s: NDArray[np.float64]
    """(N,) true presentation times, strictly increasing."""
    xy_px: NDArray[np.float32]
    """(N, 33, 2)."""
    visibility: NDArray[np.float32]
    """(N, 33), 0-1: a gate, never an error bar."""
    world_m: NDArray[np.float32] | None
    """(N, 33, 3) hip-centred metres, y downwards, or None when it was dropped."""
    video: VideoInfo
    model: ModelInfo
    signals: FrameSignals | None = None
    people: tuple[PersonSample, ...] = ()
    options: dict[str, float | int | str | bool] = field(
        default_factory=dict[str, float | int | str | bool]
    )
    """Estimator options and the frame step, for the provenance."""

    def __post_init__(self) -> None:
        """Check shapes, so that every later step may rely on them."""
        n = len(self.t_s)
        expected = {
            "xy_px": (self.xy_px.shape, (n, LANDMARK_COUNT, 2)),
            "visibility": (self.visibility.shape, (n, LANDMARK_COUNT)),
        }
        if self.world_m is not None:
            expected["world_m"] = (self.world_m.shape, (n, LANDMARK_COUNT, 3))
        for name, (got, wanted) in expected.items():
            if got != wanted:
                raise ValueError(f"{name}: expected shape {wanted}, got {got}")
        if n > 1 and not bool(np.all(np.diff(self.t_s) > 0)):
            raise ValueError("t_s must be strictly increasing")
