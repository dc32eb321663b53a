"""Foreign key points before they become a `KeypointSeries`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.keypoint_series import (
    LANDMARK_COUNT,
    KeypointSeries,
    ModelInfo,
    VideoInfo,
)

PIXELS_PER_METRE = 500.0
"""Scale of the image plane that three-dimensional points are projected onto."""

Plane = Literal["sagittal", "frontal"]


@dataclass(frozen=True, eq=False)
class ForeignPoints:
    """Key points of one person as a foreign file holds them.

    `points` is (N, 33, 2) in pixels with y downwards, or (N, 33, 3) in metres with y upwards; NaN
    where the file has no such point. `score` is (N, 33), 0-1.
    """

    t_s: NDArray[np.float64]
    points: NDArray[np.float64]
    score: NDArray[np.float64]
    skeleton: str
    sha256: str

    @property
    def fps_mean(self) -> float:
        """Mean frame rate of the time stamps."""
        if len(self.t_s) < 2:
            return 0.0
        return (len(self.t_s) - 1) / float(self.t_s[-1] - self.t_s[0])


def to_series(foreign: ForeignPoints, *, plane: Plane = "sagittal") -> KeypointSeries:
    """Convert to the array type that the analysis reads.

    Parameters
    ----------
    foreign
        What a reader returned.
    plane
        Onto which body plane three-dimensional points are projected (pixels stay as they are).
    """
    world = None
    if foreign.points.shape[-1] == 3:
        world = (foreign.points * np.array([1.0, -1.0, 1.0])).astype(np.float32)
        xy = _project(foreign.points, plane)
    else:
        xy = foreign.points
    low, high = np.nanmin(xy, axis=(0, 1)), np.nanmax(xy, axis=(0, 1))
    if world is not None:  # a projected plane has no image: put its origin at the lowest point
        xy, high = xy - low, high - low
    width, height = (max(1, int(np.ceil(v)) + 1) for v in high)
    duration_s = float(foreign.t_s[-1] - foreign.t_s[0]) if len(foreign.t_s) else 0.0
    steps = np.diff(foreign.t_s)
    return KeypointSeries(
        t_s=foreign.t_s - foreign.t_s[0],
        xy_px=xy.astype(np.float32),
        visibility=foreign.score.astype(np.float32),
        world_m=world,
        video=VideoInfo(
            sha256=foreign.sha256,
            width=width,
            height=height,
            rotation_deg=0,
            duration_s=duration_s,
            frame_count=len(foreign.t_s),
            fps_mean=foreign.fps_mean,
            variable_frame_rate=bool(len(steps) and np.ptp(steps) > 0.2 * np.median(steps)),
        ),
        model=ModelInfo(f"import:{foreign.skeleton}", "", "", ""),
        options={"projected_plane": plane} if world is not None else {},
    )


def empty_points(frames: int, dimensions: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (points, score) arrays of a number of frames, all missing.

    Parameters
    ----------
    frames
        Number of frames.
    dimensions
        2 for pixels, 3 for metres.
    """
    points = np.full((frames, LANDMARK_COUNT, dimensions), np.nan)
    return points, np.zeros((frames, LANDMARK_COUNT))


def _project(points_m: NDArray[np.float64], plane: Plane) -> NDArray[np.float64]:
    """Project (N, 33, 3) metres, y up, onto a body plane: (N, 33, 2) pixels, y down.

    The medio-lateral axis is the mean hip-to-hip direction in the horizontal plane. The sagittal
    plane is seen from the person's right (facing right), the frontal one from in front.
    """
    to_left = np.nanmean(points_m[:, 23] - points_m[:, 24], axis=0)
    to_left = np.array([to_left[0], 0.0, to_left[2]])
    norm = float(np.linalg.norm(to_left))
    to_left = to_left / norm if norm > 0 else np.array([0.0, 0.0, -1.0])
    up = np.array([0.0, 1.0, 0.0])
    forward = np.cross(to_left, up)
    across = forward if plane == "sagittal" else to_left
    image = np.stack([points_m @ across, -(points_m @ up)], axis=-1)
    return image * PIXELS_PER_METRE
