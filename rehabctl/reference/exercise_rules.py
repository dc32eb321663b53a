"""What one exercise has to keep to, beyond the shape of its file.

Every rule is a pure function over the exercise and the vocabulary. Problems carry the slug and the
key they are about; who read the files knows the lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rehabctl.domain.exercise import CountMode, Exercise, Measure, Signal, View
from rehabctl.reference.exercise_vocabulary import Vocabulary
from rehabctl.reference.findings import Severity
from rehabctl.reference.toml_lines import KeyPath

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ICD10 = re.compile(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CAMERA = frozenset({Measure.CAMERA, Measure.CAMERA_FLOOR, Measure.CAMERA_LIMITED})
_GRADES = frozenset({"consensus", "S", "S2", "K"})

FindWording = Callable[[str], Iterable[str]]
"""Returns a sentence for every avoided expression in a text."""


@dataclass(frozen=True, slots=True)
class ExerciseProblem:
    """A broken rule of one exercise."""

    slug: str
    key: KeyPath
    """Where inside the exercise, such as `("steps", 1)` or `("dose", "sets")`."""
    rule: str
    message: str
    severity: Severity = Severity.ERROR


def check_exercise(
    exercise: Exercise, vocabulary: Vocabulary, find_wording: FindWording
) -> Iterator[ExerciseProblem]:
    """Yield what is wrong with one exercise by itself.

    Parameters
    ----------
    exercise
        The exercise.
    vocabulary
        Controlled words and limits.
    find_wording
        The check of texts that patients read.
    """
    check = _Check(exercise, vocabulary)
    yield from check.identity()
    yield from check.words()
    yield from check.dose()
    yield from check.measurement()
    yield from check.films()
    yield from _wording(exercise, find_wording)


class _Check:
    """The rules of one exercise."""

    def __init__(self, exercise: Exercise, vocabulary: Vocabulary) -> None:
        self._exercise = exercise
        self._vocabulary = vocabulary
        self._limits = vocabulary.limits

    def identity(self) -> Iterator[ExerciseProblem]:
        exercise = self._exercise
        if not _SLUG.fullmatch(exercise.slug):
            yield self._problem("slug", "slug", "a slug has small letters, digits and hyphens")
        if exercise.version < 1:
            yield self._problem("version", "range", "versions count from 1")
        if exercise.grade not in _GRADES:
            known = ", ".join(sorted(_GRADES))
            yield self._problem("grade", "vocabulary", f"unknown grade; known: {known}")
        yield from self._range("difficulty", exercise.difficulty, self._limits.difficulty)
        if exercise.approved and not (exercise.approved_by and exercise.approved_on):
            text = "an approved exercise names who approved it and when"
            yield self._problem("status", "approval", text)
        if len(exercise.substitutes) not in (0, len(exercise.equipment)):
            text = "substitutes stand in the order of the equipment, one for each"
            yield self._problem("substitutes", "substitutes", text)

    def words(self) -> Iterator[ExerciseProblem]:
        exercise, words = self._exercise, self._vocabulary
        yield from self._known("region", (exercise.region,), words.regions)
        yield from self._known("type", (exercise.type,), words.types)
        yield from self._known("position", (exercise.position,), words.positions)
        yield from self._known("status", (exercise.status,), words.statuses)
        yield from self._known("targets", exercise.targets, words.conditions)
        yield from self._known("contraindication_tags", exercise.contraindication_tags, words.tags)
        for number, item in enumerate(exercise.equipment):
            if item not in words.equipment:
                text = f"equipment {item!r} is not in the vocabulary; searches will miss it"
                yield self._problem(("equipment", number), "vocabulary", text, Severity.WARNING)
        for number, code in enumerate(exercise.icd10):
            if not _ICD10.fullmatch(code):
                text = f"{code!r} has not the form of an ICD-10-CM code"
                yield self._problem(("icd10", number), "icd10", text)

    def dose(self) -> Iterator[ExerciseProblem]:
        exercise, limits = self._exercise, self._limits
        by_time = exercise.type == "aerobic" or exercise.measurement.count_mode is CountMode.TIME
        bounds = {
            "sets": limits.sets,
            "reps": limits.reps,
            "hold_s": limits.hold_s_by_time if by_time else limits.hold_s,
            "rest_s": limits.rest_s,
            "per_week": limits.per_week,
        }
        for name, interval in bounds.items():
            value = getattr(exercise.dose, name)
            yield from self._range(("dose", name), value, interval)

    def measurement(self) -> Iterator[ExerciseProblem]:
        spec, words = self._exercise.measurement, self._vocabulary
        yield from self._known(
            ("measurement", "accuracy_class"), (spec.accuracy_class,), words.accuracy_classes
        )
        motions = (() if spec.motion is None else (spec.motion,)) + spec.reported_motions
        yield from self._known(("measurement", "motion"), motions, words.motions)
        yield from self._known(
            ("measurement", "compensations"), spec.compensations, words.compensations
        )
        yield from self._known(
            ("measurement", "imu_segments"), spec.imu_segments, words.imu_segments
        )
        for name in ("landmarks", "stable_landmarks"):
            for number, landmark in enumerate(getattr(spec, name)):
                key = ("measurement", name, number)
                yield from self._range(key, landmark, self._limits.landmarks, rule="landmarks")
        if spec.min_rep_s <= 0 or spec.max_rep_s <= spec.min_rep_s:
            text = "a repetition takes longer than nothing, and max_rep_s is above min_rep_s"
            yield self._problem(("measurement", "max_rep_s"), "range", text)
        elif spec.count_mode is CountMode.REPETITIONS and (
            spec.max_rep_s <= self._exercise.dose.hold_s
        ):
            text = f"a repetition with a hold of {self._exercise.dose.hold_s:g} s does not fit"
            yield self._problem(("measurement", "max_rep_s"), "range", text)
        yield from self._signal()
        if spec.measure in _CAMERA:
            yield from self._camera()

    def _signal(self) -> Iterator[ExerciseProblem]:
        spec = self._exercise.measurement
        angles = (spec.motion, spec.rest_deg, spec.target_deg)
        if spec.measure is Measure.TIMER and spec.signal is not Signal.TIMER:
            text = "an exercise measured by a timer has the signal `timer`"
            yield self._problem(("measurement", "signal"), "measurement", text)
        if spec.signal is not Signal.ANGLE:
            if any(value is not None for value in angles):
                text = f"the signal {spec.signal.value!r} has no motion, rest or target"
                yield self._problem(("measurement", "motion"), "measurement", text)
            return
        if spec.motion is None or spec.rest_deg is None or spec.target_deg is None:
            text = "an angle needs motion, rest_deg and target_deg; or name another signal"
            yield self._problem(("measurement", "motion"), "measurement", text)
            return
        least = self._limits.rest_to_target_deg
        if abs(spec.target_deg - spec.rest_deg) < least:
            text = f"rest and target are less than {least:g} degrees apart"
            yield self._problem(("measurement", "target_deg"), "rest-equals-target", text)
        row = self._vocabulary.motions.get(spec.motion)
        if row is not None:
            for name in ("rest_deg", "target_deg"):
                key = ("measurement", name)
                yield from self._range(key, getattr(spec, name), row.range_deg)

    def _camera(self) -> Iterator[ExerciseProblem]:
        spec = self._exercise.measurement
        if spec.view is View.NONE:
            text = "an exercise measured by camera names the view"
            yield self._problem(("measurement", "view"), "measurement", text)
        if not spec.landmarks:
            text = "an exercise measured by camera names the landmarks that have to be seen"
            yield self._problem(("measurement", "landmarks"), "landmarks", text)
        row = None if spec.motion is None else self._vocabulary.motions.get(spec.motion)
        if row is not None and spec.accuracy_class != "C" and spec.view.value not in row.views:
            text = f"{spec.motion} cannot be measured from the {spec.view.value} view: class C"
            yield self._problem(("measurement", "accuracy_class"), "measurement", text)

    def films(self) -> Iterator[ExerciseProblem]:
        exercise, words, limits = self._exercise, self._vocabulary, self._limits
        for number, asset in enumerate(exercise.assets):
            key = ("assets", number)
            yield from self._known((*key, "kind"), (asset.kind,), words.asset_kinds)
            yield from self._known((*key, "angle"), (asset.angle,), words.asset_angles)
            yield from self._range((*key, "duration_s"), asset.duration_s, limits.asset_duration_s)
            if not _SHA256.fullmatch(asset.sha256):
                text = "sha256 needs 64 hexadecimal digits"
                yield self._problem((*key, "sha256"), "hash", text)
        angles = {asset.angle for asset in exercise.assets if asset.kind == "demonstration"}
        if exercise.approved and not words.asset_angles <= angles:
            wanted = " and ".join(sorted(words.asset_angles))
            text = f"an approved exercise has demonstrations from {wanted}"
            yield self._problem("status", "two-angles", text)
        for number, data in enumerate(exercise.reference_data):
            if not _SHA256.fullmatch(data.sha256):
                text = "sha256 needs 64 hexadecimal digits"
                yield self._problem(("reference_data", number, "sha256"), "hash", text)

    def _known(
        self, key: str | KeyPath, values: Iterable[str], known: Iterable[str]
    ) -> Iterator[ExerciseProblem]:
        accepted = frozenset(known)
        for value in values:
            if value not in accepted:
                yield self._problem(key, "vocabulary", f"unknown word {value!r}")

    def _range(
        self, key: str | KeyPath, value: float, interval: tuple[float, float], rule: str = "range"
    ) -> Iterator[ExerciseProblem]:
        lowest, highest = interval
        if not lowest <= value <= highest:
            path = _path(key)
            name = next(part for part in reversed(path) if isinstance(part, str))
            text = f"{name} is {value:g}; allowed is {lowest:g} to {highest:g}"
            yield self._problem(key, rule, text)

    def _problem(
        self, key: str | KeyPath, rule: str, message: str, severity: Severity = Severity.ERROR
    ) -> ExerciseProblem:
        return ExerciseProblem(self._exercise.slug, _path(key), rule, message, severity)


def _wording(exercise: Exercise, find: FindWording) -> Iterator[ExerciseProblem]:
    yield from (
        ExerciseProblem(exercise.slug, ("name",), "wording", text) for text in find(exercise.name)
    )
    for name in ("steps", "cues", "common_errors", "precautions"):
        for number, line in enumerate(getattr(exercise, name)):
            for text in find(line):
                yield ExerciseProblem(exercise.slug, (name, number), "wording", text)


def _path(key: str | KeyPath) -> KeyPath:
    return (key,) if isinstance(key, str) else key
