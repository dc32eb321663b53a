"""Loader of what wearables tell and what may be said of it (`wearables.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.wearable import DailyMeasure


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """How one measure is called and what one record of it can be."""

    measure: DailyMeasure
    text: str
    unit: str
    low: float
    high: float
    higher_is_better: bool


@dataclass(frozen=True, slots=True)
class HighestHeartRate:
    """A formula by age."""

    intercept: float
    slope: float
    error_bpm: float
    source: str
    grade: str

    def at(self, age: int) -> float:
        """Return the estimate for an age in years."""
        return self.intercept - self.slope * age


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A range of heart rates by percent of the highest."""

    name: str
    from_percent: float
    below_percent: float
    source: str
    grade: str


def measure_rows() -> dict[DailyMeasure, MeasureRow]:
    """Return how every measure is called and bounded."""
    return {
        DailyMeasure(row["name"]): MeasureRow(
            DailyMeasure(row["name"]),
            row["text"],
            row["unit"],
            row["low"],
            row["high"],
            row["higher_is_better"],
        )
        for row in _load()["measure"]
    }


def ended_service(name: str, on: date) -> str | None:
    """Return what to say of a service that has ended by a day; None while it runs.

    Parameters
    ----------
    name
        Such as `fitbit-web-api`.
    on
        The day.
    """
    found = [r for r in _load()["ended"] if r["name"] == name and r["effective_from"] <= on]
    return found[-1]["text"] if found else None


def highest_heart_rate(on: date, *, beta_blocker: bool) -> HighestHeartRate:
    """Return the formula by age in force on a day.

    Raises
    ------
    RehabctlError
        There is none for that day.
    """
    rows = [
        row for row in _in_force("highest_heart_rate", on) if row["beta_blocker"] is beta_blocker
    ]
    row = max(rows, key=lambda r: r["effective_from"])
    return HighestHeartRate(
        row["intercept"], row["slope"], row["error_bpm"], row["source"], row["grade"]
    )


def zones(on: date) -> tuple[ZoneRow, ...]:
    """Return the zones in force on a day, lowest first.

    Raises
    ------
    RehabctlError
        There are none for that day.
    """
    newest: dict[str, dict[str, Any]] = {}
    for row in sorted(_in_force("zone", on), key=lambda r: r["effective_from"]):
        newest[row["name"]] = row
    found = (
        ZoneRow(r["name"], r["from_percent"], r["below_percent"], r["source"], r["grade"])
        for r in newest.values()
    )
    return tuple(sorted(found, key=lambda zone: zone.from_percent))


def _in_force(table: str, on: date) -> list[dict[str, Any]]:
    rows = [row for row in _load()[table] if row["effective_from"] <= on]
    if not rows:
        raise RehabctlError(f"wearables.toml has no {table} for {on}", "Choose a later day")
    return rows


@cache
def _load() -> dict[str, Any]:
    path = files("rehabctl.reference") / "wearables.toml"
    return tomllib.loads(path.read_text("utf-8"))
