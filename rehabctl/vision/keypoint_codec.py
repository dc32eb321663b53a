"""Packing of slowly changing numbers into bytes that compress well, and back.

Numbers become 16-bit steps, steps become differences to the frame before, differences are folded
so that small ones of either sign have small codes, and low and high bytes are kept apart.
NaN has a step of its own, so it survives exactly. Layout: docs/keypoint-file.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_MISSING = -32768
_LARGEST = 32767
_MISSING_SHARE = 255
_LARGEST_SHARE = 254


def step_that_fits(values: NDArray[Any], step: float) -> float:
    """Return `step`, or a larger one where 16 bits cannot hold the values otherwise.

    Parameters
    ----------
    values
        Any shape; NaN is ignored.
    step
        The wanted step.
    """
    largest = float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values)))
    return max(step, largest / _LARGEST)


def pack_steps(values: NDArray[Any], step: float) -> Bytes:
    """Return (2, channels, N) low and high bytes; the error is at most half a step.

    Parameters
    ----------
    values
        (channels, N), NaN where missing.
    step
        From `step_that_fits`.
    """
    known = np.isfinite(values)
    steps = np.full(values.shape, _MISSING, dtype=np.int16)
    scaled = np.round(values[known].astype(np.float64) / step)
    steps[known] = np.clip(scaled, -_LARGEST, _LARGEST)
    before = np.zeros_like(steps)
    before[:, 1:] = steps[:, :-1]
    change = steps.view(np.uint16) - before.view(np.uint16)  # wraps around, and so does the sum
    folded = (change << 1) ^ (change.view(np.int16) >> 15).view(np.uint16)
    return np.stack([folded & 0xFF, folded >> 8]).astype(np.uint8)


def unpack_steps(packed: Bytes, step: float) -> NDArray[np.float32]:
    """Return the (channels, N) values that `pack_steps` packed.

    Parameters
    ----------
    packed
        (2, channels, N).
    step
        The same step.
    """
    folded = packed[0].astype(np.uint16) | (packed[1].astype(np.uint16) << 8)
    change = (folded >> 1) ^ (np.uint16(0) - (folded & 1))
    steps = np.cumsum(change, axis=1, dtype=np.uint16).view(np.int16)
    values = steps.astype(np.float32) * np.float32(step)
    values[steps == _MISSING] = np.nan
    return values


def pack_shares(values: NDArray[Any]) -> Bytes:
    """Return (channels, N) differences of values from 0 to 1 in 1/254, NaN kept.

    Parameters
    ----------
    values
        (channels, N).
    """
    codes = np.full(values.shape, _MISSING_SHARE, dtype=np.uint8)
    known = np.isfinite(values)
    codes[known] = np.round(np.clip(values[known], 0.0, 1.0) * _LARGEST_SHARE)
    before = np.zeros_like(codes)
    before[:, 1:] = codes[:, :-1]
    return codes - before


def unpack_shares(packed: Bytes) -> NDArray[np.float32]:
    """Return the (channels, N) values that `pack_shares` packed.

    Parameters
    ----------
    packed
        (channels, N).
    """
    codes = np.cumsum(packed, axis=1, dtype=np.uint8)
    shares = (codes / np.float32(_LARGEST_SHARE)).astype(np.float32)
    return np.where(codes == _MISSING_SHARE, np.float32(np.nan), shares)
