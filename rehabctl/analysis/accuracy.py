"""How near the measured angles come to known ones: clips with exact truth, and the report.

The truth of a rendered clip are the joint centres of the posed body in metres. Knee and elbow are
the angle between the three joint centres in space; every other motion is the same definition as
in `motions.py` applied to the joint centres seen exactly along the axis of its plane. So a
perfect detector in a perfect view would show an error of zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rehabctl.analysis.assessment import QualityStatus, Repetition, RepetitionKind
from rehabctl.analysis.landmarks import LIMBS, SIDES, Float, Side
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.analysis.motions import MOTIONS, Plane

_JOINTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "toe")
_IN_SPACE = ("knee_flexion", "elbow_flexion")


@dataclass(frozen=True, eq=False)
class RenderedTruth:
    """What is known about one rendered clip."""

    name: str
    person: str
    exercise: str
    """In the words of the clip's maker, such as `squat`."""
    view: str
    off_plane_deg: float
    """Of the camera, by construction."""
    t_s: Float
    joints_m: Mapping[str, Float]
    """(N, 3) by joint and side (`kneeL`): to the person's left, up, forwards."""
    movements: tuple[tuple[int, int, int], ...]
    """(start, peak, end) frame of each."""
    valid: tuple[bool, ...]
    """Whether each counts as a repetition by the clip's own minimum."""
    outward: int
    """1 when the movements raise the driving angle, -1 when they lower it."""

    @property
    def count(self) -> int:
        """Number of true repetitions."""
        return sum(self.valid)


def read_truth(table: Mapping[str, Any]) -> RenderedTruth:
    """Return the truth of a clip from its parsed `truth.json`.

    Parameters
    ----------
    table
        Schema `rendered-truth/1`.
    """
    items = table["reps"]["items"]
    return RenderedTruth(
        name=str(table["video"]).removesuffix(".mp4"),
        person=str(table["subject"]["name"]),
        exercise=str(table["exercise"]),
        view=str(table["camera"]["view"]),
        off_plane_deg=float(table["camera"]["offset_from_plane_deg"]),
        t_s=np.asarray(table["timestamps_s"], dtype=np.float64),
        joints_m={k: np.asarray(v, dtype=np.float64) for k, v in table["joints_m"].items()},
        movements=tuple((i["start_frame"], i["peak_frame"], i["end_frame"]) for i in items),
        valid=tuple(bool(i["valid"]) for i in items),
        outward=-1 if table["direction"] == "decrease" else 1,
    )


def true_angle(truth: RenderedTruth, motion: str, side: str) -> Float:
    """Return the true angle of a motion over time, (N,) degrees.

    Parameters
    ----------
    truth
        The clip.
    motion
        In the contract's vocabulary; one that shoulder, elbow, wrist, hip, knee and ankle define.
    side
        left, right, or both.
    """
    known = MOTIONS[motion]
    own: Side = "left" if side == "left" else "right"
    if motion in _IN_SPACE:
        names = (
            ("hip", "knee", "ankle") if motion == "knee_flexion" else ("shoulder", "elbow", "wrist")
        )
        a, b, c = (truth.joints_m[name + own[0].upper()] for name in names)
        u, v = b - a, c - b
        across = np.linalg.norm(np.cross(u, v), axis=-1)
        return np.degrees(np.arctan2(across, (u * v).sum(-1)))
    # Seen from the person's right side, forwards is to the right; from the front, left is.
    axis = 2 if known.plane is Plane.SAGITTAL else 0
    xy = np.full((len(truth.t_s), 33, 2), np.nan)
    for one in SIDES:
        for name in _JOINTS:
            joint = truth.joints_m[name + one[0].upper()]
            xy[:, getattr(LIMBS[one], name)] = np.stack([joint[:, axis], -joint[:, 1]], axis=-1)
    return known.measure(xy, own, 1, known.plane)


