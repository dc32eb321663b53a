"""Gates: what is refused, what is limited, what is only noted, each with its reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rehabctl.analysis.assessment import QualityStatus, RepetitionKind
from rehabctl.analysis.keypoint_series import FrameSignals, KeypointSeries, PersonSample
from rehabctl.analysis.measure import measure, require_measurable
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.domain.errors import FindingsError
from rehabctl.domain.exercise import Measure, Measurement, Signal
from tests.analysis.rendered_clips import clip, spec
from tests.analysis.skeletons import front_view, series_of, side_view, there_and_back

T_S = np.arange(0, 12, 1 / 30)
N = len(T_S)
KNEE = there_and_back(T_S, [(2.0, 92.0), (6.0, 95.0), (10.0, 90.0)], rest=4.0)
SQUAT = spec("sagittal", "knee_flexion", 10, 90, "bilateral", stable_landmarks=(27, 28))
GOOD, LIMITED, REFUSED = QualityStatus.GOOD, QualityStatus.LIMITED, QualityStatus.REFUSED


def squat(**more: Any) -> KeypointSeries:
    return series_of(side_view(N, knee=KNEE, hip=0.9 * KNEE), **more)


def signals(luma: float = 150.0, sharpness: float = 300.0, n: int = N) -> FrameSignals:
    return FrameSignals(np.full(n, luma), np.full(n, sharpness), np.full(n, 0.4))


def codes(measured: MeasuredMovement) -> set[str]:
    return {item.code for item in measured.quality.reasons}


def notes(measured: MeasuredMovement) -> set[str]:
    return {item.code for item in measured.warnings}


def test_a_clean_side_view_is_good() -> None:
    found = measure(squat(signals=signals()), SQUAT, exercise="squat")
    assert found.quality.status is GOOD
    assert found.quality.reasons == ()
    assert len(found.repetitions) == 3
    assert found.near_side == "right"
    assert found.repetitions[0].eccentric_s > 0.5


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"luma": 20.0}, "dark"),
        ({"luma": 250.0}, "bright"),
        ({"sharpness": 10.0}, "blur"),
    ],
)
def test_light_and_blur_limit_and_widen(given: dict[str, float], code: str) -> None:
    plain = measure(squat(signals=signals()), SQUAT, exercise="squat")
    found = measure(squat(signals=signals(**given)), SQUAT, exercise="squat")
    assert found.quality.status is LIMITED
    assert codes(found) == {code}
    assert width(found) > width(plain)


def width(measured: MeasuredMovement) -> float:
    interval = measured.repetitions[0].interval_deg
    assert interval is not None
    return interval[1] - interval[0]


def people(second: float, n: int = 10) -> tuple[PersonSample, ...]:
    boxes = ((0.0, 0.0, 100.0, 300.0), (300.0, 0.0, 300.0 + 100.0 * second, 300.0))
    return tuple(PersonSample(float(i), boxes) for i in range(n))


def test_a_bystander_is_named_and_two_alike_are_refused() -> None:
    found = measure(squat(people=people(0.4)), SQUAT, exercise="squat")
    assert found.quality.status is GOOD
    assert "bystander" in notes(found)
    alike = measure(squat(people=people(0.95)), SQUAT, exercise="squat")
    assert alike.quality.status is REFUSED
    assert "several_persons" in codes(alike)
    assert all(r.peak_deg is None for r in alike.repetitions)


def test_somebody_who_passes_once_is_no_bystander() -> None:
    once = (*people(0.5, 1), *(PersonSample(5.0, ((0.0, 0.0, 100.0, 300.0),)) for _ in range(9)))
    assert notes(measure(squat(people=once), SQUAT, exercise="squat")) == set()


def test_nobody_is_refused_with_a_result() -> None:
    found = measure(series_of(np.full((60, 33, 2), np.nan)), SQUAT, exercise="squat")
    assert found.quality.status is REFUSED
    assert codes(found) == {"no_person"}
    assert found.repetitions == ()
    assert all(not m.measurable and m.reason for m in found.motions)


@pytest.mark.parametrize("frames", [0, 1, 2, 10, 30])
def test_very_short_recordings_are_no_error(frames: int) -> None:
    found = measure(series_of(side_view(N)[:frames]), SQUAT, exercise="squat")
    assert found.repetitions == ()


def test_a_person_who_is_often_lost_limits_and_nothing_is_joined() -> None:
    xy = side_view(N, knee=KNEE, hip=0.9 * KNEE)
    xy[170:260] = np.nan
    found = measure(series_of(xy), SQUAT, exercise="squat")
    assert codes(found) == {"person_lost"}
    assert {"gaps", "rejected_interrupted"} <= notes(found)
    assert len(found.repetitions) == 2
    assert np.isnan(found.angles["knee_flexion", "right"][180:250]).all()


def test_a_jump_to_another_place_divides() -> None:
    xy = side_view(N, knee=KNEE, hip=0.9 * KNEE)
    xy[200:] += np.array([180.0, 0.0])
    found = measure(series_of(xy), SQUAT, exercise="squat")
    assert "person_switch" in notes(found)
    assert len(found.series.segments) == 2


def test_a_cut_of_the_film_divides() -> None:
    light = signals()
    light.change[200] = 90.0
    found = measure(squat(signals=light), SQUAT, exercise="squat")
    assert "scene_cut" in notes(found)
    assert [s.start for s in found.series.segments] == [0, 200]


def test_front_view_refuses_knee_flexion_but_counts_by_the_hips() -> None:
    drop = 40.0 * KNEE / 95.0
    xy = front_view(N)
    xy[:, :25, 1] += drop[:, None]
    found = measure(series_of(xy), SQUAT, exercise="squat")
    assert found.quality.status is REFUSED
    assert {"view_unfit", "count_only"} <= codes(found)
    assert [r.peak_deg for r in found.repetitions] == [None, None, None]
    assert [r.interval_deg for r in found.repetitions] == [None, None, None]
    assert not any(m.measurable for m in found.motions)


def test_an_exercise_that_is_filmed_from_the_front_to_be_counted_is_limited() -> None:
    xy = front_view(N)
    xy[:, :25, 1] += (40.0 * KNEE / 95.0)[:, None]
    given = spec("frontal", "knee_flexion", 15, 60, "bilateral")
    found = measure(series_of(xy), given, exercise="lateral-lunge")
    assert found.quality.status is LIMITED
    assert "count_only" in codes(found)
    assert [r.peak_deg for r in found.repetitions] == [None, None, None]


def test_the_far_side_is_refused_unless_the_exercise_is_done_with_it() -> None:
    both = measure(squat(), SQUAT, exercise="squat")
    assert both.angle("knee_flexion", "right") is not None
    assert both.angle("elbow_flexion", "left") is None
    assert "turned away" in both.gates["elbow_flexion", "left"].reasons[0].text
    xy = side_view(N, knee=0.0, far={"knee": KNEE})
    curl = spec("sagittal", "knee_flexion", 20, 80, "unilateral")
    far = measure(series_of(xy), curl, exercise="curl")
    assert {r.side for r in far.repetitions} == {"left"}
    assert codes(far) == {"far_side"}
    near = measure(series_of(side_view(N, knee=KNEE, far={"knee": 0.0})), curl, exercise="curl")
    assert width(far) > width(near) + 15.0


def test_an_angle_that_no_joint_has_is_no_repetition() -> None:
    """Points that jumped to another limb: a knee bends to 150 degrees."""
    knee = there_and_back(T_S, [(2.0, 92.0), (6.0, 176.0), (10.0, 90.0)], rest=4.0)
    found = measure(series_of(side_view(N, knee=knee)), SQUAT, exercise="squat")
    assert found.quality.status is REFUSED
    assert "impossible_angle" in codes(found)
    assert "rejected_impossible" in notes(found)
    assert [round(r.peak_s) for r in found.repetitions] == [2, 10]


def test_legs_out_of_the_picture() -> None:
    xy = side_view(N, knee=KNEE, hip=0.9 * KNEE) + np.array([0.0, 330.0])
    found = measure(series_of(xy), SQUAT, exercise="squat")
    assert "legs_out_of_frame" in codes(found)
    assert found.quality.status is REFUSED
    assert found.gates["trunk_inclination", "both"].status is GOOD


def test_a_bone_that_shrinks_moved_out_of_the_plane() -> None:
    xy = side_view(N, knee=KNEE, hip=0.9 * KNEE)
    shrink = np.where(KNEE > 45, 0.65, 1.0)[:, None]
    for hip, knee in ((23, 25), (24, 26)):
        xy[:, knee] = xy[:, hip] + (xy[:, knee] - xy[:, hip]) * shrink
    found = measure(series_of(xy), SQUAT, exercise="squat")
    assert codes(found) == {"bone_length"}
    assert width(found) > width(measure(squat(), SQUAT, exercise="squat"))


@pytest.mark.parametrize(("rate", "status"), [(30.0, GOOD), (12.0, LIMITED), (4.0, REFUSED)])
def test_frame_rate(rate: float, status: QualityStatus) -> None:
    t_s = np.arange(0, 12, 1 / rate)
    knee = np.interp(t_s, T_S, KNEE)
    found = measure(series_of(side_view(len(t_s), knee=knee), rate), SQUAT, exercise="squat")
    assert found.quality.status is status
    assert len([r for r in found.repetitions if r.kind != "cut"]) == 3


@pytest.mark.parametrize("rate", [8.0, 15.0, 24.0, 60.0, 120.0, 240.0])
def test_the_count_does_not_depend_on_the_rate(rate: float) -> None:
    t_s = np.arange(0, 12, 1 / rate)
    knee = np.interp(t_s, T_S, KNEE)
    found = measure(series_of(side_view(len(t_s), knee=knee), rate), SQUAT, exercise="squat")
    assert [r.kind.value for r in found.repetitions] == ["full"] * 3


def test_walking_through_the_picture_is_no_squat() -> None:
    t_s = T_S[T_S < 3.0]
    stride = np.abs(50.0 * np.sin(2 * np.pi * 0.5 * t_s))
    xy = side_view(len(t_s), knee=stride, hip=0.5 * stride)
    xy += (t_s * 180.0)[:, None, None] * np.array([1.0, 0.0])
    found = measure(series_of(xy - np.array([280.0, 0.0])), SQUAT, exercise="squat")
    assert found.repetitions == ()
    assert "rejected_repositioned" in notes(found)


def test_a_step_up_is_counted_once_though_the_knee_bends_twice() -> None:
    """The lead knee bends to put the foot up and again to come down; the body rises once."""
    knee, height = np.full(N, 4.0), np.zeros(N)
    for start in (1.0, 4.5, 8.0):
        for bend in (0.6, 2.4):
            knee += there_and_back(T_S, [(start + bend, 66.0)], rest=0.0, width_s=1.2)
        height += there_and_back(T_S, [(start + 1.5, 40.0)], rest=0.0, width_s=1.6)
    xy = side_view(N, knee=knee, hip=0.8 * knee, hip_height=height, far={"knee": 5.0, "hip": 4.0})
    step = spec("sagittal", "knee_flexion", 60, 10, "unilateral")
    found = measure(series_of(xy), step, exercise="step-up")
    assert len(found.repetitions) == 3
    assert all(r.peak_deg is not None and r.peak_deg < 25.0 for r in found.repetitions)


def seated_extension(*, seen_lift: float = 0.0, pulled: float = 0.0) -> MeasuredMovement:
    """Three extensions from 90 to 20 degrees; the knee point rises, the other leg seems to move."""
    out = there_and_back(T_S, [(2.0, 70.0), (6.0, 70.0), (10.0, 70.0)], rest=0.0) / 70.0
    xy = side_view(
        N,
        hip=90.0 + seen_lift * out,
        knee=90.0 - 70.0 * out + 2 * seen_lift * out,
        far={"hip": 90.0, "knee": 90.0 - pulled * out},
    )
    extension = spec("sagittal", "knee_flexion", 70, 10, "unilateral")
    return measure(series_of(xy), extension, exercise="laq")


def test_a_knee_point_that_rises_in_sitting_is_partly_made_good() -> None:
    plain, risen = (seated_extension(seen_lift=lift).repetitions[0] for lift in (0.0, 9.0))
    assert plain.peak_uncorrected_deg == pytest.approx(20.0, abs=0.5)
    assert risen.peak_uncorrected_deg == pytest.approx(38.0, abs=1.0)
    assert plain.peak_deg is not None
    assert risen.peak_deg is not None
    assert 3.0 < risen.peak_deg - plain.peak_deg < 15.0


def test_a_resting_leg_that_seems_to_move_is_told() -> None:
    assert "contralateral_pull" not in codes(seated_extension())
    assert "contralateral_pull" in codes(seated_extension(pulled=16.0))


@pytest.mark.parametrize("leans", [(20.0, 20.0, 20.0), (20.0, -20.0, 20.0), (-20.0, -20.0, -20.0)])
def test_bends_to_one_side_are_no_bends_to_the_other(leans: tuple[float, ...]) -> None:
    lean = sum(
        np.sign(deg) * there_and_back(T_S, [(2.0 + 4.0 * i, abs(deg))], rest=0.0)
        for i, deg in enumerate(leans)
    )
    bends = spec("frontal", "trunk_lateral_flexion", 0, 25, "alternating")
    found = measure(series_of(front_view(N, lean=lean)), bends, exercise="trunk-side-bend")
    assert [r.side for r in found.repetitions] == ["left" if deg > 0 else "right" for deg in leans]
    assert not any(r.kind is RepetitionKind.CUT for r in found.repetitions)


def test_standing_on_one_leg_is_a_hold_and_no_repetition() -> None:
    stance = spec("frontal", None, None, None, "unilateral", signal=Signal.POSTURE)
    xy = front_view(N)
    xy[60:300, [27, 29, 31], 1] -= 40.0
    found = measure(series_of(xy), stance, exercise="stance-single-leg")
    assert found.repetitions == ()
    hold = next(w for w in found.warnings if w.code == "hold")
    assert "8.0 s" in hold.text
    assert "right leg" in hold.text
    still = measure(series_of(front_view(N)), stance, exercise="stance")
    assert any(w.code == "hold" for w in still.warnings)


@pytest.mark.parametrize(
    ("motion", "word"),
    [
        ("pelvic_obliquity", "hips follow the trunk"),
        ("forearm_rotation", "across the forearm"),
        ("tibial_rotation", "own axis"),
        ("scapular_upward_rotation", "shoulder blade"),
        ("no_such_motion", "no motion"),
    ],
)
def test_motions_that_no_camera_measures_are_refused_by_name(motion: str, word: str) -> None:
    with pytest.raises(FindingsError, match=word):
        require_measurable(spec("frontal", motion, 0, 10, "unilateral"), "some-exercise")


@pytest.mark.parametrize("measured_by", [Measure.TIMER, Measure.IMU])
def test_exercises_that_no_camera_measures(measured_by: Measure) -> None:
    given = replace(spec("none", None, None, None, "unilateral"), measure=measured_by)
    with pytest.raises(FindingsError):
        measure(squat(), given, exercise="quad-set")


def test_a_refused_motion_beside_the_driving_one_is_named_in_the_ranges() -> None:
    also = replace(SQUAT, reported_motions=("pelvic_obliquity", "hip_flexion", "neck_rotation"))
    found = {(m.motion, m.side): m for m in measure(squat(), also, exercise="squat").motions}
    assert "hips follow the trunk" in str(found["pelvic_obliquity", "both"].reason)
    assert found["hip_flexion", "right"].measurable
    assert not found["neck_rotation", "left"].measurable
    assert found["neck_rotation", "left"].max_deg is None


def test_steps_and_reaches_are_refused_by_name() -> None:
    for signal in (Signal.STEPS, Signal.REACH, Signal.CADENCE, Signal.TRANSLATION):
        given = spec("sagittal", None, None, None, "alternating", signal=signal)
        found = measure(squat(), given, exercise="walk")
        assert found.quality.status is REFUSED
        assert codes(found) == {"signal_not_counted"}


def test_lying_is_limited_and_rotations_are_refused() -> None:
    found = clip("slr_supine_side_70").measure()
    assert found.quality.status is LIMITED
    assert "lying" in codes(found)
    assert found.parameters["posture"] == "lying"
    gate = found.gates["shoulder_external_rotation", "right"]
    assert gate.status is REFUSED


def test_a_foreign_estimator_is_measured_uncorrected_with_a_wider_interval() -> None:
    own = measure(squat(), SQUAT, exercise="squat")
    foreign = measure(squat(sha256=""), SQUAT, exercise="squat")
    assert codes(foreign) == {"foreign_model"}
    first = foreign.repetitions[0]
    assert first.peak_deg == first.peak_uncorrected_deg
    assert width(foreign) > width(own)


def test_measurement_is_frozen_and_its_curves_can_be_listed() -> None:
    found = measure(squat(), SQUAT, exercise="squat")
    listed = {(s.motion, s.side) for s in found.angle_series()}
    assert ("knee_flexion", "right") in listed
    assert ("elbow_flexion", "left") not in listed
    assert isinstance(found.spec, Measurement)
    assert found.frames_of(found.repetitions[0]).start == found.series.index_at(
        found.repetitions[0].start_s
    )
