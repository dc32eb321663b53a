"""A sensor's memory beside its stream, where the stream carries no time: joined by the values.

Both hold the same raw numbers. A sample of the stream is the logged one of equal value whose
neighbours are equal, too, and whose tick lies nearest to where its arrival puts it.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.imu_recording import Float

_CONFIRM = 5
"""Neighbours that must be equal, too."""
_WINDOW_S = 3.0
"""By how much an arrival may be late against the ticks since the sample before."""


def align(
    stream_t_s: Float, stream: NDArray[np.float32], log_t_s: Float, log: NDArray[np.float32]
) -> NDArray[np.intp]:
    """Return for each sample of the stream (N,) its number in the log; -1 without one.

    Parameters
    ----------
    stream_t_s, stream
        (N,) times of arrival and (N, K) values.
    log_t_s, log
        (M,) the sensor's own times and (M, K) values.
    """
    keys = [row.tobytes() for row in stream]
    logged = [row.tobytes() for row in log]
    places: dict[bytes, list[int]] = {}
    for number, key in enumerate(logged):
        places.setdefault(key, []).append(number)
    found = np.full(len(keys), -1, dtype=np.intp)
    at, before = -1, 0
    for i, key in enumerate(keys):
        if not (at >= 0 and i == before + 1 and _confirmed(keys, i, logged, at + 1)):
            later = places.get(key, [])
            later = later[bisect_left(later, at + 1) :]
            expected_s = None
            if at >= 0:
                expected_s = float(log_t_s[at] + stream_t_s[i] - stream_t_s[before])
                later = [c for c in later if abs(log_t_s[c] - expected_s) < _WINDOW_S]
            near = [c for c in later if _confirmed(keys, i, logged, c)]
            if not near and expected_s is not None:
                # too near to the next gap for neighbours: the next one, if it can be
                near = [at + 1] if at + 1 in later else later
            if not near:
                continue
            chosen = near[0] if expected_s is None else _nearest(near, log_t_s, expected_s)
        else:
            chosen = at + 1
        found[i] = at = chosen
        before = i
    return found


def _confirmed(keys: list[bytes], i: int, logged: list[bytes], c: int) -> bool:
    count = min(_CONFIRM, len(keys) - i, len(logged) - c)
    return count > 0 and keys[i : i + count] == logged[c : c + count]


def _nearest(near: list[int], log_t_s: Float, expected_s: float) -> int:
    return min(near, key=lambda c: abs(float(log_t_s[c]) - expected_s))