@dataclass(frozen=True, slots=True)
class PeakResult:
    """One true movement and what was reported for it."""

    clip: str
    person: str
    motion: str
    view: str
    off_plane_deg: float
    """Of the camera from the plane of this motion."""
    status: QualityStatus
    true_deg: float
    reported_deg: float | None
    uncorrected_deg: float | None
    interval_deg: tuple[float, float] | None

    @property
    def measured(self) -> bool:
        """Whether an angle was reported at all."""
        return self.reported_deg is not None

    @property
    def error_deg(self) -> float | None:
        """Reported minus true."""
        return None if self.reported_deg is None else self.reported_deg - self.true_deg

    @property
    def covered(self) -> bool:
        """Whether the truth lies inside the stated interval."""
        if self.interval_deg is None:
            return False
        return self.interval_deg[0] <= self.true_deg <= self.interval_deg[1]


@dataclass(frozen=True, eq=False)
class ClipResult:
    """One clip measured: counts and peaks."""

    truth: RenderedTruth
    status: QualityStatus
    full: int
    partial: int
    cut: int
    peaks: tuple[PeakResult, ...]
    matched: int
    """True movements with a repetition at the same time."""

    @property
    def count_right(self) -> bool:
        """Whether as many movements were found as happened, each at its time."""
        return self.full + self.partial == len(self.truth.movements) == self.matched


def judge_clip(truth: RenderedTruth, measured: MeasuredMovement) -> ClipResult:
    """Compare one measured clip with its truth.

    Parameters
    ----------
    truth
        What happened.
    measured
        What was found.
    """
    kinds = [repetition.kind for repetition in measured.repetitions]
    counted = [r for r in measured.repetitions if r.kind is not RepetitionKind.CUT]
    peaks: list[PeakResult] = []
    matched = 0
    for start, peak, end in truth.movements:
        found = _nearest(counted, float(truth.t_s[start]), float(truth.t_s[end]))
        matched += found is not None
        motion = measured.spec.motion
        if motion is not None:
            peaks.append(_peak(truth, measured, motion, (start, peak, end), found))
    return ClipResult(
        truth=truth,
        status=measured.quality.status,
        full=kinds.count(RepetitionKind.FULL),
        partial=kinds.count(RepetitionKind.PARTIAL),
        cut=kinds.count(RepetitionKind.CUT),
        peaks=tuple(peaks),
        matched=matched,
    )


def _nearest(found: Sequence[Repetition], start_s: float, end_s: float) -> Repetition | None:
    inside = [r for r in found if start_s <= r.peak_s <= end_s]
    return inside[0] if len(inside) == 1 else None


def _peak(
    truth: RenderedTruth,
    measured: MeasuredMovement,
    motion: str,
    frames: tuple[int, int, int],
    found: Repetition | None,
) -> PeakResult:
    """Compare one movement; its true peak is the extreme of the true angle of the same side."""
    sides = ("left", "right") if found is None or found.side == "both" else (found.side,)
    if not MOTIONS[motion].sided:
        sides = ("both",)
    start, _, end = frames
    extremes: list[float] = []
    for side in sides:
        curve = truth.outward * true_angle(truth, motion, side)[start : end + 1]
        extremes.append(truth.outward * float(curve.max()))
    return PeakResult(
        clip=truth.name,
        person=truth.person,
        motion=motion,
        view=measured.view.detected,
        off_plane_deg=_off_plane_deg(truth, motion),
        status=measured.quality.status,
        true_deg=float(np.mean(extremes)),
        reported_deg=None if found is None else found.peak_deg,
        uncorrected_deg=None if found is None else found.peak_uncorrected_deg,
        interval_deg=None if found is None else found.interval_deg,
    )


