"""A hand-out as a service makes it, without a store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from rehabctl.domain.hand_out import HandOut, HandOutExercise
from rehabctl.reference.exercise_library import load_library
from rehabctl.reference.patient_texts import exercise_in, load_patient_texts
from rehabctl.services.hand_outs import figure_of

START = date(2026, 3, 2)


def exercise(slug: str, language: str = "en", **changes: Any) -> HandOutExercise:
    english = load_library().get(slug)
    translated = exercise_in(english, language)
    found = translated or english
    made = HandOutExercise(
        slug=slug,
        name=found.name,
        approved=found.approved,
        sets=2,
        reps=2,
        hold_s=0,
        rest_s=30,
        weekdays=(1, 3, 5),
        per_week=3,
        side="left",
        by_time=False,
        steps=found.steps,
        cues=found.cues,
        common_errors=found.common_errors,
        precautions=found.precautions,
        equipment=found.equipment,
        note=None,
        figure=figure_of(found),
        language="en" if translated is None else language,
    )
    return replace(made, **changes)


def hand_out(**changes: Any) -> HandOut:
    made = HandOut(
        programme_id=UUID(int=7),
        revision=3,
        title="Your exercise programme",
        clinic="Clinic",
        made_at=datetime(2026, 3, 2, 15, tzinfo=UTC),
        time_zone="America/Denver",
        due_on=tuple(START + timedelta(days=n) for n in range(28) if n % 7 in (0, 2, 4)),
        exercises=(
            exercise("quad-set"),
            exercise("bodyweight-squat", note="Langsam, łagodnie, тихо"),
        ),
        texts=load_patient_texts(),
        notes="Ring me on Monday.",
    )
    return replace(made, **changes)


def in_spanish(*slugs: str) -> HandOut:
    texts = load_patient_texts("es-US")
    chosen = tuple(exercise(slug, "es") for slug in slugs)
    return hand_out(title=texts.say("title"), texts=texts, exercises=chosen)
