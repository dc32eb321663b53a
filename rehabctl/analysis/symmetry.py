"""Left against right, with the floor below which one camera cannot tell them apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.assessment import MotionRange, RepetitionKind, SymmetryMeasure
from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.domain.exercise import Sidedness
from rehabctl.reference.symmetry import NoiseFloor, SymmetryLimits, load_symmetry_limits

Number = NDArray[np.float32]


def limb_symmetry_index(left: float, right: float) -> float | None:
    """Return the smaller value in percent of the larger one (LSI without an involved side).

    Parameters
    ----------
    left, right
        Positive sizes.

    Returns
    -------
    float or None
        None where a ratio means nothing (a value that is not positive).
    """
    return 100.0 * (min(left, right) / max(left, right)) if min(left, right) > 0 else None


def symmetry_index(left: float, right: float) -> float | None:
    """Return the difference in percent of the mean (Robinson 1987): 0 is equal.

    Parameters
    ----------
    left, right
        Positive sizes.

    Returns
    -------
    float or None
        None where a ratio means nothing (a value that is not positive).
    """
    if min(left, right) <= 0:
        return None
    return 100.0 * abs(left - right) / (0.5 * (left + right))


def symmetry_of(
    measured: MeasuredMovement, *, limits: SymmetryLimits | None = None
) -> tuple[SymmetryMeasure, ...]:
    """Compare range and turning point of the driving motion on both sides.

    A one-sided exercise is compared only where the other limb moved along.

    Parameters
    ----------
    measured
        The recording.
    limits
        Noise floors; None for the packaged ones.
    """
    limits = limits or load_symmetry_limits()
    floor = limits.floors.get(measured.view.detected)
    ranges = {r.side: r for r in measured.motions if r.motion == measured.spec.motion}
    whole = any(r.kind is not RepetitionKind.CUT for r in measured.repetitions)
    if floor is None or not whole or not {"left", "right"} <= ranges.keys():
        return ()
    left, right = ranges["left"], ranges["right"]
    if not (left.measurable and right.measurable and _both_move(measured, ranges, limits)):
        return ()
    lowest = measured.target_deg < measured.rest_deg
    pairs = {"rom": (left.rom_deg, right.rom_deg)}
    if not lowest:  # a share of an extension deficit says nothing: 2 of 4 degrees is no asymmetry
        pairs["peak"] = (left.max_deg, right.max_deg)
    found = (_measure(name, left.motion, pair, floor) for name, pair in pairs.items())
    return tuple(measure for measure in found if measure is not None)


def mirror_average(original: KeypointSeries, mirrored: KeypointSeries) -> KeypointSeries:
    """Average a recording with the landmarks found in its flipped pictures (accurate mode).

    Landmark by landmark; where only one run found the person, its landmarks are taken.

    Parameters
    ----------
    original
        Landmarks of the recording.
    mirrored
        Landmarks of the same frames, each flipped left to right and its landmarks turned back
        (coordinates and sides), as the extraction returns them.

    Raises
    ------
    ValueError
        The two are not of the same frames or the same model.
    """
    same_frames = np.array_equal(original.t_s, mirrored.t_s)
    if not same_frames or original.video.width != mirrored.video.width:
        raise ValueError("the mirrored run is not of the same frames")
    if original.model != mirrored.model:
        raise ValueError("the mirrored run is not of the same model")
    world = None
    if original.world_m is not None and mirrored.world_m is not None:
        world = _mean(original.world_m, mirrored.world_m)
    return replace(
        original,
        xy_px=_mean(original.xy_px, mirrored.xy_px),
        visibility=_mean(original.visibility, mirrored.visibility),
        world_m=world,
        options={**original.options, "mirror_average": True},
    )


def _both_move(
    measured: MeasuredMovement, ranges: Mapping[str, MotionRange], limits: SymmetryLimits
) -> bool:
    sides = {side for _, side in measured.driving}
    if measured.spec.sidedness is not Sidedness.UNILATERAL or sides == {"left", "right"}:
        return True
    if {repetition.side for repetition in measured.repetitions} == {"left", "right"}:
        return True
    way = measured.target_deg - measured.rest_deg
    extremes = [r.max_deg if way > 0 else r.min_deg for r in ranges.values()]
    shares = [(e - measured.rest_deg) / way for e in extremes if e is not None]
    if len(shares) < 2 or min(shares) < limits.min_share_of_way:
        return False
    motion = measured.spec.motion or ""
    left, right = measured.angles[motion, "left"], measured.angles[motion, "right"]
    known = np.isfinite(left) & np.isfinite(right)
    together = np.corrcoef(left[known], right[known])[0, 1] if known.sum() > 2 else 0.0
    return bool(together >= limits.min_correlation)


def _measure(
    name: str, motion: str, pair: tuple[float | None, float | None], floor: NoiseFloor
) -> SymmetryMeasure | None:
    left, right = pair
    if left is None or right is None:
        return None
    lsi, index = limb_symmetry_index(left, right), symmetry_index(left, right)
    if lsi is None or index is None:
        return None
    detectable = (
        abs(left - right) >= floor.min_difference_deg
        and 100.0 - lsi >= floor.min_difference_percent
    )
    return SymmetryMeasure(
        measure=name,
        motion=motion,
        left=round(left, 1),
        right=round(right, 1),
        lsi_percent=round(lsi, 1),
        index_percent=round(index, 1),
        detectable=detectable,
    )


def _mean(a: Number, b: Number) -> Number:
    """Average two arrays; where one is missing, the other stands alone."""
    mean = (a + b) / 2
    return np.where(np.isnan(a), b, np.where(np.isnan(b), a, mean)).astype(np.float32)
