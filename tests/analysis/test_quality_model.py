"""Limits on how a movement is done: fitting, honesty of the split, and what is printed."""

from __future__ import annotations

import runpy
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.analysis.movement_features import (
    CANDIDATES,
    FEATURES,
    PlaneView,
    feature_values,
)
from rehabctl.analysis.quality_fitting import (
    FitSettings,
    LabelledRepetitions,
    body_planes,
    fit_limits,
    landmarks_from_markers,
    nested_accuracy,
)
from rehabctl.analysis.quality_model import movement_quality
from rehabctl.domain.exercise import Sidedness, View
from rehabctl.reference.quality_rules import load_quality_rules
from tests.analysis.recordings import (
    exercise_spec,
    front_figure,
    hiding,
    measured_clip,
    moving,
    side_figure,
    there_and_back,
)

PROJECT = Path(__file__).resolve().parents[2]
ABDUCTION = exercise_spec(
    "shoulder_abduction", View.FRONTAL, 5, 120, sidedness=Sidedness.UNILATERAL
)


def view_of(figure, plane: str = "frontal", facing: int = 1, **more) -> PlaneView:
    phase = there_and_back(repetitions=1)
    return PlaneView(np.stack([figure(float(p)) for p in phase]), plane, facing, **more)


def value(view: PlaneView, name: str) -> float:
    return float(feature_values(view, (name,))[0])


class TestFeatures:
    @pytest.mark.parametrize(
        ("name", "figure", "plane", "expected"),
        [
            ("trunk_lean_range", lambda p: front_figure(lean_left_deg=16 * p), "frontal", 16),
            ("trunk_lean_peak", lambda p: front_figure(lean_left_deg=-9 * p), "frontal", 9),
            ("trunk_lean_peak", lambda p: side_figure(trunk_deg=40 * p), "sagittal", 40),
            ("trunk_lean_peak", lambda p: side_figure(trunk_deg=-40 * p), "sagittal", 0),
            ("head_tilt_range", lambda p: front_figure(lean_left_deg=16 * p), "frontal", 16),
            ("shoulder_line_range", lambda p: front_figure(lean_left_deg=7 * p), "frontal", 7),
            ("arm_elevation_peak", lambda p: front_figure(arm_left_deg=140 * p), "frontal", 140),
            ("arm_elevation_range", lambda p: front_figure(arm_right_deg=90 * p), "frontal", 90),
            ("knee_flexion_range", lambda p: side_figure(knee_flexion_deg=80 * p), "sagittal", 80),
            ("knee_movement", lambda p: side_figure(knee_flexion_deg=80 * p), "sagittal", 80),
            ("hip_flexion_peak", lambda p: side_figure(trunk_deg=30 * p), "sagittal", 30),
            ("hip_drop", lambda p: front_figure(knee_bend_deg=120 * p), "frontal", 0.5),
            ("knee_outward_least", lambda p: front_figure(left_knee_in=8 * p), "frontal", -0.1),
            ("hand_height_range", lambda p: front_figure(arm_left_deg=90 * p), "frontal", 0.58),
            ("hand_reach_range", lambda p: front_figure(arm_left_deg=90 * p), "frontal", 0.58),
            (
                "shoulder_to_ear_range",
                lambda p: front_figure(left_shoulder_up=10 * p),
                "frontal",
                0.1,
            ),
        ],
    )
    def test_values(self, name: str, figure, plane: str, expected: float) -> None:
        assert value(view_of(figure, plane), name) == pytest.approx(expected, abs=0.011, rel=0.01)

    @settings(max_examples=20, deadline=None)
    @given(scale=st.floats(0.01, 20), shift=st.floats(-1e3, 1e3))
    def test_distance_and_place_do_not_matter(self, scale: float, shift: float) -> None:
        def figure(p: float) -> np.ndarray:
            return front_figure(lean_left_deg=9 * p, knee_bend_deg=60 * p, arm_left_deg=90 * p)

        names = tuple(FEATURES)
        near = feature_values(view_of(figure), names)
        far = feature_values(view_of(lambda p: figure(p) * scale + shift), names)
        np.testing.assert_allclose(near, far, atol=1e-6)

    def test_a_camera_at_the_other_side_sees_the_same(self) -> None:
        def figure(p: float) -> np.ndarray:
            return side_figure(knee_flexion_deg=80 * p, shank_deg=25 * p, trunk_deg=30 * p)

        def mirrored(p: float) -> np.ndarray:
            return figure(p) * [-1, 1]

        names = CANDIDATES["legs", "sagittal"]
        np.testing.assert_allclose(
            feature_values(view_of(figure, "sagittal"), names),
            feature_values(view_of(mirrored, "sagittal", -1), names),
            atol=1e-9,
        )

    def test_the_near_side_is_measured_when_it_is_known(self) -> None:
        view = view_of(lambda p: front_figure(arm_left_deg=90 * p, arm_right_deg=40 * p))
        assert value(view, "arm_elevation_peak") == pytest.approx(90, abs=0.2)
        assert value(replace(view, near="right"), "arm_elevation_peak") == pytest.approx(
            40, abs=0.2
        )


