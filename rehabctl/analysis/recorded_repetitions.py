"""From there-and-back movements of a recording to repetitions with angles, times and intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rehabctl.analysis.assessment import CodedText, Repetition, RepetitionKind
from rehabctl.analysis.driving import Drive, height_curve
from rehabctl.analysis.estimator import Estimator
from rehabctl.analysis.landmarks import Float
from rehabctl.analysis.measured import AngleGate, AngleKey
from rehabctl.analysis.motions import Motion
from rehabctl.analysis.movements import (
    Movement,
    find_movements,
    held_samples,
    present,
    smallest_swing,
    worth_counting,
)
from rehabctl.analysis.quality import foot_displacement
from rehabctl.analysis.reasons import reason
from rehabctl.analysis.repetitions import kind_of
from rehabctl.analysis.uncertainty import Estimate
from rehabctl.domain.exercise import Measurement, Sidedness
from rehabctl.reference.exercise_vocabulary import load_vocabulary
from rehabctl.reference.measurement import RepetitionThresholds

_PULL_DEG = 5.0
"""Apparent movement of a resting leg from which the pull between the legs is named."""
_NEAR_TOP = 0.2
"""Share of a rise below its top within which the angle's turning point is looked for."""
_TURNED_DEG = 40.0
"""A movement during which the body faces this far from its usual direction is no repetition."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Between which angles the exercise moves."""

    rest_deg: float
    target_deg: float

    @property
    def outward(self) -> int:
        """1 when the movement raises the angle, -1 when it lowers it."""
        return 1 if self.target_deg >= self.rest_deg else -1

    @property
    def span_deg(self) -> float:
        """Way from rest to target."""
        return abs(self.target_deg - self.rest_deg)

    @property
    def extreme(self) -> str:
        """Which way the angle turns at a peak: max or min."""
        return "max" if self.outward > 0 else "min"

    @property
    def opposite(self) -> str:
        """Which way the angle turns at rest."""
        return "min" if self.outward > 0 else "max"


@dataclass(frozen=True, slots=True)
class Counted:
    """The repetitions of a recording."""

    repetitions: tuple[Repetition, ...]
    notes: tuple[CodedText, ...]
    """Movements that were not counted, and why."""
    limited: tuple[CodedText, ...]
    """Why the angles of some are less sure than others."""
    refused: tuple[CodedText, ...]
    """Why no angle of the recording can be trusted."""


