"""The camera's direction from the proportions of the body."""

from __future__ import annotations

import numpy as np
import pytest

from rehabctl.analysis.motions import Plane
from rehabctl.analysis.view import CameraView, estimate_view, off_plane, view_result
from rehabctl.domain.exercise import View
from rehabctl.reference.measurement import load_measurement_data
from tests.analysis.rendered_clips import clip, names
from tests.analysis.skeletons import front_view, side_view, turned

DATA = load_measurement_data()


def seen(xy: np.ndarray) -> CameraView:
    return estimate_view(xy, None, DATA.body, DATA.gates.lying_deg)


def body_turned_by(yaw_deg: float) -> np.ndarray:
    """A figure with real widths, turned about its length axis and projected."""
    xy = np.zeros((5, 33, 2))
    yaw, torso = np.radians(yaw_deg), 120.0

    def place(number: int, left: float, up: float, ahead: float) -> None:
        xy[:, number] = [left * np.cos(yaw) + ahead * np.sin(yaw), -up]

    for odd, sign in ((0, 1), (1, -1)):
        place(11 + odd, sign * 0.33 * torso, torso, 0.0)
        place(23 + odd, sign * 0.18 * torso, 0.0, 0.0)
        place(7 + odd, sign * 0.11 * torso, 1.3 * torso, 0.0)
        place(29 + odd, sign * 0.18 * torso, -1.6 * torso, -0.05 * torso)
        place(31 + odd, sign * 0.18 * torso, -1.6 * torso, 0.34 * torso)
    place(0, 0.0, 1.3 * torso, 0.13 * torso)
    return xy


@pytest.mark.parametrize("yaw", range(-180, 180, 15))
def test_the_direction_of_a_turned_body_comes_back(yaw: int) -> None:
    difference = (seen(body_turned_by(yaw)).yaw_deg - yaw + 180) % 360 - 180
    assert abs(difference) < 0.5


@pytest.mark.parametrize(("facing", "near", "forwards"), [(1, "right", 1), (-1, "left", -1)])
def test_side_views(facing: int, near: str, forwards: int) -> None:
    view = seen(side_view(5, facing=facing))
    assert view.detected(DATA.gates) is Plane.SAGITTAL
    assert (view.near_side, view.forwards) == (near, forwards)
    result = view_result(view, View.SAGITTAL, DATA.gates)
    assert (result.detected, result.ok) == ("sagittal", True)
    assert result.facing == ("right" if facing > 0 else "left")


@pytest.mark.parametrize(("facing", "word"), [(1, "camera"), (-1, "away")])
def test_front_and_back_views(facing: int, word: str) -> None:
    view = seen(front_view(5, facing=facing))
    result = view_result(view, View.SAGITTAL, DATA.gates)
    assert (result.detected, result.facing, result.ok) == ("frontal", word, False)
    assert result.off_plane_deg == pytest.approx(90.0, abs=1.0)


@pytest.mark.parametrize("roll", [-90.0, 90.0])
def test_a_lying_body_is_recognised_and_its_side_kept(roll: float) -> None:
    upright = side_view(5, facing=1)
    view = seen(turned(upright, roll))
    assert view.lying
    assert view.forwards == 1
    assert view.near_side == "right"
    assert view_result(view, View.SAGITTAL, DATA.gates).facing == "unknown"


def test_nobody_has_no_view() -> None:
    view = seen(np.full((4, 33, 2), np.nan))
    assert not view.known
    result = view_result(view, View.SAGITTAL, DATA.gates)
    assert (result.detected, result.off_plane_deg, result.ok) == ("unknown", None, False)
    assert view_result(view, View.NONE, DATA.gates).ok


def test_off_plane_angles() -> None:
    yaw = np.array([0.0, 90.0, -90.0, 180.0, 60.0, -120.0, 35.0])
    np.testing.assert_allclose(off_plane(yaw, Plane.FRONTAL), [0, 90, 90, 0, 60, 60, 35])
    np.testing.assert_allclose(off_plane(yaw, Plane.SAGITTAL), [90, 0, 0, 90, 30, 30, 55])
    np.testing.assert_allclose(off_plane(yaw, Plane.OBLIQUE), [35, 55, 55, 35, 25, 25, 0])


AZIMUTHS = {"front": 0.0, "side_right": 90.0, "side_left": -90.0}


@pytest.mark.parametrize("name", names())
def test_the_direction_of_rendered_clips_within_ten_degrees(name: str) -> None:
    """An azimuth of -90 (camera at the right side) shows a body that faces right: yaw +90."""
    truth = clip(name).truth
    wanted = {
        "heelcurl_left_oblique25": -65.0,
        "squat_oblique30": 60.0,
    }.get(name, AZIMUTHS.get(truth.view, 0.0))
    found = float(clip(name).measure().parameters["yaw_deg"])
    assert abs((found - wanted + 180) % 360 - 180) <= 10.0
