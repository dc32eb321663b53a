"""Planar angles between body segments, neutral-zero, signed, without folding.

All angles are in degrees and computed from pixels (x to the right, y downwards). A sign needs the
direction that the body faces, so each function takes an orientation of +1 or -1:

* sagittal: +1 when the person faces the right edge of the image (or, lying, when the front of the
  body lies clockwise of the head-to-feet line turned upright), -1 the other way;
* frontal: +1 when the person faces the camera, -1 when the back is turned to it.

Definitions, zeros and signs of the motions built from these are in `motions.py`.
"""

from __future__ import annotations

import numpy as np

from rehabctl.analysis.landmarks import (
    LEFT_EAR,
    LIMBS,
    NOSE,
    RIGHT_EAR,
    Float,
    Side,
    midpoint,
    other,
    trunk,
)


def turn(u: Float, v: Float) -> Float:
    """Return the angle from u to v in (-180, 180]; positive is clockwise on the screen.

    Parameters
    ----------
    u, v
        (N, 2) pixel vectors, y downwards.
    """
    cross = u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]
    return np.degrees(np.arctan2(cross, (u * v).sum(-1)))


def between(u: Float, v: Float) -> Float:
    """Return the unsigned angle between two vectors in [0, 180], exact near both ends.

    Parameters
    ----------
    u, v
        (N, 2).
    """
    return np.abs(turn(u, v))


def wrap(deg: Float, centre: float) -> Float:
    """Shift angles by whole turns into (centre - 180, centre + 180].

    Unlike unwrapping over time, one bad frame can never move the frames after it.

    Parameters
    ----------
    deg
        Any angles.
    centre
        Middle of the motion's range, so that the seam lies where no joint goes.
    """
    return centre + 180.0 - np.mod(centre + 180.0 - deg, 360.0)


def _vector(xy: Float, start: int, end: int) -> Float:
    return xy[:, end] - xy[:, start]


def _outwards(side: Side) -> int:
    """Image direction of a person's own side when facing the camera: left is at +x."""
    return 1 if side == "left" else -1


def knee_flexion(xy: Float, side: Side, facing: int) -> Float:
    """Shank against the thigh: 0 straight, + heel to buttock, - hyperextension."""
    limb = LIMBS[side]
    thigh, shank = _vector(xy, limb.hip, limb.knee), _vector(xy, limb.knee, limb.ankle)
    return wrap(facing * turn(thigh, shank), 90.0)


def elbow_flexion(xy: Float, side: Side, facing: int) -> Float:
    """Forearm against the upper arm: 0 straight, + hand forwards of the straight line."""
    limb = LIMBS[side]
    upper, fore = _vector(xy, limb.shoulder, limb.elbow), _vector(xy, limb.elbow, limb.wrist)
    return wrap(-facing * turn(upper, fore), 90.0)


def elbow_angle(xy: Float, side: Side, facing: int) -> Float:
    """Forearm against the upper arm without sign, for views other than the sagittal one.

    There the sign would be the shoulder's rotation, not the elbow's.
    """
    limb = LIMBS[side]
    return between(_vector(xy, limb.shoulder, limb.elbow), _vector(xy, limb.elbow, limb.wrist))


def wrist_flexion(xy: Float, side: Side, facing: int) -> Float:
    """Hand against the forearm: 0 in line, + towards the elbow's flexor side (palm forwards)."""
    limb = LIMBS[side]
    hand = midpoint(xy, limb.index, limb.pinky) - xy[:, limb.wrist]
    return wrap(-facing * turn(_vector(xy, limb.elbow, limb.wrist), hand), 0.0)


def shoulder_flexion(xy: Float, side: Side, facing: int) -> Float:
    """Upper arm against the trunk mid-line: 0 hanging, + forwards and up, - backwards."""
    limb = LIMBS[side]
    arm = _vector(xy, limb.shoulder, limb.elbow)
    return wrap(-facing * turn(-trunk(xy), arm), 90.0)


def shoulder_abduction(xy: Float, side: Side, facing: int) -> Float:
    """Upper arm against the trunk mid-line: 0 hanging, + sideways and up, - across the body."""
    limb = LIMBS[side]
    arm = _vector(xy, limb.shoulder, limb.elbow)
    return wrap(-facing * _outwards(side) * turn(-trunk(xy), arm), 90.0)


def shoulder_external_rotation(xy: Float, side: Side, facing: int) -> Float:
    """Forearm against the horizontal with the arm abducted to 90: 0 forwards, + hand up."""
    limb = LIMBS[side]
    fore = _vector(xy, limb.elbow, limb.wrist)
    return np.degrees(np.arctan2(-fore[:, 1], facing * fore[:, 0]))