@dataclass(frozen=True, eq=False)
class RepetitionCounter:
    """Turns the curves of one recording into repetitions."""

    motion: Motion
    spec: Measurement
    goal: Goal
    angles: Mapping[AngleKey, Float]
    gates: Mapping[AngleKey, AngleGate]
    estimator: Estimator
    thresholds: RepetitionThresholds
    repositioned: float
    """Shift of hips and feet, in trunk lengths, that makes a movement a repositioning."""
    correct: bool

    def count(self, drives: Sequence[Drive]) -> Counted:
        """Return the repetitions in time order and why other movements were not counted.

        Parameters
        ----------
        drives
            One curve, or left and right.
        """
        found: list[Repetition] = []
        rejected: Counter[str] = Counter()
        pull_deg, measured_rows = 0.0, True
        for drive in drives:
            movements = self._movements(drive)
            usual = _usual_swing(drive, movements)
            for movement in movements:
                why = self._rejection(movement)
                if why is not None:
                    rejected[why] += 1
                    continue
                item, top = self._repetition(drive, movement, usual)
                if top is not None and self._impossible(top):
                    rejected["rejected_impossible"] += 1
                    continue
                found.append(item)
                if top is not None:
                    pull_deg = max(pull_deg, abs(top.conditions.contralateral_pull_deg))
                    measured_rows = measured_rows and top.row.grade == "measured"
        found = _once(sorted(found, key=lambda item: item.peak_s), self.goal.outward)
        numbered = tuple(replace(item, index=i) for i, item in enumerate(found, start=1))
        limit = self.spec.min_rep_s
        notes = [reason(c, count=n, limit=limit) for c, n in sorted(rejected.items())]
        limited: list[CodedText] = []
        if pull_deg > _PULL_DEG:
            limited.append(reason("contralateral_pull"))
        if not measured_rows:
            limited.append(reason("unmeasured_bias", motion=self.motion.name))
        # Points that give an angle that no joint has belong to something else all along.
        mixed_up = rejected["rejected_impossible"] > 0
        refused = (reason("impossible_angle", motion=self.motion.name),) if mixed_up else ()
        return Counted(numbered, tuple(notes), tuple(limited), refused)

    def _impossible(self, top: Estimate) -> bool:
        """Whether the whole interval lies beyond what the joint can do."""
        low, high = load_vocabulary().motions[self.motion.name].range_deg
        return top.interval_deg[0] > high or top.interval_deg[1] < low

    def _movements(self, drive: Drive) -> tuple[Movement, ...]:
        fs_hz = self.estimator.series.fs_hz
        if drive.height is not None:  # in percent
            rising, span = drive.curve, 100.0
        else:
            rising, span = self.goal.outward * drive.curve, self.goal.span_deg
            if self.motion.mirrored:  # coming back from the other side is no movement to this one
                rising = np.maximum(rising, self.goal.outward * self.goal.rest_deg)
        swing = smallest_swing(rising, span, self.thresholds)
        known = present(np.isfinite(rising))
        shortest = self.spec.min_rep_s
        found = find_movements(rising, fs_hz, known, swing, self.thresholds, shortest)
        if drive.timed_only:
            found = tuple(self._turned(drive, movement) for movement in found)
        return self._far_enough(drive, found)

    def _far_enough(self, drive: Drive, found: Sequence[Movement]) -> tuple[Movement, ...]:
        """Leave out movements that are too small to be even a partial repetition."""
        goal = self.goal
        tops = [self._estimate(drive, m.peak, goal.extreme, m.start) for m in found]
        ways = [
            (top.deg - goal.rest_deg) / (goal.target_deg - goal.rest_deg)
            for top in tops
            if top is not None
        ]
        if len(ways) < len(found):
            return tuple(found)
        counts = worth_counting(ways, self.thresholds)
        return tuple(m for m, is_one in zip(found, counts, strict=True) if is_one)

    def _turned(self, drive: Drive, movement: Movement) -> Movement:
        """Move the turning point of a timed movement to where the angle turns near the top."""
        frames = np.arange(movement.start, movement.end + 1)
        top = drive.curve[movement.peak]
        low = drive.curve[[movement.start, movement.end]].min()
        near = frames[drive.curve[frames] >= top - _NEAR_TOP * (top - low)]
        angle = self.goal.outward * self.angles[drive.keys[0]][near]
        if not np.isfinite(angle).any():
            return movement
        peak = int(near[np.nanargmax(angle)])
        fs_hz = self.estimator.series.fs_hz
        before, after = held_samples(
            self.angles[drive.keys[0]][frames], peak - movement.start, fs_hz, self.thresholds
        )
        return replace(
            movement, peak=peak, hold_before_s=before / fs_hz, hold_after_s=after / fs_hz
        )

    def _rejection(self, movement: Movement) -> str | None:
        series, view = self.estimator.series, self.estimator.view
        start, end = movement.start, movement.end
        if movement.at_edge:
            return "rejected_interrupted"
        if not movement.cut and (end - start) / series.fs_hz < self.spec.min_rep_s:
            return "rejected_short"
        turned = np.nanmedian(view.yaw_series_deg[start : end + 1]) - view.yaw_deg
        turned = abs((float(turned) + 180.0) % 360.0 - 180.0)
        moved = foot_displacement(series.xy_px, start, end, view.torso_px)
        if turned > _TURNED_DEG or (moved > self.repositioned and not movement.cut):
            return "rejected_repositioned"
        return None

    def _repetition(
        self, drive: Drive, movement: Movement, usual: float
    ) -> tuple[Repetition, Estimate | None]:
        t_s = self.estimator.series.t_s
        start, peak, end = movement.start, movement.peak, movement.end
        first = self._estimate(drive, start, self.goal.opposite, None)
        top = self._estimate(drive, peak, self.goal.extreme, start)
        seen = self._seen(drive, peak)
        kind = RepetitionKind.CUT
        if not movement.cut and top is not None:
            share = self.thresholds.full_share
            kind = kind_of(top.deg, self.goal.rest_deg, self.goal.target_deg, share)
        elif not movement.cut:
            swing = abs(float(drive.curve[peak] - drive.curve[start]))
            enough = swing >= self.thresholds.count_only_full_share * usual
            kind = RepetitionKind.FULL if enough else RepetitionKind.PARTIAL
        middle_s, held_s = movement.middle_s(t_s), movement.hold_before_s + movement.hold_after_s
        outward_s = max(middle_s - float(t_s[start]) - held_s / 2, 0.0)
        return_s = max(float(t_s[end]) - middle_s - held_s / 2, 0.0)
        lowering = self._lowers(drive, start, peak)
        values = _reported(top, first, seen, self._seen(drive, start), self.correct)
        repetition = Repetition(
            index=0,
            kind=kind,
            side=drive.side,
            start_s=float(t_s[start]),
            peak_s=middle_s,
            end_s=float(t_s[end]),
            peak_deg=values.peak_deg,
            peak_uncorrected_deg=None if top is None else seen,
            interval_deg=values.interval_deg,
            rom_deg=values.rom_deg,
            hold_s=held_s,
            eccentric_s=outward_s if lowering else return_s,
            concentric_s=return_s if lowering else outward_s,
            smoothness_sparc=None,
        )
        return repetition, top

    def _keys(self, drive: Drive, frame: int) -> tuple[AngleKey, ...]:
        if drive.shared:
            return (drive.key_at(frame, self.angles, self.goal.outward),)
        return drive.keys

    def _estimate(
        self, drive: Drive, frame: int, extreme: str, reference: int | None
    ) -> Estimate | None:
        """Return the angle at a frame, the mean of both sides where both move, None if refused."""
        one_sided = self.spec.sidedness is not Sidedness.BILATERAL
        found = [
            self.estimator.at(key, frame, extreme, reference_frame=reference if one_sided else None)
            for key in self._keys(drive, frame)
            if self.gates[key].usable
        ]
        if not found:
            return None
        deg = sum(item.deg for item in found) / len(found)
        half = max(item.half_width_deg for item in found)
        return Estimate(deg, half, found[0].row, found[0].conditions)

    def _seen(self, drive: Drive, frame: int) -> float:
        keys = [key for key in self._keys(drive, frame) if self.gates[key].usable]
        if not keys:
            return float("nan")
        return float(np.mean([self.angles[key][frame] for key in keys]))

    def _lowers(self, drive: Drive, start: int, peak: int) -> bool:
        """Whether the outward way goes downwards: then its muscles work eccentrically."""
        one_sided = self.spec.sidedness is not Sidedness.BILATERAL
        height = self.motion.counted_by_one_side if one_sided else self.motion.counted_by
        if height is None:
            return False
        first, top = height_curve(
            self.estimator.series.xy_px[[start, peak]], height, drive.side
        ).tolist()
        return top < first