def labelled(rng: np.random.Generator, people: int = 4, noise: float = 1.0) -> LabelledRepetitions:
    """Feature 1 tells the labels apart, feature 0 and 2 are noise; feature 3 falls in faults."""
    rows = people * 20
    faulty = np.tile(np.arange(20) < 10, people)
    values = rng.normal(0, noise, (rows, 4))
    values[:, 1] += 10 * faulty
    values[:, 3] -= 6 * faulty
    return LabelledRepetitions(
        values, faulty, np.repeat(np.arange(people), 20), np.array([True, True, True, False])
    )


class TestFitting:
    def test_the_telling_feature_comes_first_with_its_limit_in_the_gap(self) -> None:
        data = labelled(np.random.default_rng(1))
        fitted = fit_limits(data, FitSettings(limits=2, faults_needed=1))
        assert fitted.features[0] == 1
        assert 2 < fitted.limits[0] < 8
        assert -6 < dict(zip(fitted.features, fitted.limits, strict=True)).get(3, -3) < 0

    def test_held_out_people_are_never_seen(self) -> None:
        """Labels that only exist within one person cannot be told for another."""
        rng = np.random.default_rng(2)
        data = labelled(rng)
        own = rng.normal(0, 1, data.values.shape)
        for person in range(4):
            rows = data.subject == person
            own[rows, person] += 10 * data.faulty[rows]
        accuracy = nested_accuracy(replace(data, values=own), FitSettings(2, 1))
        assert accuracy.mean < 0.75
        assert nested_accuracy(data, FitSettings(2, 1)).mean > 0.95

    def test_noise_is_told_no_better_than_by_a_coin(self) -> None:
        rng = np.random.default_rng(3)
        data = labelled(rng, people=6)
        noise = replace(data, values=rng.normal(0, 1, (120, 4)))
        assert 0.3 < nested_accuracy(noise, FitSettings(3, 2)).mean < 0.7

    def test_missing_values_break_no_limit(self) -> None:
        data = labelled(np.random.default_rng(4))
        fitted = fit_limits(data, FitSettings(1, 1))
        gone = replace(data, values=np.full_like(data.values, np.nan))
        assert not fitted.faults(gone).any()
        values = data.values.copy()
        values[3, 1] = np.nan
        assert fit_limits(replace(data, values=values), FitSettings(1, 1)).features[0] == 1

    def test_the_fit_is_deterministic(self) -> None:
        data = labelled(np.random.default_rng(5))
        first, second = (fit_limits(data, FitSettings()) for _ in range(2))
        np.testing.assert_array_equal(first.features, second.features)
        np.testing.assert_array_equal(first.limits, second.limits)


