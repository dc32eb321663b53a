"""Full-text search over exercises with filters, and which results come first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rehabctl.domain.exercise import Exercise, Measure
from rehabctl.reference.exercise_vocabulary import Vocabulary

_WORD = re.compile(r"[a-z0-9]+")
_CAMERA = frozenset({Measure.CAMERA, Measure.CAMERA_FLOOR, Measure.CAMERA_LIMITED})


@dataclass(frozen=True, slots=True)
class ExerciseQuery:
    """What to look for. Every given part has to match."""

    text: str = ""
    """Words or beginnings of words, in any order, anywhere in the exercise's text."""
    region: str | None = None
    type: str | None = None
    max_difficulty: int | None = None
    difficulty: int | None = None
    equipment: str | None = None
    """Only exercises that need it; `none` for those that need nothing."""
    position: str | None = None
    diagnosis: str | None = None
    """A condition key (TKR), words of its name, or the beginning of an ICD-10 code."""
    measurable_by: str | None = None
    """camera, imu (a sensor placement is known, whether or not a camera sees it too) or timer."""


class ExerciseIndex:
    """Prepared search text of a fixed set of exercises.

    Parameters
    ----------
    exercises
        The exercises to search.
    vocabulary
        Names of the conditions.
    """

    def __init__(self, exercises: Iterable[Exercise], vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._rows = [_Row.of(exercise, vocabulary) for exercise in exercises]

    def search(self, query: ExerciseQuery) -> list[Exercise]:
        """Return the matching exercises, best first, then by slug.

        Parameters
        ----------
        query
            What to look for; an empty query returns everything.
        """
        accepts = self._filter(query)
        words = [f" {word}" for word in _WORD.findall(query.text.lower())]
        hits = [
            row
            for row in self._rows
            if all(word in row.everything for word in words) and accepts(row.exercise)
        ]
        whole = " ".join(_WORD.findall(query.text.lower()))
        hits.sort(key=lambda row: (row.rank(whole, words), row.exercise.slug))
        return [row.exercise for row in hits]

    def _filter(self, query: ExerciseQuery) -> Callable[[Exercise], bool]:
        tests: list[Callable[[Exercise], bool]] = []
        if query.region is not None:
            tests.append(lambda e: e.region == query.region)
        if query.type is not None:
            tests.append(lambda e: e.type == query.type)
        if query.difficulty is not None:
            tests.append(lambda e: e.difficulty == query.difficulty)
        if query.max_difficulty is not None:
            highest = query.max_difficulty
            tests.append(lambda e: e.difficulty <= highest)
        if query.equipment == "none":
            tests.append(lambda e: not e.equipment)
        elif query.equipment is not None:
            tests.append(lambda e: query.equipment in e.equipment)
        if query.position is not None:
            tests.append(lambda e: e.position == query.position)
        if query.measurable_by is not None:
            tests.append(_measurable(query.measurable_by))
        if query.diagnosis is not None:
            tests.append(self._diagnosis(query.diagnosis))
        return lambda exercise: all(test(exercise) for test in tests)

    def _diagnosis(self, asked: str) -> Callable[[Exercise], bool]:
        wanted = asked.strip()
        words = [f" {word}" for word in _WORD.findall(wanted.lower())]
        keys = {
            key
            for key, name in self._vocabulary.conditions.items()
            if key.lower() == wanted.lower()
            or (words and all(word in _spaced(name) for word in words))
        }
        code = wanted.upper()
        is_code = re.fullmatch(r"[A-Z]\d[0-9A-Z.]*", code) is not None
        return lambda e: (
            not keys.isdisjoint(e.targets)
            or (is_code and any(known.startswith(code) for known in e.icd10))
        )


@dataclass(frozen=True, slots=True)
class _Row:
    exercise: Exercise
    names: frozenset[str]
    """Name, slug and aliases, each as words between blanks."""
    title: str
    """All of them in one."""
    everything: str

    @classmethod
    def of(cls, exercise: Exercise, vocabulary: Vocabulary) -> _Row:
        names = (exercise.name, exercise.slug, *exercise.aliases)
        title = _spaced(*names)
        conditions = [vocabulary.conditions.get(key, "") for key in exercise.targets]
        details: Sequence[str] = (
            exercise.region, exercise.type, exercise.position, *exercise.targets, *conditions,
            *exercise.equipment, *exercise.substitutes, *exercise.steps, *exercise.cues,
            *exercise.common_errors,
        )  # fmt: skip
        return cls(exercise, frozenset(map(_spaced, names)), title, title + _spaced(*details))

    def rank(self, whole: str, words: Sequence[str]) -> int:
        """Return 0 for the exercise asked for by name, more for looser matches."""
        if not words:
            return 0
        variant = self.exercise.variant_of is not None
        if f" {whole} " in self.names:
            return 0 + variant
        if f" {whole} " in self.title:
            return 2 + variant
        return (4 if all(word in self.title for word in words) else 6) + variant


def _spaced(*texts: str) -> str:
    """Return the words of texts, each between blanks, so that ` kne` finds a beginning."""
    return f" {' '.join(_WORD.findall(' '.join(texts).lower()))} "


def _measurable(by: str) -> Callable[[Exercise], bool]:
    if by == "camera":
        return lambda e: e.measurement.measure in _CAMERA
    if by == "imu":
        return lambda e: bool(e.measurement.imu_segments)
    return lambda e: e.measurement.measure is Measure.TIMER
