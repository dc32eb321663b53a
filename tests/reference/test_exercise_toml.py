"""Writing and reading exercises: nothing is lost on the way, through TOML and through JSON."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.exercise import Exercise
from rehabctl.reference.exercise_content import exercise_content, exercise_of_content
from rehabctl.reference.exercise_library import load_library
from rehabctl.reference.exercise_schema import read_exercise
from rehabctl.reference.exercise_toml import to_toml
from rehabctl.reference.findings import Problem
from tests.reference.exercise_samples import exercises, sample


def read(text: str) -> list[Exercise]:
    problems: list[Problem] = []
    tables: list[dict[str, Any]] = tomllib.loads(text)["exercise"]
    found = [read_exercise(table, ("exercise", n), problems) for n, table in enumerate(tables)]
    assert problems == []
    return found


@settings(max_examples=150)
@given(exercises(), exercises())
def test_toml_returns_what_was_written(one: Exercise, other: Exercise) -> None:
    assert read(to_toml([one, other])) == [one, other]


@settings(max_examples=150)
@given(exercises())
def test_json_content_returns_what_was_put_in(exercise: Exercise) -> None:
    text = json.dumps(exercise_content(exercise), sort_keys=True)
    assert exercise_of_content(json.loads(text)) == exercise


def test_the_packaged_library_survives_both_ways() -> None:
    library = load_library().all()
    assert read(to_toml(library)) == list(library)
    assert [exercise_of_content(exercise_content(e)) for e in library] == list(library)


def test_content_of_a_later_format_is_refused() -> None:
    content = exercise_content(sample()) | {"hologram": True}
    with pytest.raises(RehabctlError, match="unknown key 'hologram'"):
        exercise_of_content(content)


@pytest.mark.parametrize(
    ("key", "value", "path", "message"),
    [
        ("slug", None, ("slug",), "slug is missing"),
        ("slug", " ", ("slug",), "slug needs text"),
        ("name", 3, ("name",), "name needs text"),
        ("version", "1", ("version",), "version needs a whole number"),
        ("version", True, ("version",), "version needs a whole number"),
        ("steps", ["One."], ("steps",), "steps needs at least 3 entries"),
        ("steps", "One.", ("steps",), "steps needs a list of texts"),
        ("cues", ["Up.", 7], ("cues", 1), "cues holds something that is no text"),
        ("dose", 4, ("dose",), "dose needs a table"),
        ("assets", {"a": 1}, ("assets",), "assets needs tables"),
        ("approved_on", "soon", ("approved_on",), "approved_on needs a date such as 2026-11-22"),
        ("tempo", 1, ("tempo",), "unknown key 'tempo'"),
    ],
)
def test_each_deviation_from_the_schema_is_placed(
    key: str, value: Any, path: tuple[str, ...], message: str
) -> None:
    table = exercise_content(sample())
    if value is None:
        del table[key]
    else:
        table[key] = value
    problems: list[Problem] = []
    read_exercise(table, ("exercise", 4), problems)
    assert (("exercise", 4, *path), message) in {(p.path, p.message) for p in problems}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("measure", "radar", "measure is 'radar'; known: cam, cam_floor, cam_limited, imu"),
        ("rest_deg", "ten", "rest_deg needs a number"),
        ("rest_deg", float("inf"), "rest_deg needs a finite number"),
        ("landmarks", ["nose"], "landmarks needs a list of whole numbers"),
        ("landmarks", 7, "landmarks needs a list of whole numbers"),
    ],
)
def test_each_deviation_of_a_measurement_is_placed(key: str, value: Any, message: str) -> None:
    table = exercise_content(sample())
    table["measurement"][key] = value
    problems: list[Problem] = []
    read_exercise(table, (), problems)
    assert [p.path for p in problems] == [("measurement", key)]
    assert problems[0].message.startswith(message)