class TestMarkers:
    def markers(self) -> dict[str, np.ndarray]:
        """A person who faces +y, left at -x."""
        places: dict[str, tuple[float, float, float]] = {}
        for side, x in (("L", -1.0), ("R", 1.0)):
            places |= {
                f"{side}FHD": (0.07 * x, 0.1, 1.7), f"{side}BHD": (0.07 * x, -0.1, 1.7),
                f"{side}SHO": (0.2 * x, 0, 1.4), f"{side}ELB": (0.25 * x, 0, 1.1),
                f"{side}WRA": (0.25 * x, 0.02, 0.85), f"{side}WRB": (0.25 * x, -0.02, 0.85),
                f"{side}ASI": (0.12 * x, 0.1, 1.0), f"{side}PSI": (0.05 * x, -0.1, 1.0),
                f"{side}KNE": (0.12 * x, 0, 0.5), f"{side}ANK": (0.12 * x, 0, 0.1),
                f"{side}HEE": (0.12 * x, -0.05, 0.05), f"{side}TOE": (0.12 * x, 0.15, 0.05),
            }  # fmt: skip
        return {name: np.tile(place, (12, 1)) for name, place in places.items()}

    def test_hip_centres_and_planes(self) -> None:
        landmarks = landmarks_from_markers(self.markers())
        width = 0.24
        np.testing.assert_allclose(
            landmarks[0, 23], [-0.36 * width, 0.1 - 0.19 * width, 1.0 - 0.30 * width], atol=1e-9
        )
        frontal, sagittal = body_planes(landmarks)
        assert frontal[0, 11, 0] > frontal[0, 12, 0]  # facing the camera, left is at +x
        assert sagittal[0, 31, 0] > sagittal[0, 29, 0]  # facing right
        assert frontal[0, 11, 1] < frontal[0, 27, 1]  # y points down

    def test_a_hidden_marker_is_bridged_or_missing(self) -> None:
        markers = self.markers()
        markers["LKNE"] = markers["LKNE"].copy()
        markers["LKNE"][4:6] = 0.0
        assert landmarks_from_markers(markers)[5, 25] == pytest.approx([-0.12, 0, 0.5])
        markers["LKNE"] = np.zeros((12, 3))
        assert np.isnan(landmarks_from_markers(markers)[:, 25]).all()


class TestRules:
    def test_ten_movements_in_two_planes(self) -> None:
        rules = load_quality_rules()
        assert len(rules.models) == 20
        assert len({m.movement for m in rules.models if m.primary}) == 10
        for model in rules.models:
            limbs = "arms" if model.movement.startswith("shoulder") else "legs"
            candidates = CANDIDATES[limbs, model.view]
            assert {limit.feature for limit in model.limits} <= set(candidates)
            assert model.faults_needed == FitSettings().faults_needed
            assert 0.5 < model.accuracy <= 1
            assert model.worst_subject <= model.accuracy
        assert "leave one person out" in rules.split

    def test_uses_name_fitted_limits_of_movements_that_are_too_large(self) -> None:
        rules = load_quality_rules()
        for use in rules.uses:
            models = [m for m in rules.models if m.movement == use.movement]
            fitted = {limit.feature for m in models for limit in m.limits}
            assert set(use.features) <= fitted, use.exercise
            assert all(FEATURES[name].too_large for name in use.features)

    def test_the_row_in_force(self) -> None:
        rules = load_quality_rules()
        old = rules.newest("deep squat", "sagittal")
        assert old is not None
        newer = replace(old, effective_from=date(2030, 1, 1), faults_needed=3)
        later = replace(rules, models=(newer, *rules.models))
        assert later.newest("deep squat", "sagittal") == newer
        assert later.newest("deep squat", "sagittal", date(2027, 1, 1)) == old
        assert later.newest("deep squat", "sagittal", date(2001, 1, 1)) is None


