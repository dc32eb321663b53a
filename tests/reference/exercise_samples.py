"""Exercises made for tests: one that breaks no rule, and a strategy for any that can be written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

from rehabctl.domain.exercise import (
    Asset,
    CountMode,
    Dose,
    Exercise,
    Measure,
    Measurement,
    ReferenceData,
    Sidedness,
    Signal,
    View,
)

SHA = "0123456789abcdef" * 4


def sample(slug: str = "side-reach", **changes: Any) -> Exercise:
    """Return an exercise that keeps every rule, with some fields changed."""
    spec = Measurement(
        measure=Measure.CAMERA,
        view=View.SAGITTAL,
        motion="knee_flexion",
        rest_deg=10.0,
        target_deg=60.0,
        accuracy_class="A",
        landmarks=(23, 24, 25, 26, 27, 28),
    )
    exercise = Exercise(
        slug=slug,
        name=slug.replace("-", " ").capitalize(),
        version=1,
        region="knee",
        type="strengthening",
        difficulty=2,
        position="standing",
        measurement=spec,
        dose=Dose(3, 10, 0.0, 60.0, 3),
        steps=tuple(f"{slug}{n} {word} one{slug} two{slug}." for n, word in enumerate("abc")),
        targets=("TKR",),
        icd10=("Z96.651",),
        contraindication_tags=("red_flag_open",),
        source="test",
        grade="consensus",
    )
    return replace(exercise, **changes)


def measured(exercise: Exercise, **changes: Any) -> Exercise:
    """Return the exercise with some fields of its measurement changed."""
    return replace(exercise, measurement=replace(exercise.measurement, **changes))


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1).filter(
    str.strip
)
_TEXTS = st.lists(_TEXT, max_size=3).map(tuple)
_NUMBER = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
_SMALL = st.integers(-5, 100)
_LANDMARKS = st.lists(st.integers(0, 32), max_size=4).map(tuple)


@st.composite
def exercises(draw: st.DrawFn) -> Exercise:
    """Any exercise that the file format can hold, whether or not it keeps the rules."""
    measurement = Measurement(
        measure=draw(st.sampled_from(Measure)),
        view=draw(st.sampled_from(View)),
        motion=draw(st.none() | _TEXT),
        rest_deg=draw(st.none() | _NUMBER),
        target_deg=draw(st.none() | _NUMBER),
        count_mode=draw(st.sampled_from(CountMode)),
        sidedness=draw(st.sampled_from(Sidedness)),
        min_rep_s=draw(_NUMBER),
        max_rep_s=draw(_NUMBER),
        reported_motions=draw(_TEXTS),
        compensations=draw(_TEXTS),
        stable_landmarks=draw(_LANDMARKS),
        imu_segments=draw(_TEXTS),
        accuracy_class=draw(_TEXT),
        landmarks=draw(_LANDMARKS),
        signal=draw(st.sampled_from(Signal)),
    )
    asset = st.builds(Asset, _TEXT, _TEXT, _TEXT, _TEXT, _NUMBER)
    return Exercise(
        slug=draw(_TEXT),
        name=draw(_TEXT),
        version=draw(_SMALL),
        region=draw(_TEXT),
        type=draw(_TEXT),
        difficulty=draw(_SMALL),
        position=draw(_TEXT),
        measurement=measurement,
        dose=Dose(draw(_SMALL), draw(_SMALL), draw(_NUMBER), draw(_NUMBER), draw(_SMALL)),
        steps=tuple(draw(st.lists(_TEXT, min_size=3, max_size=5))),
        cues=draw(_TEXTS),
        common_errors=draw(_TEXTS),
        aliases=draw(_TEXTS),
        equipment=draw(_TEXTS),
        substitutes=draw(_TEXTS),
        targets=draw(_TEXTS),
        icd10=draw(_TEXTS),
        contraindication_tags=draw(_TEXTS),
        precautions=draw(_TEXTS),
        progression=draw(_TEXTS),
        regression=draw(_TEXTS),
        variant_of=draw(st.none() | _TEXT),
        status=draw(_TEXT),
        source=draw(_TEXT),
        grade=draw(_TEXT),
        assets=tuple(draw(st.lists(asset, max_size=2))),
        reference_data=tuple(draw(st.lists(st.builds(ReferenceData, _TEXT, _TEXT), max_size=2))),
        approved_by=draw(st.just("") | _TEXT),
        approved_on=draw(st.none() | st.dates(date(2000, 1, 1), date(2100, 1, 1))),
    )
