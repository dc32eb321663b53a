"""Bringing repetitions onto a common phase axis: time normalisation and dynamic time warping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.landmarks import Float

Index = NDArray[np.intp]


def phase_normalise(curve: Float, phases: int = 101) -> Float:
    """Return a curve at evenly spaced phases from its first to its last sample, (phases,).

    Parameters
    ----------
    curve
        (n,) at a constant rate, n >= 2.
    phases
        Number of samples wanted.
    """
    return np.interp(np.linspace(0.0, len(curve) - 1.0, phases), np.arange(len(curve)), curve)


def to_unit_range(curve: Float) -> Float:
    """Return a curve scaled to 0 at its lowest and 1 at its highest; flat curves become zero."""
    low, width = float(curve.min()), float(np.ptp(curve))
    return (curve - low) / width if width > 0 else np.zeros_like(curve)


@dataclass(frozen=True, eq=False)
class Warp:
    """Pairs of samples that belong together, in order."""

    moving: Index
    fixed: Index

    def apply(self, curve: Float) -> Float:
        """Return a curve of the moving series on the samples of the fixed one.

        Several moving samples that belong to one fixed sample are averaged.

        Parameters
        ----------
        curve
            As long as the moving series.
        """
        count = np.bincount(self.fixed)
        return np.bincount(self.fixed, weights=curve[self.moving]) / count


def warp(moving: Float, fixed: Float, band_percent: float) -> Warp:
    """Align two curves of equal length by dynamic time warping within a band (Sakoe and Chiba).

    Parameters
    ----------
    moving, fixed
        (n,) without missing values; bring them to a common range first.
    band_percent
        Largest shift, in percent of the length.

    Raises
    ------
    ValueError
        The curves differ in length or hold missing values.
    """
    count = len(fixed)
    if len(moving) != count or not (np.isfinite(moving).all() and np.isfinite(fixed).all()):
        raise ValueError("warping needs two curves of equal length without missing values")
    reach = max(1, round(band_percent / 100.0 * count))
    distance: list[list[float]] = np.abs(moving[:, None] - fixed[None, :]).tolist()
    infinite = float("inf")
    total = [[infinite] * (count + 1) for _ in range(count + 1)]
    total[0][0] = 0.0
    for i in range(1, count + 1):
        above, here, row = total[i - 1], total[i], distance[i - 1]
        for j in range(max(1, i - reach), min(count, i + reach) + 1):
            here[j] = row[j - 1] + min(above[j - 1], above[j], here[j - 1])
    return _walk_back(total)


def _walk_back(total: list[list[float]]) -> Warp:
    """Follow the cheapest path from the last pair to the first; ties go straight."""
    i = j = len(total) - 1
    moving: list[int] = []
    fixed: list[int] = []
    while i > 0 and j > 0:
        moving.append(i - 1)
        fixed.append(j - 1)
        straight, up, left = total[i - 1][j - 1], total[i - 1][j], total[i][j - 1]
        if straight <= up and straight <= left:
            i, j = i - 1, j - 1
        elif up <= left:
            i -= 1
        else:
            j -= 1
    return Warp(np.array(moving[::-1], dtype=np.intp), np.array(fixed[::-1], dtype=np.intp))
