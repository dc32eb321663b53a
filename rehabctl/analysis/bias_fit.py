"""Fitting the bias rows: how far landmarks lie from the truth, and how sure that is.

An observation is one angle of one clip: at the turning point of a movement, or at rest before the
first one. Each row is a least-squares fit in which every clip weighs the same. Its 90 % half-width
is meant for a person who was not there:

    half-width = t(0.95, people - 1 + PRIOR) * s * sqrt(1 + 1 / people)

where s pools the row's own variance between clips with that of all rows of the same kind (prior
weight PRIOR), since two clips cannot tell their own spread, but is never less than what the row
itself showed. People, not clips, are what repeats. A row that was seen at rest only, never at a
turning point, gets half as much again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from rehabctl.analysis.accuracy import RenderedTruth, true_angle
from rehabctl.analysis.assessment import RepetitionKind
from rehabctl.analysis.covariates import covariates_at
from rehabctl.analysis.landmarks import Float, Side
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.analysis.motions import MOTIONS, Plane

PRIOR = 20
AT_REST_ONLY = 1.5
OTHER_LIMB = frozenset({"left_right_swap", "far_side", "bone_length", "legs_take_turns"})
"""Reasons of the gates which mean that the landmarks followed the other leg: no bias to learn."""
OTHER_LIMB_DEG = 20.0
"""An error beyond this is another limb, too."""
SWING_DEG = 15.0
"""Swing from which an angle beside the driving one has a turning point of its own."""

OBSERVED: Mapping[Plane, tuple[str, ...]] = {
    Plane.SAGITTAL: (
        "knee_flexion",
        "hip_flexion",
        "elbow_flexion",
        "shoulder_flexion",
        "trunk_inclination",
    ),
    Plane.FRONTAL: ("shoulder_abduction", "hip_abduction", "trunk_lateral_flexion"),
}
"""Motions with exact truth, by the plane in which they are seen."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One angle as landmarks gave it, and the truth."""

    motion: str
    view: str
    posture: str
    extreme: str
    person: str
    clip: str
    seen_deg: float
    true_deg: float
    covariates: Mapping[str, float]
    turning: bool
    """Whether the angle turned there; else the limb rested."""
    rerendered: bool = False
    """Whether the clip belongs to a second set of films, which may read by a constant otherwise."""


@dataclass(frozen=True, slots=True)
class Design:
    """What one row is a function of, decided before the fit."""

    motion: str
    view: str
    posture: str
    extreme: str
    slope: bool = False
    """Whether the bias may grow with the angle."""
    free: tuple[str, ...] = ()
    """Covariates with a fitted coefficient."""
    fixed: tuple[tuple[str, float], ...] = ()
    """Covariates whose coefficient is known."""
    with_rest: bool = False
    """Whether a resting limb tells as much as a turning one."""
    spread_at_rest: bool = False
    """Whether a resting limb shows the same pose, so that its spread counts in the interval."""
    at_least_deg: float = 0.0
    """Smallest half-width, where published figures are wider than a fit on few clips."""

    @property
    def kind(self) -> str:
        """With which other rows it pools: the trunk's spread less, those of sitting people more."""
        return "trunk" if self.motion.startswith("trunk") else self.posture

    def takes(self, item: Observation) -> bool:
        """Whether an observation belongs to the row.

        Parameters
        ----------
        item
            The observation.
        """
        own = (self.motion, self.view, self.posture, self.extreme)
        return own == (item.motion, item.view, item.posture, item.extreme)

    def choose(self, items: Sequence[Observation]) -> list[Observation]:
        """Return the row's observations: its turning points, or the resting limb without any.

        Parameters
        ----------
        items
            All observations.
        """
        own = [item for item in items if self.takes(item)]
        turning = [item for item in own if item.turning]
        return own if self.with_rest else turning or own


@dataclass(frozen=True, slots=True)
class FittedRow:
    """Figures of one row."""

    design: Design
    intercept_deg: float
    slope_per_deg: float
    covariates: Mapping[str, float]
    covariate_ranges: Mapping[str, tuple[float, float]]
    half_width_deg: float
    angle_range_deg: tuple[float, float]
    clips: int
    people: int
    spread_deg: float
    """Standard deviation of the clips around the row."""


