"""Variants: what the base gives, what the kind and the row change."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from rehabctl.domain.exercise import Measure, View
from rehabctl.reference.exercise_library import load_library, packaged_variants
from rehabctl.reference.exercise_variants import VariantTable, read_variants
from rehabctl.reference.findings import Problem
from tests.reference.exercise_samples import measured, sample

TABLE = """
schema = "rehabctl-exercise-variants/1"
[kind.band]
name = "with band"
difficulty = 1
equipment = ["resistance band", "chair"]
substitutes = ["tights", "stool"]
contraindication_tags = ["kneeling_intolerance"]
dose = { hold_s = 30, reps = 8 }
extra_s = 2
[kind.lying]
name = "lying"
difficulty = -2
position = "side"
by_sensor = true
accuracy_class = "B"
[[variant]]
base = "lift"
kind = "band"
after = 1
replaces = 1
steps = ["New one.", "New two."]
contraindication_tags = ["cannot_lie_prone"]
without = ["wall"]
[[variant]]
base = "lift"
kind = "lying"
after = 0
replaces = 3
steps = ["Lie.", "Lift.", "Lower."]
"""
BASE = measured(
    sample(
        "lift",
        steps=("One.", "Two.", "Three."),
        equipment=("wall", "chair"),
        substitutes=("door", "seat"),
        cues=("Up.",),
        common_errors=("Down.",),
        progression=("jump",),
        status="clinically_approved",
    ),
    compensations=("heel_rise",),
)


def table(text: str = TABLE) -> VariantTable:
    problems: list[Problem] = []
    read = read_variants(tomllib.loads(text), problems)
    assert problems == []
    return read


def test_a_harder_variant() -> None:
    variants = table()
    exercise = variants.expand(variants.variants["lift-band"], BASE)
    assert exercise.name == "Lift, with band"
    assert exercise.difficulty == BASE.difficulty + 1
    assert exercise.steps == ("One.", "New one.", "New two.", "Three.")
    assert exercise.cues == ("Up.",)
    assert exercise.equipment == ("chair", "resistance band")
    assert exercise.substitutes == ("seat", "tights")
    assert exercise.contraindication_tags == (
        "red_flag_open",
        "kneeling_intolerance",
        "cannot_lie_prone",
    )
    assert (exercise.dose.reps, exercise.dose.hold_s, exercise.dose.sets) == (8, 30.0, 3)
    assert exercise.measurement.max_rep_s == 40.0
    assert (exercise.regression, exercise.progression) == (("lift",), ())
    assert (exercise.variant_of, exercise.status) == ("lift", "draft")


def test_an_easier_variant_that_only_sensors_see() -> None:
    variants = table()
    exercise = variants.expand(variants.variants["lift-lying"], BASE)
    assert exercise.difficulty == 1
    assert exercise.steps == ("Lie.", "Lift.", "Lower.")
    assert (exercise.cues, exercise.common_errors) == ((), ())
    assert (exercise.progression, exercise.regression) == (("lift",), ())
    spec = exercise.measurement
    assert (spec.measure, spec.view, spec.accuracy_class) == (Measure.IMU, View.NONE, "B")
    assert (spec.landmarks, spec.compensations, spec.motion) == ((), (), "knee_flexion")


@pytest.mark.parametrize(
    ("old", "new", "rule", "path"),
    [
        ('kind = "band"', 'kind = "bend"', "unknown-kind", ("variant", 0, "kind")),
        ('kind = "lying"', 'kind = "band"', "duplicate", ("variant", 1, "kind")),
        ("difficulty = -2", "", "schema", ("kind", "lying", "difficulty")),
        ("reps = 8", "laps = 8", "unknown-key", ("kind", "band", "dose", "laps")),
        ("variants/1", "variants/9", "schema", ("schema",)),
        ("by_sensor = true", "by_sensor = 1", "schema", ("kind", "lying", "by_sensor")),
    ],
)
def test_slips_are_placed(old: str, new: str, rule: str, path: tuple[Any, ...]) -> None:
    problems: list[Problem] = []
    read_variants(tomllib.loads(TABLE.replace(old, new)), problems)
    assert [(p.rule, p.path) for p in problems] == [(rule, path)]


def test_every_packaged_row_changes_its_base() -> None:
    variants = table(packaged_variants())
    library = load_library()
    assert len(variants.variants) >= 115
    for variant in variants.variants.values():
        base, exercise = library.get(variant.base), library.get(variant.slug)
        assert base.variant_of is None
        assert exercise.steps != base.steps
        assert set(variant.without) <= set(base.equipment)
        assert 0 <= variant.after <= len(base.steps) - variant.replaces
