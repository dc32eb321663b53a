"""The packaged library: complete, read one by one or whole with the same result, searchable."""

from __future__ import annotations

import tomllib
from collections import Counter
from typing import Any

import pytest

from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.domain.exercise import Measure, Signal, View
from rehabctl.reference import exercise_library
from rehabctl.reference.exercise_library import (
    ExerciseLibrary,
    ExerciseSource,
    library_of,
    load_exercise,
    load_library,
    packaged_sources,
    packaged_variants,
)
from rehabctl.reference.exercise_search import ExerciseQuery
from rehabctl.reference.exercise_toml import to_toml
from rehabctl.reference.exercise_vocabulary import load_vocabulary
from tests.reference.exercise_samples import sample

FIRST = {
    # slug: motion, view, rest, target
    "bodyweight-squat": ("knee_flexion", "sagittal", 10, 90),
    "sit-to-stand": ("knee_flexion", "sagittal", 85, 12),
    "standing-knee-flexion": ("knee_flexion", "sagittal", 20, 80),
    "standing-hip-abduction": ("hip_abduction", "frontal", 5, 25),
    "active-abduction-stand": ("shoulder_abduction", "frontal", 15, 90),
    "active-flexion-stand": ("shoulder_flexion", "sagittal", 20, 120),
    "elbow-flex-arom": ("elbow_flexion", "sagittal", 20, 120),
    "long-arc-quad": ("knee_flexion", "sagittal", 70, 10),
}
REGIONS = {
    "shoulder": 57,
    "knee": 50,
    "hip": 41,
    "lumbar": 34,
    "balance": 27,
    "ankle": 25,
    "general": 23,
    "neck": 17,
    "elbow_wrist": 6,
    "thoracic": 5,
}


@pytest.fixture(scope="module")
def library() -> ExerciseLibrary:
    return load_library()


@pytest.mark.parametrize(("slug", "expected"), FIRST.items())
def test_the_first_exercises_have_their_measurement(slug: str, expected: tuple[Any, ...]) -> None:
    spec = load_exercise(slug).measurement
    assert (spec.motion, spec.view.value, spec.rest_deg, spec.target_deg) == expected
    assert spec.towards_extension is (expected[3] < expected[2])
    assert spec.joint == expected[0].split("_")[0]
    assert spec.landmarks
    assert spec.compensations


def test_the_library_is_complete(library: ExerciseLibrary) -> None:
    bases = [e for e in library.all() if e.variant_of is None]
    assert Counter(e.region for e in bases) == REGIONS
    assert sum(REGIONS.values()) == 285
    assert len(library.all()) >= 400
    assert len(set(library.slugs())) == len(library.all())
    texts = [step for e in bases for step in e.steps]
    assert len(texts) == len(set(texts)), "no step is used twice"
    for exercise in bases:
        assert len(exercise.steps) >= 3
        assert exercise.common_errors or exercise.cues, exercise.slug
        assert len(exercise.equipment) == len(exercise.substitutes)


def test_each_exercise_reads_alone_as_in_the_whole(library: ExerciseLibrary) -> None:
    fresh = library_of(())
    for exercise in library.all():
        assert fresh.get(exercise.slug) == exercise
        assert fresh.origin(exercise.slug).startswith("packaged: ")


def test_one_exercise_is_read_without_parsing_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = library_of(())
    sizes: list[int] = []
    whole = sum(len(source.text) for source in packaged_sources())

    parse = tomllib.loads

    def loads(text: str) -> dict[str, Any]:
        sizes.append(len(text))
        return parse(text)

    monkeypatch.setattr(exercise_library.tomllib, "loads", loads)
    fresh.get("bodyweight-squat")
    assert sum(sizes) < whole / 20


def test_an_unknown_slug_names_the_nearest(library: ExerciseLibrary) -> None:
    with pytest.raises(NotFoundError, match="'bodyweight-squat'"):
        library.get("bodywieght-squat")
    assert library.find("bodywieght-squat") is None


def test_a_clinic_exercise_replaces_a_packaged_one_and_its_variants() -> None:
    own = load_exercise("mini-squat")
    changed = own.__class__(**{**_fields(own), "version": 2, "name": "Our mini squat"})
    library = library_of([ExerciseSource("clinic/knee.toml", to_toml([changed]))])
    assert library.get("mini-squat") == changed
    assert library.origin("mini-squat") == "clinic/knee.toml"
    assert library.get("mini-squat-slow").name == "Our mini squat, slow tempo"
    assert changed in library.all()


