"""Short ways to write a patient's facts in tests. Days are days of March 2026, noon UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rehabctl.domain.facts import (
    Episode,
    ExerciseRecord,
    Extreme,
    JournalEntry,
    Measurement,
    PatientFacts,
    ReviewItem,
    SessionFact,
    SymmetryResult,
)
from rehabctl.reference.rules import load_rules

RULES = load_rules()
ZONE = "UTC"


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A moment; days count on past the end of March and back before its start."""
    return datetime(2026, 3, 1, hour, minute, tzinfo=UTC) + timedelta(days=day - 1)


def on(day: int) -> date:
    return at(day).date()


def session(day: int, pain: float | None = None, **more: Any) -> SessionFact:
    hour = more.pop("hour", 12)
    moment = at(day, hour)
    values: dict[str, Any] = {
        "id": f"s{day}-{hour}",
        "at": moment,
        "recorded_at": moment,
        "completed": True,
        "pain_after": pain,
    }
    return SessionFact(**{**values, **more})


def sessions(ratings: Iterable[tuple[int, float]]) -> tuple[SessionFact, ...]:
    return tuple(session(day, pain) for day, pain in ratings)


def journal(day: int, pain: float | None = None, *flags: str, hour: int = 18) -> JournalEntry:
    return JournalEntry(f"j{day}-{hour}", at(day, hour), at(day, hour), pain, flags)


def rom(
    values: Sequence[tuple[int, float]],
    *,
    motion: str = "knee_flexion",
    side: str = "left",
    method: str = "goniometer",
    uncertainty_deg: float | None = 5.0,
    extreme: Extreme = Extreme.MAX,
) -> tuple[Measurement, ...]:
    return tuple(
        Measurement(
            id=f"m{method}-{side}-{extreme.value}-{day}-{n}",
            at=at(day),
            recorded_at=at(day),
            exercise=None,
            motion=motion,
            side=side,
            value_deg=value,
            uncertainty_deg=uncertainty_deg,
            method=method,
            extreme=extreme,
        )
        for n, (day, value) in enumerate(values)
    )


def symmetry(pairs: Sequence[tuple[int, float, float]], **more: Any) -> tuple[SymmetryResult, ...]:
    values: dict[str, Any] = {"measure": "load", "motion": "knee_extension", "method": "scale"}
    return tuple(
        SymmetryResult(
            id=f"y{day}",
            at=at(day),
            recorded_at=at(day),
            left=left,
            right=right,
            **{**values, **more},
        )
        for day, left, right in pairs
    )


def review(day: int, **more: Any) -> ReviewItem:
    values: dict[str, Any] = {
        "id": f"r{day}",
        "at": at(day),
        "recorded_at": at(day),
        "exercise": "bodyweight-squat",
        "full_count": 5,
        "partial_count": 2,
        "peak_deg": 96.1,
        "interval_deg": (90.6, 101.6),
        "confidence": 0.91,
        "status": "good",
    }
    return ReviewItem(**{**values, **more})


def surgery(
    days_before: int, as_of_day: int, condition: str = "TKR", side: str = "left"
) -> Episode:
    """An episode whose operation lay so many days before a day of March."""
    operated = on(as_of_day) - timedelta(days=days_before)
    return Episode(started_on=operated, condition=condition, surgery_on=operated, side=side)


def patient(**more: Any) -> PatientFacts:
    values: dict[str, Any] = {"patient_id": "p1", "time_zone": ZONE}
    return PatientFacts(**{**values, **more})


def exercise(reps: Sequence[int], pain: float | None = None, **more: Any) -> ExerciseRecord:
    return ExerciseRecord("mini-squat", repetitions=tuple(reps), pain=pain, **more)
