"""From the angle of a joint between two sensors to the result that a camera also gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rehabctl.analysis.assessment import (
    AngleSeries,
    CodedText,
    MotionRange,
    MovementAssessment,
    QualityResult,
    QualityStatus,
    Repetition,
    RepetitionKind,
    ViewResult,
)
from rehabctl.analysis.joint_angle import JointMotion
from rehabctl.analysis.repetitions import CountedRepetition, SeriesCount, count_series
from rehabctl.domain.sensor import HINGE_JOINTS, Joint
from rehabctl.reference.measurement import RepetitionThresholds

MOTIONS = {
    Joint.KNEE: "knee_flexion",
    Joint.ELBOW: "elbow_flexion",
    Joint.ANKLE: "ankle_dorsiflexion",
    Joint.WRIST: "wrist_flexion",
    Joint.HIP: "hip_rotation_total",
    Joint.SHOULDER: "shoulder_rotation_total",
}
"""What the angle is called; of a ball joint it is the whole turn from the first pose."""

_CONFIDENCE = {QualityStatus.GOOD: 0.9, QualityStatus.LIMITED: 0.5, QualityStatus.REFUSED: 0.0}


@dataclass(frozen=True, slots=True)
class JointGoal:
    """What counts as a repetition."""

    exercise: str
    """Slug, or empty when no exercise was named."""
    rest_deg: float
    target_deg: float | None
    """None: the largest excursion of the recording itself."""
    min_rep_s: float = 0.8


def quality_of(motion: JointMotion, joint: Joint, limits: Mapping[str, float]) -> QualityResult:
    """Judge how far the angle can be relied on, with every reason.

    Parameters
    ----------
    motion
        The angle over time.
    joint
        Which joint.
    limits
        The rows of `joint`.
    """
    reasons: list[CodedText] = []

    def limited(code: str, text: str) -> None:
        reasons.append(CodedText(code, text))

    if motion.neutral_s is None:
        limited(
            "neutral_pose_missing",
            "no still pose at the start; angles count from the first sample",
        )
    difference = disagreement_deg(motion)
    if motion.axis is None and difference is None:
        limited(
            "ball_joint_single_method",
            "a ball joint has no axis that ties the sensors together; the angle rests on one "
            "method alone (the second needs rehabctl[sensors] and magnetometers in both sensors)",
        )
    elif difference is not None and difference > limits["disagreement_deg_max"]:
        limited(
            "methods_disagree",
            f"the angle by the magnetometers and the one by the joint's own constraint differ by "
            f"{difference:.0f} degrees rms; look for metal nearby, and at the straps",
        )
    if motion.axis is not None and joint not in HINGE_JOINTS:
        limited("joint_not_a_hinge", f"the {joint.value} also turns beside its main axis")
    if motion.axis is not None:
        if motion.axis.sign_ratio < limits["sign_ratio_min"]:
            limited("axis_direction_unsure", "both directions of the axis fit about equally well")
        if motion.horizontal_share < limits["horizontal_share_min"]:
            limited("axis_vertical", "the joint's axis stood upright, where heading is unsure")
    if motion.residual_deg is not None:
        middle = float(np.median(motion.residual_deg))
        if middle > limits["residual_deg_max"]:
            limited(
                "residual_large",
                f"{middle:.0f} degrees of rotation are not about the axis; check the straps",
            )
    status = QualityStatus.LIMITED if reasons else QualityStatus.GOOD
    return QualityResult(status, _CONFIDENCE[status], tuple(reasons))


def disagreement_deg(motion: JointMotion) -> float | None:
    """Return the rms difference between the two methods of a ball joint; None without a second.

    Parameters
    ----------
    motion
        The angle over time.
    """
    if motion.second_deg is None:
        return None
    return float(np.sqrt(np.mean((motion.angle_deg - motion.second_deg) ** 2)))


def refused(joint: Joint, goal: JointGoal, side: str, reason: CodedText) -> MovementAssessment:
    """Return the result of a recording from which the angle cannot be had.

    Parameters
    ----------
    joint, goal, side
        What was asked for.
    reason
        Why.
    """
    status = QualityStatus.REFUSED
    return MovementAssessment(
        exercise=goal.exercise,
        view=_no_camera(),
        quality=QualityResult(status, _CONFIDENCE[status], (reason,)),
        repetitions=(),
        motions=(MotionRange(MOTIONS[joint], side, None, None, None, None, False, reason.text),),
        parameters={"instrument": "imu"},
    )


def assess(
    motion: JointMotion,
    joint: Joint,
    side: str,
    goal: JointGoal,
    thresholds: RepetitionThresholds,
    limits: Mapping[str, float],
) -> MovementAssessment:
    """Count repetitions and measure the range of an angle series.

    Parameters
    ----------
    motion
        The angle over time.
    joint, side
        Which joint; left, right or unknown.
    goal
        Rest and target.
    thresholds
        What makes a movement a repetition.
    limits
        The rows of `joint`.
    """
    uncertainty = limits["uncertainty_deg"]
    target = goal.target_deg
    if target is None:
        target = goal.rest_deg + float(np.percentile(motion.angle_deg, 99))
    counted = SeriesCount(())
    if abs(target - goal.rest_deg) >= thresholds.min_swing_deg:
        counted = count_series(
            motion.t_s,
            motion.angle_deg,
            rest_deg=goal.rest_deg,
            target_deg=target,
            thresholds=thresholds,
            min_rep_s=goal.min_rep_s,
        )
    low, high = float(motion.angle_deg.min()), float(motion.angle_deg.max())
    name = MOTIONS[joint]
    difference = disagreement_deg(motion)
    second = {} if difference is None else {"second_opinion_rms_deg": round(difference, 2)}
    series = AngleSeries(name, side, tuple(motion.t_s.tolist()), tuple(motion.angle_deg.tolist()))
    return MovementAssessment(
        exercise=goal.exercise,
        view=_no_camera(),
        quality=quality_of(motion, joint, limits),
        repetitions=tuple(_repetition(r, side, uncertainty) for r in counted.items),
        motions=(MotionRange(name, side, low, high, high - low, uncertainty, True, None),),
        parameters={
            "instrument": "imu",
            "driving_motion": name,
            "rest_deg": goal.rest_deg,
            "target_deg": target,
            "target_from": "recording" if goal.target_deg is None else "prescription",
            **second,
        },
        series=(series,),
    )


def _repetition(found: CountedRepetition, side: str, uncertainty_deg: float) -> Repetition:
    peak = found.peak_deg
    cut = found.kind is RepetitionKind.CUT
    return Repetition(
        index=found.index,
        kind=found.kind,
        side=side,
        start_s=found.start_s,
        peak_s=found.peak_s,
        end_s=found.end_s,
        peak_deg=peak,
        peak_uncorrected_deg=peak,
        interval_deg=(peak - uncertainty_deg, peak + uncertainty_deg),
        rom_deg=None if cut else found.rom_deg,
        hold_s=found.hold_s,
        eccentric_s=found.outward_s,
        concentric_s=found.return_s,
        smoothness_sparc=None,
    )


def _no_camera() -> ViewResult:
    return ViewResult("none", "unknown", None, "none", True)