def test_a_clinic_exercise_without_substitutes_can_be_a_base() -> None:
    own = load_exercise("mini-squat")
    bare = own.__class__(**{**_fields(own), "version": 2, "substitutes": ()})
    library = library_of([ExerciseSource("knee.toml", to_toml([bare]))])
    variant = library.get("mini-squat-foam")
    assert variant.equipment == ("counter", "foam pad")
    assert len(variant.substitutes) == 2


def test_a_clinic_file_in_any_toml_layout_is_read() -> None:
    text = to_toml([sample("first-one"), sample("second-one")])
    multi = text.replace('name = "Second one"', 'name = """Second \\\n one"""')
    for layout in (text, multi, text.replace("\n", "\r\n"), text.replace("[[", "  [[ ", 1)):
        library = ExerciseLibrary([ExerciseSource("a.toml", layout)], "", load_vocabulary())
        assert library.get("second-one").name == "Second one"
        assert library.slugs() == ["first-one", "second-one"]


@pytest.mark.parametrize(
    "text", ["[[exercise]]\nslug = ", '[[exercise]]\nslug = "odd-one"\n', 'exercise = "odd-one"\n']
)
def test_a_broken_clinic_file_is_one_line(text: str) -> None:
    library = library_of([ExerciseSource("odd.toml", text + "# odd-one")])
    with pytest.raises(RehabctlError, match=r"odd\.toml"):
        library.get("odd-one")


def test_every_measurement_can_be_used(library: ExerciseLibrary) -> None:
    for exercise in library.all():
        spec = exercise.measurement
        if spec.measure is Measure.TIMER:
            assert spec.signal is Signal.TIMER
        if spec.measure.value.startswith("cam"):
            assert spec.view is not View.NONE
            assert spec.landmarks
        if spec.signal is Signal.ANGLE:
            assert spec.motion is not None
            assert spec.rest_deg != spec.target_deg


def test_search_by_its_own_name_finds_each_base_first(library: ExerciseLibrary) -> None:
    for exercise in library.all():
        if exercise.variant_of is None:
            named = library.search(ExerciseQuery(text=exercise.name))
            assert exercise in named[:2], exercise.slug
            assert library.search(ExerciseQuery(text=exercise.slug))[0] == exercise


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (ExerciseQuery(text="heel slide", region="knee"), "heel-slide-supine"),
        (ExerciseQuery(text="tele heel"), None),
        (ExerciseQuery(text="chair rise"), "sit-to-stand"),
        (ExerciseQuery(diagnosis="TKR", measurable_by="camera"), "long-arc-quad"),
        (ExerciseQuery(diagnosis="total knee"), "long-arc-quad"),
        (ExerciseQuery(diagnosis="Z96.65"), "long-arc-quad"),
        (ExerciseQuery(diagnosis="z96.651", position="seated"), "long-arc-quad"),
        (ExerciseQuery(equipment="none", type="strengthening", region="knee"), "bodyweight-squat"),
        (ExerciseQuery(measurable_by="imu", region="neck"), "neck-rotation-arom"),
        (ExerciseQuery(measurable_by="timer", diagnosis="NECK"), "neck-iso-side"),
        (ExerciseQuery(difficulty=5, equipment="box"), "drop-landing"),
        (ExerciseQuery(max_difficulty=1, region="shoulder"), "pendulum-codman"),
    ],
)
def test_search_filters(
    library: ExerciseLibrary, query: ExerciseQuery, expected: str | None
) -> None:
    found = [exercise.slug for exercise in library.search(query)]
    assert (expected in found) if expected else not found
    for exercise in map(library.get, found):
        assert query.region in (None, exercise.region)
        assert query.type in (None, exercise.type)
        assert query.position in (None, exercise.position)
        assert query.difficulty in (None, exercise.difficulty)
        assert query.max_difficulty is None or exercise.difficulty <= query.max_difficulty
        if query.equipment == "none":
            assert not exercise.equipment
        if query.diagnosis == "TKR":
            assert "TKR" in exercise.targets
        if query.measurable_by == "timer":
            assert exercise.measurement.measure is Measure.TIMER


def test_an_empty_query_finds_everything(library: ExerciseLibrary) -> None:
    assert len(library.search(ExerciseQuery())) == len(library.all())
    assert packaged_variants()


def _fields(exercise: Any) -> dict[str, Any]:
    return {name: getattr(exercise, name) for name in exercise.__dataclass_fields__}
