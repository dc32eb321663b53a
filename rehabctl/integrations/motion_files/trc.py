"""TRC marker files (OpenSim, Sports2D, Pose2Sim): tab-separated markers over time."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.domain.errors import RehabctlError
from rehabctl.integrations.motion_files.points import ForeignPoints, empty_points
from rehabctl.integrations.motion_files.skeletons import LANDMARK_NAMES, landmark_index

_UNIT_IN_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
_PIXEL_LIMIT = 20.0
"""Sports2D writes pixels under the unit `m`: nobody moves 20 m in front of one camera."""
_MAX_BYTES = 512 * 2**20


def read(path: Path) -> ForeignPoints:
    """Read a TRC file; flat files with values beyond 20 are pixels with y downwards.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    RehabctlError
        The file is not TRC, is cut off inside its header, or holds no known marker.
    """
    data = path.read_bytes() if path.stat().st_size <= _MAX_BYTES else b""
    lines = data.decode("utf-8", errors="replace").splitlines()
    if len(lines) < 6 or not lines[0].startswith("PathFileType"):
        raise _unreadable(path)
    header = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=False))
    names = [name for name in lines[3].rstrip("\t\r").split("\t")[2:] if name.strip()]
    rows = [_numbers(line, 2 + 3 * len(names)) for line in lines[5:] if line.strip()]
    indices = [landmark_index(name) for name in names]
    if not rows or all(index is None for index in indices):
        raise _unreadable(path)
    table = np.array(rows, dtype=np.float64)
    xyz = table[:, 2:].reshape(len(table), len(names), 3)
    flat = bool(np.nanmax(np.abs(xyz[..., 2]), initial=0.0) == 0.0)
    pixels = flat and float(np.nanmax(np.abs(xyz[..., :2]), initial=0.0)) > _PIXEL_LIMIT
    scale = 1.0 if pixels else _UNIT_IN_METRES.get(header.get("Units", "m").strip(), 1.0)
    points, score = empty_points(len(table), 2 if pixels else 3)
    for column, index in enumerate(indices):
        if index is not None:
            points[:, index] = xyz[:, column, : points.shape[-1]] * scale
            score[:, index] = np.isfinite(points[:, index]).all(axis=-1)
    t_s = table[:, 1]
    if len(t_s) > 1 and not bool(np.all(np.diff(t_s) > 0)):
        raise _unreadable(path)
    return ForeignPoints(t_s, points, score, "trc", hashlib.sha256(data).hexdigest())


def _numbers(line: str, count: int) -> list[float]:
    cells = line.rstrip("\r\n").split("\t")[:count]
    cells += [""] * (count - len(cells))
    return [_number(text) for text in cells]


def _number(text: str) -> float:
    try:
        return float(text) if text.strip() else math.nan
    except ValueError:
        return math.nan


def _unreadable(path: Path) -> RehabctlError:
    return RehabctlError(
        f"{path.name} is not a readable TRC file", "Export it again from the program that made it"
    )


def write(series: KeypointSeries, *, name: str) -> str:
    """Return the text of a TRC file in pixels, as Sports2D reads it back.

    Adds `Hip` and `Neck` (mid-points of hips and shoulders), which its angle definitions need.

    Parameters
    ----------
    series
        Landmarks of one person.
    name
        File name that the header repeats.
    """
    xy = series.xy_px.astype(np.float64)
    markers = {label: xy[:, index] for index, label in enumerate(LANDMARK_NAMES)}
    markers["Hip"] = (xy[:, 23] + xy[:, 24]) / 2
    markers["Neck"] = (xy[:, 11] + xy[:, 12]) / 2
    # Sports2D's body model has small toes; the landmark model does not: repeat the toe
    markers["LSmallToe"], markers["RSmallToe"] = xy[:, 31], xy[:, 32]
    frames = len(series.t_s)
    fps = series.video.fps_mean
    rate = f"{fps:.6f}"
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame"
        "\tOrigNumFrames",
        f"{rate}\t{rate}\t{frames}\t{len(markers)}\tm\t{rate}\t0\t{frames}",
        "Frame#\tTime\t" + "\t\t\t".join(markers) + "\t\t",
        "\t\t" + "\t".join(f"X{i}\tY{i}\tZ{i}" for i in range(1, len(markers) + 1)),
    ]
    columns = list(markers.values())
    for frame in range(frames):
        cells = [_cells(column[frame]) for column in columns]
        lines.append(f"{frame}\t{series.t_s[frame]:.6f}\t" + "\t".join(cells))
    return "\n".join(lines) + "\n"


def _cells(point: NDArray[np.float64]) -> str:
    if not np.isfinite(point).all():
        return "\t\t"
    return f"{point[0]:.3f}\t{point[1]:.3f}\t0"
