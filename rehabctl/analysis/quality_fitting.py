"""Fitting of readable limits that separate correctly from deliberately badly done repetitions.

A model is a handful of limits, one feature each, and "faulty when at least two are broken". Which
features, and where each limit lies, is decided by leaving one person out inside the training data;
`nested_accuracy` leaves another person out around all of that, so that nobody is judged with limits
that saw him or her.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.landmarks import LIMBS, SIDES, Float

Flags = NDArray[np.bool_]
Numbers = NDArray[np.int_]


@dataclass(frozen=True, slots=True)
class FitSettings:
    """What is not learnt from the data."""

    limits: int = 6
    """How many features a model uses."""
    faults_needed: int = 2
    """How many broken limits make a repetition faulty."""
    false_alarm_cost: float = 2.0
    """Cost of a limit that a correct repetition breaks, against one that a faulty one keeps."""
    softness: float = 0.25
    """Width of the step of the loss, in spreads of the correct repetitions: a limit that lies in a
    gap is better than one that touches the data."""


@dataclass(frozen=True, eq=False)
class LabelledRepetitions:
    """Features of repetitions with labels, one row a repetition."""

    values: Float
    """(n, f); NaN where a landmark was missing."""
    faulty: Flags
    """(n,)."""
    subject: Numbers
    """(n,) who moved."""
    too_large: Flags
    """(f,) whether a value above the limit counts as broken (else below)."""

    def of(self, rows: Flags) -> LabelledRepetitions:
        """Return some of the rows.

        Parameters
        ----------
        rows
            (n,).
        """
        return LabelledRepetitions(
            self.values[rows], self.faulty[rows], self.subject[rows], self.too_large
        )

    @property
    def excess(self) -> Float:
        """Values signed so that larger is worse, (n, f)."""
        return np.where(self.too_large, self.values, -self.values)


@dataclass(frozen=True, eq=False)
class FittedLimits:
    """Chosen features and their limits, the most useful first."""

    features: Numbers
    """Columns of the training values."""
    limits: Float
    """In the features' own units."""

    def faults(self, data: LabelledRepetitions) -> Numbers:
        """Return the number of broken limits per repetition, (n,).

        Parameters
        ----------
        data
            Values in the training columns; labels are not looked at.
        """
        values = data.values[:, self.features]
        above = data.too_large[self.features]
        return np.where(above, values > self.limits, values < self.limits).sum(axis=1)


@dataclass(frozen=True, slots=True)
class NestedAccuracy:
    """Share of rightly told repetitions, each person judged by limits that never saw them."""

    by_subject: Mapping[int, float]

    @property
    def mean(self) -> float:
        """Mean over the people."""
        return float(np.mean(list(self.by_subject.values())))

    @property
    def worst(self) -> float:
        """The person for whom it works least."""
        return min(self.by_subject.values())


def fit_limits(data: LabelledRepetitions, settings: FitSettings) -> FittedLimits:
    """Choose features and limits by leaving each person out once.

    Features are added one by one, each time the one with which the vote on the left-out people is
    best (mean accuracy, then the worst person, then the margin); limits are then set on all rows.

    Parameters
    ----------
    data
        At least two people, both labels.
    settings
        What is not learnt.
    """
    people = np.unique(data.subject)
    broken = np.zeros(data.values.shape, dtype=np.bool_)
    margin = np.zeros((len(people), data.values.shape[1]))
    for row, person in enumerate(people):
        held_out = data.subject == person
        limit, spread = _limits_of(data.of(~held_out), settings)
        excess = data.of(held_out).excess
        broken[held_out] = excess > limit
        keeps = _soft_step((limit - excess) / spread)
        margin[row] = np.where(data.faulty[held_out][:, None], 1 - keeps, keeps).mean(axis=0)
    margins = margin.mean(axis=0) + margin.min(axis=0) / 4

    chosen: list[int] = []
    votes = np.zeros(len(data.faulty), dtype=np.int_)
    for step in range(min(settings.limits, data.values.shape[1])):
        # The first two features are chosen to work alone; only then can several faults be asked.
        needed = 1 if step < settings.faults_needed else settings.faults_needed
        right = (votes[:, None] + broken >= needed) == data.faulty[:, None]
        by_person = np.array([right[data.subject == person].mean(axis=0) for person in people])
        score = by_person.mean(axis=0) + by_person.min(axis=0) / 4 + margins / 5
        score[chosen] = -np.inf
        chosen.append(int(np.argmax(score)))
        votes = votes + broken[:, chosen[-1]]
    limit, _ = _limits_of(data, settings)
    limit = np.where(data.too_large, limit, -limit)
    return FittedLimits(np.array(chosen), limit[chosen])


def nested_accuracy(data: LabelledRepetitions, settings: FitSettings) -> NestedAccuracy:
    """Judge each person with limits fitted on all the others.

    Parameters
    ----------
    data
        At least three people, both labels.
    settings
        What is not learnt.
    """
    result: dict[int, float] = {}
    for person in np.unique(data.subject):
        held_out = data.subject == person
        fitted = fit_limits(data.of(~held_out), settings)
        judged = data.of(held_out)
        told = fitted.faults(judged) >= settings.faults_needed
        result[int(person)] = float((told == judged.faulty).mean())
    return NestedAccuracy(result)