_FULL: tuple[Design, ...] = (
    # A point in front of the hip tilts an upright thigh and leaves a level one alone.
    Design("knee_flexion", "sagittal", "upright", "max", free=("thigh_forward",)),
    Design("knee_flexion", "sagittal", "upright", "min", spread_at_rest=True),
    Design("hip_flexion", "sagittal", "upright", "max"),
    Design("hip_flexion", "sagittal", "upright", "min", spread_at_rest=True),
    # Sitting, the thigh lies on the seat: what it seems to rise is the knee point leaving the knee.
    Design("knee_flexion", "sagittal", "seated", "min", free=("thigh_level", "shank_stretch")),
    Design("knee_flexion", "sagittal", "seated", "max", free=("thigh_level",)),
    Design("hip_flexion", "sagittal", "seated", "max"),
    # Published for supine leg raises: 10 to 17 degrees low.
    Design("hip_flexion", "sagittal", "lying", "max", at_least_deg=10.0),
    Design("hip_flexion", "sagittal", "lying", "min", at_least_deg=10.0),
    Design("knee_flexion", "sagittal", "lying", "max", at_least_deg=10.0),
    Design("knee_flexion", "sagittal", "lying", "min", at_least_deg=10.0),
    Design("elbow_flexion", "sagittal", "upright", "max"),
    Design("elbow_flexion", "sagittal", "upright", "min"),
    Design("shoulder_flexion", "sagittal", "upright", "max", slope=True),
    Design("shoulder_flexion", "sagittal", "upright", "min", spread_at_rest=True),
    Design("shoulder_abduction", "frontal", "upright", "max", slope=True),
    Design("shoulder_abduction", "frontal", "upright", "min"),
    # The line between the hips tilts with the raised leg though the pelvis does not; half of that
    # is made good by the raised leg's own hip point.
    Design("hip_abduction", "frontal", "upright", "max", fixed=(("hip_line_tilt", -0.5),)),
    Design("hip_abduction", "frontal", "upright", "min", fixed=(("hip_line_tilt", -0.5),)),
    # Measured against the picture's edge: no camera in a room stands level to better than this.
    Design("trunk_inclination", "sagittal", "upright", "max", at_least_deg=4.0),
    Design("trunk_inclination", "sagittal", "upright", "min", at_least_deg=4.0),
    Design("trunk_lateral_flexion", "frontal", "upright", "max", with_rest=True, at_least_deg=4.0),
    Design("trunk_lateral_flexion", "frontal", "upright", "min", with_rest=True, at_least_deg=4.0),
)

# The heavy model's knee points stay with the knee while somebody stands.
_HEAVY_CHANGES: Mapping[tuple[str, str, str], Mapping[str, Any]] = {
    ("knee_flexion", "upright", "max"): {"free": ()},
    ("shoulder_flexion", "upright", "min"): {"slope": True},
}

DESIGNS: Mapping[str, tuple[Design, ...]] = {
    "full": _FULL,
    "heavy": tuple(
        replace(design, **_HEAVY_CHANGES.get((design.motion, design.posture, design.extreme), {}))
        for design in _FULL
    ),
}
"""The measured rows by pose model. What each is a function of was chosen by leaving out one of the
fit people."""


def observe(truth: RenderedTruth, measured: MeasuredMovement) -> list[Observation]:
    """Return the observations of one clip whose camera stood in the plane of its motions.

    Parameters
    ----------
    truth
        What happened.
    measured
        The clip, measured without a neutral pose.
    """
    plane = Plane(measured.view.detected)
    found: list[Observation] = []
    for name in OBSERVED.get(plane, ()):
        sides: tuple[str, ...] = MOTIONS[name].sides
        if plane is Plane.SAGITTAL and MOTIONS[name].sided:
            sides = (str(measured.near_side),)
        for side in sides:
            said = {reason.code for reason in measured.gates[name, side].reasons}
            if not said & OTHER_LIMB:
                found += _Curve.of(truth, measured, name, side, plane).observations()
    return found


