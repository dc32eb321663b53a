"""Reference documents: the packaged ones pass every check, each mistake is found at its line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from rehabctl.domain.errors import NotFoundError
from rehabctl.reference.deviation_limits import load_deviation_limits
from rehabctl.reference.exercise_library import load_library
from rehabctl.reference.pose_models import load_pose_models
from rehabctl.reference.pose_references import (
    PoseReference,
    load_pose_reference,
    packaged_references,
    reference_toml,
    validate_reference,
)

MODELS = frozenset(model.sha256 for model in load_pose_models().models)


def check(text: str) -> list[tuple[int, str]]:
    exercises = {slug: load_library().get(slug) for slug in packaged_references()}
    findings = validate_reference(text, "x.toml", exercises, MODELS)
    assert all(finding.file == "x.toml" for finding in findings)
    return [(finding.line, finding.rule) for finding in findings]


@pytest.fixture
def squat() -> PoseReference:
    return load_pose_reference("bodyweight-squat")


@pytest.mark.parametrize("slug", packaged_references())
def test_packaged_references_have_no_findings(slug: str) -> None:
    reference = load_pose_reference(slug)
    assert reference.exercise == slug
    assert check(reference_toml(reference)) == []


def line_of(text: str, start: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if line.startswith(start))


@pytest.mark.parametrize(
    ("old", "new", "start", "rule"),
    [
        ('schema = "rehabctl-pose-reference/1"', 'schema = "other/9"', "schema", "schema"),
        ("repetitions = ", "repetitons = ", "repetitons", "unknown-key"),
        ('exercise = "bodyweight-squat"', 'exercise = "moon-walk"', "exercise", "exercise"),
        ('view = "sagittal"', 'view = "frontal"', "view", "view"),
        ("built_on = 2026-11-22", 'built_on = "yesterday"', "built_on", "schema"),
        ("mean_deg = [", "mean_deg = [1, ", "mean_deg", "schema"),
        ("mean_deg = [", "mean_deg = [nan, ", "mean_deg", "schema"),
        ("mean_deg = [-0.1", "mean_deg = [-90.0", "[[curve]]", "band"),
        ("mean_deg = [-0.1", "mean_deg = [-90.0", "mean_deg", "range"),
        ('motion = "knee_flexion"', 'motion = "hip_flexion"', "motion", "motion"),
        ('motion = "hip_flexion"', 'motion = "wing_flexion"', "[[curve]]", "motion"),
        ('sha256 = "4eaa', 'sha256 = "0000', "sha256", "model"),
        ('  "', '  "not a hash', '  "not', "hash"),
    ],
)
def test_each_mistake_is_found_at_its_line(
    squat: PoseReference, old: str, new: str, start: str, rule: str
) -> None:
    text = reference_toml(squat)
    assert old in text
    broken = text.replace(old, new, 1)
    findings = check(broken)
    assert rule in {found for _, found in findings}
    if rule != "motion" or "wing" not in new:
        assert (line_of(broken, start), rule) in findings


def test_a_reference_that_misses_the_target_is_found(squat: PoseReference) -> None:
    half = replace(
        squat.driving, **{k: tuple(v / 2 for v in getattr(squat.driving, k))
                          for k in ("mean_deg", "low_deg", "high_deg")},
    )  # fmt: skip
    shallow = replace(squat, curves=(half, *squat.curves[1:]))
    assert [rule for _, rule in check(reference_toml(shallow))] == ["target"]


def test_unequal_sides_of_a_two_sided_exercise_are_found(squat: PoseReference) -> None:
    text = reference_toml(replace(squat, left_right_difference_deg=14.0))
    assert check(text) == [(line_of(text, "left_right"), "symmetry")]
    assert check(reference_toml(replace(squat, left_right_difference_deg=4.0))) == []


def test_a_document_that_is_not_toml_is_one_finding() -> None:
    assert check('schema = "x"\nversion = = 1') == [(2, "toml")]


def test_unknown_slugs_get_a_suggestion() -> None:
    with pytest.raises(NotFoundError, match="sit-to-stand"):
        load_pose_reference("sit-to-stands")
    with pytest.raises(NotFoundError, match="pose reference build"):
        load_pose_reference("zzz")


def test_limits_lie_between_10_and_15_degrees() -> None:
    limits = load_deviation_limits()
    assert {limits.of(m) for m in (*limits.motion_deg, "neck_flexion")} == {10.0, 15.0}
    with pytest.raises(NotFoundError):
        load_deviation_limits(date(2001, 1, 1))
