"""Exercises as plain JSON values: what a programme pins, and what other programs read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from enum import Enum
from typing import Any, cast

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.exercise import Exercise
from rehabctl.reference.exercise_schema import read_exercise
from rehabctl.reference.findings import Problem


def exercise_content(exercise: Exercise) -> dict[str, Any]:
    """Return an exercise as JSON values, with the keys of an exercise file.

    Parameters
    ----------
    exercise
        The exercise. Absent values are left out, so that a field that is added later does not
        change the content of exercises that do not use it.
    """
    return _plain(asdict(exercise))


def exercise_of_content(content: Mapping[str, Any]) -> Exercise:
    """Return the exercise that a content describes.

    Parameters
    ----------
    content
        What `exercise_content` returned, also after a way through JSON.

    Raises
    ------
    RehabctlError
        The content is of a later or a damaged format.
    """
    table = dict(content)
    if isinstance(table.get("approved_on"), str):
        table["approved_on"] = date.fromisoformat(table["approved_on"])
    problems: list[Problem] = []
    exercise = read_exercise(table, (), problems)
    if problems:
        raise RehabctlError(
            f"a stored exercise cannot be read: {problems[0].message}",
            "Use the program version that stored it, or newer",
        )
    return exercise


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return {key: _plain(item) for key, item in table.items() if item not in (None, "", ())}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value
