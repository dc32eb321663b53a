"""Loader of the dated assumptions behind a clinic's return (`roi.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from rehabctl.domain.errors import RehabctlError


@dataclass(frozen=True, slots=True)
class Assumption:
    """One named number with the range that it may lie in."""

    name: str
    text: str
    unit: str
    """USD, share (0-1), months (whole), or what is counted."""
    low: Decimal
    mid: Decimal
    high: Decimal
    source: str
    grade: str


@dataclass(frozen=True, slots=True)
class AssumptionSet:
    """The assumptions in force from a day on."""

    effective_from: date
    currency: str
    parameters: tuple[Assumption, ...]

    @property
    def version(self) -> str:
        """Name of exactly this set."""
        return f"ROI@{self.effective_from.isoformat()}"


@cache
def load_assumptions() -> tuple[AssumptionSet, ...]:
    """Return every set, oldest first."""
    text = (files("rehabctl.reference") / "economics" / "roi.toml").read_text("utf-8")
    sets = [
        AssumptionSet(
            table["effective_from"],
            table["currency"],
            tuple(
                Assumption(**(row | {k: Decimal(row[k]) for k in _NUMBERS}))
                for row in table["parameter"]
            ),
        )
        for table in tomllib.loads(text, parse_float=Decimal)["assumptions"]
    ]
    return tuple(sorted(sets, key=lambda found: found.effective_from))


_NUMBERS = ("low", "mid", "high")


def assumptions(day: date) -> AssumptionSet:
    """Return the set that holds on a day.

    Raises
    ------
    RehabctlError
        None does.
    """
    held = [found for found in load_assumptions() if found.effective_from <= day]
    if not held:
        raise RehabctlError(
            f"no assumptions about return hold on {day.isoformat()}", "Check the date"
        )
    return held[-1]
