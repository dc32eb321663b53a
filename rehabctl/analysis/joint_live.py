"""Flexion of a hinge joint sample by sample, and repetitions while they happen.

The same method as `joint_angle` with what a stream allows: VQF without a magnetometer in each
sensor, and the heading between them from a window that looks back only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rehabctl.analysis.imu_recording import Float, ImuRecording
from rehabctl.analysis.joint_angle import HingeAxis, hinge_axis, hinge_motion
from rehabctl.analysis.orientation import FusionMethod, conjugate, multiply, rotate

Pair = tuple[float, Float, Float, Float, Float]
"""Seconds; rate and specific force, proximal and distal, each (3,)."""


@dataclass
class PairedStream:
    """Brings the samples of two sensors to common times: those of the proximal one.

    Parameters
    ----------
    most_waiting
        Samples of one sensor that wait for the other; older ones are left out, as after a drop.
    """

    most_waiting: int = 200
    _proximal: deque[tuple[float, Float, Float]] = field(init=False)
    _before: tuple[float, Float, Float] | None = None

    def __post_init__(self) -> None:
        """Begin empty."""
        self._proximal = deque(maxlen=self.most_waiting)

    def proximal(self, t_s: float, gyr_rads: Float, acc_ms2: Float) -> None:
        """Take a sample of the proximal sensor.

        Parameters
        ----------
        t_s, gyr_rads, acc_ms2
            Time, (3,), (3,).
        """
        if not self._proximal or t_s > self._proximal[-1][0]:
            self._proximal.append((t_s, gyr_rads, acc_ms2))

    def distal(self, t_s: float, gyr_rads: Float, acc_ms2: Float) -> list[Pair]:
        """Take a sample of the distal sensor, and return the pairs that are complete now.

        Parameters
        ----------
        t_s, gyr_rads, acc_ms2
            Time, (3,), (3,).
        """
        before = self._before
        if before is not None and t_s <= before[0]:
            return []
        self._before = (t_s, gyr_rads, acc_ms2)
        found: list[Pair] = []
        while self._proximal and self._proximal[0][0] <= t_s:
            at, gyr, acc = self._proximal.popleft()
            if before is None or at < before[0]:
                continue
            share = (at - before[0]) / (t_s - before[0])
            found.append(
                (
                    at,
                    gyr,
                    acc,
                    before[1] + share * (gyr_rads - before[1]),
                    before[2] + share * (acc_ms2 - before[2]),
                )
            )
        return found


class LiveHinge:
    """Angle of a hinge joint, one pair of samples at a time.

    Parameters
    ----------
    step_s
        Time between samples.
    limits
        The rows of `joint`.
    axis
        In both sensors, positive in flexion, as a functional calibration gives it.
    """

    def __init__(self, step_s: float, limits: Mapping[str, float], axis: HingeAxis) -> None:
        from vqf import VQF

        self._filters: tuple[Any, Any] = (VQF(step_s), VQF(step_s))
        self._limits = limits
        self._axes = (np.array(axis.proximal), np.array(axis.distal))
        self._keep = float(np.exp(-step_s / limits["window_s"]))
        self._mean = 0j
        self._frames = tuple(_frame(a) for a in self._axes)
        self._twist: float | None = None
        self._zero: float | None = None
        self._still: list[float] = []
        self._step_s = step_s

    def add(self, pair: Pair) -> float:
        """Return the flexion in degrees, zero in the still pose at the start.

        Parameters
        ----------
        pair
            From `PairedStream`.
        """
        _, gyr1, acc1, gyr2, acc2 = pair
        quats: list[Float] = []
        for one, gyr, acc in zip(self._filters, (gyr1, gyr2), (acc1, acc2), strict=True):
            one.update(np.ascontiguousarray(gyr), np.ascontiguousarray(acc))
            quats.append(np.asarray(one.getQuat6D(), dtype=np.float64))
        level = [rotate(q, j) for q, j in zip(quats, self._axes, strict=True)]
        vote = complex(level[0][0], level[0][1]) * complex(level[1][0], -level[1][1])
        self._mean = self._keep * self._mean + (1.0 - self._keep) * vote
        half = 0.5 * float(np.angle(self._mean))
        turned = multiply(np.array([np.cos(half), 0.0, 0.0, np.sin(half)]), quats[1])
        relative = multiply(conjugate(quats[0]), turned)
        hinge = multiply(conjugate(self._frames[0]), multiply(relative, self._frames[1]))
        twist = 2.0 * float(np.arctan2(hinge[3], hinge[0]))
        if self._twist is not None:
            twist += 2.0 * np.pi * round((self._twist - twist) / (2.0 * np.pi))
        self._twist = twist
        moving = max(float(np.linalg.norm(g)) for g in (gyr1, gyr2))
        return float(np.degrees(twist - self._neutral(twist, np.degrees(moving))))

    def _neutral(self, twist: float, moving_dps: float) -> float:
        """Return the angle of the neutral pose: the mean while nothing has moved yet."""
        if self._zero is not None:
            return self._zero
        if moving_dps <= 0.5 * self._limits["moving_dps_min"]:
            self._still.append(twist)
            return float(np.mean(self._still[-200:]))
        self._zero = float(np.mean(self._still)) if self._still else twist
        return self._zero


def learned_axis(
    pairs: list[Pair], limits: Mapping[str, float], horizontal_share_min: float
) -> HingeAxis | None:
    """Return the axis of the joint from its first movements; None before they are enough.

    From little movement a wrong axis may fit. The axis of a knee or an elbow lies level in a person
    who stands, sits or lies on the back; one that does not is refused and more movement awaited.

    Parameters
    ----------
    pairs
        From the start on.
    limits
        The rows of `joint`.
    horizontal_share_min
        How level the axis has to be, 1 being level.
    """
    times = np.array([pair[0] for pair in pairs])
    if len(times) < 50 or not bool(np.all(np.diff(times) > 0)):
        return None
    stacked = [np.stack([pair[i] for pair in pairs]) for i in range(1, 5)]
    proximal = ImuRecording(times, stacked[0], stacked[1])
    distal = ImuRecording(times, stacked[2], stacked[3])
    axis = hinge_axis(proximal, distal, limits)
    motion = hinge_motion(proximal, distal, FusionMethod.OFFLINE, limits, axis)
    return motion.axis if motion.horizontal_share >= horizontal_share_min else None


def moved_s(pairs: list[Pair], step_s: float, limits: Mapping[str, float]) -> float:
    """Return for how long a sensor has turned.

    Parameters
    ----------
    pairs
        From the start on.
    step_s
        Time between samples.
    limits
        The rows of `joint`.
    """
    least = np.radians(limits["moving_dps_min"])
    return step_s * sum(
        max(float(np.linalg.norm(p[1])), float(np.linalg.norm(p[3]))) > least for p in pairs
    )


def _frame(axis: Float) -> Float:
    """Return the rotation (4,) that takes z onto an axis."""
    if axis[2] < -1.0 + 1e-9:
        return np.array([0.0, 1.0, 0.0, 0.0])
    quat = np.array([1.0 + axis[2], -axis[1], axis[0], 0.0])
    return quat / np.linalg.norm(quat)


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something that a repetition gave rise to."""

    t_s: float
    kind: str
    """turn: the turning point was passed; repetition: the joint is back at rest."""
    peak_deg: float
    full: bool
    missing_deg: float
    """How much further the target was; 0 when it was reached."""
    number: int
    """Of the repetitions so far, partial ones too."""


