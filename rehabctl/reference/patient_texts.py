"""Loader of the words for patients in their language (`patient_texts/`)."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.exercise import Exercise
from rehabctl.domain.hand_out import PatientTexts

ENGLISH = "en"
_FIELDS = ("name", "steps", "cues", "common_errors", "precautions", "equipment", "substitutes")


def load_patient_texts(language: str | None = None) -> PatientTexts:
    """Return the packaged words in a language, in English where there are none.

    Parameters
    ----------
    language
        A language tag such as `es` or `es-US`; None is English.
    """
    wanted = (language or ENGLISH).partition("-")[0].lower()
    return _texts(wanted if wanted in languages() else ENGLISH)


def languages() -> tuple[str, ...]:
    """Return the languages that have packaged words."""
    names = (entry.name for entry in (files("rehabctl.reference") / "patient_texts").iterdir())
    return tuple(sorted(n.removesuffix(".toml") for n in names if not n.startswith("exercises_")))


@cache
def _texts(language: str) -> PatientTexts:
    table = _read(f"{language}.toml")
    return PatientTexts(
        language=language,
        effective_from=table["effective_from"],
        red_flag_intro=table["red_flag_intro"],
        red_flag_advice=table["red_flag_advice"],
        red_flags=tuple(table["red_flags"].items()),
        pain_advice=table["pain_advice"],
        unapproved_mark=table["unapproved_mark"],
        decimal_point=table["locale"]["decimal_point"],
        date_pattern=table["locale"]["date"],
        weekdays=tuple(table["locale"]["weekdays"]),
        months=tuple(table["locale"]["months"]),
        words=table["words"],
        page=table["page"],
    )


def exercise_in(exercise: Exercise, language: str) -> Exercise | None:
    """Return an exercise with its texts in another language; None where they are not translated.

    A translation holds for exactly the English words that it was made of: a clinic's own version,
    or a newer one, is not translated by it.

    Parameters
    ----------
    exercise
        In English.
    language
        Such as `es`.
    """
    if language == ENGLISH:
        return exercise
    row = _exercises(language).get(exercise.slug)
    if row is None or row["of"] != english_version(exercise):
        return None
    texts: dict[str, Any] = {
        name: row[name] if name == "name" else tuple(row.get(name, ())) for name in _FIELDS
    }
    return replace(exercise, **texts)


def english_version(exercise: Exercise) -> str:
    """Return a short name for exactly the words of an exercise."""
    words = [getattr(exercise, name) for name in _FIELDS]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:12]


@cache
def _exercises(language: str) -> Mapping[str, Mapping[str, Any]]:
    name = f"exercises_{language}.toml"
    try:
        return _read(name)["exercise"]
    except FileNotFoundError:
        return {}


def _read(name: str) -> dict[str, Any]:
    text = (files("rehabctl.reference") / "patient_texts" / name).read_text("utf-8")
    return tomllib.loads(text)
