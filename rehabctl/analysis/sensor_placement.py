"""Is each sensor where its label says: by which one moved, and by the axis of its joint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rehabctl.analysis.functional_calibration import from_neutral
from rehabctl.analysis.imu_recording import ImuRecording
from rehabctl.analysis.joint_angle import HingeAxis, hinge_axis, hinge_motion, on_common_time
from rehabctl.analysis.orientation import FusionMethod
from rehabctl.analysis.sensor_checks import angle_deg
from rehabctl.domain.sensor import SensorFinding
from rehabctl.reference.sensor_limits import SensorLimits


def turned_deg(recording: ImuRecording, limits: Mapping[str, float]) -> float:
    """Return by how many degrees a sensor turned altogether, back and forth.

    Parameters
    ----------
    recording
        One sensor.
    limits
        The rows of `placement`.
    """
    rate_dps = np.degrees(np.linalg.norm(recording.gyr_rads, axis=1))
    return float(rate_dps[rate_dps > limits["moving_dps_min"]].sum()) * recording.interval_s


def moved_as_asked(
    recordings: Sequence[ImuRecording], asked: str, limits: SensorLimits
) -> tuple[SensorFinding, ...]:
    """Check that the sensor that moved bears the label of what the person was asked to move.

    Parameters
    ----------
    recordings
        Of one movement, labelled by side or by segment; both what was asked for and another.
    asked
        `left` or `right`, or a segment such as `shank`.
    limits
        The rows in force.

    Raises
    ------
    ValueError
        No recording bears the label, or none bears another.
    """
    rows = limits.of("placement")
    turned: dict[bool, float] = {}
    for recording in recordings:
        meta = recording.meta
        is_asked = asked in (meta.side, meta.segment)
        turned[is_asked] = max(turned.get(is_asked, 0.0), turned_deg(recording, rows))
    if len(turned) < 2:
        raise ValueError("the check needs a recording with that label, and one with another")
    numbers = f"{asked} turned by {turned[True]:.0f} deg, the other by {turned[False]:.0f} deg"
    enough = max(turned.values()) >= rows["turned_deg_min"]
    if enough and turned[True] >= rows["turned_ratio_min"] * turned[False]:
        return ()
    if enough and turned[False] >= rows["turned_ratio_min"] * turned[True]:
        return (SensorFinding("swapped", f"the sensors are swapped: {numbers}"),)
    # both legs of somebody who walks: see the note in docs/sensor-technician.md
    why = "both moved" if enough else "nothing moved"
    text = f"which sensor is which cannot be told from this recording: {why} ({numbers})"
    return (SensorFinding("placement_unknown", f"{text}; record it with the {asked} alone moving"),)


def untold_sides(recordings: Sequence[ImuRecording]) -> bool:
    """Tell whether recordings are labelled left and right, which nothing in them proves.

    Parameters
    ----------
    recordings
        Of one session.
    """
    return {"left", "right"} <= {recording.meta.side for recording in recordings}


def mounted_as_calibrated(
    proximal: ImuRecording, distal: ImuRecording, calibrated: HingeAxis, limits: SensorLimits
) -> tuple[SensorFinding, ...]:
    """Check that the joint's axis, in the direction of flexion, lies where it did at calibration.

    A sensor that was strapped on otherwise, upside down, on the other leg or on the other segment
    sees the axis elsewhere.

    Parameters
    ----------
    proximal, distal
        The sensors beside the joint, while it is bent from rest.
    calibrated
        Of the functional calibration.
    limits
        The rows in force.

    Raises
    ------
    ValueError
        The joint hardly moves.
    """
    most = limits.of("placement")["axis_deg_max"]
    pair = from_neutral(*on_common_time(proximal, distal), limits.of("joint"))
    if pair is None:
        text = "how the sensors are strapped on cannot be told: nobody stood still before bending"
        return (SensorFinding("placement_unknown", text),)
    axis = hinge_axis(*pair, limits.of("joint"))
    axis = hinge_motion(*pair, FusionMethod.OFFLINE, limits.of("joint"), axis).axis or axis

    def away_deg(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
        return angle_deg(np.array(one), np.array(other))

    away = {
        "above": away_deg(axis.proximal, calibrated.proximal),
        "below": away_deg(axis.distal, calibrated.distal),
    }
    if max(away.values()) <= most:
        return ()
    # the same two sensors the other way round; flexion then counts the other way, too
    around = (
        180.0 - away_deg(axis.proximal, calibrated.distal),
        180.0 - away_deg(axis.distal, calibrated.proximal),
    )
    if max(around) <= most:
        return (SensorFinding("swapped", "the sensors above and below the joint are swapped"),)
    return tuple(
        SensorFinding(
            "mounting",
            f"the axis in the sensor {where} the joint lies {degrees:.0f} deg from where it was "
            "calibrated: it is strapped on otherwise, or is the other side's",
        )
        for where, degrees in away.items()
        if degrees > most
    )
