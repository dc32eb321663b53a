"""Warping, comparison with reference curves, and the building of references."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.analysis.alignment import phase_normalise, to_unit_range, warp
from rehabctl.analysis.keypoint_series import ModelInfo
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.analysis.reference_comparison import build_reference, compare_with_reference
from rehabctl.domain.exercise import Sidedness, View
from rehabctl.reference.deviation_limits import load_deviation_limits
from rehabctl.reference.findings import Problem
from rehabctl.reference.pose_references import (
    PHASES,
    PoseReference,
    load_pose_reference,
    packaged_references,
    read_pose_reference,
    reference_toml,
)
from tests.analysis.recordings import (
    exercise_spec,
    front_figure,
    hiding,
    measured_clip,
    moving,
    side_figure,
    there_and_back,
)

MODEL = ModelInfo("pose_landmarker_full", "a" * 64, "0.10.31", "5.0.0")
SQUAT = exercise_spec("knee_flexion", View.SAGITTAL, 0, 90, reported_motions=("hip_flexion",))
RISE = exercise_spec("knee_flexion", View.SAGITTAL, 90, 5)
VIDEO = "b" * 64
curves = st.lists(st.floats(0, 1), min_size=20, max_size=20).map(np.array)


def squats(
    knee_deg: float = 90, trunk_deg: float = 30, phase: np.ndarray | None = None, spec=SQUAT
) -> MeasuredMovement:
    def figure(p: float) -> np.ndarray:
        return side_figure(
            knee_flexion_deg=knee_deg * p, shank_deg=30 * p * knee_deg / 90, trunk_deg=trunk_deg * p
        )

    return moving(figure, spec=spec, phase=phase, facing="right", side="both", exercise="squat")


def built(*recordings: MeasuredMovement, **more: object) -> PoseReference:
    return build_reference(
        recordings, videos_sha256=[VIDEO] * len(recordings), model=MODEL,
        built_on=date(2026, 11, 22), source="figure", **more,
    )  # type: ignore[arg-type]  # fmt: skip


def found(measured: MeasuredMovement, reference: PoseReference) -> dict[str, tuple[int, float]]:
    result = compare_with_reference(measured, reference)
    assert result is not None
    return {d.motion: (d.phase_percent, d.deviation_deg) for d in result.deviations}


class TestWarp:
    @given(curves)
    def test_a_curve_on_itself_is_itself(self, curve: np.ndarray) -> None:
        np.testing.assert_allclose(warp(curve, curve, 10).apply(curve), curve)

    @given(curves, curves, st.floats(5, 60))
    def test_the_path_is_monotone_complete_and_inside_the_band(
        self, a: np.ndarray, b: np.ndarray, band: float
    ) -> None:
        path = warp(a, b, band)
        steps = np.stack([np.diff(path.moving), np.diff(path.fixed)])
        assert steps.min() >= 0
        assert steps.max() <= 1
        assert steps.sum(axis=0).min() >= 1
        assert (path.moving[0], path.fixed[0]) == (0, 0)
        assert (path.moving[-1], path.fixed[-1]) == (19, 19)
        assert np.abs(path.moving - path.fixed).max() <= max(1, round(band / 100 * 20))

    @given(curves, curves)
    def test_no_other_path_is_cheaper(self, a: np.ndarray, b: np.ndarray) -> None:
        path = warp(a, b, 30)
        cost = np.abs(a[path.moving] - b[path.fixed]).sum()
        straight = np.abs(a - b).sum()
        assert cost <= straight + 1e-9
        assert cost == pytest.approx(brute_force(a, b, reach=6), abs=1e-9)

    def test_a_late_peak_is_moved_back(self) -> None:
        x = np.linspace(0, 1, PHASES)
        early, late = np.exp(-(((x - 0.47) / 0.1) ** 2)), np.exp(-(((x - 0.53) / 0.1) ** 2))
        moved = warp(late, early, 10).apply(late)
        assert np.abs(late - early).max() > 0.4
        assert np.abs(moved - early).max() < 0.06

    def test_unequal_lengths_and_gaps_are_refused(self) -> None:
        with pytest.raises(ValueError, match="equal length"):
            warp(np.zeros(5), np.zeros(6), 10)
        with pytest.raises(ValueError, match="missing"):
            warp(np.array([0, np.nan, 1]), np.zeros(3), 10)

    @given(st.integers(2, 300))
    def test_phase_normalisation_keeps_straight_lines(self, samples: int) -> None:
        line = phase_normalise(np.linspace(3, 7, samples))
        np.testing.assert_allclose(line, np.linspace(3, 7, PHASES))
        np.testing.assert_allclose(to_unit_range(line), np.linspace(0, 1, PHASES), atol=1e-12)
        assert not to_unit_range(np.full(4, 9.0)).any()


def brute_force(a: np.ndarray, b: np.ndarray, reach: int) -> float:
    """The textbook recurrence, without a path."""
    n = len(a)
    total = np.full((n + 1, n + 1), np.inf)
    total[0, 0] = 0
    for i in range(1, n + 1):
        for j in range(1, n + 1):
            if abs(i - j) <= reach:
                before = min(total[i - 1, j - 1], total[i - 1, j], total[i, j - 1])
                total[i, j] = abs(a[i - 1] - b[j - 1]) + before
    return float(total[n, n])


class TestComparison:
    def test_the_same_movement_does_not_deviate(self) -> None:
        assert found(squats(), built(squats())) == {}

    @settings(max_examples=15, deadline=None)
    @given(seconds=st.floats(1.0, 6.0), fs_share=st.floats(0.3, 0.7))
    def test_tempo_does_not_matter(self, seconds: float, fs_share: float) -> None:
        slow = there_and_back(seconds=seconds)
        assert found(squats(phase=slow), built(squats())) == {}

    def test_a_trunk_that_leans_20_degrees_further_is_found_at_the_bottom(self) -> None:
        deviations = found(squats(trunk_deg=50), built(squats(trunk_deg=30)))
        assert set(deviations) == {"trunk_inclination", "hip_flexion"}
        phase, degrees = deviations["trunk_inclination"]
        assert degrees == pytest.approx(20, abs=1)
        assert 40 <= phase <= 60

    def test_below_the_limit_nothing_is_flagged(self) -> None:
        assert found(squats(trunk_deg=38), built(squats(trunk_deg=30))) == {}

    def test_falling_short_of_the_target_is_a_deviation(self) -> None:
        phase, degrees = found(squats(knee_deg=60, trunk_deg=20), built(squats()))["knee_flexion"]
        assert degrees == pytest.approx(-30, abs=1.5)
        assert 45 <= phase <= 55

    def test_the_reference_follows_the_prescribed_target(self) -> None:
        lower = replace(SQUAT, target_deg=60.0)
        assert found(squats(knee_deg=60, trunk_deg=20, spec=lower), built(squats())) == {}

    def test_going_beyond_the_target_is_none(self) -> None:
        assert found(squats(knee_deg=110, trunk_deg=36), built(squats())) == {}

    def test_movement_towards_extension(self) -> None:
        def rising(short_deg: float) -> MeasuredMovement:
            return moving(
                lambda p: side_figure(knee_flexion_deg=90 - (85 - short_deg) * p),
                spec=RISE, facing="right", side="both", exercise="squat",
            )  # fmt: skip

        reference = built(rising(0))
        assert found(rising(0), reference) == {}
        assert found(rising(25), reference)["knee_flexion"][1] == pytest.approx(25, abs=1.5)

    def test_partial_repetitions_count_only_without_full_ones(self) -> None:
        phase = np.concatenate([there_and_back(2), 0.5 * there_and_back(1)])
        assert found(squats(phase=phase), built(squats())) == {}

    def test_another_view_or_a_refused_angle_is_not_compared(self) -> None:
        reference = built(squats())
        front = moving(
            lambda p: front_figure(knee_bend_deg=60 * p), spec=SQUAT, facing="camera", side="both"
        )
        assert compare_with_reference(front, reference) is None
        assert compare_with_reference(hiding(squats(), "knee_flexion"), reference) is None

    def test_a_refused_second_angle_is_left_out(self) -> None:
        leaning = hiding(squats(trunk_deg=60), "trunk_inclination")
        assert "trunk_inclination" not in found(leaning, built(squats()))

    def test_rendered_squats_to_70_degrees(self) -> None:
        reference = load_pose_reference("bodyweight-squat")
        short = found(measured_clip("squat_side_limited70", "bodyweight-squat"), reference)
        assert -30 < short["knee_flexion"][1] < -15
        prescribed = measured_clip("squat_side_limited70", "bodyweight-squat", target_deg=65.0)
        assert found(prescribed, reference) == {}
        full = measured_clip("squat_side_95", "bodyweight-squat")
        assert found(full, reference) == {}


class TestBuilding:
    def test_mean_and_band(self) -> None:
        reference = built(squats(trunk_deg=20), squats(trunk_deg=40))
        trunk = next(c for c in reference.curves if c.motion == "trunk_inclination")
        assert reference.repetitions == 6
        assert max(trunk.mean_deg) == pytest.approx(30, abs=0.5)
        # two standard deviations of three 20s and three 40s
        half = max(trunk.high_deg) - max(trunk.mean_deg)
        assert half == pytest.approx(2 * np.std([20] * 3 + [40] * 3, ddof=1), abs=0.5)
        assert reference.driving.motion == "knee_flexion"

    def test_the_band_is_never_narrower_than_one_camera_is(self) -> None:
        curve = built(squats()).driving
        least = load_deviation_limits().least_half_band_deg
        assert np.min(np.subtract(curve.high_deg, curve.mean_deg)) >= least - 0.11

    def test_curves_can_be_chosen(self) -> None:
        assert [c.motion for c in built(squats(), motions=()).curves] == ["knee_flexion"]

    def test_left_and_right_are_compared_in_a_front_view(self) -> None:
        spec = exercise_spec(
            "shoulder_abduction", View.FRONTAL, 5, 90, sidedness=Sidedness.BILATERAL
        )
        uneven = moving(
            lambda p: front_figure(arm_left_deg=5 + 110 * p, arm_right_deg=5 + 90 * p),
            spec=spec, facing="camera", side="both",
        )  # fmt: skip
        assert built(uneven).left_right_difference_deg == pytest.approx(20, abs=0.5)
        assert built(squats()).left_right_difference_deg is None

    def test_what_cannot_be_built_is_refused(self) -> None:
        with pytest.raises(ValueError, match="one hash for each"):
            built()
        with pytest.raises(ValueError, match="different exercises"):
            built(squats(), replace(squats(), exercise="other"))
        with pytest.raises(ValueError, match="view"):
            built(replace(squats(), view=replace(squats().view, ok=False)))
        with pytest.raises(ValueError, match="full repetition"):
            built(squats(knee_deg=50))

    def test_the_document_reads_back(self) -> None:
        reference = built(squats(), version=3, grade="recorded")
        problems: list[Problem] = []
        again = read_pose_reference(tomllib.loads(reference_toml(reference)), problems)
        assert problems == []
        assert again == reference

    def test_packaged_references_are_what_the_films_give(self) -> None:
        packaged = load_pose_reference("sit-to-stand")
        measured = measured_clip("sts_side_3", "sit-to-stand")
        again = build_reference(
            [measured], videos_sha256=packaged.videos_sha256, model=MODEL,
            built_on=packaged.built_on, source=packaged.source,
        )  # fmt: skip
        assert [c.motion for c in again.curves] == [c.motion for c in packaged.curves]
        for mine, theirs in zip(again.curves, packaged.curves, strict=True):
            np.testing.assert_allclose(mine.mean_deg, theirs.mean_deg, atol=2.0)

    def test_the_seven_first_exercises_have_one(self) -> None:
        assert set(packaged_references()) == {
            "bodyweight-squat", "sit-to-stand", "standing-knee-flexion", "standing-hip-abduction",
            "active-abduction-stand", "active-flexion-stand", "elbow-flex-arom",
        }  # fmt: skip