def hip_flexion(xy: Float, side: Side, facing: int) -> Float:
    """Thigh against the trunk mid-line: 0 in line, + knee forwards, - behind."""
    limb = LIMBS[side]
    thigh = _vector(xy, limb.hip, limb.knee)
    return wrap(-facing * turn(-trunk(xy), thigh), 60.0)


def hip_abduction(xy: Float, side: Side, facing: int) -> Float:
    """Thigh against the perpendicular of the line between the hips: + outwards, - inwards."""
    limb, opposite = LIMBS[side], LIMBS[other(side)]
    across = _vector(xy, opposite.hip, limb.hip)
    sign = facing * _outwards(side)
    # Turned by a quarter, the line that points to the side in question points to the feet.
    down = sign * np.stack([-across[:, 1], across[:, 0]], axis=-1)
    return wrap(-sign * turn(down, _vector(xy, limb.hip, limb.knee)), 0.0)


def hip_external_rotation(xy: Float, side: Side, facing: int) -> Float:
    """Shank against the vertical, sitting: 0 straight down, + foot inwards."""
    limb = LIMBS[side]
    shank = _vector(xy, limb.knee, limb.ankle)
    return -facing * _outwards(side) * np.degrees(np.arctan2(shank[:, 0], shank[:, 1]))


def ankle_dorsiflexion(xy: Float, side: Side, facing: int) -> Float:
    """Foot (heel to toe) against the shank: 0 at a right angle, + toes up, - toes down."""
    limb = LIMBS[side]
    shank, foot = _vector(xy, limb.knee, limb.ankle), _vector(xy, limb.heel, limb.toe)
    return wrap(-facing * turn(shank, foot), 90.0) - 90.0


def trunk_inclination(xy: Float, side: Side, facing: int) -> Float:
    """Trunk mid-line against the image's vertical: 0 upright, + forwards, - backwards."""
    line = trunk(xy)
    return facing * np.degrees(np.arctan2(line[:, 0], -line[:, 1]))


def trunk_lateral_flexion(xy: Float, side: Side, facing: int) -> Float:
    """Trunk mid-line against the image's vertical: 0 upright, + towards the named side."""
    line = trunk(xy)
    return facing * _outwards(side) * np.degrees(np.arctan2(line[:, 0], -line[:, 1]))


def neck_lateral_flexion(xy: Float, side: Side, facing: int) -> Float:
    """Line between the ears against the line between the shoulders: + ear to the named side."""
    ears, shoulders = _vector(xy, RIGHT_EAR, LEFT_EAR), _vector(xy, 12, 11)
    return wrap(facing * _outwards(side) * turn(shoulders, ears), 0.0)


def neck_rotation(xy: Float, side: Side, facing: int, nose_to_ear_ratio: float = 0.6) -> Float:
    """Nose off the middle of the ears: 0 straight ahead, + towards the named side. A proxy.

    A rigid head turned by r shows the ears at a distance of cos r and the nose at sin r times its
    own distance in front of them, `nose_to_ear_ratio` of the width between the ears.
    """
    ears = _vector(xy, RIGHT_EAR, LEFT_EAR)
    width = np.linalg.norm(ears, axis=-1)
    along = ears / np.maximum(width, 1e-9)[:, None]
    offset = ((xy[:, NOSE] - midpoint(xy, LEFT_EAR, RIGHT_EAR)) * along).sum(-1)
    return _outwards(side) * np.degrees(np.arctan2(offset / nose_to_ear_ratio, width))


def neck_flexion(xy: Float, side: Side, facing: int) -> Float:
    """Ears to nose against the trunk mid-line: 0 at a right angle, + nose down. A proxy."""
    face = xy[:, NOSE] - midpoint(xy, LEFT_EAR, RIGHT_EAR)
    return wrap(facing * turn(trunk(xy), face), 90.0) - 90.0


def thigh_inclination(xy: Float, side: Side, facing: int) -> Float:
    """Thigh against the image's vertical: 0 hanging down, + knee forwards of the hip."""
    limb = LIMBS[side]
    thigh = _vector(xy, limb.hip, limb.knee)
    return facing * np.degrees(np.arctan2(thigh[:, 0], thigh[:, 1]))


def hip_line_tilt(xy: Float, side: Side, facing: int) -> Float:
    """Line between the hips against the horizontal: + the named side higher."""
    across = _vector(xy, LIMBS[other(side)].hip, LIMBS[side].hip)
    return np.degrees(np.arctan2(-across[:, 1], facing * _outwards(side) * across[:, 0]))