@dataclass(frozen=True, eq=False)
class _Curve:
    """One motion of one clip beside its truth."""

    truth: RenderedTruth
    measured: MeasuredMovement
    motion: str
    side: str
    plane: Plane
    seen: Float
    true: Float
    """(M,) at the uniform times."""

    @staticmethod
    def of(
        truth: RenderedTruth, measured: MeasuredMovement, motion: str, side: str, plane: Plane
    ) -> _Curve:
        true = np.interp(measured.series.t_s, truth.t_s, true_angle(truth, motion, side))
        seen = measured.angles[motion, side]
        return _Curve(truth, measured, motion, side, plane, seen, true)

    def observations(self) -> list[Observation]:
        series = self.measured.series
        found: list[Observation] = []
        still = np.flatnonzero(self.measured.neutral_frames)
        if len(still):
            resting = int(still[len(still) // 2])
            found += [self._at(resting, way, resting, turning=False) for way in ("min", "max")]
        for repetition in self.measured.repetitions:
            if repetition.kind is RepetitionKind.CUT:
                continue
            frames = self.measured.frames_of(repetition)
            middle = series.index_at(repetition.peak_s)
            swing = float(self.true[middle] - self.true[frames.start])
            if abs(swing) >= SWING_DEG:
                sign = 1.0 if swing > 0 else -1.0
                at = frames.start + int(np.argmax(sign * self.seen[frames]))
                peak = sign * float((sign * self.true[frames]).max())
                if abs(float(self.seen[at]) - peak) <= OTHER_LIMB_DEG:
                    outwards, back = ("max", "min") if swing > 0 else ("min", "max")
                    found.append(self._at(at, outwards, frames.start, turning=True, true=peak))
                    found.append(self._at(frames.start, back, frames.start, turning=False))
        return found

    def _at(
        self, frame: int, extreme: str, start: int, *, turning: bool, true: float | None = None
    ) -> Observation:
        xy = self.measured.series.xy_px[frame : frame + 1]
        rest = self.measured.series.xy_px[start : start + 1]
        own: Side = "left" if self.side == "left" else "right"
        view = self.measured.view
        facing = -1 if view.facing in ("left", "away") else 1
        return Observation(
            motion=self.motion,
            view=self.plane.value,
            posture=str(self.measured.parameters["posture"]),
            extreme=extreme,
            person=self.truth.person,
            clip=self.truth.name,
            seen_deg=float(self.seen[frame]),
            true_deg=float(self.true[frame]) if true is None else true,
            covariates=covariates_at(xy, rest, own, facing),
            turning=turning,
        )


def fit_rows(
    observations: Sequence[Observation], designs: Sequence[Design]
) -> tuple[FittedRow, ...]:
    """Fit every row and its interval.

    Parameters
    ----------
    observations
        Of the people that rows are fitted on, and of no others.
    designs
        The rows; those without an observation are left out.
    """
    chosen = [(design, design.choose(observations)) for design in designs]
    fits = [_Fit.of(design, items) for design, items in chosen if items]
    kinds = {fit.design.kind for fit in fits}
    pooled = {
        kind: _pooled_variance([fit for fit in fits if fit.design.kind == kind]) for kind in kinds
    }
    return tuple(
        fit.row(max(pooled[fit.design.kind], _variance_at_rest(fit, observations))) for fit in fits
    )


def _variance_at_rest(fit: _Fit, observations: Sequence[Observation]) -> float:
    """Return the spread between the clips' resting limbs around a row, where that counts."""
    clips: dict[str, list[float]] = {}
    for item in observations if fit.design.spread_at_rest else ():
        if fit.design.takes(item) and not item.turning:
            clips.setdefault(item.clip, []).append(item.seen_deg - item.true_deg)
    middle = float(fit.coefficients[0])
    squares = [(sum(values) / len(values) - middle) ** 2 for values in clips.values()]
    return sum(squares) / max(len(squares), 1)


def _pooled_variance(fits: Sequence[_Fit]) -> float:
    freedom = sum(fit.freedom for fit in fits)
    return sum(fit.freedom * fit.variance for fit in fits) / max(freedom, 1)


@dataclass(frozen=True, eq=False)
class _Fit:
    design: Design
    items: Sequence[Observation]
    coefficients: Float
    variance: float
    freedom: int

    @staticmethod
    def of(design: Design, items: Sequence[Observation]) -> _Fit:
        columns = [np.ones(len(items))]
        if design.slope:
            columns.append(np.array([o.seen_deg for o in items]))
        columns += [np.array([o.covariates[name] for o in items]) for name in design.free]
        if len({o.rerendered for o in items}) == 2:
            # Fitted beside the rest and left out of the row: it is the films', not the people's.
            columns.append(np.array([float(o.rerendered) for o in items]))
        known = np.array([sum(f * o.covariates[n] for n, f in design.fixed) for o in items])
        target = np.array([o.seen_deg - o.true_deg for o in items]) - known
        clips = sorted({o.clip for o in items})
        sizes = {clip: sum(o.clip == clip for o in items) for clip in clips}
        weight = np.sqrt([1.0 / sizes[o.clip] for o in items])
        matrix = np.stack(columns, axis=1)
        weighted = np.linalg.lstsq(matrix * weight[:, None], target * weight, rcond=None)
        solved = np.asarray(weighted[0], dtype=np.float64)
        residual = target - matrix @ solved
        freedom = max(len(clips) - len(columns), 0)
        variance = float((weight**2 * residual**2).sum()) / freedom if freedom else 0.0
        return _Fit(design, items, solved, variance, freedom)

    def _range(self, name: str) -> tuple[float, float]:
        values = [o.covariates[name] for o in self.items]
        return min(values), max(values)

    def row(self, pooled: float) -> FittedRow:
        from scipy import stats  # type: ignore[import-untyped]

        design = self.design
        shared = (self.freedom * self.variance + PRIOR * pooled) / (self.freedom + PRIOR)
        variance = max(self.variance, shared)
        people = len({o.person for o in self.items})
        quantile = float(cast("Any", stats).t.ppf(0.95, people - 1 + PRIOR))
        half = quantile * float(np.sqrt(variance * (1.0 + 1.0 / people)))
        if not any(o.turning for o in self.items):
            half *= AT_REST_ONLY
        values = [float(c) for c in self.coefficients]
        slope = values.pop(1) if design.slope else 0.0
        seen = [o.seen_deg for o in self.items]
        return FittedRow(
            design=design,
            intercept_deg=values[0],
            slope_per_deg=slope,
            covariates=dict(zip(design.free, values[1:], strict=False)) | dict(design.fixed),
            covariate_ranges={name: self._range(name) for name in design.free},
            half_width_deg=max(half, design.at_least_deg),
            angle_range_deg=(min(seen), max(seen)),
            clips=len({o.clip for o in self.items}),
            people=people,
            spread_deg=float(np.sqrt(self.variance)),
        )
