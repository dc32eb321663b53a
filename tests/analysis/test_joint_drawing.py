"""Every figure shows the angles that its exercise names, with bones that keep their length."""

from __future__ import annotations

from math import atan2, degrees, dist

import pytest

from rehabctl.analysis.joint_drawing import joint_drawing
from rehabctl.domain.exercise import Exercise
from rehabctl.domain.hand_out import Point, StickFigure
from rehabctl.reference.exercise_library import load_library

LIBRARY = load_library()
MOVING = [e for e in LIBRARY.all() if e.measurement.motion is not None]
NOT_SEEN = (
    "rotation", "supination", "inversion", "eversion", "pelvic_tilt", "pelvic_obliquity",
)  # fmt: skip
ON_THE_KNEES = ("nordic-hamstring", "floor-to-stand")


def drawn(exercise: Exercise) -> StickFigure | None:
    m = exercise.measurement
    return joint_drawing(
        exercise.position, m.motion, m.rest_deg, m.target_deg, m.reported_motions, m.view.value
    )


def bend(first: Point, joint: Point, last: Point) -> float:
    """Return by how many degrees the second bone turns off the line of the first, clockwise."""
    before = atan2(joint[1] - first[1], joint[0] - first[0])
    after = atan2(last[1] - joint[1], last[0] - joint[0])
    return (degrees(before - after) + 180) % 360 - 180


def test_every_motion_that_can_be_seen_is_drawn() -> None:
    missing = [e for e in MOVING if drawn(e) is None]
    for exercise in missing:
        motion = exercise.measurement.motion or ""
        unseen = motion.endswith(NOT_SEEN) or exercise.position == "quadruped"
        assert unseen or exercise.slug in ON_THE_KNEES, exercise.slug
    assert len(MOVING) - len(missing) >= 280


@pytest.mark.parametrize("exercise", MOVING, ids=lambda e: e.slug)
def test_bones_keep_their_length_and_nobody_sinks_into_the_ground(exercise: Exercise) -> None:
    figure = drawn(exercise)
    if figure is None:
        return
    bends = exercise.measurement.motion == "trunk_lateral_flexion"  # its flanks shorten
    for a, b in () if bends else figure.bones:
        lengths = [dist(frame[a], frame[b]) for frame in figure.frames]
        assert max(lengths) - min(lengths) < 1e-9
    for frame in figure.frames:
        assert min(y for _, y in frame) == pytest.approx(0, abs=1e-9)
        assert all(-0.7 <= x <= 0.7 and y <= 1.05 for x, y in frame)
    turning = figure.frames[len(figure.frames) // 2]
    assert turning != figure.frames[0]


KNEES = [e for e in MOVING if e.measurement.motion == "knee_flexion" and e.slug not in ON_THE_KNEES]


@pytest.mark.parametrize("exercise", KNEES, ids=lambda e: e.slug)
def test_the_knee_goes_from_rest_to_target(exercise: Exercise) -> None:
    figure = drawn(exercise)
    assert figure is not None
    hip, knee, ankle = 0, 6, 7
    assert {(hip, knee), (knee, ankle)} <= set(figure.bones)
    m = exercise.measurement
    for frame, expected in ((0, m.rest_deg), (len(figure.frames) // 2, m.target_deg)):
        joints = figure.frames[frame]
        assert bend(joints[hip], joints[knee], joints[ankle]) == pytest.approx(expected)


def test_in_a_bridge_the_feet_stay_and_the_hips_rise() -> None:
    figure = drawn(LIBRARY.get("bridge-double"))
    assert figure is not None
    low, high = figure.frames[0], figure.frames[len(figure.frames) // 2]
    assert high[0][1] - low[0][1] > 0.08
    assert high[7][1] == pytest.approx(low[7][1], abs=0.03)


def test_no_motion_no_picture() -> None:
    assert joint_drawing("supine", None, None, None) is None
    assert joint_drawing("seated", "neck_rotation", 0, 60) is None
