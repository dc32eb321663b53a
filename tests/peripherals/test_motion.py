"""The truth must be true: rates and accelerations against differences of the orientation."""

from __future__ import annotations

import math
import random

import pytest

from .motion import (
    FIELD_NORM_UT,
    G_MS2,
    MOTIONS,
    STILL_S,
    Motion,
    conjugate,
    dot,
    euler_deg,
    matrix,
    multiply,
    to_earth,
)


def motion(name: str, number: int = 2) -> Motion:
    return MOTIONS[name](number, random.Random(5))


@pytest.mark.parametrize("name", MOTIONS)
def test_rate_is_the_derivative_of_orientation(name: str):
    path, step_s = motion(name), 1e-5
    for t_s in (0.4, 1.3, 2.45, 5.7, 9.1, 11.83, 40.21):
        before, after = path.at(t_s - step_s / 2), path.at(t_s + step_s / 2)
        turned = multiply(conjugate(before.quat_wxyz), after.quat_wxyz)
        sign = math.copysign(1, turned[0])
        rate = [math.degrees(2 * sign * part / step_s) for part in turned[1:]]
        assert rate == pytest.approx(path.at(t_s).gyr_dps, abs=0.02)


def test_acceleration_is_the_second_derivative_of_the_place_on_the_lever():
    path, step_s = motion("hinge"), 1e-3
    lever = path._lever_m
    for t_s in (5.5, 7.3, 9.9):
        a, b, c = (to_earth(path.at(t_s + k * step_s).quat_wxyz, lever) for k in (-1, 0, 1))
        earth = [(p - 2 * q + r) / step_s**2 for p, q, r in zip(a, b, c, strict=True)]
        here = path.at(t_s)
        measured = to_earth(here.quat_wxyz, here.acc_ms2)
        assert measured == pytest.approx([earth[0], earth[1], earth[2] + G_MS2], abs=1e-3)


@pytest.mark.parametrize("name", MOTIONS)
def test_field_keeps_its_norm_and_rest_shows_gravity(name: str):
    first = motion(name).at(0.0)
    assert math.hypot(*first.mag_ut) == pytest.approx(FIELD_NORM_UT)
    assert math.hypot(*first.acc_ms2) == pytest.approx(G_MS2)


def test_hinge_s_flexion_is_the_angle_between_the_two_segments():
    rng = random.Random(1)
    proximal, distal = MOTIONS["hinge"](1, rng), MOTIONS["hinge"](2, rng)
    rest = multiply(conjugate(proximal.at(0).quat_wxyz), distal.at(0).quat_wxyz)
    for t_s in (STILL_S, 6.1, 7.4, 20.2):
        p, d = proximal.at(t_s), distal.at(t_s)
        relative = multiply(conjugate(p.quat_wxyz), d.quat_wxyz)
        turned = multiply(relative, conjugate(rest))
        angle = 2 * math.degrees(math.acos(min(1.0, abs(turned[0]))))
        assert angle == pytest.approx(p.flexion_deg, abs=1e-4)
        assert p.flexion_deg == d.flexion_deg
    assert proximal.at(STILL_S + 1.5).flexion_deg == pytest.approx(90)


def test_poses_are_spread_enough_for_nine_parameters():
    path = motion("poses")
    ups = [path.at(3.0 * k + 2.5).acc_ms2 for k in range(24)]
    for axis in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0.6, 0.8, 0), (0, 0.6, -0.8)):
        assert sum((dot(up, axis) / G_MS2) ** 2 for up in ups) / 24 > 0.3


def test_rotations_end_where_they_began():
    assert motion("rotations").at(60).quat_wxyz == pytest.approx((1, 0, 0, 0), abs=1e-9)
    assert euler_deg(motion("rotations").at(3.5).quat_wxyz) == pytest.approx((90, 0, 0), abs=1e-9)
    assert matrix((1, 0, 0, 0)) == (1, 0, 0, 0, 1, 0, 0, 0, 1)
