"""What a patient takes home: her programme in words that she reads, ready for paper or a screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class StickFigure:
    """A moving figure: joints over one repetition, in body heights, y upwards."""

    bones: tuple[tuple[int, int], ...]
    """Pairs of joints, by position in a frame."""
    head: int
    """The joint that is drawn as the head."""
    frames: tuple[tuple[Point, ...], ...]
    """From the start of a repetition to its end."""
    of_one_joint: bool = False
    """Drawn from the joint that is counted alone, not from a movement of the whole body."""


@dataclass(frozen=True, slots=True)
class HandOutExercise:
    """One exercise of a hand-out."""

    slug: str
    name: str
    approved: bool
    sets: int
    reps: int
    hold_s: float
    rest_s: float
    weekdays: tuple[int, ...]
    """ISO weekdays."""
    per_week: int
    side: str | None
    by_time: bool
    """Counted by a clock, not in repetitions."""
    steps: tuple[str, ...]
    cues: tuple[str, ...]
    common_errors: tuple[str, ...]
    precautions: tuple[str, ...]
    equipment: tuple[str, ...]
    """With the household substitute of each."""
    note: str | None
    """From the therapist."""
    figure: StickFigure | None = None
    language: str = "en"
    """Of name, steps, cues, errors, precautions and equipment."""

    @property
    def times_a_day(self) -> int:
        """How often on a day with this exercise."""
        return max(1, round(self.per_week / max(1, len(self.weekdays))))


@dataclass(frozen=True, slots=True)
class PatientTexts:
    """Words and sentences for patients in one language, from a dated file."""

    language: str
    effective_from: date
    red_flag_intro: str
    red_flag_advice: str
    red_flags: tuple[tuple[str, str], ...]
    """(code of the red-flag rule, question)."""
    pain_advice: str
    unapproved_mark: str
    decimal_point: str
    date_pattern: str
    weekdays: tuple[str, ...]
    """From Monday."""
    months: tuple[str, ...]
    words: Mapping[str, str]
    """Templates by key."""
    page: Mapping[str, str]
    """Those that only the page for the browser shows."""

    def say(self, key: str, **values: object) -> str:
        """Return the words of a key with their values."""
        return self.words[key].format_map(values)


@dataclass(frozen=True, slots=True)
class HandOut:
    """A programme as a patient takes it home."""

    programme_id: UUID
    revision: int
    title: str
    clinic: str
    made_at: datetime
    """Aware UTC."""
    time_zone: str
    """IANA name, of the patient where it is known."""
    due_on: tuple[date, ...]
    """Days with a session from today on."""
    exercises: tuple[HandOutExercise, ...]
    texts: PatientTexts
    made_by: str = ""
    """Name of the member of staff who handed it out."""
    patient: str | None = None
    """Name, only where it was asked for."""
    notes: str | None = None
