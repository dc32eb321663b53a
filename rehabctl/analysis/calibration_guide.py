"""What a person at the bench sees while a calibration is recorded: level, coverage, next step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from rehabctl.analysis.functional_calibration import axis_share
from rehabctl.analysis.imu_recording import Float
from rehabctl.analysis.sensor_calibration import (
    cells_of,
    coverage,
    covered_cells,
    field_swing,
    sphere_cells,
)
from rehabctl.analysis.sensor_checks import angle_deg
from rehabctl.domain.sensor import Procedure
from rehabctl.reference.sensor_limits import SensorLimits

_FACES = ("+x", "-x", "+y", "-y", "+z", "-z")
_LAY = np.array([d for d in product((-1.0, 0.0, 1.0), repeat=3) if any(d)])
"""The 26 ways to lay down a box: on a face, an edge or a corner."""
_SURELY_S = 0.5
"""Held for so much longer than the fit asks, a pose or a rest is in the recording for certain."""
_MOST_FIELD = 1000


@dataclass(frozen=True, slots=True)
class GuideView:
    """What is known of a calibration that is being recorded."""

    procedure: Procedure
    t_s: float
    """Since the first sample."""
    up: tuple[float, float, float] | None
    """Unit vector in the sensor that points up; None before the first sample."""
    turning_dps: float
    still_s: float
    wanted_still_s: float
    """How long a rest has to be; 0 where none is asked for."""
    seen: tuple[bool, ...]
    """Cells of the sphere that are covered; empty where the procedure covers none."""
    here: int | None
    """The cell in which the sensor points now."""
    done: str
    """How far it is, in a few words."""
    next_step: str
    enough: bool
    """Whether the recording can be judged."""


@dataclass
class CalibrationGuide:
    """Follows the samples of one sensor; the certificate is judged from the recording, not here.

    Parameters
    ----------
    procedure
        Which.
    limits
        The rows in force.
    """

    procedure: Procedure
    limits: SensorLimits
    _first_s: float | None = None
    _now_s: float = 0.0
    _still_from_s: float | None = None
    _still_most_s: float = 0.0
    _turned_s: float = 0.0
    _spread_of_rates: Float = field(default_factory=lambda: np.zeros((3, 3)))
    _turning_dps: float = 0.0
    _acc: Float = field(default_factory=lambda: np.zeros(3))
    _sum: Float = field(default_factory=lambda: np.zeros(3))
    _count: int = 0
    _poses: list[Float] = field(default_factory=list[Float])
    _mag: list[Float] = field(default_factory=list[Float])
    _samples: int = 0

    def add(self, t_s: float, gyr_rads: Float, acc_ms2: Float, mag_ut: Float) -> str | None:
        """Take a sample; return a line where there is something new to say.

        Parameters
        ----------
        t_s, gyr_rads, acc_ms2, mag_ut
            Time, (3,), (3,), (3,) or NaN.
        """
        self._samples += 1
        passed_s = t_s - self._now_s if self._first_s is not None else 0.0
        self._first_s = t_s if self._first_s is None else self._first_s
        self._now_s, self._acc = t_s, acc_ms2
        self._turning_dps = float(np.degrees(np.linalg.norm(gyr_rads)))
        if self._turning_dps > self.limits.of("functional")["moving_dps_min"]:
            self._turned_s += passed_s
        self._spread_of_rates += np.outer(gyr_rads, gyr_rads)
        said = self._rest(t_s, acc_ms2)
        return self._field(mag_ut) if self.procedure is Procedure.MAGNETOMETER else said

    def _rest(self, t_s: float, acc_ms2: Float) -> str | None:
        if self._turning_dps > 2.0 * self.limits.of("still")["gyroscope_dps_max"]:
            was_still, self._still_from_s = self._still_from_s is not None, None
            still_only = self.procedure in (Procedure.STATIC, Procedure.ALLAN)
            return "moved: lay it down and wait" if was_still and still_only else None
        if self._still_from_s is None:
            self._still_from_s, self._sum, self._count = t_s, np.zeros(3), 0
        self._sum, self._count = self._sum + acc_ms2, self._count + 1
        still_s = t_s - self._still_from_s
        self._still_most_s = max(self._still_most_s, still_s)
        return self._pose(still_s) if self.procedure is Procedure.ACCELEROMETER else None

    def _pose(self, still_s: float) -> str | None:
        rows = self.limits.of("accelerometer")
        mean = self._sum / self._count
        if still_s < rows["pose_s_min"] + _SURELY_S or not self._is_new(mean, rows):
            return None
        self._poses.append(mean)
        faces = {_face(pose) for pose in self._poses}
        picture = " ".join(face if face in faces else "--" for face in _FACES)
        return f"{self._poses_done(rows)}  [{picture}]"

    def _is_new(self, mean: Float, rows: Mapping[str, float]) -> bool:
        return all(angle_deg(mean, p) >= rows["pose_distance_deg_min"] for p in self._poses)

    def _poses_done(self, rows: Mapping[str, float]) -> str:
        count, wanted = len(self._poses), int(rows["poses_full_min"])
        return f"pose {count} of {wanted}, coverage {self._spread():.2f} of {rows['coverage_min']}"

    def _spread(self) -> float:
        return coverage(np.array(self._poses)) if len(self._poses) > 2 else 0.0

    def _field(self, mag_ut: Float) -> str | None:
        if not bool(np.isfinite(mag_ut).all()):
            return "the sensor sends no magnetic field" if self._samples == 1 else None
        self._mag.append(mag_ut)
        if len(self._mag) % 120:
            return None
        share = covered_cells(self._directions(), self._cells()) if self._swings() else 0.0
        filled = round(20 * share)
        return f"directions [{'#' * filled}{'.' * (20 - filled)}] {100 * share:.0f} %"

    def _directions(self) -> Float:
        """Return where the field pointed, from the middle of what was measured; the last is now."""
        kept = self._mag[:: max(1, len(self._mag) // _MOST_FIELD)]
        samples = np.array([*kept, self._mag[-1]])
        return samples - 0.5 * (samples.max(axis=0) + samples.min(axis=0))

    def _swings(self) -> bool:
        """Tell whether the sensor turns at all."""
        kept = np.array(self._mag[:: max(1, len(self._mag) // _MOST_FIELD)])
        return field_swing(kept) >= self.limits.of("magnetometer")["swing_min"]

    def _cells(self) -> int:
        return int(self.limits.of("magnetometer")["coverage_cells"])

    # -- the picture -----------------------------------------------------------------------------

    def view(self) -> GuideView:
        """Return what is known now."""
        length = float(np.linalg.norm(self._acc))
        still_s = 0.0 if self._still_from_s is None else self._now_s - self._still_from_s
        seen, here = self._sphere()
        done, step, enough = self._words(still_s, seen)
        x, y, z = (self._acc / length).tolist() if length > 0.0 else (0.0, 0.0, 0.0)
        return GuideView(
            self.procedure,
            self._now_s - (self._first_s or 0.0),
            (x, y, z) if length > 0.0 else None,
            self._turning_dps,
            still_s,
            self._wanted_still_s(),
            seen,
            here,
            done,
            step,
            enough,
        )

    def _wanted_still_s(self) -> float:
        if self.procedure is Procedure.ACCELEROMETER:
            return self.limits.of("accelerometer")["pose_s_min"] + _SURELY_S
        if self.procedure in (Procedure.STATIC, Procedure.ALLAN):
            return self.limits.of(self.procedure.value)["duration_s_min"] + _SURELY_S
        return 0.0

    def _sphere(self) -> tuple[tuple[bool, ...], int | None]:
        cells = self._cells()
        covered = np.zeros(cells, dtype=bool)
        here: int | None = None
        if self.procedure is Procedure.ACCELEROMETER:
            # a pose stands for what lies within twice the least distance of two poses
            near = np.cos(
                np.radians(2.0 * self.limits.of("accelerometer")["pose_distance_deg_min"])
            )
            for pose in self._poses:
                covered |= sphere_cells(cells) @ (pose / np.linalg.norm(pose)) >= near
            here = int(cells_of(self._acc[None, :], cells)[0]) if self._samples else None
        elif self.procedure is Procedure.MAGNETOMETER:
            if self._mag and self._swings():
                numbers = cells_of(self._directions(), cells)
                covered[numbers], here = True, int(numbers[-1])
        else:
            return (), None
        return tuple(covered.tolist()), here

    def _words(self, still_s: float, seen: tuple[bool, ...]) -> tuple[str, str, bool]:
        """Return how far it is, what to do next, and whether it is enough."""
        if self.procedure is Procedure.ACCELEROMETER:
            return self._words_poses(still_s)
        if self.procedure is Procedure.MAGNETOMETER:
            return self._words_field(seen)
        if self.procedure is Procedure.FUNCTIONAL:
            return self._words_axis()
        wanted = self._wanted_still_s()
        done = f"still for {self._still_most_s:.1f} of {wanted:.1f} s"
        if self._still_most_s >= wanted:
            return done, "Enough.", True
        return done, "Do not touch it." if still_s else "Lay it on the table and let go.", False

    def _words_axis(self) -> tuple[str, str, bool]:
        rows = self.limits.of("functional")
        wanted = rows["moving_s_min"] + _SURELY_S
        done = f"moved for {self._turned_s:.0f} of {wanted:.1f} s"
        if self._turned_s == 0.0:
            still = self._still_most_s >= 3.0
            step = "Bend the joint, slowly and as far as it goes."
            return done, step if still else "Stand still for three seconds.", False
        _, share = axis_share(self._spread_of_rates)
        done += f", {100 * share:.0f} of {100 * rows['axis_share_min']:.0f} % about one axis"
        if share < rows["axis_share_min"]:
            return done, "Bend that joint alone, and do not twist.", False
        if self._turned_s < wanted:
            return done, "Bend it again, slowly and as far as it goes.", False
        return done, "Enough: stand still, and end it.", True

    def _words_poses(self, still_s: float) -> tuple[str, str, bool]:
        rows = self.limits.of("accelerometer")
        done = self._poses_done(rows)
        enough = (
            len(self._poses) >= rows["poses_full_min"] and self._spread() >= rows["coverage_min"]
        )
        if still_s and self._is_new(self._sum / self._count, rows):
            return done, "Hold it still.", enough
        if enough:
            return done, "Enough: end it, or add more poses.", True
        return done, f"Put it down with {direction_words(self._missing())} up.", False

    def _missing(self) -> Float:
        """Return the way to lay it down that is farthest from every pose so far."""
        lay = _LAY / np.linalg.norm(_LAY, axis=1, keepdims=True)
        if not self._poses:
            return np.array([0.0, 0.0, 1.0])
        poses = np.array(self._poses)
        poses = poses / np.linalg.norm(poses, axis=1, keepdims=True)
        return lay[int(np.argmin((lay @ poses.T).max(axis=1)))]

    def _words_field(self, seen: tuple[bool, ...]) -> tuple[str, str, bool]:
        rows = self.limits.of("magnetometer")
        wanted = rows["coverage_percent_min"]
        percent = 100.0 * sum(seen) / len(seen)
        done = f"{percent:.0f} of {wanted:.0f} % of the directions"
        if not self._mag:
            return done, "The sensor sends no magnetic field.", False
        if percent >= wanted and len(self._mag) >= rows["samples_min"]:
            return done, "Enough: end it, or turn on for a surer fit.", True
        missing = sphere_cells(len(seen))[~np.array(seen)]
        side = direction_words(missing.mean(axis=0)) if len(missing) else "any"
        return done, f"Turn it slowly through all directions; missing most: {side}.", False


def direction_words(direction: Float) -> str:
    """Return the axes along which a direction lies: `+z`, `+x and -y`, `+x, -y and +z`.

    Parameters
    ----------
    direction
        (3,), not zero.
    """
    unit = direction / np.linalg.norm(direction)
    names = [
        f"{'+' if value > 0 else '-'}{axis}"
        for axis, value in zip("xyz", unit.tolist(), strict=True)
        if abs(value) > 0.38  # within 22 degrees of the other two axes
    ]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _face(pose: Float) -> str:
    """Return the axis that points up."""
    axis = int(np.argmax(np.abs(pose)))
    return f"{'+' if pose[axis] > 0 else '-'}{'xyz'[axis]}"