def _once(found: Sequence[Repetition], outward: int) -> list[Repetition]:
    """Count a movement once that both sides make together: the side further along stays."""
    kept: list[Repetition] = []
    for item in found:
        last = kept[-1] if kept else None
        together = (
            last is not None
            and last.side != item.side
            and (last.start_s <= item.peak_s <= last.end_s or item.start_s <= last.peak_s)
        )
        if last is None or not together:
            kept.append(item)
        elif outward * (item.peak_deg or 0.0) > outward * (last.peak_deg or 0.0):
            kept[-1] = item
    return kept


@dataclass(frozen=True, slots=True)
class _Reported:
    peak_deg: float | None
    interval_deg: tuple[float, float] | None
    rom_deg: float | None


def _reported(
    top: Estimate | None, first: Estimate | None, seen: float, seen_first: float, correct: bool
) -> _Reported:
    """Return what is printed: corrected, or as seen with the bias inside the interval."""
    if top is None or first is None:
        return _Reported(None, None, None)
    if correct:
        return _Reported(top.deg, top.interval_deg, abs(top.deg - first.deg))
    half = top.half_width_deg + abs(top.deg - seen)
    return _Reported(seen, (seen - half, seen + half), abs(seen - seen_first))


def _usual_swing(drive: Drive, movements: Sequence[Movement]) -> float:
    """Return the median swing of the larger half of the movements."""
    swings = sorted(abs(float(drive.curve[m.peak] - drive.curve[m.start])) for m in movements)
    larger = swings[len(swings) // 2 :]
    return float(np.median(larger)) if larger else 0.0
