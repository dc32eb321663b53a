"""Whether a recording can be measured, before a session: camera, light, framing, people, rate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.assessment import CodedText
from rehabctl.analysis.body import Body
from rehabctl.analysis.measured import Segment
from rehabctl.analysis.motions import MOTIONS, Motion, Plane
from rehabctl.analysis.quality import GateInput, check_angle, check_recording
from rehabctl.analysis.reasons import reason
from rehabctl.domain.counting import counted
from rehabctl.reference.measurement import GateThresholds, load_measurement_data

if TYPE_CHECKING:
    from rehabctl.analysis.keypoint_series import KeypointSeries
    from rehabctl.domain.exercise import Measurement

CHECK_FPS = 8.0
"""Rate at which a video is looked at: enough for everything that is judged here."""
BETWEEN_VIEWS = "between_views"
_SET_UP = frozenset(
    {
        "view_unknown", "view_unfit", "view_oblique", "out_of_frame", "legs_out_of_frame",
        "arms_out_of_frame", "low_visibility", "posture_unfit",
    }
)  # fmt: skip
"""Reasons of an angle's gate that another place of camera or person changes."""
_RATE = frozenset({"frame_rate_low", "frame_rate_refused"})
_FRAMING: Mapping[str, tuple[int, ...]] = {
    "legs_out_of_frame": (25, 26, 27, 28),
    "arms_out_of_frame": (13, 14, 15, 16),
    "out_of_frame": (11, 12, 23, 24),
}
"""Landmarks that have to be in the picture, by what is said when they are not."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """Something about the set-up that spoils a measurement."""

    code: str
    text: str
    at_s: float | None
    """When it is first seen; None for what holds all the time."""


def check_set_up(
    series: KeypointSeries, spec: Measurement | None = None
) -> tuple[CheckFinding, ...]:
    """Return what is wrong with camera, light, framing, people and frame rate.

    Parameters
    ----------
    series
        Landmarks, at any rate; the frame rate is judged by the video's own.
    spec
        How the exercise is measured that is to be filmed; None for any.
    """
    data = load_measurement_data()
    gates = data.gates
    body = Body.of(series, data)
    found = check_recording(series, body.series, body.breaks, gates)
    reasons = [r for r in (*found.refused, *found.limited, *found.notes) if r.code not in _RATE]
    reasons += _frame_rate(series.video.fps_mean, gates)
    if body.series.segments:
        video = series.video
        given = GateInput(body.series, body.view, video.width, video.height, body.swapped, gates)
        motion = None if spec is None else MOTIONS.get(spec.motion or "")
        reasons += _any_view(given) if motion is None else _view_of(given, motion)
    seen = _first_times(series, body, gates)
    by_code = {item.code: item for item in reasons}
    return tuple(CheckFinding(r.code, r.text, seen.get(r.code)) for r in by_code.values())


def _frame_rate(fps: float, gates: GateThresholds) -> Iterator[CodedText]:
    if fps < gates.refuse_rate_hz:
        yield reason("frame_rate_refused", rate=round(fps, 1))
    elif fps < gates.low_rate_hz:
        yield reason("frame_rate_low", rate=round(fps, 1))


def _view_of(given: GateInput, motion: Motion) -> list[CodedText]:
    """Return what keeps the exercise's own motion from being measured on the side it is seen."""
    sides: Iterable[str] = motion.sides
    sagittal = given.view.known and given.view.detected(given.thresholds) is Plane.SAGITTAL
    if motion.sided and sagittal:
        sides = (given.view.near_side,)
    gates = [check_angle(given, motion, side, driving=True) for side in sides]
    return [r for gate in gates for r in gate.reasons if r.code in _SET_UP]


def _any_view(given: GateInput) -> Iterator[CodedText]:
    if not given.view.known:
        yield reason("view_unknown")
    elif given.view.detected(given.thresholds) is Plane.OBLIQUE:
        side, front = (round(given.view.off_plane_deg(p)) for p in (Plane.SAGITTAL, Plane.FRONTAL))
        yield CodedText(
            BETWEEN_VIEWS,
            f"The camera stood {counted(side, 'degree')} off the side and "
            f"{counted(front, 'degree')} off the front. "
            "Film from one of the two.",
        )
    for code, landmarks in _FRAMING.items():
        if given.in_frame(landmarks) < given.thresholds.in_frame_share:
            yield reason(code, parts="Parts of the body")
            return


def _first_times(series: KeypointSeries, body: Body, gates: GateThresholds) -> dict[str, float]:
    """Return when each kind of finding is first seen."""
    t_s = series.t_s
    xy = series.xy_px
    missing = _each(np.isnan(xy[:, 23:25]).any(axis=(1, 2)))
    masks: dict[str, Mask] = {
        "no_person": missing,
        "person_lost": missing,
        "person_switch": body.breaks.jumps,
        "scene_cut": body.breaks.cuts,
    }
    size = np.array([series.video.width, series.video.height])
    margin = gates.frame_margin
    outside = (xy < -margin * size) | (xy > (1 + margin) * size)
    for code, landmarks in _FRAMING.items():
        masks[code] = _each(outside[:, list(landmarks)].any(axis=(1, 2)))
    if series.signals is not None:
        masks["dark"] = _each(series.signals.luma < gates.dark_luma)
        masks["bright"] = _each(series.signals.luma > gates.bright_luma)
        masks["blur"] = _each(series.signals.sharpness < gates.blur_sharpness)
    found = {code: round(float(t_s[np.argmax(m)]), 2) for code, m in masks.items() if m.any()}
    crowded = [sample.t_s for sample in series.people if len(sample.boxes_px) > 1]
    if crowded:
        found |= dict.fromkeys(("bystander", "several_persons"), round(min(crowded), 2))
    ends = _ends(body.series.segments)
    if ends:
        found["gaps"] = round(float(body.series.t_s[ends[0]]), 2)
    return found


def _each(values: object) -> Mask:
    """Return (N,) truth values: the stubs of NumPy cannot tell an array from a single one."""
    return np.asarray(values, dtype=np.bool_)


def _ends(segments: tuple[Segment, ...]) -> list[int]:
    return [segment.stop - 1 for segment in segments[:-1]]