@pytest.mark.slow
class TestRealData:
    @pytest.fixture(scope="class")
    def benchmark(self) -> dict:
        return runpy.run_path(str(PROJECT / "benchmarks" / "quality_rules.py"))

    @pytest.fixture(scope="class")
    def data(self, benchmark: dict, sample_data: Path) -> dict:
        if not (sample_data / "pose" / "uiprmd").is_dir():
            pytest.skip("UI-PRMD is not among the sample data")
        return benchmark["load"](sample_data)

    def test_a_new_fit_gives_the_stored_limits_and_accuracy(
        self, benchmark: dict, data: dict
    ) -> None:
        rules = load_quality_rules()
        for (number, plane), labels in data.items():
            name, limbs, primary = benchmark["MOVEMENTS"][number]
            model = rules.newest(name, plane)
            assert model is not None
            fitted = fit_limits(labels, FitSettings())
            names = CANDIDATES[limbs, plane]
            assert [names[i] for i in fitted.features] == [x.feature for x in model.limits]
            np.testing.assert_allclose(fitted.limits, [x.limit for x in model.limits], rtol=0.006)
            judged = nested_accuracy(labels, FitSettings())
            assert judged.mean == pytest.approx(model.accuracy, abs=5.1e-4)
            assert judged.worst == pytest.approx(model.worst_subject, abs=5.1e-3)
            assert len(labels.faulty) == model.repetitions
            assert model.primary is (plane == primary)

    def test_stored_accuracy_reaches_the_networks(self, benchmark: dict) -> None:
        rules = load_quality_rules()
        accuracy = {m.movement: m.accuracy for m in rules.models if m.primary}
        reached = [accuracy[name] for name, _, _ in benchmark["MOVEMENTS"].values()]
        assert all(a >= m for a, m in zip(reached, benchmark["NETWORK_MEDIAN"], strict=True))
        best = zip(reached, benchmark["NETWORK_BEST"], strict=True)
        assert sum(a >= b for a, b in best) >= 6


class TestLines:
    def leaning(self, deg: float):
        return moving(
            lambda p: front_figure(arm_right_deg=5 + 120 * p, lean_left_deg=deg * p),
            spec=ABDUCTION, facing="camera", exercise="active-abduction-stand",
        )  # fmt: skip

    def test_one_limit_a_line_with_value_and_limit(self) -> None:
        quality = movement_quality(self.leaning(16))
        assert quality is not None
        assert quality.movement == "shoulder abduction"
        line = next(x for x in quality.lines if x.feature == "trunk_lean_range")
        assert line.text == "trunk lean range 16 degrees, limit 10"
        assert line.repetitions == (1, 2, 3)
        assert quality.accuracy > 0.9

    def test_a_quiet_trunk_is_inside(self) -> None:
        quality = movement_quality(self.leaning(3))
        assert quality is not None
        assert not any(line.repetitions for line in quality.lines)

    @pytest.mark.parametrize(
        ("clip", "slug"),
        [
            ("squat_side_95", "bodyweight-squat"),
            ("squat_side_leftview_dark", "bodyweight-squat"),
            ("squat_rot90_metadata", "bodyweight-squat"),
            ("sts_side_3", "sit-to-stand"),
            ("shabd_front_150", "active-abduction-stand"),
        ],
    )
    def test_rendered_films_without_a_fault_stay_inside(self, clip: str, slug: str) -> None:
        quality = movement_quality(measured_clip(clip, slug))
        assert quality is not None
        assert quality.lines
        assert not any(line.repetitions for line in quality.lines)

    def test_other_exercises_and_views_have_no_lines(self) -> None:
        measured = self.leaning(16)
        assert movement_quality(replace(measured, exercise="wall-sit")) is None
        assert movement_quality(replace(measured, repetitions=())) is None
        oblique = replace(measured.view, detected="oblique")
        assert movement_quality(replace(measured, view=oblique)) is None

    def test_refused_angles_do_not_matter_to_features(self) -> None:
        assert movement_quality(hiding(self.leaning(16), "shoulder_abduction")) is not None
