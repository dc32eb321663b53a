"""MediaPipe's 33 body landmarks by name, and the points made from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")

NOSE = 0
LEFT_EAR, RIGHT_EAR = 7, 8


@dataclass(frozen=True, slots=True)
class Limbs:
    """Landmark numbers of one side of the body."""

    ear: int
    shoulder: int
    elbow: int
    wrist: int
    pinky: int
    index: int
    hip: int
    knee: int
    ankle: int
    heel: int
    toe: int
    """Tip of the big toe (MediaPipe's foot index)."""


LIMBS: dict[Side, Limbs] = {
    "left": Limbs(7, 11, 13, 15, 17, 19, 23, 25, 27, 29, 31),
    "right": Limbs(8, 12, 14, 16, 18, 20, 24, 26, 28, 30, 32),
}

LEG_LANDMARKS: tuple[tuple[int, int], ...] = ((23, 24), (25, 26), (27, 28), (29, 30), (31, 32))
"""(left, right) of each pair, hip to toe."""
ARM_LANDMARKS: tuple[tuple[int, int], ...] = (
    (11, 12),
    (13, 14),
    (15, 16),
    (17, 18),
    (19, 20),
    (21, 22),
)
"""(left, right) of each pair, shoulder to thumb."""


def other(side: Side) -> Side:
    """Return the opposite side.

    Parameters
    ----------
    side
        left or right.
    """
    return "right" if side == "left" else "left"


def midpoint(xy: Float, a: int, b: int) -> Float:
    """Return the point half way between two landmarks, (N, 2).

    Parameters
    ----------
    xy
        (N, 33, 2).
    a, b
        Landmark numbers.
    """
    return (xy[:, a] + xy[:, b]) / 2


def mid_shoulder(xy: Float) -> Float:
    """Return the middle of the shoulders, (N, 2)."""
    return midpoint(xy, 11, 12)


def mid_hip(xy: Float) -> Float:
    """Return the middle of the hips, (N, 2)."""
    return midpoint(xy, 23, 24)


def trunk(xy: Float) -> Float:
    """Return the trunk mid-line, mid-hip to mid-shoulder, (N, 2).

    Shoulder and hip angles are measured against it: the line to the same-side hip alone moves an
    abduction angle by about 8 degrees.
    """
    return mid_shoulder(xy) - mid_hip(xy)


def torso_length(xy: Float) -> float:
    """Return the length of the trunk mid-line in pixels: the unit of distances on the body.

    The 90th percentile over time, since every turn and bend of the trunk shortens it; NaN without
    a person.

    Parameters
    ----------
    xy
        (N, 33, 2).
    """
    lengths = np.linalg.norm(trunk(xy), axis=-1)
    lengths = lengths[np.isfinite(lengths)]
    return float(np.percentile(lengths, 90)) if len(lengths) else float("nan")