class LiveCounter:
    """Counts repetitions of an angle while they happen.

    On the way outwards a repetition begins beyond `start_share` of the way to the target. It has
    its turning point when
    the angle has come back by `turn_share` of the way, and ends half of its own way back.

    Parameters
    ----------
    rest_deg, target_deg
        The target may lie below rest.
    full_share
        Share of the way that makes a repetition full.
    min_rep_s
        Shorter ones are not counted.
    limits
        The rows of `live`.
    """

    def __init__(
        self,
        rest_deg: float,
        target_deg: float,
        full_share: float,
        min_rep_s: float,
        limits: Mapping[str, float],
    ) -> None:
        self._rest, self._way = rest_deg, target_deg - rest_deg
        self._full, self._min_s, self._limits = full_share, min_rep_s, limits
        self._began_s: float | None = None
        self._best = 0.0
        self._turned = False
        self._low = 0.0
        self.full = self.partial = 0

    def add(self, t_s: float, angle_deg: float) -> LiveEvent | None:
        """Take an angle.

        Parameters
        ----------
        t_s, angle_deg
            In the order of time.
        """
        share = (angle_deg - self._rest) / self._way
        if self._began_s is None:
            self._low = min(self._low, share)
            outward = share >= self._low + self._limits["turn_share"]
            if outward and share >= self._limits["start_share"]:
                self._began_s, self._best, self._turned = t_s, share, False
            return None
        if share > self._best:
            self._best, self._turned = share, False
        if not self._turned and share <= self._best - self._limits["turn_share"]:
            self._turned = True
            return self._event(t_s, "turn")
        if self._turned and share <= 0.5 * self._best:
            long_enough = 2.0 * (t_s - self._began_s) >= self._min_s
            self._began_s, self._low = None, share
            if long_enough:
                if self._is_full():
                    self.full += 1
                else:
                    self.partial += 1
                return self._event(t_s, "repetition")
        return None

    def _is_full(self) -> bool:
        return self._best >= self._full - 1e-9

    def _event(self, t_s: float, kind: str) -> LiveEvent:
        peak = self._rest + self._best * self._way
        missing = 0.0 if self._is_full() else abs((1.0 - self._best) * self._way)
        return LiveEvent(t_s, kind, peak, self._is_full(), missing, self.full + self.partial)
