"""Stick figures made from joint angles: the forward way, written apart from `angles.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from rehabctl.analysis.keypoint_series import FrameSignals, KeypointSeries, ModelInfo, VideoInfo
from rehabctl.analysis.landmarks import LIMBS, Side

Array = np.ndarray[Any, Any]
TORSO = 120.0


def turned(vector: Array, deg: Array | float) -> Array:
    """Rotate clockwise on the screen (y points down)."""
    c, s = np.cos(np.radians(deg)), np.sin(np.radians(deg))
    x, y = vector[..., 0], vector[..., 1]
    return np.stack([x * c - y * s, x * s + y * c], axis=-1)


def side_view(
    n: int = 1, *, facing: int = 1, far: dict[str, Any] | None = None, **deg: Any
) -> Array:
    """Return (n, 33, 2) of a figure seen from the side.

    Angles by name (hip, knee, ankle, shoulder, elbow, wrist, trunk, neck), numbers or (n,) each,
    move the side towards the camera; `far` gives those of the other side.
    """
    near: Side = "right" if facing > 0 else "left"
    other: Side = "left" if facing > 0 else "right"
    xy = np.zeros((n, 33, 2))
    trunk = np.broadcast_to(np.asarray(deg.get("trunk", 0.0), dtype=float), (n,))
    up = np.stack([np.sin(np.radians(trunk)), -np.cos(np.radians(trunk))], axis=-1) * TORSO
    for side, given in ((near, deg), (other, deg if far is None else {**deg, **far})):
        _limbs(xy, LIMBS[side], up, given)
    ears = up * 1.2
    face = turned(up, 90.0 + np.asarray(deg.get("neck", 0.0), dtype=float)) * 0.13
    xy[:, [7, 8]] = ears[:, None]
    xy[:, 0] = ears + face
    shift = np.asarray(deg.get("hip_height", 0.0), dtype=float) * np.ones(n)
    xy[..., 1] -= shift[:, None]
    if facing < 0:
        xy[..., 0] *= -1
    return xy + np.array([320.0, 260.0])


def _limbs(xy: Array, limb: Any, up: Array, deg: dict[str, Any]) -> None:
    def angle(name: str) -> Array:
        return np.broadcast_to(np.asarray(deg.get(name, 0.0), dtype=float), (len(xy),))

    unit = up / TORSO
    xy[:, limb.shoulder] = up
    thigh = turned(-unit, -angle("hip"))
    shank = turned(thigh, angle("knee"))
    foot = turned(shank, -(90.0 + angle("ankle")))
    arm = turned(-unit, -angle("shoulder"))
    fore = turned(arm, -angle("elbow"))
    hand = turned(fore, -angle("wrist"))
    xy[:, limb.knee] = 95.0 * thigh
    xy[:, limb.ankle] = xy[:, limb.knee] + 90.0 * shank
    xy[:, limb.heel] = xy[:, limb.ankle] - 12.0 * foot
    xy[:, limb.toe] = xy[:, limb.heel] + 0.39 * TORSO * foot
    xy[:, limb.elbow] = up + 64.0 * arm
    xy[:, limb.wrist] = xy[:, limb.elbow] + 60.0 * fore
    for number in (limb.index, limb.pinky):
        xy[:, number] = xy[:, limb.wrist] + 20.0 * hand
    xy[:, limb.index + 2] = xy[:, limb.wrist] + 15.0 * hand


def front_view(n: int = 1, *, facing: int = 1, **deg: Any) -> Array:
    """Return (n, 33, 2) of a figure seen from the front (facing 1) or from behind (-1).

    Angles by name with a side (`left_shoulder`, `right_hip`, `left_elbow`, `left_shank`), and
    `lean` (to the left), `pelvis` (left side up), `head_tilt` and `head_turn` (to the left).
    """

    def angle(name: str) -> Array:
        return np.broadcast_to(np.asarray(deg.get(name, 0.0), dtype=float), (n,))

    xy = np.zeros((n, 33, 2))
    up = turned(np.tile([0.0, -1.0], (n, 1)), angle("lean"))
    across = turned(np.tile([1.0, 0.0], (n, 1)), -angle("pelvis"))
    shoulders = turned(up, 90.0)
    for side, sign in (("left", 1), ("right", -1)):
        limb = LIMBS[side]  # type: ignore[index]
        hip = sign * 22.0 * across
        shoulder = TORSO * up + sign * 0.33 * TORSO * shoulders
        arm = turned(-up, -sign * angle(f"{side}_shoulder"))
        fore = turned(arm, -sign * angle(f"{side}_elbow"))
        down = turned(across, 90.0)
        thigh = turned(down, -sign * angle(f"{side}_hip"))
        shank = turned(np.tile([0.0, 1.0], (n, 1)), sign * angle(f"{side}_shank"))
        xy[:, limb.hip], xy[:, limb.shoulder] = hip, shoulder
        xy[:, limb.knee] = hip + 95.0 * thigh
        xy[:, limb.ankle] = xy[:, limb.knee] + 90.0 * shank
        xy[:, [limb.heel, limb.toe]] = (xy[:, limb.ankle] + np.array([0.0, 10.0]))[:, None]
        xy[:, limb.elbow] = shoulder + 64.0 * arm
        xy[:, limb.wrist] = xy[:, limb.elbow] + 60.0 * fore
        xy[:, [limb.index, limb.pinky]] = (xy[:, limb.wrist] + 15.0 * fore)[:, None]
        xy[:, limb.index + 2] = xy[:, limb.wrist] + 12.0 * fore
    line = turned(shoulders, angle("head_tilt"))
    turn = np.radians(angle("head_turn"))
    middle = TORSO * 1.25 * up
    width = 28.0 * np.cos(turn)[:, None]
    xy[:, 7], xy[:, 8] = middle + line * width / 2, middle - line * width / 2
    xy[:, 0] = middle + line * (0.6 * 28.0 * np.sin(turn))[:, None]
    if facing < 0:
        xy[..., 0] *= -1
    return xy + np.array([320.0, 260.0])


def transformed(xy: Array, *, turn: float = 0.0, scale: float = 1.0, shift: float = 0.0) -> Array:
    """Rotate about the origin, scale and move a figure."""
    return turned(xy, turn) * scale + shift


def mirrored(xy: Array, width: float = 640.0) -> Array:
    """Return the picture flipped left to right, with the labels still the person's own."""
    out = xy.copy()
    out[..., 0] = width - out[..., 0]
    return out


