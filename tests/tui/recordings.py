"""Recordings in review, drawn from a formula."""

from __future__ import annotations

from datetime import timedelta
from math import cos, nan, pi, sin

from rehabctl.domain.review import ReviewData, ReviewMoment, ReviewRepetition
from rehabctl.domain.triage import WorklistRow
from tui.times import NOW


def make_review(
    assessment_id: str, row: WorklistRow, following: str | None, frames: int = 120
) -> ReviewData:
    """Return a squat seen from the side: five and a half repetitions at 10 frames a second."""
    t_s = tuple(i / 10 for i in range(frames))
    depth = tuple(0.5 - 0.5 * cos(2 * pi * t / 2.0) for t in t_s)
    angles = tuple(None if 40 <= i < 44 else 5 + 90 * d for i, d in enumerate(depth))
    repetitions = tuple(
        ReviewRepetition(
            i + 1,
            "partial" if i == 3 else "full",
            "left",
            2.0 * i,
            2.0 * i + 1,
            2.0 * i + 2,
            95.0,
            (89.5, 100.5),
        )
        for i in range(frames // 20)
    )
    return ReviewData(
        assessment_id=assessment_id,
        mrn=row.mrn,
        name=row.name,
        exercise="bodyweight-squat",
        recorded_at=NOW - timedelta(days=1),
        status="limited",
        confidence=0.71,
        reasons=("The camera stands 22 deg off the side view (limit 20).",),
        t_s=t_s,
        landmarks_px=tuple(
            _nobody() if 40 <= i < 44 else squat_pose(d) for i, d in enumerate(depth)
        ),
        motion="knee_flexion",
        side="left",
        angle_deg=angles,
        target_deg=90.0,
        repetitions=repetitions,
        moments=(
            ReviewMoment(4.1, "Nobody was found for 0.4 s."),
            ReviewMoment(7.0, "Trunk leans sideways by 14.8 deg (limit 10)."),
        ),
        next_assessment_id=following,
    )


def _nobody() -> tuple[tuple[float, float], ...]:
    return ((nan, nan),) * 33


def squat_pose(depth: float) -> tuple[tuple[float, float], ...]:
    """Return 33 landmarks of a stick figure seen from its left, `depth` from 0 to 1."""
    knee = depth * pi / 2
    shin, thigh, trunk = 190.0, 190.0, 240.0
    ankle = (300.0, 700.0)
    knee_at = (ankle[0] + shin * sin(knee / 2), ankle[1] - shin * cos(knee / 2))
    hip = (knee_at[0] - thigh * sin(knee / 2), knee_at[1] - thigh * cos(knee / 2))
    shoulder = (hip[0] + trunk * sin(depth * 0.6), hip[1] - trunk * cos(depth * 0.6))
    nose = (shoulder[0] + 40, shoulder[1] - 75)
    elbow = (shoulder[0] + 90 + 40 * depth, shoulder[1] + 70 - 60 * depth)
    wrist = (elbow[0] + 110, elbow[1] - 20 * depth)
    heel, toe = (ankle[0] - 25, ankle[1] + 25), (ankle[0] + 80, ankle[1] + 28)
    points = [nose] * 11
    for point in (shoulder, elbow, wrist, wrist, wrist, wrist, hip, knee_at, ankle, heel, toe):
        points += [point, (point[0] + 24, point[1] - 6)]
    return tuple(points)
