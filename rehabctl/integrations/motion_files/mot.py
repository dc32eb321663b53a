"""MOT motion files (OpenSim storage): joint angles over time in degrees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.assessment import AngleSeries
from rehabctl.domain.errors import RehabctlError

_OPENSIM_NAMES = {
    ("knee_flexion", "right"): "knee_angle_r",
    ("knee_flexion", "left"): "knee_angle_l",
    ("hip_flexion", "right"): "hip_flexion_r",
    ("hip_flexion", "left"): "hip_flexion_l",
    ("hip_abduction", "right"): "hip_abduction_r",
    ("hip_abduction", "left"): "hip_abduction_l",
    ("ankle_dorsiflexion", "right"): "ankle_angle_r",
    ("ankle_dorsiflexion", "left"): "ankle_angle_l",
    ("shoulder_flexion", "right"): "arm_flex_r",
    ("shoulder_flexion", "left"): "arm_flex_l",
    ("elbow_flexion", "right"): "elbow_flex_r",
    ("elbow_flexion", "left"): "elbow_flex_l",
}
"""OpenSim's coordinate names where one has our definition and sign; others keep our names."""


def column_name(motion: str, side: str) -> str:
    """Return the column of an angle.

    Parameters
    ----------
    motion, side
        In the contract's vocabulary.
    """
    known = _OPENSIM_NAMES.get((motion, side))
    return known or (motion if side == "both" else f"{motion}_{side}")


def write(angles: list[AngleSeries], *, name: str) -> str:
    """Return the text of a MOT file. All series share one time base.

    Parameters
    ----------
    angles
        At least one series.
    name
        First line of the header.

    Raises
    ------
    RehabctlError
        There is no angle to write.
    """
    if not angles:
        raise RehabctlError("no angle was measured", "Run without --mot to see the reasons")
    t_s = angles[0].t_s
    labels = [column_name(a.motion, a.side) for a in angles]
    lines = [
        name,
        "version=1",
        f"nRows={len(t_s)}",
        f"nColumns={len(labels) + 1}",
        "inDegrees=yes",
        "",
        "endheader",
        "\t".join(["time", *labels]),
    ]
    for frame, t in enumerate(t_s):
        cells = ["nan" if (v := a.deg[frame]) is None else f"{v:.6f}" for a in angles]
        lines.append("\t".join([f"{t:.6f}", *cells]))
    return "\n".join(lines) + "\n"


def read(path: Path) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Read a MOT or STO file into times (N,) and one (N,) column per name, degrees.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    RehabctlError
        The file is not a storage file or its table is damaged.
    """
    broken = RehabctlError(
        f"{path.name} is not a readable motion file",
        "Export it again from the program that made it",
    )
    lines = path.read_text("utf-8", errors="replace").splitlines()
    ends = [i for i, line in enumerate(lines) if line.strip().lower() == "endheader"]
    if not ends or ends[0] + 2 > len(lines):
        raise broken
    start = ends[0]
    names = lines[start + 1].split("\t")
    try:
        rows = [[float(v) for v in line.split("\t")] for line in lines[start + 2 :] if line.strip()]
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
    except ValueError:
        raise broken from None
    radians = any(line.replace(" ", "").lower() == "indegrees=no" for line in lines[:start])
    angles = np.degrees(table[:, 1:]) if radians else table[:, 1:]
    return table[:, 0], {name.strip(): angles[:, i] for i, name in enumerate(names[1:])}
