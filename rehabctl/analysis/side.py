"""Left and right: undoing swapped labels, and choosing the side that a repetition belongs to.

In a pure side view the legs hide each other, and an estimator may give the near leg's points to
the far leg for a while. A sudden exchange shows in the cost of the assignment from frame to frame
and is undone; a slow one (points that drift from one leg to the other) shows as two legs that
seem to take turns, and then the movement is counted on whichever leg is further along.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rehabctl.analysis.landmarks import (
    ARM_LANDMARKS,
    LEG_LANDMARKS,
    Float,
    Side,
    torso_length,
)
from rehabctl.reference.measurement import GateThresholds

Mask = NDArray[np.bool_]

_NEARBY_FRAMES = 3
_STAY_APART = 0.7
"""Share of the distance between two limbs, a few frames before and after, that a sudden exchange
leaves them."""


@dataclass(frozen=True, eq=False)
class Unswapped:
    """Landmarks with exchanged sides put right."""

    xy_px: Float
    legs: Mask
    """(N,) frames in which the legs were exchanged."""
    arms: Mask

    def share(self, leg: bool) -> float:
        """Return the share of frames that were exchanged.

        Parameters
        ----------
        leg
            Whether the legs are meant, else the arms.
        """
        mask = self.legs if leg else self.arms
        return float(mask.mean()) if len(mask) else 0.0


def unswap(xy_px: Float, thresholds: GateThresholds) -> Unswapped:
    """Undo sudden exchanges of left and right.

    Parameters
    ----------
    xy_px
        (N, 33, 2), NaN where nobody was found.
    thresholds
        How much cheaper the exchanged assignment has to be, and how far apart the limbs.
    """
    fixed = xy_px.copy()
    torso_px = torso_length(xy_px)
    masks: list[Mask] = []
    for pairs in (LEG_LANDMARKS, ARM_LANDMARKS):
        left = [a for a, _ in pairs]
        right = [b for _, b in pairs]
        mask = _exchanged(xy_px[:, left], xy_px[:, right], torso_px, thresholds)
        exchanged = xy_px[mask]
        exchanged[:, left], exchanged[:, right] = xy_px[mask][:, right], xy_px[mask][:, left]
        fixed[mask] = exchanged
        masks.append(mask)
    return Unswapped(fixed, *masks)


def _exchanged(left: Float, right: Float, torso_px: float, limits: GateThresholds) -> Mask:
    """Return the frames of one group of limbs whose labels are exchanged, (N,)."""
    mask = np.zeros(len(left), dtype=np.bool_)
    known = np.isfinite(left).any(axis=(1, 2)) & np.isfinite(right).any(axis=(1, 2))
    frames = np.flatnonzero(known)
    if len(frames) < 3 or not torso_px > 0:
        return mask
    a, b = left[frames], right[frames]
    kept = _distance(a[1:], a[:-1]) + _distance(b[1:], b[:-1])
    swapped = _distance(a[1:], b[:-1]) + _distance(b[1:], a[:-1])
    # Limbs that come together exchange places step by step: no sudden exchange, and no telling
    # from one frame to the next which is which.
    apart = _distance(a, b)
    padded = np.pad(apart, _NEARBY_FRAMES, mode="edge")
    nearby = sliding_window_view(padded, 2 * _NEARBY_FRAMES + 1).max(axis=1)
    clear = (apart > limits.swap_separation * torso_px) & (apart > _STAY_APART * nearby)
    events = (swapped < limits.swap_cost_ratio * kept) & clear[1:] & clear[:-1]
    parity = np.concatenate([[0], np.cumsum(events)]) % 2
    if parity.mean() > 0.5:
        # Most frames are taken to be right: the estimator knows a person's front from the back.
        parity = 1 - parity
    mask[frames] = parity.astype(np.bool_)
    return mask


def _distance(p: Float, q: Float) -> Float:
    """Return the mean distance between two sets of points, (N,), over those that are known."""
    known = np.isfinite(p).all(axis=-1) & np.isfinite(q).all(axis=-1)
    gaps = np.where(known, np.linalg.norm(p - q, axis=-1), 0.0)
    return gaps.sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)


def takes_turns(near: Float, far: Float, outward: int, share: float) -> bool:
    """Tell whether two limbs that cannot both be moving share one movement between them.

    Parameters
    ----------
    near, far
        (M,) the driving angle of both sides.
    outward
        1 when the movement raises the angle, -1 when it lowers it.
    share
        Share of the larger swing from which the smaller one is a movement of its own.
    """
    swings: list[float] = []
    for curve in (near, far):
        values = curve[np.isfinite(curve)]
        if len(values) < 2:
            return False
        low, high = np.percentile(values, [5, 95])
        swings.append(float(high - low))
    if min(swings) < share * max(swings):
        return False
    known = np.isfinite(near) & np.isfinite(far)
    return bool(np.corrcoef(outward * near[known], outward * far[known])[0, 1] < 0.5)


def furthest(left: Float, right: Float, outward: int, window: int) -> Float:
    """Return the curve of whichever side is further along, (M,).

    Where it changes from one side to the other, both curves sink for a moment while the points
    travel between the limbs; such a notch is bridged.

    Parameters
    ----------
    left, right
        (M,) the driving angle of both sides.
    outward
        1 when the movement raises the angle, -1 when it lowers it.
    window
        Samples before and after a change in which a notch is looked for.
    """
    is_left = outward * left >= outward * right
    rising = outward * np.where(is_left, left, right)
    for change in np.flatnonzero(np.diff(is_left.astype(np.int8))).tolist():
        start, stop = max(change + 1 - window, 0), min(change + 1 + window, len(rising))
        before, after = rising[start : change + 1], rising[change + 1 : stop]
        if not (len(before) and len(after) and np.isfinite(rising[start:stop]).all()):
            continue
        a, b = start + int(np.argmax(before)), change + 1 + int(np.argmax(after))
        bridge: Float = np.linspace(float(rising[a]), float(rising[b]), b - a + 1)
        rising[a : b + 1] = np.maximum(rising[a : b + 1], bridge)
    return outward * rising


def moving_side(left: Float, right: Float, fallback: Side) -> Side:
    """Return the side with the clearly larger swing.

    Parameters
    ----------
    left, right
        (M,) the driving angle of both sides.
    fallback
        The answer when both move alike (within a tenth).
    """

    def swing(curve: Float) -> float:
        values = curve[np.isfinite(curve)]
        return float(np.ptp(np.percentile(values, [5, 95]))) if len(values) else 0.0

    by_side = {"left": swing(left), "right": swing(right)}
    if abs(by_side["left"] - by_side["right"]) <= 0.1 * max(by_side.values()):
        return fallback
    return "left" if by_side["left"] > by_side["right"] else "right"
