"""Feedback in plain words: what is said, in which order, and what is never said."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from string import Formatter

import numpy as np
import pytest

from rehabctl.analysis.assessment import (
    CodedText,
    Compensation,
    RepetitionKind,
    Severity,
    SymmetryMeasure,
)
from rehabctl.analysis.compensation_checks import CHECKS
from rehabctl.analysis.feedback import feedback_of
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.analysis.motions import MOTIONS
from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.exercise import View
from rehabctl.reference.feedback import load_feedback
from rehabctl.reference.wording import load_avoided_wording
from tests.analysis.recordings import (
    exercise_spec,
    front_figure,
    measured_clip,
    moving,
    side_figure,
    there_and_back,
)

SQUAT = exercise_spec("knee_flexion", View.SAGITTAL, 10, 90)
CURL = exercise_spec("knee_flexion", View.SAGITTAL, 10, 90)
EXTENSION = exercise_spec("knee_flexion", View.SAGITTAL, 90, 10)
ARM = exercise_spec("shoulder_abduction", View.FRONTAL, 5, 120)


def squats(deg: float, **more: object) -> MeasuredMovement:
    return moving(
        lambda p: side_figure(knee_flexion_deg=deg * p, shank_deg=deg * p / 3),
        spec=SQUAT, facing="right", **more,
    )  # type: ignore[arg-type]  # fmt: skip


def heel_to_buttock(deg: float) -> MeasuredMovement:
    def figure(p: float) -> np.ndarray:
        xy = side_figure()
        bent = side_figure(knee_flexion_deg=deg * p, shank_deg=-deg * p)
        return bent + (xy[23] - bent[23])

    return moving(figure, spec=CURL, facing="right")


def compensation(kind: str, severity: Severity, side: str | None = "left") -> Compensation:
    return Compensation(kind, side, 14.8, "deg", 10.0, severity, (2, 3), (4.1, 6.0), "x")


def codes(found: tuple[CodedText, ...]) -> list[str]:
    return [item.code for item in found]


class TestRange:
    def test_deeper_with_the_missing_degrees(self) -> None:
        (cue,) = feedback_of(squats(78), [])
        assert cue.code == "deeper"
        assert "12 degrees short of the target" in cue.text
        assert "3 repetitions" in cue.text

    def test_the_word_depends_on_the_exercise(self) -> None:
        assert codes(feedback_of(heel_to_buttock(70), [])) == ["bend_further"]
        arm = moving(lambda p: front_figure(arm_right_deg=5 + 80 * p), spec=ARM, facing="camera")
        (cue,) = feedback_of(arm, [])
        assert cue.code == "higher"
        assert "the arm" in cue.text
        straight = moving(
            lambda p: side_figure(knee_flexion_deg=90 - 60 * p, shank_deg=-(90 - 60 * p)),
            spec=EXTENSION, facing="right",
        )  # fmt: skip
        (cue,) = feedback_of(straight, [])
        assert cue.code == "straighten"
        assert "20 degrees" in cue.text

    def test_one_repetition_is_singular(self) -> None:
        phase = np.concatenate([there_and_back(1), 0.5 * there_and_back(1)])
        (cue,) = feedback_of(squats(95, phase=phase), [])
        assert "one repetition" in cue.text

    def test_the_target_that_was_reached_is_named_when_nothing_else_is(self) -> None:
        assert codes(feedback_of(squats(95), [])) == ["target_reached"]
        lean = compensation("trunk_lateral_lean", Severity.MILD)
        assert codes(feedback_of(squats(95), [lean])) == ["trunk_lateral_lean"]

    def test_cut_repetitions_and_refused_angles_say_nothing(self) -> None:
        measured = squats(78)
        cut = tuple(replace(r, kind=RepetitionKind.CUT) for r in measured.repetitions)
        assert feedback_of(replace(measured, repetitions=cut), []) == ()
        unknown = tuple(replace(r, peak_deg=None) for r in measured.repetitions)
        assert feedback_of(replace(measured, repetitions=unknown), []) == ()
        assert feedback_of(replace(measured, repetitions=()), []) == ()

    def test_rendered_films(self) -> None:
        limited = measured_clip("squat_side_limited70", "bodyweight-squat")
        assert codes(feedback_of(limited, []))[0] == "deeper"
        prescribed = measured_clip("squat_side_limited70", "bodyweight-squat", target_deg=65.0)
        assert "deeper" not in codes(feedback_of(prescribed, []))


class TestOrder:
    def test_range_first_then_marked_compensations(self) -> None:
        mild = compensation("heel_rise", Severity.MILD)
        marked = compensation("knee_valgus", Severity.MARKED)
        found = feedback_of(squats(70), [mild, marked])
        assert codes(found) == ["deeper", "knee_valgus", "heel_rise"]
        assert "left knee" in found[1].text

    def test_no_more_cues_than_people_keep_in_mind(self) -> None:
        many = [compensation(kind, Severity.MILD) for kind in CHECKS]
        assert len(feedback_of(squats(70), many)) == load_feedback().settings.most_items

    def test_a_side_that_moved_less(self) -> None:
        less = SymmetryMeasure("rom", "shoulder_abduction", 140.0, 94.0, 67.1, 39.3, True)
        (cue,) = feedback_of(squats(95), [], [less])
        assert cue.code == "one_side_less"
        assert "right side moved 46 degrees less" in cue.text
        noise = replace(less, detectable=False)
        assert codes(feedback_of(squats(95), [], [noise])) == ["target_reached"]

    def test_tempo_and_hold(self) -> None:
        hurried = squats(95, phase=there_and_back(seconds=1.0))
        assert codes(feedback_of(hurried, [])) == ["slower"]
        assert codes(feedback_of(squats(95), [], hold_s=2.0)) == ["hold_longer"]
        assert codes(feedback_of(squats(95), [], hold_s=0.4)) == ["target_reached"]


class TestTexts:
    def test_every_compensation_and_reach_code_has_a_sentence(self) -> None:
        texts = load_feedback()
        assert set(CHECKS) <= texts.sentences.keys()
        assert set(texts.reach.values()) | {"further"} <= texts.sentences.keys()
        for key in texts.reach:
            assert key.split()[0] in MOTIONS
        for motion in MOTIONS:
            assert texts.reach_code(motion, "up", "standing") in texts.sentences

    def test_every_sentence_can_be_filled_in(self) -> None:
        texts = load_feedback()
        values = dict.fromkeys(("degrees", "part", "size", "side", "seconds", "goal"), "7")
        for code in texts.sentences:
            for count in (1, 4):
                sentence = texts.sentence(code, count, **values)
                assert sentence.endswith(".")
                assert not re.search(r"[{}]", sentence)

    def test_one_and_other_ask_for_known_words_only(self) -> None:
        known = {"count", "degrees", "part", "size", "side", "seconds", "goal"}
        for forms in load_feedback().sentences.values():
            assert forms.keys() == {"one", "other"}
            for form in forms.values():
                assert {name for _, name, _, _ in Formatter().parse(form) if name} <= known

    def test_no_avoided_wording(self) -> None:
        rules = load_avoided_wording()
        for forms in load_feedback().sentences.values():
            for form in forms.values():
                for rule in rules:
                    assert not re.search(rf"\b(?:{rule.pattern})\b", form, re.IGNORECASE), form
                assert not re.search(r"\b(must|should|diagnos|normal|safe)\b", form, re.IGNORECASE)

    def test_other_languages_and_days_are_refused(self) -> None:
        with pytest.raises(NotFoundError):
            load_feedback("xx")
        with pytest.raises(NotFoundError):
            load_feedback("en", date(2001, 1, 1))
