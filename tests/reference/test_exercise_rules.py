"""Each rule of a single exercise: one slip, one finding of that rule, at its key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from rehabctl.domain.exercise import (
    Asset,
    CountMode,
    Dose,
    Exercise,
    Measure,
    ReferenceData,
    Signal,
    View,
)
from rehabctl.reference.exercise_library import load_library
from rehabctl.reference.exercise_rules import check_exercise
from rehabctl.reference.exercise_vocabulary import load_vocabulary
from rehabctl.reference.findings import Severity
from tests.reference.exercise_samples import SHA, measured, sample

GOOD = sample()
FRONT = Asset("demonstration", "front", "https://films.example/front.mp4", SHA, 20.0)
SIDE = replace(FRONT, angle="side")
APPROVED: dict[str, Any] = {
    "status": "clinically_approved",
    "approved_by": "A. Bauer, PT",
    "approved_on": date(2026, 3, 1),
    "assets": (FRONT, SIDE),
}


def no_order(text: str) -> Iterator[str]:
    """A stand-in for the wording check, which has its own tests."""
    if "must" in text:
        yield "no orders"


def found(exercise: Exercise) -> list[tuple[str, tuple[str | int, ...]]]:
    problems = check_exercise(exercise, load_vocabulary(), no_order)
    return [(problem.rule, problem.key) for problem in problems]


def test_a_good_exercise_has_no_problem() -> None:
    assert found(GOOD) == []
    assert found(replace(GOOD, **APPROVED)) == []


CASES: list[tuple[Exercise, str, tuple[str | int, ...]]] = [
    (replace(GOOD, slug="Side_Reach"), "slug", ("slug",)),
    (replace(GOOD, slug="side--reach"), "slug", ("slug",)),
    (replace(GOOD, version=0), "range", ("version",)),
    (replace(GOOD, grade="sure"), "vocabulary", ("grade",)),
    (replace(GOOD, difficulty=6), "range", ("difficulty",)),
    (replace(GOOD, region="leg"), "vocabulary", ("region",)),
    (replace(GOOD, type="yoga"), "vocabulary", ("type",)),
    (replace(GOOD, position="floating"), "vocabulary", ("position",)),
    (replace(GOOD, status="final"), "vocabulary", ("status",)),
    (replace(GOOD, targets=("KNEE",)), "vocabulary", ("targets",)),
    (replace(GOOD, contraindication_tags=("tired",)), "vocabulary", ("contraindication_tags",)),
    (replace(GOOD, equipment=("trampoline",)), "vocabulary", ("equipment", 0)),
    (
        replace(GOOD, equipment=("chair", "wall"), substitutes=("x",)),
        "substitutes",
        ("substitutes",),
    ),
    (replace(GOOD, icd10=("Z96.651", "96.6")), "icd10", ("icd10", 1)),
    (replace(GOOD, icd10=("Z96.65123",)), "icd10", ("icd10", 0)),
    (replace(GOOD, dose=Dose(0, 10, 0, 60, 3)), "range", ("dose", "sets")),
    (replace(GOOD, dose=Dose(3, 61, 0, 60, 3)), "range", ("dose", "reps")),
    (replace(GOOD, dose=Dose(3, 10, 0, 601, 3)), "range", ("dose", "rest_s")),
    (replace(GOOD, dose=Dose(3, 10, 0, 60, 71)), "range", ("dose", "per_week")),
    (replace(GOOD, steps=(*GOOD.steps[:2], "You must go on.")), "wording", ("steps", 2)),
    (replace(GOOD, cues=("Up.", "must")), "wording", ("cues", 1)),
    (replace(GOOD, common_errors=("must",)), "wording", ("common_errors", 0)),
    (replace(GOOD, precautions=("must",)), "wording", ("precautions", 0)),
    (replace(GOOD, name="A must"), "wording", ("name",)),
    (measured(GOOD, accuracy_class="D"), "vocabulary", ("measurement", "accuracy_class")),
    (measured(GOOD, compensations=("wobble",)), "vocabulary", ("measurement", "compensations")),
    (measured(GOOD, reported_motions=("jaw",)), "vocabulary", ("measurement", "motion")),
    (measured(GOOD, imu_segments=("tail",)), "vocabulary", ("measurement", "imu_segments")),
    (measured(GOOD, landmarks=(25, 33)), "landmarks", ("measurement", "landmarks", 1)),
    (measured(GOOD, stable_landmarks=(-1,)), "landmarks", ("measurement", "stable_landmarks", 0)),
    (measured(GOOD, landmarks=()), "landmarks", ("measurement", "landmarks")),
    (measured(GOOD, min_rep_s=12.0), "range", ("measurement", "max_rep_s")),
    (replace(GOOD, dose=Dose(3, 10, 12, 60, 3)), "range", ("measurement", "max_rep_s")),
    (measured(GOOD, target_deg=12.0), "rest-equals-target", ("measurement", "target_deg")),
    (measured(GOOD, target_deg=190.0), "range", ("measurement", "target_deg")),
    (measured(GOOD, target_deg=None), "measurement", ("measurement", "motion")),
    (measured(GOOD, view=View.FRONTAL), "measurement", ("measurement", "accuracy_class")),
    (measured(GOOD, signal=Signal.STEPS), "measurement", ("measurement", "motion")),
    (replace(GOOD, **APPROVED | {"assets": (FRONT,)}), "two-angles", ("status",)),
    (replace(GOOD, **APPROVED | {"approved_by": ""}), "approval", ("status",)),
    (replace(GOOD, assets=(replace(FRONT, kind="ad"),)), "vocabulary", ("assets", 0, "kind")),
    (replace(GOOD, assets=(replace(FRONT, angle="top"),)), "vocabulary", ("assets", 0, "angle")),
    (
        replace(GOOD, assets=(FRONT, replace(SIDE, duration_s=46))),
        "range",
        ("assets", 1, "duration_s"),
    ),
    (replace(GOOD, assets=(replace(FRONT, sha256="?"),)), "hash", ("assets", 0, "sha256")),
    (
        replace(GOOD, reference_data=(ReferenceData("r.json", "?"),)),
        "hash",
        ("reference_data", 0, "sha256"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "rule", "key"), CASES)
def test_each_slip_is_found_once(exercise: Exercise, rule: str, key: tuple[Any, ...]) -> None:
    assert found(exercise) == [(rule, key)]


def test_a_demonstration_of_an_error_is_no_second_angle() -> None:
    error = replace(SIDE, kind="common_error")
    exercise = replace(GOOD, **APPROVED | {"assets": (FRONT, error)})
    assert found(exercise) == [("two-angles", ("status",))]


def test_equipment_outside_the_vocabulary_is_a_warning() -> None:
    exercise = replace(GOOD, equipment=("trampoline",))
    (problem,) = check_exercise(exercise, load_vocabulary(), no_order)
    assert problem.severity is Severity.WARNING


def test_long_holds_are_for_what_is_counted_by_time() -> None:
    long = Dose(1, 1, 900, 0, 5)
    hold = measured(GOOD, count_mode=CountMode.HOLD)
    assert found(replace(hold, dose=long)) == [("range", ("dose", "hold_s"))]
    assert found(replace(hold, dose=long, type="aerobic")) == []
    assert found(replace(measured(GOOD, count_mode=CountMode.TIME), dose=long)) == []


def test_a_count_only_exercise_may_have_a_view_that_does_not_show_the_angle() -> None:
    assert found(measured(GOOD, view=View.FRONTAL, accuracy_class="C")) == []
    sensor = measured(GOOD, view=View.NONE, measure=Measure.IMU, landmarks=())
    assert found(sensor) == []


def test_a_camera_names_its_view_and_a_timer_its_signal() -> None:
    blind = measured(GOOD, view=View.NONE, accuracy_class="C")
    assert found(blind) == [("measurement", ("measurement", "view"))]
    timer = measured(GOOD, measure=Measure.TIMER, view=View.NONE, landmarks=())
    assert ("measurement", ("measurement", "signal")) in found(timer)


def test_the_measurement_of_exercises_that_no_angle_counts_is_open() -> None:
    """The rows that the reference table leaves without an angle have a signal of their own."""
    slugs = (
        "heel-walk", "toe-walk", "hand-behind-back-towel", "shoulder-shrug", "chin-tuck",
        "star-excursion", "y-balance-anterior", "functional-reach", "side-step-counter",
        "backward-walk", "tandem-walk", "tandem-walk-backward", "figure-eight-walk",
        "sideways-walk", "four-square-step", "tug-practice", "seated-trunk-reach",
    )  # fmt: skip
    for slug in slugs:
        spec = load_library().get(slug).measurement
        assert spec.signal not in (Signal.ANGLE, Signal.TIMER), slug
        assert (spec.motion, spec.rest_deg, spec.target_deg) == (None, None, None)
