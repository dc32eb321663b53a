"""Repetitions in any series of a joint angle, from a camera or a motion sensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.assessment import RepetitionKind
from rehabctl.analysis.landmarks import Float
from rehabctl.analysis.movements import find_movements, present, smallest_swing, worth_counting
from rehabctl.reference.measurement import RepetitionThresholds


@dataclass(frozen=True, slots=True)
class CountedRepetition:
    """A repetition of a bare angle series; the keys are those of `pose repetitions`."""

    index: int
    kind: RepetitionKind
    start_s: float
    peak_s: float
    end_s: float
    peak_deg: float
    rom_deg: float
    hold_s: float
    outward_s: float
    return_s: float


@dataclass(frozen=True, slots=True)
class SeriesCount:
    """What was found in a bare angle series."""

    items: tuple[CountedRepetition, ...]
    rejected_s: tuple[float, ...] = ()
    """Times of movements that were too short or broken by a gap."""

    @property
    def full(self) -> int:
        """Number of full repetitions."""
        return sum(item.kind is RepetitionKind.FULL for item in self.items)

    @property
    def partial(self) -> int:
        """Number of partial repetitions."""
        return sum(item.kind is RepetitionKind.PARTIAL for item in self.items)


def kind_of(
    peak_deg: float, rest_deg: float, target_deg: float, full_share: float
) -> RepetitionKind:
    """Return full or partial by the share of the way from rest to target.

    Parameters
    ----------
    peak_deg
        Angle at the turning point.
    rest_deg, target_deg
        Of the exercise or the prescription; the target may lie below rest.
    full_share
        Share that makes a repetition full.
    """
    way = (peak_deg - rest_deg) / (target_deg - rest_deg)
    return RepetitionKind.FULL if way >= full_share - 1e-9 else RepetitionKind.PARTIAL


def count_series(
    t_s: Float,
    deg: Float,
    *,
    rest_deg: float,
    target_deg: float,
    thresholds: RepetitionThresholds,
    min_rep_s: float = 0.8,
    max_gap_s: float = 0.2,
) -> SeriesCount:
    """Count the repetitions in any series of a joint angle.

    Parameters
    ----------
    t_s
        (N,) increasing seconds, at any spacing.
    deg
        (N,) degrees; NaN for missing.
    rest_deg, target_deg
        The target may lie below rest: then the turning points are minima.
    thresholds
        What makes a movement a repetition.
    min_rep_s
        Shorter movements are rejected.
    max_gap_s
        Longer gaps split the series.
    """
    known = np.isfinite(deg)
    if known.sum() < 3:
        return SeriesCount(())
    times, values = t_s[known], deg[known]
    fs_hz = float(1.0 / np.median(np.diff(times)))
    grid = times[0] + np.arange(int(np.floor((times[-1] - times[0]) * fs_hz + 1e-6)) + 1) / fs_hz
    uniform: Float = np.asarray(np.interp(grid, times, values), dtype=np.float64)
    outward = 1.0 if target_deg >= rest_deg else -1.0
    gap = max(max_gap_s, 1.5 / fs_hz)
    missing = _in_long_gap(grid, times, gap)
    segments = present(~missing)
    rising = outward * uniform
    rising[missing] = np.nan
    swing = smallest_swing(rising, abs(target_deg - rest_deg), thresholds)
    items: list[CountedRepetition] = []
    rejected: list[float] = []
    moves = find_movements(rising, fs_hz, segments, swing, thresholds, min_rep_s)
    ways = [(float(uniform[m.peak]) - rest_deg) / (target_deg - rest_deg) for m in moves]
    counts = worth_counting(ways, thresholds)
    for move in (move for move, is_one in zip(moves, counts, strict=True) if is_one):
        span = (float(grid[move.start]), move.middle_s(grid), float(grid[move.end]))
        too_short = not move.cut and span[2] - span[0] < min_rep_s
        if too_short or move.at_edge:
            rejected.append(span[1])
            continue
        peak = float(uniform[move.peak])
        held = move.hold_before_s + move.hold_after_s
        kind = RepetitionKind.CUT
        if not move.cut:
            kind = kind_of(peak, rest_deg, target_deg, thresholds.full_share)
        items.append(
            CountedRepetition(
                index=len(items) + 1,
                kind=kind,
                start_s=span[0],
                peak_s=span[1],
                end_s=span[2],
                peak_deg=peak,
                rom_deg=abs(peak - float(uniform[move.start])),
                hold_s=held,
                outward_s=max(span[1] - span[0] - held / 2, 0.0),
                return_s=max(span[2] - span[1] - held / 2, 0.0),
            )
        )
    return SeriesCount(tuple(items), tuple(rejected))


def _in_long_gap(grid: Float, times: Float, gap_s: float) -> NDArray[np.bool_]:
    """Return the grid times that lie inside a gap of the samples, (M,)."""
    long_gaps = np.flatnonzero(np.diff(times) > gap_s)
    inside = np.zeros(len(grid), dtype=np.bool_)
    for before in long_gaps.tolist():
        inside |= (grid > times[before] + 1e-6) & (grid < times[before + 1] - 1e-6)
    return inside
