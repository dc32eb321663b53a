"""Gates: which angles can be had from a recording, which only with a wider interval, which not.

Recording gates look at the whole film (person, light, sharpness, frame rate, bystanders), angle
gates at one motion and side (camera's direction, hidden side, points in the picture, constant
length of bones, exchanged sides). Nothing here looks at how large the angles are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.assessment import CodedText, QualityStatus
from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.analysis.landmarks import LIMBS, SIDES, Float, Side, mid_hip, torso_length
from rehabctl.analysis.measured import AngleGate, UniformSeries
from rehabctl.analysis.motions import Motion, Plane
from rehabctl.analysis.reasons import reason
from rehabctl.analysis.side import Unswapped
from rehabctl.analysis.view import CameraView
from rehabctl.reference.measurement import GateThresholds

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RecordingCheck:
    """What the gates say about the whole film."""

    refused: tuple[CodedText, ...]
    limited: tuple[CodedText, ...]
    notes: tuple[CodedText, ...]
    """For the warnings: seen and dealt with."""
    degraded: int
    """Conditions that widen every interval."""


@dataclass(frozen=True, eq=False)
class Breaks:
    """Frames that must not be joined to the one before."""

    jumps: Mask
    """(N,) the hips jumped: another person."""
    cuts: Mask
    """(N,) the picture changed all at once."""

    @property
    def any(self) -> Mask:
        """(N,) either."""
        return self.jumps | self.cuts


def find_breaks(series: KeypointSeries, thresholds: GateThresholds) -> Breaks:
    """Find jumps to another person and cuts of the film.

    Parameters
    ----------
    series
        The recording.
    thresholds
        Limits of the jumps.
    """
    n = len(series.t_s)
    jumps = np.zeros(n, dtype=np.bool_)
    xy = series.xy_px.astype(np.float64)
    hips = mid_hip(xy)
    frames = np.flatnonzero(np.isfinite(hips).all(axis=-1))
    torso_px = torso_length(xy)
    if len(frames) > 1 and torso_px > 0:
        # A person walks less than 3 trunk lengths a second; slow films get that much more room.
        seconds = np.diff(series.t_s[frames])
        allowed = np.maximum(thresholds.person_jump, 3.0 * seconds)
        moved = np.linalg.norm(np.diff(hips[frames], axis=0), axis=-1) / torso_px
        jumps[frames[1:]] = moved > allowed
    cuts = np.zeros(n, dtype=np.bool_)
    if series.signals is not None:
        change = np.asarray(series.signals.change, dtype=np.float64)
        usual = float(np.median(change)) if n else 0.0
        cuts = change > max(thresholds.cut_change, 8.0 * usual)
        cuts[:1] = False
    return Breaks(jumps & ~cuts, cuts)


def check_recording(
    series: KeypointSeries, uniform: UniformSeries, breaks: Breaks, thresholds: GateThresholds
) -> RecordingCheck:
    """Judge the whole film.

    Parameters
    ----------
    series
        The recording.
    uniform
        The same at a constant rate.
    breaks
        From `find_breaks`.
    thresholds
        Limits.
    """
    refused: list[CodedText] = []
    limited: list[CodedText] = []
    notes: list[CodedText] = []
    degraded = 0
    share = float(uniform.present.mean()) if len(uniform.t_s) else 0.0
    if not uniform.segments:
        refused.append(reason("no_person"))
    elif share < thresholds.min_present_share:
        limited.append(reason("person_lost", share=round(100 * share)))
    if len(uniform.segments) > 1 and not breaks.any.any():
        notes.append(reason("gaps", count=len(uniform.segments) - 1, limit=0.2))
    for mask, code in ((breaks.jumps, "person_switch"), (breaks.cuts, "scene_cut")):
        if mask.any():
            notes.append(reason(code, count=int(mask.sum())))
    rate = uniform.fs_hz
    if rate < thresholds.refuse_rate_hz:
        refused.append(reason("frame_rate_refused", rate=round(rate, 1)))
    elif rate < thresholds.low_rate_hz:
        limited.append(reason("frame_rate_low", rate=round(rate, 1)))
        degraded += 1
    light = _light(series, thresholds)
    limited += light
    degraded += len(light)
    people = _people(series, thresholds)
    if people == "several_persons":
        refused.append(reason(people))
    elif people is not None:
        notes.append(reason(people))
    return RecordingCheck(tuple(refused), tuple(limited), tuple(notes), degraded)


def _light(series: KeypointSeries, thresholds: GateThresholds) -> list[CodedText]:
    signals = series.signals
    if signals is None or not len(signals.luma):
        return []
    luma = float(np.median(signals.luma))
    found: list[CodedText] = []
    if luma < thresholds.dark_luma:
        found.append(reason("dark"))
    elif luma > thresholds.bright_luma:
        found.append(reason("bright"))
    if float(np.median(signals.sharpness)) < thresholds.blur_sharpness:
        found.append(reason("blur"))
    return found


def _people(series: KeypointSeries, thresholds: GateThresholds) -> str | None:
    """Return several_persons, bystander, or None, from the sampled frames."""
    if not series.people:
        return None
    areas = [
        sorted(((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in sample.boxes_px), reverse=True)
        for sample in series.people
    ]
    crowded = [found for found in areas if len(found) > 1]
    if len(crowded) < thresholds.bystander_share * len(areas):
        return None
    alike = sum(found[1] >= thresholds.same_size_area * found[0] for found in crowded)
    return "several_persons" if alike > len(crowded) / 2 else "bystander"


@dataclass(frozen=True, eq=False)
class GateInput:
    """What every angle gate looks at."""

    uniform: UniformSeries
    view: CameraView
    width: int
    height: int
    swapped: Unswapped
    thresholds: GateThresholds
    _bone_changes: dict[tuple[str, Side], float] = field(
        default_factory=dict[tuple[str, Side], float]
    )

    def in_frame(self, numbers: tuple[int, ...]) -> float:
        """Return the share of present frames with all these points inside the picture."""
        xy = self.uniform.xy_px[self.uniform.present][:, list(numbers)]
        if not len(xy):
            return 0.0
        margin = self.thresholds.frame_margin
        size = np.array([self.width, self.height], dtype=np.float64)
        inside = (xy >= -margin * size) & (xy <= (1 + margin) * size)
        return float(inside.all(axis=(1, 2)).mean())

    def bone_change(self, motion: Motion, side: Side) -> float:
        """Return the largest relative shortening of a bone below its usual length."""
        key = (motion.name, side)
        if key not in self._bone_changes:
            self._bone_changes[key] = self._bone_change(motion, side)
        return self._bone_changes[key]

    def _bone_change(self, motion: Motion, side: Side) -> float:
        xy = self.uniform.xy_px[self.uniform.present]
        changes = [0.0]
        for a, b in motion.bones(side):
            if {a, b} & {LIMBS[side].ear, LIMBS[side].toe, LIMBS[side].heel}:
                continue
            lengths = np.linalg.norm(xy[:, a] - xy[:, b], axis=-1)
            lengths = lengths[np.isfinite(lengths)]
            if len(lengths):
                usual, shortest = np.percentile(lengths, [75, 5])
                changes.append(float(1.0 - shortest / max(usual, 1e-9)))
        return max(changes)


def check_angle(given: GateInput, motion: Motion, side: str, *, driving: bool) -> AngleGate:
    """Judge one motion of one side.

    Parameters
    ----------
    given
        The recording and its limits.
    motion
        The motion.
    side
        left, right, or both for motions without a side.
    driving
        Whether the exercise is counted on it: then the hidden side is limited, not refused.
    """
    sides: tuple[Side, ...] = tuple(one for one in SIDES if side in (one, "both"))
    refused: list[CodedText] = []
    limited: list[CodedText] = []
    _check_view(given, motion, refused, limited)
    _check_points(given, motion, sides, refused, limited)
    if motion.sided and given.view.known and motion.plane is Plane.SAGITTAL:
        hidden = given.view.detected(given.thresholds) is Plane.SAGITTAL
        if hidden and side != given.view.near_side:
            (limited if driving else refused).append(reason("far_side", side=side))
    change = max(given.bone_change(motion, one) for one in sides)
    if change > given.thresholds.bone_length_refused:
        refused.append(reason("bone_length", percent=round(100 * change)))
    elif change > given.thresholds.bone_length_limited:
        limited.append(reason("bone_length", percent=round(100 * change)))
    swapped = given.swapped.share(leg="knee" in motion.points)
    if swapped > given.thresholds.swap_share_limited and motion.sided:
        limited.append(reason("left_right_swap", percent=round(100 * swapped)))
    if motion.hand:
        limited.append(reason("proxy", motion=motion.name))
    if refused:
        return AngleGate(motion.name, side, QualityStatus.REFUSED, tuple(refused))
    if limited:
        return AngleGate(motion.name, side, QualityStatus.LIMITED, tuple(limited))
    return AngleGate(motion.name, side, QualityStatus.GOOD)


def _check_view(
    given: GateInput, motion: Motion, refused: list[CodedText], limited: list[CodedText]
) -> None:
    if not given.view.known:
        refused.append(reason("view_unknown"))
        return
    planes = (motion.plane, *motion.also)
    off = min(given.view.off_plane_deg(plane) for plane in planes)
    where = {
        Plane.SAGITTAL: "the side",
        Plane.FRONTAL: "the front",
        Plane.OBLIQUE: "35 degrees beside the front",
    }[motion.plane]
    if off >= given.thresholds.refuse_off_plane_deg:
        refused.append(reason("view_unfit", off=round(off), motion=motion.name, view=where))
    elif off > given.thresholds.in_plane_deg:
        limited.append(reason("view_oblique", off=round(off), motion=motion.name))
    if given.view.lying and "rotation" in motion.name:
        refused.append(reason("posture_unfit", motion=motion.name))


def _check_points(
    given: GateInput,
    motion: Motion,
    sides: tuple[Side, ...],
    refused: list[CodedText],
    limited: list[CodedText],
) -> None:
    numbers = tuple(sorted({n for one in sides for n in motion.landmarks(one)}))
    if not numbers:
        return
    share = given.in_frame(numbers)
    if share < given.thresholds.in_frame_share:
        code = "out_of_frame"
        if min(numbers) >= 23 or "knee" in motion.points:
            code = "legs_out_of_frame"
        elif "elbow" in motion.points:
            code = "arms_out_of_frame"
        found = reason(code, parts="Parts of the body")
        (refused if share < 0.5 else limited).append(found)
    seen = given.uniform.visibility[given.uniform.present][:, list(numbers)]
    # Landmarks that a file does not hold have no visibility at all, and no angle either.
    seen = seen[np.isfinite(seen).any(axis=1)]
    if seen.size and float(np.median(np.nanmin(seen, axis=1))) < given.thresholds.min_visibility:
        limited.append(reason("low_visibility", motion=motion.name))


def foot_displacement(xy: Float, start: int, end: int, torso_px: float) -> float:
    """Return how far hips and feet lie from where they were, in trunk lengths.

    Parameters
    ----------
    xy
        (M, 33, 2).
    start, end
        Frames of the two moments.
    torso_px
        Unit of length.
    """
    parts = [mid_hip(xy[[start, end]]), (xy[[start, end], 27] + xy[[start, end], 28]) / 2]
    moved = [float(np.hypot(*(part[1] - part[0]))) / torso_px for part in parts]
    known = [value for value in moved if np.isfinite(value)]
    return max(known) if known else 0.0
