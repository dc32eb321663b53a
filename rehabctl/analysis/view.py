"""Where the camera stood, from the proportions of the body in the picture.

A body turned by psi away from the camera shows the cosine of psi of its shoulders' width and the
sine of psi of what points forwards (feet, nose). Both together give psi with its sign: 0 faces the
camera, +90 faces the right edge of the picture, 180 turns its back. Visibility is not used: it
stays high in views in which every angle is wrong. The estimator's own depth is a hint at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rehabctl.analysis.assessment import ViewResult
from rehabctl.analysis.landmarks import (
    LEFT_EAR,
    NOSE,
    RIGHT_EAR,
    Float,
    Side,
    midpoint,
    torso_length,
    trunk,
)
from rehabctl.analysis.motions import Plane
from rehabctl.domain.exercise import View
from rehabctl.reference.measurement import BodyProportions, GateThresholds

SCAPULAR_PLANE_DEG = 35.0
"""The scapular plane lies 30 to 40 degrees in front of the frontal one."""


@dataclass(frozen=True, eq=False)
class CameraView:
    """The camera's direction in the body's terms."""

    yaw_deg: float
    """Typical psi, (-180, 180]; NaN without a person."""
    yaw_series_deg: Float
    """(M,) psi over time."""
    lying: bool
    """Whether the trunk is nearer to level than to upright most of the time."""
    torso_px: float

    @property
    def known(self) -> bool:
        """Whether there was anything to estimate from."""
        return bool(np.isfinite(self.yaw_deg))

    @property
    def forwards(self) -> int:
        """Orientation for sagittal angles, see `angles`."""
        return 1 if self.yaw_deg >= 0 else -1

    @property
    def towards(self) -> int:
        """Orientation for frontal angles: 1 facing the camera, -1 from behind."""
        return 1 if abs(self.yaw_deg) <= 90 else -1

    @property
    def near_side(self) -> Side:
        """The side nearer to the camera; means little in a frontal view."""
        return "right" if self.yaw_deg >= 0 else "left"

    def facing(self, plane: Plane) -> int:
        """Return the orientation that the angles of a plane need.

        Parameters
        ----------
        plane
            The motion's plane.
        """
        return self.forwards if plane is Plane.SAGITTAL else self.towards

    def off_plane_deg(self, plane: Plane) -> float:
        """Return how far the camera stood from where the plane is seen at a right angle.

        Parameters
        ----------
        plane
            The motion's plane.
        """
        return float(off_plane(np.asarray(self.yaw_deg), plane))

    def detected(self, thresholds: GateThresholds) -> Plane:
        """Return the plane that is seen, oblique when neither.

        Parameters
        ----------
        thresholds
            The largest off-plane angle of an in-plane view.
        """
        for plane in (Plane.SAGITTAL, Plane.FRONTAL):
            if self.off_plane_deg(plane) <= thresholds.in_plane_deg:
                return plane
        return Plane.OBLIQUE


def off_plane(yaw_deg: Float, plane: Plane) -> Float:
    """Return the angle between a direction of the body and the one that a plane needs.

    Parameters
    ----------
    yaw_deg
        Any shape, (-180, 180].
    plane
        The motion's plane.
    """
    from_frontal = np.minimum(np.abs(yaw_deg), 180.0 - np.abs(yaw_deg))
    if plane is Plane.FRONTAL:
        return from_frontal
    if plane is Plane.SAGITTAL:
        return 90.0 - from_frontal
    return np.abs(from_frontal - SCAPULAR_PLANE_DEG)


def estimate_view(
    xy: Float, world_yaw_deg: Float | None, body: BodyProportions, lying_deg: float
) -> CameraView:
    """Estimate the camera's direction.

    Parameters
    ----------
    xy
        (M, 33, 2) pixels, NaN where nobody was found.
    world_yaw_deg
        (M,) the same angle by the estimator's own depth, or None.
    body
        Widths of a typical body.
    lying_deg
        Inclination of the trunk from which the person lies.
    """
    found = np.isfinite(xy[:, [11, 12, 23, 24]]).all(axis=(1, 2))
    torso_px = torso_length(xy)
    yaw = np.full(len(xy), np.nan)
    if not found.any() or not torso_px > 0:
        return CameraView(float("nan"), yaw, False, float("nan"))
    line = np.median(trunk(xy[found]), axis=0)
    lying = bool(abs(np.degrees(np.arctan2(line[0], -line[1]))) > lying_deg)
    # Image direction that faces forwards when the left shoulder is behind the right one.
    ahead = np.array([-line[1], line[0]]) / np.hypot(*line) if lying else np.array([1.0, 0.0])
    across, forwards = _components(xy[found] / torso_px, ahead, body)
    if world_yaw_deg is not None:
        weight = body.world_hint_weight
        hint = np.radians(world_yaw_deg[found])
        known = np.isfinite(hint)
        length = np.hypot(across, forwards)
        across = np.where(known, (1 - weight) * across + weight * length * np.cos(hint), across)
        forwards = np.where(
            known, (1 - weight) * forwards + weight * length * np.sin(hint), forwards
        )
    yaw[found] = np.degrees(np.arctan2(forwards, across))
    typical = np.degrees(np.arctan2(np.median(forwards), np.median(across)))
    return CameraView(float(typical), yaw, lying, torso_px)


def _components(xy: Float, ahead: Float, body: BodyProportions) -> tuple[Float, Float]:
    """Return cosine-like and sine-like sizes of the turn, (M,) each, from trunk-scaled points."""
    across = ((xy[:, 11] - xy[:, 12]) @ ahead) / body.shoulder_width
    feet = np.stack([(xy[:, 31] - xy[:, 29]) @ ahead, (xy[:, 32] - xy[:, 30]) @ ahead])
    # A moving leg turns its foot: the foot that points furthest tells more.
    further = feet[0].copy()
    swap = np.abs(feet[1]) > np.abs(feet[0])
    further[swap] = feet[1][swap]
    further /= body.foot_length
    nose = ((xy[:, NOSE] - midpoint(xy, LEFT_EAR, RIGHT_EAR)) @ ahead) / body.nose_to_ears
    parts = np.stack([further, nose])
    known = np.isfinite(parts)
    total = np.where(known, parts, 0.0).sum(axis=0)
    return across, total / np.maximum(known.sum(axis=0), 1)


def world_yaw(world_m: Float) -> Float:
    """Return the turn of the shoulders by the estimator's own depth, (N,) degrees.

    Parameters
    ----------
    world_m
        (N, 33, 3) metres, x to the right, z away from the camera.
    """
    across = world_m[:, 11] - world_m[:, 12]
    return np.degrees(np.arctan2(across[:, 2], across[:, 0]))


def view_result(view: CameraView, required: View, thresholds: GateThresholds) -> ViewResult:
    """Return the contract's account of the view.

    Parameters
    ----------
    view
        The estimate.
    required
        What the exercise needs.
    thresholds
        The largest off-plane angle of a fit view.
    """
    if not view.known:
        return ViewResult("unknown", "unknown", None, required.value, required is View.NONE)
    detected = view.detected(thresholds)
    if detected is Plane.FRONTAL:
        facing = "camera" if view.towards > 0 else "away"
    elif view.lying:
        facing = "unknown"
    else:
        facing = "right" if view.forwards > 0 else "left"
    if required is View.NONE:
        return ViewResult(detected.value, facing, None, required.value, True)
    off = view.off_plane_deg(Plane(required.value))
    ok = off <= thresholds.in_plane_deg
    return ViewResult(detected.value, facing, round(off, 1), required.value, ok)
