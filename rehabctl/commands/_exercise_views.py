"""How an exercise is shown: as an object with every key, and as a page for people."""

from __future__ import annotations

import textwrap
from dataclasses import fields
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from rehabctl.domain.counting import counted

if TYPE_CHECKING:
    from rehabctl.domain.exercise import Exercise

COLUMNS = ("slug", "name", "region", "type", "difficulty", "position", "measure", "status")
"""Of a list of exercises."""


def exercise_object(exercise: Exercise) -> dict[str, Any]:
    """Return an exercise as the JSON of `exercise show`.

    Parameters
    ----------
    exercise
        The exercise.
    """
    whole: dict[str, Any] = {item.name: getattr(exercise, item.name) for item in fields(exercise)}
    return whole | {"measure": exercise.measurement.measure}


def exercise_card(exercise: Exercise, origin: str) -> str:
    """Return an exercise as text for a terminal.

    Parameters
    ----------
    exercise
        The exercise.
    origin
        The file it comes from.
    """
    dose, spec = exercise.dose, exercise.measurement
    lines = [
        exercise.name,
        f"{exercise.slug}, version {exercise.version}, {exercise.status}, from {origin}",
        f"{exercise.region}, {exercise.type}, {exercise.position}, "
        f"difficulty {exercise.difficulty}",
        f"{dose.sets} x {dose.reps}, hold {dose.hold_s:g} s, rest {dose.rest_s:g} s, "
        f"{counted(dose.per_week, 'time')} a week",
        "",
        *(f"{number}. {step}" for number, step in enumerate(exercise.steps, start=1)),
    ]
    sections = {
        "Cues": exercise.cues,
        "Common errors": exercise.common_errors,
        "Precautions": exercise.precautions,
        "Equipment": tuple(
            f"{item} (or {other})" if other else item
            for item, other in zip_longest(
                exercise.equipment, exercise.substitutes[: len(exercise.equipment)]
            )
        ),
        "Harder": exercise.progression,
        "Easier": exercise.regression,
        "Contraindication tags": exercise.contraindication_tags,
    }
    for title, items in sections.items():
        if items:
            lines += ["", title, *(f"- {item}" for item in items)]
    measured = f"{spec.measure.value}, view {spec.view.value}, accuracy class {spec.accuracy_class}"
    if spec.motion is not None:
        measured += f"; {spec.motion} from {spec.rest_deg:g} to {spec.target_deg:g} degrees"
    lines += ["", f"Measured by {measured}"]
    return "\n".join(textwrap.fill(line, 80, subsequent_indent="   ") for line in lines)
