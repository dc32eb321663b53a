"""Compensations: rendered films with known faults, and figures that lean exactly as told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.analysis.assessment import Compensation, Severity
from rehabctl.analysis.compensation import find_compensations, not_offered, sustained_peak
from rehabctl.analysis.compensation_checks import CHECKS
from rehabctl.analysis.keypoint_series import VideoInfo
from rehabctl.analysis.measure import measure
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.analysis.symmetry import symmetry_of
from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.exercise import Sidedness, View
from rehabctl.reference.compensations import load_compensation_rules
from rehabctl.reference.exercise_library import load_library
from rehabctl.reference.exercise_vocabulary import load_vocabulary
from tests.analysis.recordings import (
    exercise_spec,
    front_figure,
    measured_clip,
    moving,
    recorded,
    side_figure,
    there_and_back,
)

Figure = Callable[[float], np.ndarray]
RISING_ARM = exercise_spec("shoulder_abduction", View.FRONTAL, 15, 60)
SQUAT_FRONT = exercise_spec("hip_abduction", View.FRONTAL, 0, 1)
SQUAT = exercise_spec("knee_flexion", View.SAGITTAL, 0, 90)
RISE = exercise_spec("knee_flexion", View.SAGITTAL, 90, 0)
CURL = exercise_spec("elbow_flexion", View.SAGITTAL, 0, 120, sidedness=Sidedness.UNILATERAL)


def squat(p: float, trunk_over_shank: float = 0.0, **more: float) -> np.ndarray:
    return side_figure(
        knee_flexion_deg=90 * p, shank_deg=30 * p, trunk_deg=(30 + trunk_over_shank) * p, **more
    )


def check(kind: str, figure: Figure, spec=RISING_ARM, facing: str = "camera", **more):
    measured = moving(figure, spec=spec, facing=facing, **more)
    return find_compensations(measured, kinds=[kind])


def only(found: tuple[Compensation, ...]) -> Compensation:
    assert len(found) == 1, found
    return found[0]


class TestRenderedFilms:
    def test_trunk_lean_of_15_degrees(self) -> None:
        measured = measured_clip("hipabd_front_trunklean15", "standing-hip-abduction")
        report = find_compensations(measured)
        lean = only(report.found)
        assert (lean.kind, lean.side) == ("trunk_lateral_lean", "left")
        assert lean.magnitude == pytest.approx(15.3, abs=1.6)
        assert lean.severity is Severity.MARKED
        assert lean.repetitions == (1, 2, 3)
        for number, at_s in zip(lean.repetitions, lean.at_s, strict=True):
            repetition = measured.repetitions[number - 1]
            assert repetition.start_s <= at_s <= repetition.end_s
        assert "hip hike" in report.not_judged[0].text.lower()

    def test_knee_that_falls_inwards(self) -> None:
        measured = measured_clip("squat_front_valgus_left", "bodyweight-squat")
        found = {c.kind: c for c in find_compensations(measured).found}
        assert found.keys() == {"knee_valgus", "knee_width"}
        valgus = found["knee_valgus"]
        assert valgus.side == "left"
        assert valgus.repetitions == (1, 2, 3)
        # The true angle is 19 to 21 degrees; that landmarks read half of it is said in the source.
        assert 7 < valgus.magnitude < 15
        assert "underestimate" in valgus.source

    @pytest.mark.parametrize(
        ("clip", "slug"),
        [
            ("sls_front_clean", "single-leg-squat"),
            ("still_standing_0reps", "bodyweight-squat"),
            ("shabd_front_150", "active-abduction-stand"),
            ("shabd_front_asym_L150_R95", "active-abduction-stand"),
            ("shflex_side_160", "active-flexion-stand"),
            ("elbow_vfr", "elbow-flex-arom"),
            ("elbow_side_limited90", "elbow-flex-arom"),
            ("heelcurl_side_110", "standing-knee-flexion"),
            ("squat_side_95", "bodyweight-squat"),
            ("squat_side_leftview_dark", "bodyweight-squat"),
            ("squat_count5_partial2", "bodyweight-squat"),
            ("sts_side_3", "sit-to-stand"),
            ("laq_seated_side_lag15", "long-arc-quad"),
        ],
    )
    def test_clean_films_report_nothing(self, clip: str, slug: str) -> None:
        assert find_compensations(measured_clip(clip, slug)).found == ()

    def test_an_oblique_film_names_what_it_cannot_judge(self) -> None:
        measured = measured_clip("squat_oblique30", "bodyweight-squat")
        report = find_compensations(measured)
        assert report.found == ()
        assert len(report.not_judged) == len(measured.spec.compensations)
        assert all("view" in item.text for item in report.not_judged)


def test_a_real_lateral_raise_done_well_reports_nothing(sample_data: Path) -> None:
    with np.load(sample_data / "pose" / "landmarks" / "s2d_old_demo5.mp0.10.31.npz") as file:
        width, height = (int(v) for v in file["size"])
        image, t_s = file["image"], file["pts_ms"] / 1000
    series = replace(
        recorded("shabd_front_150"),
        t_s=t_s,
        xy_px=(image[..., :2] * [width, height]).astype(np.float32),
        visibility=image[..., 3],
        world_m=None,
        signals=None,
        video=VideoInfo("", width, height, 0, float(t_s[-1]), len(t_s), 30.0, False),
    )
    spec = load_library().get("lateral-raise").measurement
    measured = measure(series, spec, exercise="lateral-raise")
    assert len(measured.repetitions) == 4
    assert find_compensations(measured, kinds=list(CHECKS)).found == ()
    assert not any(m.detectable for m in symmetry_of(measured))


LEAN, CLOSER, HIKE, SHIFT = "trunk_lateral_lean", "knee_width", "shoulder_hike", "weight_shift"


@pytest.mark.parametrize(
    ("kind", "figure", "spec", "facing", "side", "size"),
    [
        (LEAN, lambda p: front_figure(lean_left_deg=9 * p), RISING_ARM, "camera", "left", 9),
        (LEAN, lambda p: front_figure(lean_left_deg=-12 * p), RISING_ARM, "camera", "right", 12),
        (LEAN, lambda p: front_figure(lean_left_deg=12 * p), RISING_ARM, "away", "right", 12),
        (
            CLOSER,
            lambda p: front_figure(knees_closer=3.5 * p),
            SQUAT_FRONT,
            "camera",
            None,
            25,
        ),
        (
            HIKE,
            lambda p: front_figure(arm_left_deg=5 + 50 * p, left_shoulder_up=12 * p),
            RISING_ARM,
            "camera",
            "left",
            40,
        ),
        (SHIFT, lambda p: front_figure(hips_left=6 * p), SQUAT_FRONT, "camera", "left", 0.1875),
        (
            "upper_arm_drift",
            lambda p: side_figure(elbow_deg=130 * p, upper_arm_deg=34 * p),
            CURL,
            "right",
            "right",
            34,
        ),
        (
            "trunk_swing",
            lambda p: side_figure(elbow_deg=130 * p, trunk_deg=-12 * p),
            CURL,
            "right",
            None,
            12,
        ),
        (
            "lumbar_extension_proxy",
            lambda p: side_figure(upper_arm_deg=160 * p, trunk_deg=-8 * p),
            CURL,
            "right",
            None,
            8,
        ),
        ("heel_rise", lambda p: squat(p, heel_rise_deg=25 * p), SQUAT, "right", "right", 25),
        ("trunk_forward_lean", lambda p: squat(p, 20), SQUAT, "right", None, 20),
        (
            "trunk_forward_lean",
            lambda p: side_figure(elbow_deg=130 * p, trunk_deg=9 * p),
            CURL,
            "right",
            None,
            9,
        ),
    ],
)
def test_each_pattern_is_found_with_its_size(
    kind: str, figure: Figure, spec, facing: str, side: str | None, size: float
) -> None:
    found = only(check(kind, figure, spec, facing, side="both").found)
    assert found.side == side
    assert found.magnitude == pytest.approx(size, rel=0.06)
    assert found.repetitions == (1, 2, 3)
    rules = load_compensation_rules()
    limits = [row for row in rules.rows.values() if row.kind == kind]
    assert found.threshold in {v for row in limits for v in (row.mild, row.marked, row.detectable)}


@pytest.mark.parametrize(
    ("kind", "figure", "spec", "facing"),
    [
        (LEAN, lambda p: front_figure(lean_left_deg=7 * p), RISING_ARM, "camera"),
        (CLOSER, lambda p: front_figure(knees_closer=1.2 * p), SQUAT_FRONT, "camera"),
        # the shoulder may rise once the arm is above 60 degrees
        (
            HIKE,
            lambda p: front_figure(arm_left_deg=150 * p, left_shoulder_up=12 * max(0, p - 0.5)),
            RISING_ARM,
            "camera",
        ),
        # leaning with the head in line is no hike
        (HIKE, lambda p: front_figure(lean_left_deg=25 * p), RISING_ARM, "camera"),
        ("upper_arm_drift", lambda p: side_figure(elbow_deg=130 * p, upper_arm_deg=10 * p), CURL,
         "right"),
        ("trunk_swing", lambda p: side_figure(elbow_deg=130 * p, trunk_deg=5 * p), CURL, "right"),
        ("heel_rise", lambda p: squat(p, heel_rise_deg=12 * p), SQUAT, "right"),
        ("trunk_forward_lean", lambda p: squat(p, 8), SQUAT, "right"),
    ],
)  # fmt: skip
def test_below_the_limit_nothing_is_reported(kind: str, figure: Figure, spec, facing: str) -> None:
    report = check(kind, figure, spec, facing)
    assert report.found == ()
    assert report.not_judged == ()


def test_rising_from_a_seat_may_lean_further_than_a_squat() -> None:
    def figure(p: float) -> np.ndarray:
        way = 1 - p
        lean = 25 * np.sin(np.pi * p) + 12 * way
        return side_figure(knee_flexion_deg=90 * way, shank_deg=10 * way, trunk_deg=lean)

    assert check("trunk_forward_lean", figure, RISE, "right").found == ()
    assert only(check("trunk_forward_lean", lambda p: squat(p, 22), SQUAT, "right").found)


class TestValgus:
    def test_only_the_side_that_moves_inwards(self) -> None:
        def figure(p: float) -> np.ndarray:
            return front_figure(knee_bend_deg=60 * p, left_knee_in=6 * p)

        valgus = only(check("knee_valgus", figure, SQUAT_FRONT, side="both").found)
        assert valgus.side == "left"
        assert valgus.severity is Severity.MARKED

    def test_a_straight_or_deep_knee_is_not_judged(self) -> None:
        for bend in (20.0, 110.0):
            late = np.where(there_and_back() > 0.99, 1.0, 0.0)

            def figure(p: float, bend: float = bend) -> np.ndarray:
                return front_figure(knee_bend_deg=bend * p, left_knee_in=6 * p)

            report = check("knee_valgus", figure, SQUAT_FRONT, side="both", phase=late)
            assert report.found == ()

    def test_knees_that_go_outwards_are_no_valgus(self) -> None:
        def figure(p: float) -> np.ndarray:
            return front_figure(knee_bend_deg=60 * p, knees_closer=-8 * p)

        assert check("knee_valgus", figure, SQUAT_FRONT, side="both").found == ()


class TestDuration:
    def lean_for(self, frames: int, fs_hz: float) -> tuple[Compensation, ...]:
        phase = np.full(int(3 * fs_hz), 0.01)
        phase[: int(fs_hz / 2)] = phase[-int(fs_hz / 2) :] = 0.0
        middle = len(phase) // 2
        phase[middle : middle + frames] = 1.0
        measured = moving(
            lambda p: front_figure(lean_left_deg=20 * float(p == 1), arm_left_deg=60 * p),
            spec=RISING_ARM, phase=phase, facing="camera", side="left", fs_hz=fs_hz,
        )  # fmt: skip
        return find_compensations(measured, kinds=[LEAN]).found

    @pytest.mark.parametrize(
        ("fs_hz", "too_few", "enough"), [(30, 2, 3), (60, 5, 6), (240, 23, 24), (10, 1, 2)]
    )
    def test_100_ms_and_two_frames(self, fs_hz: float, too_few: int, enough: int) -> None:
        assert self.lean_for(too_few, fs_hz) == ()
        assert only(self.lean_for(enough, fs_hz)).repetitions == (1,)

    def test_missing_frames_interrupt(self) -> None:
        values = np.array([9.0, 9.0, np.nan, 9.0, 9.0, 9.0])
        assert sustained_peak(values, 3) == (9.0, 3)
        assert sustained_peak(values, 4) == (-np.inf, 0)
        assert sustained_peak(values[:2], 3) == (-np.inf, 0)

    @given(st.lists(st.floats(-50, 50), min_size=1, max_size=40), st.integers(1, 10))
    def test_the_value_is_held_for_that_long(self, values: list[float], frames: int) -> None:
        value, at = sustained_peak(np.array(values), frames)
        windows = [values[i : i + frames] for i in range(len(values) - frames + 1)]
        expected = max((min(w) for w in windows), default=-np.inf)
        assert value == expected
        assert not windows or values[at] >= value


class TestWhatIsNotJudged:
    def reasons(self, kind: str, measured: MeasuredMovement) -> str:
        report = find_compensations(measured, kinds=[kind])
        assert report.found == ()
        assert len(report.not_judged) == 1
        return report.not_judged[0].text

    def leaning(self) -> MeasuredMovement:
        return moving(lambda p: front_figure(lean_left_deg=20 * p), spec=RISING_ARM,
                      facing="camera")  # fmt: skip

    @pytest.mark.parametrize("kind", ["pelvic_drop", "hip_hike"])
    def test_the_pelvis_is_named_and_not_offered(self, kind: str) -> None:
        assert "follow the trunk" in (not_offered(kind) or "")
        assert "motion sensor" in self.reasons(kind, self.leaning())

    def test_the_camera_stood_elsewhere(self) -> None:
        assert "sagittal view" in self.reasons("heel_rise", self.leaning())

    def test_nobody_repeated_anything(self) -> None:
        still = replace(self.leaning(), repetitions=())
        assert "no repetition" in self.reasons(LEAN, still)

    def test_one_sided_exercises_do_not_share_weight(self) -> None:
        spec = replace(RISING_ARM, sidedness=Sidedness.UNILATERAL)
        measured = replace(self.leaning(), spec=spec)
        assert "one side" in self.reasons(SHIFT, measured)

    def test_a_lying_person_has_no_upright_trunk(self) -> None:
        measured = moving(lambda p: squat(p, 20), spec=SQUAT, facing="right")
        lying = replace(measured, view=replace(measured.view, facing="unknown"))
        assert "lies" in self.reasons("trunk_forward_lean", lying)

    def test_hidden_landmarks_report_nothing(self) -> None:
        measured = self.leaning()
        hidden = replace(measured.series, visibility=np.full_like(measured.series.visibility, 0.3))
        assert find_compensations(replace(measured, series=hidden), kinds=[LEAN]).found == ()

    def test_the_resting_leg_is_not_blamed(self) -> None:
        def figure(p: float) -> np.ndarray:
            return front_figure(knee_bend_deg=60 * p, left_knee_in=6 * p)

        measured = moving(figure, spec=SQUAT_FRONT, facing="camera", side="right")
        assert find_compensations(measured, kinds=["knee_valgus"]).found == ()


@settings(max_examples=25, deadline=None)
@given(
    lean=st.floats(8.5, 40),
    scale=st.floats(0.3, 6),
    shift=st.floats(-500, 500),
    side=st.sampled_from(["left", "right"]),
)
def test_size_does_not_depend_on_distance_or_place(
    lean: float, scale: float, shift: float, side: str
) -> None:
    sign = 1 if side == "left" else -1

    def figure(p: float) -> np.ndarray:
        return front_figure(lean_left_deg=sign * lean * p) * scale + shift

    found = only(check(LEAN, figure).found)
    assert found.side == side
    assert found.magnitude == pytest.approx(lean, abs=0.3)


def test_rest_is_taken_from_the_ends_when_nobody_stood_still() -> None:
    measured = moving(lambda p: front_figure(lean_left_deg=5 + 9 * p), spec=RISING_ARM,
                      facing="camera")  # fmt: skip
    restless = replace(measured, neutral_frames=np.zeros_like(measured.neutral_frames))
    assert only(find_compensations(restless, kinds=[LEAN]).found).magnitude == pytest.approx(
        9, abs=0.3
    )


class TestRules:
    def test_every_kind_of_the_vocabulary_is_checked_or_refused(self) -> None:
        kinds = load_vocabulary().compensations
        assert set(CHECKS) == kinds - {"pelvic_drop", "hip_hike"}
        assert {kind for kind, _ in load_compensation_rules().rows} == set(CHECKS)

    def test_limits_lie_above_the_methods_own_noise(self) -> None:
        for row in load_compensation_rules().rows.values():
            assert 0 < row.detectable <= row.mild < row.marked, row.kind
            assert row.source
            assert row.detectable_source
            assert row.grade in ("measured", "consensus")

    def test_a_day_without_rows_is_an_error(self) -> None:
        assert load_compensation_rules(date(2026, 1, 1)).rows
        with pytest.raises(NotFoundError):
            load_compensation_rules(date(2001, 1, 1))