def there_and_back(
    t_s: Array, peaks: list[tuple[float, float]], *, rest: float, width_s: float = 2.0
) -> Array:
    """Return a curve at rest with smooth movements to (time, angle) and back."""
    curve = np.full(len(t_s), rest)
    for middle, peak in peaks:
        phase = np.clip((t_s - middle) / width_s, -0.5, 0.5)
        curve += (peak - rest) * np.cos(np.pi * phase) ** 2
    return curve


def series_of(
    xy: Array,
    fs_hz: float = 30.0,
    *,
    t_s: Array | None = None,
    sha256: str = "4eaa5eb7a98365221087693fcc286334cf0858e2eb6e15b506aa4a7ecdcec4ad",
    signals: FrameSignals | None = None,
    **more: Any,
) -> KeypointSeries:
    """Return a recording of a figure; NaN frames count as not found."""
    n = len(xy)
    times = np.arange(n) / fs_hz if t_s is None else t_s
    found = np.isfinite(xy).all(axis=-1)
    video = VideoInfo("", 640, 640, 0, float(times[-1]) if n else 0.0, n, fs_hz, False)
    return KeypointSeries(
        np.asarray(times, dtype=np.float64),
        xy.astype(np.float32),
        np.where(found, 0.99, 0.0).astype(np.float32),
        None,
        video,
        ModelInfo("pose_landmarker_full", sha256, "0.10.31", "5.0.0"),
        signals,
        **more,
    )
