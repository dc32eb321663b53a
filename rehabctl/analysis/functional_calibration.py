"""Functional calibration: the axis of a hinge joint in the sensors beside it, from its movement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rehabctl.analysis.imu_recording import Float, ImuRecording
from rehabctl.analysis.joint_angle import (
    HingeAxis,
    hinge_axis,
    hinge_motion,
    is_moving,
    on_common_time,
)
from rehabctl.analysis.orientation import FusionMethod
from rehabctl.domain.sensor import CalibrationResult, Procedure, SensorFinding
from rehabctl.reference.sensor_limits import SensorLimits


@dataclass(frozen=True, slots=True)
class FunctionalAxis:
    """What a movement tells of the hinge between two sensors."""

    axis: HingeAxis
    """In the direction of flexion."""
    residual_deg: float
    """Median of the rotation that is not about the axis."""
    range_deg: float
    """How far the joint was moved about the axis."""
    neutral_s: tuple[float, float] | None
    """The still stretch at the start that is zero; None where there was none."""
    angle_deg: float
    """At the last sample."""

    def shortcomings(self, rows: Mapping[str, float]) -> tuple[SensorFinding, ...]:
        """Return why the axis is not to be relied on, empty where it is.

        Parameters
        ----------
        rows
            The rows of `functional`.
        """
        found: list[SensorFinding] = []
        if self.range_deg < rows["range_deg_min"]:
            least = rows["range_deg_min"]
            text = f"the joint was bent by {self.range_deg:.0f} deg; {least:.0f} are the least"
            found.append(SensorFinding("range", text))
        if self.residual_deg > rows["residual_deg_max"]:
            text = f"{self.residual_deg:.0f} degrees of rotation are not about the axis"
            found.append(SensorFinding("residual", text))
        if self.axis.sign_ratio < rows["sign_ratio_min"]:
            text = "both directions of the axis fit about equally well"
            found.append(SensorFinding("sign", text))
        return tuple(found)


def from_neutral(
    proximal: ImuRecording, distal: ImuRecording, limits: Mapping[str, float]
) -> tuple[ImuRecording, ImuRecording] | None:
    """Return both recordings from the first still stand on; None without one.

    That pose tells in which direction the joint flexes: away from it.

    Parameters
    ----------
    proximal, distal
        At common times.
    limits
        The rows of `joint`.
    """
    still = ~is_moving(proximal, distal, 0.5 * limits["moving_dps_min"])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]]).astype(np.int8)))
    least = limits["neutral_s_min"] / proximal.interval_s
    starts = [int(a) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]
    if not starts:
        return None
    return _since(proximal, starts[0]), _since(distal, starts[0])


def _since(recording: ImuRecording, first: int) -> ImuRecording:
    mag_ut = None if recording.mag_ut is None else recording.mag_ut[first:]
    return ImuRecording(
        recording.t_s[first:],
        recording.gyr_rads[first:],
        recording.acc_ms2[first:],
        mag_ut,
        recording.meta,
    )


def functional_axis(
    proximal: ImuRecording, distal: ImuRecording, limits: SensorLimits
) -> FunctionalAxis:
    """Find the hinge between two sensors.

    Parameters
    ----------
    proximal, distal
        At common times.
    limits
        The rows in force.

    Raises
    ------
    ValueError
        The joint hardly moves.
    """
    rows = limits.of("joint")
    axis = hinge_axis(proximal, distal, rows)
    motion = hinge_motion(proximal, distal, FusionMethod.OFFLINE, rows, axis)
    low, high = np.percentile(motion.angle_deg, [1, 99])
    return FunctionalAxis(
        axis=motion.axis or axis,
        residual_deg=0.0 if motion.residual_deg is None else float(np.median(motion.residual_deg)),
        range_deg=float(high - low),
        neutral_s=motion.neutral_s,
        angle_deg=float(motion.angle_deg[-1]),
    )


def axis_share(spread: Float) -> tuple[Float, float]:
    """Return the axis (3,) about which one sensor turned most, and its share of the rotation.

    Parameters
    ----------
    spread
        (3, 3), the sum of w w' over the samples' rates; not zero.
    """
    values, vectors = np.linalg.eigh(spread)
    return vectors[:, -1], float(values[-1] / values.sum())


def functional(recordings: list[ImuRecording], limits: SensorLimits) -> CalibrationResult:
    """Find the axis of a hinge joint in one sensor, or in the two beside the joint.

    Parameters
    ----------
    recordings
        One, or proximal and distal.
    limits
        The rows in force.
    """
    rows = limits.of("functional")
    first = recordings[0]
    second = recordings[1] if len(recordings) > 1 else first

    def refuse(code: str, text: str) -> CalibrationResult:
        finding = SensorFinding(code, text)
        return CalibrationResult(Procedure.FUNCTIONAL, False, rows, {}, (finding,))

    try:
        pair = on_common_time(first, second)
    except ValueError as error:
        return refuse("no_overlap", str(error))
    if len(recordings) > 1:
        since = from_neutral(*pair, limits.of("joint"))
        if since is None:
            return refuse("neutral", "nobody stood still before the joint was bent")
        pair = since
    moved_s = float(is_moving(*pair, rows["moving_dps_min"]).sum()) * pair[0].interval_s
    results: dict[str, object] = {"moving_s": moved_s}
    findings: tuple[SensorFinding, ...] = ()
    if moved_s < rows["moving_s_min"]:
        text = f"the joint moved for {moved_s:.1f} s only"
        findings = (SensorFinding("no_movement", text),)
    elif len(recordings) == 1:
        axis, share = axis_share(first.gyr_rads.T @ first.gyr_rads)
        results |= {"axis": axis.tolist(), "axis_share": share}
        if share < rows["axis_share_min"]:
            text = f"only {100 * share:.0f} % of the rotation is about one axis"
            findings = (SensorFinding("axis_share", text),)
    else:
        found = functional_axis(*pair, limits)
        results |= {
            "axis_proximal": found.axis.proximal,
            "axis_distal": found.axis.distal,
            "sign_ratio": found.axis.sign_ratio,
            "residual_deg": found.residual_deg,
            "range_deg": found.range_deg,
            "neutral_s": found.neutral_s,
        }
        findings = found.shortcomings(rows)
    return CalibrationResult(Procedure.FUNCTIONAL, not findings, rows, results, findings)
