"""Angles of one recording at one moment: as seen, corrected, and with an interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rehabctl.analysis.angles import thigh_inclination
from rehabctl.analysis.covariates import covariates_at
from rehabctl.analysis.landmarks import SIDES, Float, Side, trunk
from rehabctl.analysis.measured import AngleKey, UniformSeries
from rehabctl.analysis.motions import MOTIONS, Motion, Plane, base_of
from rehabctl.analysis.quality import GateInput
from rehabctl.analysis.uncertainty import Conditions, Estimate, estimate
from rehabctl.analysis.view import CameraView
from rehabctl.reference.measurement import BiasTable, GateThresholds


def measure_angles(xy_px: Float, view: CameraView, plane: Plane) -> dict[AngleKey, Float]:
    """Return every motion of every side over time, (M,) degrees each.

    Parameters
    ----------
    xy_px
        (M, 33, 2) pixels.
    view
        Which way the body faces.
    plane
        The plane that the camera sees.
    """
    curves: dict[AngleKey, Float] = {}
    for motion in MOTIONS.values():
        for side in motion.sides:
            own: Side = "left" if side == "left" else "right"
            facing = view.facing(motion.plane)
            curves[motion.name, side] = motion.measure(xy_px, own, facing, plane)
    return curves


def posture_of(xy_px: Float, view: CameraView, thresholds: GateThresholds) -> str:
    """Return upright, seated, lying (face up) or prone; seated when both thighs stay near level.

    Prone is every level trunk whose front points down: on the belly, on hands and knees, a plank.

    Parameters
    ----------
    xy_px
        (M, 33, 2), only frames with a person.
    view
        From `estimate_view`.
    thresholds
        Inclination of the thighs when sitting.
    """
    if not len(xy_px):
        return "lying" if view.lying else "upright"
    if view.lying:
        line = np.nanmedian(trunk(xy_px), axis=0)
        sideways = view.off_plane_deg(Plane.SAGITTAL) < view.off_plane_deg(Plane.FRONTAL)
        return "prone" if sideways and view.forwards * line[0] > 0 else "lying"
    lowest = min(
        float(np.nanpercentile(thigh_inclination(xy_px, side, view.forwards), 10)) for side in SIDES
    )
    return "seated" if lowest > thresholds.seated_thigh_deg else "upright"


@dataclass(frozen=True, eq=False)
class Estimator:
    """Corrects the angles of one recording.

    Angles are first stretched back to the plane of the motion (a camera beside it shows sideways
    distances shorter by the cosine of its direction), then the row's bias is taken off.
    """

    series: UniformSeries
    view: CameraView
    detected: Plane
    posture: str
    gates: GateInput
    table: BiasTable
    degraded: int
    known_model: bool
    neutral_deg: Mapping[AngleKey, float]

    def at(
        self, key: AngleKey, frame: int, extreme: str, *, reference_frame: int | None = None
    ) -> Estimate:
        """Return one angle with its interval, after the neutral pose was taken off.

        Parameters
        ----------
        key
            Motion and side.
        frame
            Where in the uniform series.
        extreme
            max or min: which way the motion turns there.
        reference_frame
            The frame in which the movement started.
        """
        motion, side = MOTIONS[key[0]], key[1]
        base = base_of(motion)
        sign = motion.sign
        if sign < 0:
            extreme = "min" if extreme == "max" else "max"
        own: Side = "left" if side == "left" else "right"
        plane = self._plane(motion)
        row = self.table.find(base.name, plane.value, self.posture, extreme)
        pull = 0.0
        if reference_frame is not None and "shank_stretch" in row.covariates:
            pull = self._pull(base, own, frame, reference_frame)
        xy = self._stretched(frame, plane)
        seen = float(base.measure(xy, own, self.view.facing(base.plane), self.detected)[0])
        facing = self.view.forwards if plane is Plane.SAGITTAL else self.view.towards
        rest = xy if reference_frame is None else self._stretched(reference_frame, plane)
        covariates = covariates_at(xy, rest, own, facing)
        change = self.gates.bone_change(motion, own)
        conditions = Conditions(
            off_plane_deg=self.view.off_plane_deg(plane),
            contralateral_pull_deg=pull,
            bone_length_excess=max(change - self.gates.thresholds.bone_length_limited, 0.0),
            degraded=self.degraded,
            known=self._fitted(plane),
            hidden=self.detected is Plane.SAGITTAL and side in SIDES and own != self.view.near_side,
        )
        found = estimate(seen, row, self.table, covariates, conditions)
        neutral = self._neutral(key, sign)
        return replace(found, deg=sign * (found.deg - neutral))

    def _fitted(self, plane: Plane) -> bool:
        """Whether the rows were fitted on such recordings: this estimator, this view."""
        off = self.view.off_plane_deg(plane)
        return self.known_model and off <= self.gates.thresholds.in_plane_deg

    def _plane(self, motion: Motion) -> Plane:
        return min((motion.plane, *motion.also), key=self.view.off_plane_deg)

    def _stretched(self, frame: int, plane: Plane) -> Float:
        """Return one frame with sideways distances as a camera in the plane's view shows them."""
        xy = self.series.xy_px[frame : frame + 1].copy()
        off = self.view.off_plane_deg(plane)
        rules = self.table.widths
        if self.view.lying or off <= rules.free_off_plane_deg:
            return xy
        xy[..., 0] /= np.cos(np.radians(off))
        return xy

    def _pull(self, base: Motion, side: Side, frame: int, reference_frame: int) -> float:
        """Return how far the other side's angle moved since it rested."""
        other: Side = "right" if side == "left" else "left"
        xy = self.series.xy_px[[reference_frame, frame]]
        before, now = base.measure(xy, other, self.view.facing(base.plane), self.detected)
        return float(now - before)

    def _neutral(self, key: AngleKey, sign: int) -> float:
        """Return the neutral pose's corrected angle in the base motion's sign, 0 without one."""
        raw = self.neutral_deg.get(key)
        if raw is None:
            return 0.0
        if not self.known_model:
            return sign * raw
        base = base_of(MOTIONS[key[0]])
        row = self.table.find(base.name, self._plane(base).value, self.posture, "min")
        zero = dict.fromkeys(row.covariates, 0.0)
        return estimate(sign * raw, row, self.table, zero, Conditions()).deg
