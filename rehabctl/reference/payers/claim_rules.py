"""Loaders of the yearly KX thresholds and of the codes that kinds of visits may carry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.visit import VisitKind


@dataclass(frozen=True, slots=True)
class KxThreshold:
    """Threshold of one year, which each bucket has for itself."""

    year: int
    cents: int
    buckets: dict[str, str]
    """Name of the bucket by discipline modifier."""
    source: str


@dataclass(frozen=True, slots=True)
class VisitCodes:
    """Codes that one kind of visit may carry."""

    version: str
    codes: frozenset[str]


def load_kx_threshold(year: int) -> KxThreshold:
    """Return the threshold of a year.

    Parameters
    ----------
    year
        Of the date of service.

    Raises
    ------
    RehabctlError
        The year has no amount: last year's is never taken.
    """
    table = _table("kx_thresholds.toml")
    for row in table["threshold"]:
        if row["year"] == year:
            return KxThreshold(year, row["cents"], table["buckets"], row["source"])
    raise RehabctlError(
        f"there is no KX threshold for {year}", "Import the amount of that year first"
    )


def load_visit_codes(kind: VisitKind, on: date) -> VisitCodes:
    """Return the codes that a kind of visit may carry.

    Parameters
    ----------
    kind
        Of the visit.
    on
        Date of service.

    Raises
    ------
    RehabctlError
        No row covers the date.
    """
    for row in _table("visit_codes.toml")["visit_codes"]:
        if row["effective_from"] <= on <= row["effective_to"]:
            return VisitCodes(row["version"], frozenset(row["kinds"][kind.value]))
    raise RehabctlError(
        f"there is no row of visit codes for {on.isoformat()}",
        "Import the codes of that year first",
    )


def ageing_days(on: date) -> tuple[int, ...]:
    """Return the last day of each bucket of an ageing report but the open one.

    Raises
    ------
    RehabctlError
        No row covers the date.
    """
    table = _table("claim_reports.toml")
    if on < table["effective_from"]:
        raise RehabctlError(f"no row groups reports of {on.isoformat()}", "Choose a later day")
    return tuple(table["ageing_days"])


@cache
def _table(name: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads((files("rehabctl.reference.payers") / name).read_text("utf-8"))
