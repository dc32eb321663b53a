"""There-and-back movements in a curve that rises outwards.

A movement leaves rest, turns, and comes back. Turning points are found with hysteresis: a turn
counts once the curve has come back by more than a swing that depends on the way from rest to
target and on what this recording reaches. Noise, sway and fidgeting stay below that swing; the
rate of sampling plays no part. Where a stretch of the recording begins or ends inside a movement,
the movement is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.landmarks import Float
from rehabctl.analysis.measured import Segment
from rehabctl.reference.measurement import RepetitionThresholds


@dataclass(frozen=True, slots=True)
class Movement:
    """One there-and-back movement, as sample numbers and seconds."""

    start: int
    peak: int
    end: int
    hold_before_s: float
    """Seconds that the turning point was held, before and after `peak`."""
    hold_after_s: float
    cut: bool
    at_edge: bool = False
    """Whether it was cut by a gap or a scene change inside the recording, not by its ends."""

    def middle_s(self, t_s: Float) -> float:
        """Return the time of the turning point: the middle of its hold.

        Parameters
        ----------
        t_s
            (M,) times of the samples.
        """
        return float(t_s[self.peak]) + (self.hold_after_s - self.hold_before_s) / 2


def worth_counting(ways: Sequence[float], thresholds: RepetitionThresholds) -> list[bool]:
    """Tell which movements get far enough to be at least partial repetitions.

    In a recording with movements near the target, one that stays far below is fidgeting or getting
    into position; where nobody comes near the target, the larger half sets the measure.

    Parameters
    ----------
    ways
        Share of the way from rest to target that each movement reached.
    thresholds
        Shares.
    """
    larger = sorted(ways)[len(ways) // 2 :]
    usual = float(np.median(larger)) if larger else 0.0
    if usual <= 0.0:
        return [True] * len(ways)
    least = min(thresholds.partial_share, thresholds.adaptive_share * usual)
    return [way >= least for way in ways]


def smallest_swing(values: Float, span: float, thresholds: RepetitionThresholds) -> float:
    """Return the swing that tells a movement from noise, in the unit of the values.

    A patient with little motion still gets the repetitions counted (down to a fixed floor); in a
    recording with large movements, small ones are fidgeting.

    Parameters
    ----------
    values
        The whole series.
    span
        Way from rest to target, positive.
    thresholds
        Floors and shares.
    """
    known = values[np.isfinite(values)]
    own_range = float(np.ptp(np.percentile(known, [2, 98]))) if len(known) else 0.0
    return max(
        thresholds.min_swing_deg,
        thresholds.min_share * span,
        min(thresholds.usual_share * span, thresholds.adaptive_share * own_range),
    )


def find_movements(
    values: Float,
    fs_hz: float,
    segments: Sequence[Segment],
    swing: float,
    thresholds: RepetitionThresholds,
    min_rep_s: float,
) -> tuple[Movement, ...]:
    """Return every there-and-back movement of a series that rises outwards.

    Parameters
    ----------
    values
        (M,) at a constant rate; NaN outside the segments.
    fs_hz
        Sampling rate.
    segments
        Stretches without a gap, in time order.
    swing
        Smallest swing, from `smallest_swing`.
    thresholds
        Shares of the swing for start, end, return and hold.
    min_rep_s
        Shortest repetition: turning points nearer to each other belong to the same one.
    """
    found: list[Movement] = []
    for number, segment in enumerate(segments):
        part = values[segment.frames]
        for turn in _joined(part, _turns(part, swing), min_rep_s * fs_hz):
            start, end, cut = _bounds(part, turn, thresholds)
            held_before, held_after = held_samples(part, turn.peak, fs_hz, thresholds)
            inner = (turn.before is None and number > 0) or (
                (turn.after is None or not turn.after_certain) and number < len(segments) - 1
            )
            found.append(
                Movement(
                    start=start + segment.start,
                    peak=turn.peak + segment.start,
                    end=end + segment.start,
                    hold_before_s=held_before / fs_hz,
                    hold_after_s=held_after / fs_hz,
                    cut=cut,
                    at_edge=cut and inner,
                )
            )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Turn:
    """A peak with the valleys around it; None where the stretch begins or ends before one."""

    before: int | None
    peak: int
    after: int | None
    after_certain: bool
    """Whether another movement follows the valley after the peak."""


def _turns(values: Float, swing: float) -> list[_Turn]:
    """Find the peaks in one pass that keeps the lowest and highest sample since the last turn.

    A turn is certain once the series has come back from it by the swing.
    """
    turns: list[tuple[bool, int]] = []
    lowest = highest = 0
    rising: bool | None = None
    for i, value in enumerate(values):
        if value > values[highest]:
            highest = i
        if value < values[lowest]:
            lowest = i
        if rising is not False and values[highest] - value >= swing:
            turns.append((True, highest))
            rising, lowest = False, i
        elif rising is not True and value - values[lowest] >= swing:
            turns.append((False, lowest))
            rising, highest = True, i
    certain = len(turns)
    if rising is not None:
        turns.append((rising, highest if rising else lowest))
    found: list[_Turn] = []
    for i, (is_peak, at) in enumerate(turns):
        if is_peak:
            after = turns[i + 1][1] if i + 1 < len(turns) else None
            before = turns[i - 1][1] if i else None
            found.append(_Turn(before, at, after, i + 1 < certain))
    return found


def _joined(values: Float, turns: Sequence[_Turn], min_samples: float) -> list[_Turn]:
    """Join peaks that are nearer to each other than a repetition is long: a dip, not a return."""
    joined: list[_Turn] = []
    for turn in turns:
        last = joined[-1] if joined else None
        if last is None or turn.peak - last.peak >= min_samples:
            joined.append(turn)
            continue
        peak = turn.peak if values[turn.peak] > values[last.peak] else last.peak
        joined[-1] = _Turn(last.before, peak, turn.after, turn.after_certain)
    return joined


def _bounds(values: Float, turn: _Turn, thresholds: RepetitionThresholds) -> tuple[int, int, bool]:
    """Return where a movement leaves rest and returns to it, and whether the stretch cuts it."""
    top = float(values[turn.peak])
    start, end = 0, len(values) - 1
    cut = turn.before is None or turn.after is None
    if turn.before is not None:
        bottom = float(values[turn.before])
        edge = bottom + max(thresholds.edge_share * (top - bottom), thresholds.edge_deg)
        start = turn.before + int(np.flatnonzero(values[turn.before : turn.peak + 1] <= edge)[-1])
    if turn.after is not None:
        bottom = float(values[turn.after])
        edge = bottom + max(thresholds.edge_share * (top - bottom), thresholds.edge_deg)
        end = turn.peak + int(np.flatnonzero(values[turn.peak : turn.after + 1] <= edge)[0])
        came_back = top - bottom >= thresholds.return_share * (top - float(values[start]))
        cut = cut or not (turn.after_certain or came_back)
    return start, end, cut


def held_samples(
    values: Float, peak: int, fs_hz: float, thresholds: RepetitionThresholds
) -> tuple[int, int]:
    """Return how many samples before and after the peak the angle stands still.

    A tremor of up to `hold_bridge_s` does not end a hold.

    Parameters
    ----------
    values
        (M,) of one stretch.
    peak
        Sample of the turning point.
    fs_hz
        Sampling rate.
    thresholds
        Speed of standing still, longest tremor.
    """
    if len(values) < 3:
        return 0, 0
    still = np.abs(np.gradient(values)) * fs_hz < thresholds.hold_speed_deg_s
    bridge = max(1, round(thresholds.hold_bridge_s * fs_hz))

    def length(flags: Sequence[bool]) -> int:
        last = 0
        for i, flag in enumerate(flags, start=1):
            if flag:
                last = i
            elif i - last > bridge:
                break
        return last

    return length(still[:peak][::-1].tolist()), length(still[peak + 1 :].tolist())


def present(known: NDArray[np.bool_]) -> tuple[Segment, ...]:
    """Return the runs of true values.

    Parameters
    ----------
    known
        (M,).
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return tuple(Segment(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True))
