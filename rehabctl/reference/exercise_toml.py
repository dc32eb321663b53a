"""Writing exercises as TOML: the one form in which the library is kept, exported and imported."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from enum import StrEnum

from rehabctl.domain.exercise import Exercise, Measurement
from rehabctl.reference.exercise_schema import SCHEMA

_HEAD = (
    "slug", "name", "version", "region", "type", "difficulty", "position", "status", "variant_of",
    "approved_by", "approved_on",
)  # fmt: skip
_LISTS = (
    "aliases", "equipment", "substitutes", "targets", "icd10", "contraindication_tags",
    "progression", "regression",
)  # fmt: skip
_PROSE = ("steps", "cues", "common_errors", "precautions")
_TAIL = ("source", "grade")
_WIDTH = 100


def to_toml(exercises: Iterable[Exercise]) -> str:
    """Return an exercise file that reads back as the same exercises.

    Parameters
    ----------
    exercises
        Written in this order.
    """
    blocks = [_block(exercise) for exercise in exercises]
    return "\n".join([f'schema = "{SCHEMA}"\n', *blocks])


def _block(exercise: Exercise) -> str:
    lines = ["[[exercise]]"]
    for name in (*_HEAD, *_LISTS):
        lines += _entry(name, getattr(exercise, name))
    for name in _PROSE:
        lines += _entry(name, getattr(exercise, name), one_a_line=True)
    for name in _TAIL:
        lines += _entry(name, getattr(exercise, name))
    lines += ["", "[exercise.measurement]", *_measurement(exercise.measurement)]
    lines += ["", "[exercise.dose]"]
    for item in fields(exercise.dose):
        lines += _entry(item.name, getattr(exercise.dose, item.name))
    for table, rows in (("assets", exercise.assets), ("reference_data", exercise.reference_data)):
        for row in rows:
            lines += ["", f"[[exercise.{table}]]"]
            for item in fields(row):
                lines += _entry(item.name, getattr(row, item.name))
    return "\n".join(lines) + "\n"


def _measurement(measurement: Measurement) -> list[str]:
    defaults = {item.name: item.default for item in fields(Measurement)}
    lines: list[str] = []
    for name in defaults:
        value = getattr(measurement, name)
        always = name in ("count_mode", "sidedness", "accuracy_class")
        if always or value != defaults[name]:
            lines += _entry(name, value)
    return lines


def _entry(name: str, value: object, *, one_a_line: bool = False) -> list[str]:
    """Return the lines of one key; absent values are left out."""
    if value is None or value in ("", ()):
        return []
    if isinstance(value, tuple):
        items = [_scalar(item) for item in value]  # type: ignore[reportUnknownVariableType]
        line = f"{name} = [{', '.join(items)}]"
        if not one_a_line and len(line) <= _WIDTH:
            return [line]
        rows = items if one_a_line else _filled(items)
        return [f"{name} = [", *(f"  {row}," for row in rows), "]"]
    return [f"{name} = {_scalar(value)}"]


def _filled(items: list[str]) -> list[str]:
    """Return the items in rows as long as the page is wide."""
    rows: list[str] = []
    for item in items:
        if rows and len(rows[-1]) + len(item) + 5 <= _WIDTH:
            rows[-1] += f", {item}"
        else:
            rows.append(item)
    return rows


def _scalar(value: object) -> str:
    if isinstance(value, StrEnum):
        return json.dumps(value.value)
    if isinstance(value, str):
        # every JSON string is a TOML basic string, apart from an unescaped delete character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
