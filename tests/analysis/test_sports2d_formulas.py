"""The same landmarks through Sports2D's published formulas give the same angles in side views.

Re-derived from its table of (points, offset, scale), with image x mirrored when the person faces
left. Its known faults are not followed: unwrapping with a period of 180 and the right side of
front views.
"""

from __future__ import annotations

import numpy as np
import pytest

from rehabctl.analysis.landmarks import LIMBS, Float, Side
from rehabctl.analysis.motions import MOTIONS, Plane
from tests.analysis.rendered_clips import clip
from tests.analysis.skeletons import front_view, side_view


def signed(points: list[Float]) -> Float:
    """Angle at the middle of three points, or between two segments, counter-clockwise."""
    if len(points) == 3:
        u, v = points[0] - points[1], points[2] - points[1]
    else:
        u, v = points[1] - points[0], points[3] - points[2]
    angle = np.degrees(np.arctan2(u[:, 1], u[:, 0]) - np.arctan2(v[:, 1], v[:, 0]))
    return angle


def wrapped(deg: Float) -> Float:
    return (deg + 180.0) % 360.0 - 180.0


def sports2d(name: str, xy: Float, side: Side, faces_left: bool) -> Float:
    """Its formula on image points with y turned upwards."""
    p = xy.copy()
    p[..., 1] *= -1
    if faces_left:
        p[..., 0] *= -1
    limb = LIMBS[side]
    middle_hip, neck = (p[:, 23] + p[:, 24]) / 2, (p[:, 11] + p[:, 12]) / 2
    at = {k: p[:, getattr(limb, k)] for k in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")}
    if name == "knee_flexion":
        return wrapped(signed([at["ankle"], at["knee"], at["hip"]]) - 180.0)
    if name == "elbow_flexion":
        return -wrapped(signed([at["wrist"], at["elbow"], at["shoulder"]]) + 180.0)
    if name == "hip_flexion":
        return -wrapped(signed([at["knee"], at["hip"], middle_hip, neck]))
    return -wrapped(signed([at["elbow"], at["shoulder"], middle_hip, neck]))


NAMES = ("knee_flexion", "hip_flexion", "shoulder_flexion", "elbow_flexion")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "file",
    ["squat_side_95", "squat_side_leftview_dark", "heelcurl_side_110", "elbow_side_limited90"],
)
def test_side_views_agree(file: str, name: str) -> None:
    found = clip(file).measure()
    side = "left" if found.view.facing == "left" else "right"
    theirs = sports2d(name, found.series.xy_px, side, found.view.facing == "left")
    ours = found.angles[name, side]
    difference = np.abs(wrapped(np.abs(ours) - np.abs(theirs)))
    assert float(np.median(difference)) <= 0.005
    assert float(np.percentile(difference, 95)) <= 0.6


@pytest.mark.parametrize("facing", [1, -1])
@pytest.mark.parametrize("name", NAMES)
def test_synthetic_side_views_agree(name: str, facing: int) -> None:
    ways = np.linspace(5.0, 120.0, 40)
    xy = side_view(40, facing=facing, knee=ways, hip=0.8 * ways, shoulder=0.9 * ways, elbow=ways)
    ours = MOTIONS[name].measure(xy, "right", facing, Plane.SAGITTAL)
    theirs = sports2d(name, xy, "right", facing < 0)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-6)


def test_a_lean_does_not_reach_the_right_side_of_front_views() -> None:
    """Theirs negates x of the right side only, which adds twice the lean to it."""
    xy = front_view(lean=15.0, right_shoulder=70.0, left_shoulder=70.0)
    for side in ("left", "right"):
        ours = MOTIONS["shoulder_abduction"].measure(xy, side, 1, Plane.FRONTAL)
        assert ours[0] == pytest.approx(70.0, abs=0.01)


def test_one_wild_frame_does_not_shift_those_after_it() -> None:
    """Theirs unwraps with a period of 180, so that [5, 10, 20, 115] becomes [5, 10, 20, -65]."""
    xy = side_view(6, knee=np.array([5.0, 10.0, 20.0, 115.0, 20.0, 10.0]))
    ours = MOTIONS["knee_flexion"].measure(xy, "right", 1, Plane.SAGITTAL)
    np.testing.assert_allclose(ours, [5, 10, 20, 115, 20, 10], atol=0.01)
