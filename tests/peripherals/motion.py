"""Synthetic motions with a known answer: orientation, rate, specific force and field at any time.

Every motion is a chain of turns about axes that are fixed in the sensor, so that orientation,
angular rate and acceleration are exact and not differences of samples. Earth frame: east, north,
up; quaternions (w, x, y, z) turn sensor coordinates into earth coordinates.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Curve = Callable[[float], tuple[float, float, float]]

G_MS2 = 9.80665
FIELD_UT: Vector = (0.0, 20.0, -43.0)
FIELD_NORM_UT = math.hypot(*FIELD_UT)
STILL_S = 5.0


@dataclass(frozen=True)
class State:
    """The truth at one instant; `flexion_deg` is the joint angle that the motion makes."""

    quat_wxyz: Quaternion
    gyr_dps: Vector
    acc_ms2: Vector
    mag_ut: Vector
    flexion_deg: float


@dataclass(frozen=True)
class Turn:
    """A rotation about `axis` by `curve(t) -> (deg, deg/s, deg/s^2)` for `duration_s`."""

    duration_s: float
    axis: Vector
    curve: Curve


class Motion:
    """A chain of turns from a first orientation, with a lever arm from the centre of rotation."""

    def __init__(
        self,
        turns: Sequence[Turn],
        start: Quaternion = (1.0, 0.0, 0.0, 0.0),
        lever_m: Vector = (0.0, 0.0, 0.0),
        flexion_deg: Callable[[float], float] = lambda _t_s: 0.0,
    ) -> None:
        self._parts: list[tuple[float, Quaternion, Turn]] = []
        self._lever_m = lever_m
        self._flexion_deg = flexion_deg
        begin_s, orientation = 0.0, start
        for turn in turns:
            self._parts.append((begin_s, orientation, turn))
            if math.isfinite(turn.duration_s):
                end_deg = turn.curve(turn.duration_s)[0]
                orientation = multiply(orientation, about(turn.axis, end_deg))
                begin_s += turn.duration_s

    def at(self, t_s: float) -> State:
        """Return the truth at `t_s` seconds; after the last turn the sensor rests."""
        begin_s, start, turn = next(
            (part for part in reversed(self._parts) if part[0] <= t_s), self._parts[0]
        )
        into_s = min(max(t_s - begin_s, 0.0), turn.duration_s)
        angle, rate, acceleration = turn.curve(into_s)
        if t_s - begin_s > turn.duration_s:
            rate = acceleration = 0.0
        quat = multiply(start, about(turn.axis, angle))
        omega = scaled(turn.axis, math.radians(rate))
        alpha = scaled(turn.axis, math.radians(acceleration))
        lever = self._lever_m
        swing = added(cross(alpha, lever), cross(omega, cross(omega, lever)))
        return State(
            quat_wxyz=quat,
            gyr_dps=scaled(turn.axis, rate),
            acc_ms2=added(to_sensor(quat, (0.0, 0.0, G_MS2)), swing),
            mag_ut=to_sensor(quat, FIELD_UT),
            flexion_deg=self._flexion_deg(t_s),
        )


def hold() -> Curve:
    """Rest."""
    return lambda _t_s: (0.0, 0.0, 0.0)


def smooth_turn(angle_deg: float, duration_s: float) -> Curve:
    """Turn once by the minimum-jerk polynomial."""

    def curve(t_s: float) -> tuple[float, float, float]:
        s = t_s / duration_s
        return (
            angle_deg * (10 * s**3 - 15 * s**4 + 6 * s**5),
            angle_deg * (30 * s**2 - 60 * s**3 + 30 * s**4) / duration_s,
            angle_deg * (60 * s - 180 * s**2 + 120 * s**3) / duration_s**2,
        )

    return curve


def cycles(amplitude_deg: float, period_s: float) -> Curve:
    """Go from 0 to the amplitude and back, again and again."""
    w = 2 * math.pi / period_s
    half = amplitude_deg / 2
    return lambda t_s: (
        half * (1 - math.cos(w * t_s)),
        half * w * math.sin(w * t_s),
        half * w * w * math.cos(w * t_s),
    )


def both(one: Curve, other: Curve) -> Curve:
    """Add two curves about one axis."""

    def curve(t_s: float) -> tuple[float, float, float]:
        a, b = one(t_s), other(t_s)
        return a[0] + b[0], a[1] + b[1], a[2] + b[2]

    return curve


def still(number: int, rng: random.Random) -> Motion:
    """Lie in one orientation."""
    return Motion([Turn(math.inf, (1.0, 0.0, 0.0), hold())], random_rotation(rng))


def rotations(number: int, rng: random.Random) -> Motion:
    """Turn by +90 and back about x, y and z in order, 1 s each, with 1 s of rest between."""
    turns = [Turn(2.0, (1.0, 0.0, 0.0), hold())]
    for axis in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)):
        for angle in (90.0, -90.0):
            turns += [Turn(1.0, axis, smooth_turn(angle, 1.0)), Turn(1.0, axis, hold())]
    return Motion(turns)


def poses(number: int, rng: random.Random) -> Motion:
    """Rest 2 s in each of 24 orientations; any 12 in a row have their up directions spread."""
    turns = []
    here = up_in_sensor = (0.0, 0.0, 1.0)
    for k in (7 * number % 24 for number in range(24)):
        z = 1 - (2 * k + 1) / 24
        longitude = k * math.pi * (3 - math.sqrt(5))
        radius = math.sqrt(1 - z * z)
        up_in_sensor = (radius * math.cos(longitude), radius * math.sin(longitude), z)
        axis = cross(up_in_sensor, here)
        angle_deg = math.degrees(math.atan2(math.hypot(*axis), dot(here, up_in_sensor)))
        axis = scaled(axis, 1 / math.hypot(*axis))
        turns += [Turn(1.0, axis, smooth_turn(angle_deg, 1.0)), Turn(2.0, axis, hold())]
        here = up_in_sensor
    return Motion(turns)


def tumble(number: int, rng: random.Random) -> Motion:
    """Turn about ever new axes for two minutes, so that the field covers the sphere."""
    turns = [
        Turn(0.6, random_direction(rng), smooth_turn(rng.uniform(90, 150), 0.6)) for _ in range(200)
    ]
    return Motion(turns)


def hinge(number: int, rng: random.Random, lean_deg: float = 0.0) -> Motion:
    """Flex a joint 0-90 deg every 3 s after 5 s of rest.

    Odd sensors sit on the proximal segment, which swings 20 deg itself; even ones on the distal
    segment. The joint axis points east, and up by `lean_deg`; how each sensor is mounted comes
    from the seed.
    """
    mount = random_rotation(rng)
    lean = math.radians(lean_deg)
    axis = to_sensor(mount, (math.cos(lean), 0.0, math.sin(lean)))
    lever = to_sensor(mount, (0.0, 0.0, -0.2))
    flexion, swing = cycles(90.0, 3.0), cycles(20.0, 4.1)
    curve = swing if number % 2 else both(swing, flexion)
    turns = [Turn(STILL_S, axis, hold()), Turn(math.inf, axis, curve)]
    return Motion(turns, mount, lever, lambda t_s: flexion(max(0.0, t_s - STILL_S))[0])


def leaning_hinge(number: int, rng: random.Random) -> Motion:
    """Flex a joint whose axis is not level, so that its two directions can be told apart."""
    return hinge(number, rng, 15.0)


MOTIONS: dict[str, Callable[[int, random.Random], Motion]] = {
    "still": still,
    "rotations": rotations,
    "poses": poses,
    "tumble": tumble,
    "hinge": hinge,
    "leaning_hinge": leaning_hinge,
}


def multiply(p: Quaternion, q: Quaternion) -> Quaternion:
    """Hamilton product."""
    a, b, c, d = p
    e, f, g, h = q
    return (
        a * e - b * f - c * g - d * h,
        a * f + b * e + c * h - d * g,
        a * g - b * h + c * e + d * f,
        a * h + b * g - c * f + d * e,
    )


def conjugate(q: Quaternion) -> Quaternion:
    """Reverse rotation."""
    return q[0], -q[1], -q[2], -q[3]


def about(axis: Vector, angle_deg: float) -> Quaternion:
    """Return the rotation about a unit axis."""
    half = math.radians(angle_deg) / 2
    s = math.sin(half)
    return math.cos(half), axis[0] * s, axis[1] * s, axis[2] * s


def to_earth(q: Quaternion, v: Vector) -> Vector:
    """Turn a vector of the sensor into earth coordinates."""
    _, x, y, z = multiply(multiply(q, (0.0, *v)), conjugate(q))
    return x, y, z


def to_sensor(q: Quaternion, v: Vector) -> Vector:
    """Turn a vector of the earth into sensor coordinates."""
    return to_earth(conjugate(q), v)


def matrix(q: Quaternion) -> tuple[float, ...]:
    """Return the nine elements, row by row, of the matrix that turns sensor into earth."""
    x, y, z = (to_earth(q, v) for v in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    return x[0], y[0], z[0], x[1], y[1], z[1], x[2], y[2], z[2]


def euler_deg(q: Quaternion) -> Vector:
    """Return roll, pitch and yaw (z-y-x order) in degrees."""
    w, x, y, z = q
    return (
        math.degrees(math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))),
        math.degrees(math.asin(max(-1.0, min(1.0, 2 * (w * y - z * x))))),
        math.degrees(math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))),
    )


def cross(a: Vector, b: Vector) -> Vector:
    """Vector product."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def dot(a: Vector, b: Vector) -> float:
    """Scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def added(a: Vector, b: Vector) -> Vector:
    """Sum of two vectors."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def scaled(v: Vector, factor: float) -> Vector:
    """Multiple of a vector."""
    return v[0] * factor, v[1] * factor, v[2] * factor


def random_direction(rng: random.Random) -> Vector:
    """Return a unit vector, uniform on the sphere."""
    v = (rng.gauss(0, 1), rng.gauss(0, 1), rng.gauss(0, 1))
    return scaled(v, 1 / math.hypot(*v))


def random_rotation(rng: random.Random) -> Quaternion:
    """Return a rotation, uniform over all."""
    w, x, y, z = (rng.gauss(0, 1) for _ in range(4))
    norm = math.sqrt(w * w + x * x + y * y + z * z)
    return w / norm, x / norm, y / norm, z / norm
