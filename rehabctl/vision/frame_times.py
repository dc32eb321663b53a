"""Presentation times of a video: which frames are analysed, and what the times say of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

_RESTART_MS = 1000.0
"""A larger step backwards is a clock that starts again, a smaller one a disordered frame."""
_SPACING_TOLERANCE = 0.9
"""Frames that come a little early, by rounding or jitter, still count as on time."""
_INTERVAL_TOLERANCE = 0.15
_ROUNDING_MS = 1.5
"""Containers round time stamps to whole milliseconds."""
_VARIABLE_SHARE = 0.01
_FEW_ODD_INTERVALS = 2


@dataclass
class FrameClock:
    """Makes one increasing clock of a video's time stamps and picks the frames to analyse.

    Frames are picked by time, not by number, so that a wrong frame rate in the header does no
    harm. A frame whose time does not advance is left out; where the clock starts again (parts
    joined without new time stamps) it is continued.

    Parameters
    ----------
    analysis_fps
        The highest rate at which frames are picked.
    nominal_fps
        The header's rate, used for the step over a restart only.
    """

    analysis_fps: float
    nominal_fps: float = 30.0
    times_ms: list[float] = field(default_factory=list[float])
    """Increasing times of all frames, picked or not."""
    decoded: int = 0
    without_own_time: int = 0
    restarts: int = 0
    _raw_ms: float | None = None
    _offset_ms: float = 0.0
    _picked_ms: float | None = None

    def pick(self, pts_ms: float) -> float | None:
        """Return the frame's time in milliseconds if it is to be analysed, else None.

        Parameters
        ----------
        pts_ms
            The presentation time that the container gives.
        """
        self.decoded += 1
        if self._raw_ms is not None and pts_ms < self._raw_ms - _RESTART_MS:
            self.restarts += 1
            self._offset_ms = self.times_ms[-1] + 1000 / self.nominal_fps - pts_ms
        self._raw_ms = pts_ms
        t_ms = pts_ms + self._offset_ms
        if self.times_ms and t_ms <= self.times_ms[-1]:
            self.without_own_time += 1
            return None
        self.times_ms.append(t_ms)
        spacing_ms = _SPACING_TOLERANCE * 1000 / self.analysis_fps
        if self._picked_ms is not None and t_ms - self._picked_ms < spacing_ms:
            return None
        self._picked_ms = t_ms
        return t_ms


@dataclass(frozen=True, slots=True)
class Timing:
    """What the time stamps of all frames say."""

    duration_s: float
    fps_mean: float
    variable_frame_rate: bool


def describe_times(times_ms: Sequence[float], nominal_fps: float) -> Timing:
    """Return duration, mean rate and whether the rate varies.

    Parameters
    ----------
    times_ms
        Increasing times of all frames, at least one.
    nominal_fps
        The header's rate, used where one frame tells nothing.

    Notes
    -----
    The rate counts as variable when more than 1 % of the intervals (and more than two: a lost
    frame is no rate) differ from the median by more than 15 % and the container's rounding.
    """
    if len(times_ms) < 2:
        return Timing(1 / nominal_fps, nominal_fps, variable_frame_rate=False)
    intervals = np.diff(np.asarray(times_ms, dtype=np.float64))
    usual = float(np.median(intervals))
    odd = np.abs(intervals - usual) > max(_INTERVAL_TOLERANCE * usual, _ROUNDING_MS)
    span_ms = times_ms[-1] - times_ms[0]
    return Timing(
        duration_s=(span_ms + usual) / 1000,
        fps_mean=1000 * len(intervals) / span_ms,
        variable_frame_rate=int(odd.sum()) > max(_FEW_ODD_INTERVALS, _VARIABLE_SHARE * len(odd)),
    )
