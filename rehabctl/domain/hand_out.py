"""What a patient takes home: her programme in words that she reads, ready for paper or a screen."""

from __future__ import annotations

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

    @property
    def dose(self) -> str:
        """The dose in one line."""
        times = "1 set" if self.sets == 1 else f"{self.sets} sets"
        if self.by_time:
            parts = [f"{times} of {duration(self.hold_s)}" if self.hold_s else times]
        else:
            parts = [f"{times} of {self.reps}"]
            if self.hold_s:
                parts.append(f"hold {duration(self.hold_s)}")
        if self.rest_s and self.sets > 1:
            parts.append(f"rest {duration(self.rest_s)} between sets")
        return ", ".join(parts)

    @property
    def times_a_day(self) -> int:
        """How often on a day with this exercise."""
        return max(1, round(self.per_week / max(1, len(self.weekdays))))


@dataclass(frozen=True, slots=True)
class PatientTexts:
    """Sentences for patients, from a dated file."""

    effective_from: date
    red_flag_intro: str
    red_flag_advice: str
    red_flags: tuple[tuple[str, str], ...]
    """(code of the red-flag rule, question)."""
    pain_advice: str
    unapproved_mark: str


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


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def duration(seconds: float) -> str:
    """Return a length of time as patients read it.

    Parameters
    ----------
    seconds
        Not negative.
    """
    if seconds < 120 or seconds % 60:
        return "1 second" if seconds == 1 else f"{seconds:g} seconds"
    return f"{seconds / 60:g} minutes"


def days(weekdays: tuple[int, ...]) -> str:
    """Return ISO weekdays as patients read them.

    Parameters
    ----------
    weekdays
        1 is Monday.
    """
    if len(weekdays) == len(WEEKDAYS):
        return "every day"
    return ", ".join(WEEKDAYS[day - 1] for day in weekdays)