def _off_plane_deg(truth: RenderedTruth, motion: str) -> float:
    """Return how far the camera stood from the plane of a motion."""
    frontal = MOTIONS[motion].plane is Plane.FRONTAL
    seen_in_plane = truth.view.startswith("front") == frontal
    return truth.off_plane_deg if seen_in_plane else 90.0 - truth.off_plane_deg


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """Figures of one group of peaks."""

    motion: str
    view: str
    peaks: int
    measured: int
    bias_deg: float | None
    limits_of_agreement_deg: tuple[float, float] | None
    median_error_deg: float | None
    """Median of the absolute error."""
    within_5_share: float | None
    covered_share: float | None
    median_width_deg: float | None
    refused_share: float


def summarise(peaks: Sequence[PeakResult], motion: str, view: str) -> AccuracyRow:
    """Return the figures of a group of peaks.

    Parameters
    ----------
    peaks
        At least one.
    motion, view
        Name of the group.
    """
    measured = [p for p in peaks if p.measured]
    refused = 1.0 - len(measured) / len(peaks)
    if not measured:
        return AccuracyRow(motion, view, len(peaks), 0, None, None, None, None, None, None, refused)
    errors = np.array([p.error_deg for p in measured], dtype=np.float64)
    bias, spread = float(errors.mean()), float(errors.std(ddof=1)) if len(errors) > 1 else 0.0
    widths = [p.interval_deg[1] - p.interval_deg[0] for p in measured if p.interval_deg]
    return AccuracyRow(
        motion=motion,
        view=view,
        peaks=len(peaks),
        measured=len(measured),
        bias_deg=bias,
        limits_of_agreement_deg=(bias - 1.96 * spread, bias + 1.96 * spread),
        median_error_deg=float(np.median(np.abs(errors))),
        within_5_share=float(np.mean(np.abs(errors) <= 5.0)),
        covered_share=float(np.mean([p.covered for p in measured])),
        median_width_deg=float(np.median(widths)),
        refused_share=refused,
    )


def accuracy_report(results: Sequence[ClipResult]) -> tuple[AccuracyRow, ...]:
    """Return the figures per motion and view, and over all in-plane and all other views.

    Parameters
    ----------
    results
        Judged clips.
    """
    peaks = [peak for result in results for peak in result.peaks]
    groups: dict[tuple[str, str], list[PeakResult]] = {}
    for peak in peaks:
        groups.setdefault((peak.motion, peak.view), []).append(peak)
    rows = [summarise(group, *key) for key, group in sorted(groups.items())]
    in_plane = [p for p in peaks if p.off_plane_deg <= 10.0]
    other = [p for p in peaks if p not in in_plane]
    for name, group in (("in plane", in_plane), ("other", other), ("all", peaks)):
        if group:
            rows.append(summarise(group, "all", name))
    return tuple(rows)


def accuracy_markdown(rows: Sequence[AccuracyRow]) -> str:
    """Return the figures as a Markdown table, one group a line.

    Parameters
    ----------
    rows
        From `accuracy_report`.
    """
    titles = (
        "motion",
        "view",
        "peaks",
        "refused %",
        "bias",
        "limits of agreement",
        "median error",
        "within 5 %",
        "inside the interval %",
        "median width",
    )
    lines = [" | ".join(titles), " | ".join("---" for _ in titles)]
    lines += [" | ".join(_cells(row)) for row in rows]
    return "".join(f"| {line} |\n" for line in lines)


def _cells(row: AccuracyRow) -> tuple[str, ...]:
    def number(value: float | None, scale: float = 1.0, digits: int = 1) -> str:
        return "-" if value is None else f"{scale * value:.{digits}f}"

    limits = row.limits_of_agreement_deg
    return (
        row.motion.replace("_", " "),
        row.view,
        str(row.peaks),
        number(row.refused_share, 100, 0),
        number(row.bias_deg),
        "-" if limits is None else f"{limits[0]:.1f} to {limits[1]:.1f}",
        number(row.median_error_deg),
        number(row.within_5_share, 100, 0),
        number(row.covered_share, 100, 0),
        number(row.median_width_deg),
    )
