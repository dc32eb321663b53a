"""A reading for tests, and its values by measure and day."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rehabctl.clinic.daily_totals import DayTotals
from rehabctl.domain.wearable import DailyValue, Wearer
from rehabctl.integrations.wearables.reading import Reading

NOW = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)


def reading(zone: str = "America/New_York") -> tuple[Reading, list[Wearer]]:
    said: list[Wearer] = []
    return Reading(DayTotals(ZoneInfo(zone)), said.append, NOW.timestamp()), said


def by_name(made: Reading) -> dict[tuple[str, str], DailyValue]:
    """Return the values by measure and day, such as ("steps", "2026-03-08")."""
    return {(v.measure.value, v.day.isoformat()): v for v in made.values()}


def numbers(made: Reading) -> dict[tuple[str, str], float]:
    return {name: value.value for name, value in by_name(made).items()}
