"""Left against right: formulas, noise floor, and averaging with the mirrored run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.analysis.assessment import RepetitionKind, ViewResult
from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.analysis.measure import measure
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.analysis.symmetry import (
    limb_symmetry_index,
    mirror_average,
    symmetry_index,
    symmetry_of,
)
from rehabctl.domain.exercise import Sidedness, View
from rehabctl.reference.exercise_library import load_library
from tests.analysis.recordings import (
    exercise_spec,
    front_figure,
    measured_clip,
    moving,
    recorded,
    recorded_mirrored,
)

BOTH_ARMS = exercise_spec("shoulder_abduction", View.FRONTAL, 5, 90)
ONE_ARM = replace(BOTH_ARMS, sidedness=Sidedness.UNILATERAL)
positive = st.floats(0.1, 1e3)


def arms(left_deg: float, right_deg: float, **more: object) -> MeasuredMovement:
    def figure(p: float) -> np.ndarray:
        return front_figure(
            arm_left_deg=5 + (left_deg - 5) * p, arm_right_deg=5 + (right_deg - 5) * p
        )

    settings = {"spec": BOTH_ARMS, "side": "both", **more}
    return moving(figure, facing="camera", **settings)  # type: ignore[arg-type]


class TestFormulas:
    def test_the_example_of_the_contract(self) -> None:
        assert limb_symmetry_index(92.2, 80.1) == pytest.approx(86.9, abs=0.05)
        assert symmetry_index(92.2, 80.1) == pytest.approx(100 * 12.1 / 86.15)

    @given(positive, positive, positive)
    def test_sides_and_scale_do_not_matter(self, a: float, b: float, scale: float) -> None:
        lsi, index = limb_symmetry_index(a, b), symmetry_index(a, b)
        assert lsi is not None
        assert index is not None
        assert 0 < lsi <= 100
        assert 0 <= index < 200
        assert limb_symmetry_index(scale * b, scale * a) == pytest.approx(lsi)
        assert symmetry_index(scale * b, scale * a) == pytest.approx(index)
        # both tell the same story: SI = 200 (1 - r) / (1 + r) with r = LSI / 100
        assert index == pytest.approx(200 * (100 - lsi) / (100 + lsi), abs=1e-9)

    @pytest.mark.parametrize("pair", [(0.0, 5.0), (-2.0, 5.0), (-3.0, -4.0)])
    def test_a_ratio_of_nothing_is_none(self, pair: tuple[float, float]) -> None:
        assert limb_symmetry_index(*pair) is None
        assert symmetry_index(*pair) is None


class TestRecordings:
    def test_rendered_arms_to_150_and_95_degrees(self) -> None:
        measured = measured_clip("shabd_front_asym_L150_R95", "active-abduction-stand")
        found = {m.measure: m for m in symmetry_of(measured)}
        assert found.keys() == {"rom", "peak"}
        assert all(m.detectable for m in found.values())
        assert found["peak"].left == pytest.approx(150, abs=6)
        assert found["peak"].right == pytest.approx(95, abs=6)
        # true ranges 141 and 86
        assert found["rom"].lsi_percent == pytest.approx(100 * 86 / 141, abs=6)
        assert found["rom"].index_percent == pytest.approx(100 * 55 / 113.5, abs=8)

    def test_equal_arms_are_not_told_apart(self) -> None:
        found = symmetry_of(measured_clip("shabd_front_150", "active-abduction-stand"))
        assert found
        assert not any(m.detectable for m in found)
        assert all(m.lsi_percent > 95 for m in found)

    def test_a_resting_leg_is_not_compared(self) -> None:
        measured = measured_clip("hipabd_front_trunklean15", "standing-hip-abduction")
        assert symmetry_of(measured) == ()

    def test_a_side_view_supports_no_small_difference(self) -> None:
        measured = measured_clip("squat_side_95", "bodyweight-squat")
        assert not any(m.detectable for m in symmetry_of(measured))

    @pytest.mark.parametrize(
        ("left", "right", "detectable"),
        [(100, 95, False), (100, 91, False), (100, 85, True), (60, 80, True), (25, 16, False)],
    )
    def test_floor_of_10_degrees_and_10_percent(
        self, left: float, right: float, detectable: bool
    ) -> None:
        rom = next(m for m in symmetry_of(arms(left, right)) if m.measure == "rom")
        assert rom.left == pytest.approx(left - 5, abs=0.1)
        assert rom.right == pytest.approx(right - 5, abs=0.1)
        assert rom.detectable is detectable

    def test_one_sided_exercise_with_both_arms_moving_is_compared(self) -> None:
        measured = arms(100, 70, spec=ONE_ARM, side="left")
        assert next(iter(symmetry_of(measured))).detectable

    def test_one_sided_exercise_with_a_resting_arm_is_not(self) -> None:
        assert symmetry_of(arms(100, 20, spec=ONE_ARM, side="left")) == ()

    def test_refused_angles_and_unknown_views_give_nothing(self) -> None:
        measured = arms(100, 70)
        refused = tuple(replace(m, measurable=False) for m in measured.motions)
        assert symmetry_of(replace(measured, motions=refused)) == ()
        assert symmetry_of(replace(measured, repetitions=())) == ()
        cut = tuple(replace(r, kind=RepetitionKind.CUT) for r in measured.repetitions)
        assert symmetry_of(replace(measured, repetitions=cut)) == ()
        nowhere = ViewResult("unknown", "unknown", None, "frontal", False)
        assert symmetry_of(replace(measured, view=nowhere)) == ()


class TestMirrorAverage:
    def test_the_same_landmarks_twice_change_nothing(self) -> None:
        original = recorded("shabd_front_150")
        averaged = mirror_average(original, original)
        np.testing.assert_allclose(averaged.xy_px, original.xy_px, atol=1e-4)
        np.testing.assert_allclose(averaged.visibility, original.visibility, atol=1e-6)
        assert averaged.options["mirror_average"] is True

    def test_the_real_mirrored_run_halves_the_left_right_difference(self) -> None:
        original = recorded("shabd_front_150")
        averaged = mirror_average(original, recorded_mirrored("shabd_front_150"))

        def difference(series: KeypointSeries) -> float:
            spec = load_library().get("active-abduction-stand").measurement
            rom = next(
                m
                for m in symmetry_of(measure(series, spec, exercise="active-abduction-stand"))
                if m.measure == "rom"
            )
            return abs(rom.left - rom.right)

        assert difference(averaged) <= 0.5 * difference(original)

    def test_where_one_run_found_nobody_the_other_stands(self) -> None:
        original = recorded("still_standing_0reps")
        empty = np.full_like(original.xy_px, np.nan)
        lost = replace(original, xy_px=empty)
        averaged = mirror_average(original, lost)
        np.testing.assert_array_equal(averaged.xy_px, original.xy_px)

    def test_other_frames_or_models_are_refused(self) -> None:
        original = recorded("still_standing_0reps")
        with pytest.raises(ValueError, match="frames"):
            mirror_average(original, replace(original, t_s=original.t_s + 0.01))
        with pytest.raises(ValueError, match="model"):
            mirror_average(original, replace(original, model=replace(original.model, sha256="x")))
