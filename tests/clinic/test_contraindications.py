"""Where tags of exercises meet flags of patients."""

from __future__ import annotations

import pytest

from rehabctl.clinic.contraindications import blocked, contraindications
from rehabctl.reference.exercise_library import load_exercise, load_library
from rehabctl.reference.exercise_vocabulary import Effect, load_vocabulary
from tests.reference.exercise_samples import sample

TAGS = load_vocabulary().tags


def hits(slug: str, *flags: str, weeks: float | None = None) -> list[tuple[str, str]]:
    found = contraindications(load_exercise(slug), flags, weeks, TAGS)
    return [(hit.tag, hit.effect.value) for hit in found]


def test_no_flag_no_hit() -> None:
    assert hits("bodyweight-squat") == []
    assert hits("bodyweight-squat", "something-else") == []


@pytest.mark.parametrize("flag", ["red_flag_open", "acute_dvt_suspected"])
def test_an_open_red_flag_blocks_every_exercise(flag: str) -> None:
    for exercise in load_library().all():
        found = contraindications(exercise, {flag}, None, TAGS)
        assert blocked(found), exercise.slug


def test_a_flag_can_warn_on_one_exercise_and_block_another() -> None:
    flag = "hip_posterior_precautions"
    assert hits("bodyweight-squat", flag) == [
        ("hip_posterior_precautions_if_flexion_gt_90", "warning")
    ]
    assert hits("piriformis-stretch", flag) == [("hip_posterior_precautions", "block")]


@pytest.mark.parametrize(("weeks", "expected"), [(7.9, True), (8.0, False), (None, True)])
def test_a_restriction_ends_with_its_week(weeks: float | None, expected: bool) -> None:
    found = hits("ham-curl-ball", "hamstring_graft", weeks=weeks)
    assert found == ([("hamstring_graft_before_week_8", "block")] if expected else [])


def test_blocks_come_first() -> None:
    found = hits("drop-landing", "uncontrolled_hypertension", "no_impact_clearance")
    assert [effect for _, effect in found] == ["block", "warning"]


def test_an_unknown_restriction_is_not_waved_through() -> None:
    exercise = sample(contraindication_tags=("our_own_rule",))
    (hit,) = contraindications(exercise, {"our_own_rule"}, None, TAGS)
    assert hit.effect is Effect.BLOCK
    assert "our_own_rule" in hit.text


def test_every_tag_of_the_library_has_a_text() -> None:
    used = {tag for e in load_library().all() for tag in e.contraindication_tags}
    assert used == set(TAGS)
    assert all(row.text.endswith(".") for row in TAGS.values())
