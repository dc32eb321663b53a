"""What a person at the bench sees while a calibration is recorded: level, poses, coverage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rehabctl.analysis.imu_recording import Float
from rehabctl.analysis.sensor_calibration import coverage, covered_cells
from rehabctl.analysis.sensor_checks import angle_deg
from rehabctl.domain.sensor import Procedure
from rehabctl.reference.sensor_limits import SensorLimits

_FACES = ("+x", "-x", "+y", "-y", "+z", "-z")


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
    _still_from_s: float | None = None
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
        if self.procedure is Procedure.MAGNETOMETER:
            return self._field(mag_ut)
        moving = float(np.degrees(np.linalg.norm(gyr_rads)))
        if moving > 2.0 * self.limits.of("still")["gyroscope_dps_max"]:
            was_still, self._still_from_s = self._still_from_s is not None, None
            still_only = self.procedure in (Procedure.STATIC, Procedure.ALLAN)
            return "moved: lay it down and wait" if was_still and still_only else None
        if self._still_from_s is None:
            self._still_from_s, self._sum, self._count = t_s, np.zeros(3), 0
        self._sum, self._count = self._sum + acc_ms2, self._count + 1
        if self.procedure is Procedure.ACCELEROMETER:
            return self._pose(t_s - self._still_from_s)
        return None

    def _pose(self, still_s: float) -> str | None:
        rows = self.limits.of("accelerometer")
        mean = self._sum / self._count
        if still_s < rows["pose_s_min"] + 0.5 or not self._is_new(mean, rows):
            return None
        self._poses.append(mean)
        poses = np.array(self._poses)
        spread = coverage(poses) if len(poses) > 2 else 0.0
        faces = {_face(pose) for pose in self._poses}
        picture = " ".join(face if face in faces else "--" for face in _FACES)
        wanted = int(rows["poses_full_min"])
        return f"pose {len(poses)} of {wanted}  [{picture}]  coverage {spread:.2f}"

    def _is_new(self, mean: Float, rows: Mapping[str, float]) -> bool:
        return all(angle_deg(mean, p) >= rows["pose_distance_deg_min"] for p in self._poses)

    def _field(self, mag_ut: Float) -> str | None:
        if not bool(np.isfinite(mag_ut).all()):
            return "the sensor sends no magnetic field" if self._samples == 1 else None
        self._mag.append(mag_ut)
        if len(self._mag) % 120:
            return None
        samples = np.array(self._mag[:: max(1, len(self._mag) // 1000)])
        middle = 0.5 * (samples.max(axis=0) + samples.min(axis=0))
        cells = int(self.limits.of("magnetometer")["coverage_cells"])
        share = covered_cells(samples - middle, cells)
        filled = round(20 * share)
        return f"directions [{'#' * filled}{'.' * (20 - filled)}] {100 * share:.0f} %"


def _face(pose: Float) -> str:
    """Return the axis that points up."""
    axis = int(np.argmax(np.abs(pose)))
    return f"{'+' if pose[axis] > 0 else '-'}{'xyz'[axis]}"