def _limits_of(data: LabelledRepetitions, settings: FitSettings) -> tuple[Float, Float]:
    """Return each feature's best limit on the excess, and the width of its soft step, (f,) each."""
    excess = data.excess
    excess = np.where(np.isnan(excess), np.nanmedian(excess, axis=0), excess)
    correct = excess[~data.faulty]
    deviation = np.abs(correct - np.median(correct, axis=0))
    spread = settings.softness * np.maximum(1.4826 * np.median(deviation, axis=0), 1e-9)
    ordered = np.sort(excess, axis=0)
    candidates = (ordered[1:] + ordered[:-1]) / 2
    keeps = _soft_step((candidates[:, None] - excess[None]) / spread)
    right = np.where(data.faulty[:, None], 1 - keeps, keeps)
    weight = np.where(data.faulty, 1.0, settings.false_alarm_cost)
    value = np.einsum("cnf,n->cf", right, weight)
    best = np.argmax(value, axis=0)
    return candidates[best, np.arange(excess.shape[1])], spread


def _soft_step(x: Float) -> Float:
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))


def landmarks_from_markers(markers: Mapping[str, Float]) -> Float:
    """Place motion-capture markers where the 33 landmarks lie, (N, 33, 3); NaN for the rest.

    Hip joint centres from the pelvis markers by Bell et al. 1989 (14 % of the distance between the
    front spines inwards, 30 % down, 19 % back); the other joints by the marker beside them.

    Parameters
    ----------
    markers
        Plug-in-Gait names to (N, 3) positions, z upwards; a marker at the origin was not seen.
    """
    seen = {name: _filled(position) for name, position in markers.items()}
    result = np.full((len(next(iter(seen.values()))), 33, 3), np.nan)
    for side in SIDES:
        initial, limb = side[0].upper(), LIMBS[side]
        result[:, limb.ear] = (seen[f"{initial}FHD"] + seen[f"{initial}BHD"]) / 2
        result[:, limb.shoulder] = seen[f"{initial}SHO"]
        result[:, limb.elbow] = seen[f"{initial}ELB"]
        result[:, limb.wrist] = (seen[f"{initial}WRA"] + seen[f"{initial}WRB"]) / 2
        for name in ("knee", "ankle", "heel", "toe"):
            short = {"knee": "KNE", "ankle": "ANK", "heel": "HEE", "toe": "TOE"}[name]
            result[:, getattr(limb, name)] = seen[f"{initial}{short}"]
    result[:, 0] = (seen["LFHD"] + seen["RFHD"]) / 2
    result[:, LIMBS["left"].hip], result[:, LIMBS["right"].hip] = _hip_centres(seen)
    return result


def _hip_centres(seen: Mapping[str, Float]) -> tuple[Float, Float]:
    front = (seen["LASI"] + seen["RASI"]) / 2
    across = seen["LASI"] - seen["RASI"]
    width = np.linalg.norm(across, axis=1, keepdims=True)
    left = across / width
    back = (seen["LPSI"] + seen["RPSI"]) / 2 - front
    back = back - (back * left).sum(axis=1, keepdims=True) * left
    back = back / np.linalg.norm(back, axis=1, keepdims=True)
    up = np.cross(left, back)
    up = up * np.sign(np.nanmean(up[:, 2]))
    centre = front + 0.19 * width * back - 0.30 * width * up
    return centre + 0.36 * width * left, centre - 0.36 * width * left


def body_planes(landmarks_m: Float) -> tuple[Float, Float]:
    """Project on the frontal and the sagittal plane of the starting posture, (N, 33, 2) each.

    The person faces the camera in the first and the right edge of the image in the second.

    Parameters
    ----------
    landmarks_m
        (N, 33, 3), z upwards.
    """
    start = landmarks_m[:5]
    across = np.zeros(2)
    for left, right in ((11, 12), (23, 24)):
        line = np.nan_to_num((start[:, left] - start[:, right]).mean(axis=0)[:2])
        across = across + line / max(float(np.linalg.norm(line)), 1e-9)
    across = across / np.linalg.norm(across)
    ahead = np.array([across[1], -across[0]])
    feet = (start[:, 31] - start[:, 29] + start[:, 32] - start[:, 30]).mean(axis=0)[:2]
    ahead = -ahead if float(ahead @ feet) < 0 else ahead
    down = -landmarks_m[..., 2]

    def projected(axis: Float) -> Float:
        return np.stack([landmarks_m[..., :2] @ axis, down], axis=-1)

    return projected(across), projected(ahead)


def _filled(position: Float) -> Float:
    """Interpolate over samples at the origin, where the marker was hidden."""
    hidden = ~position.any(axis=1)
    if not hidden.any():
        return position
    if (~hidden).sum() < 3:
        return np.full_like(position, np.nan)
    frames = np.arange(len(position))
    filled = np.empty(position.shape)
    for axis in range(position.shape[1]):
        filled[:, axis] = np.interp(frames, frames[~hidden], position[~hidden, axis])
    return filled
