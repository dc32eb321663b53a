"""Loader of the dated rows that say how services are counted into units."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import RehabctlError, UsageError, suggestion


class CodeKind(StrEnum):
    """How the minutes of a code count."""

    TIMED = "timed"
    UNTIMED = "untimed"
    DURATION = "duration"
    """One unit when the minutes lie in the code's own range."""
    LADDER = "ladder"
    """Its minutes climb a ladder of codes and stay out of the day's total."""


@dataclass(frozen=True, slots=True)
class ServiceCode:
    """One code with our own short label."""

    code: str
    label: str
    kind: CodeKind
    from_min: int = 0
    to_min: int | None = None
    """Range of the minutes of a duration code; None is open."""
    ladder: str = ""
    """Of a ladder code, the ladder that it is a step of."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """A first code for a stretch of minutes and a further one for each next stretch."""

    first: str
    first_min: int
    first_from_min: int
    further: str
    further_min: int
    further_from_min: int
    version: str
    source: str


@dataclass(frozen=True, slots=True)
class UnitRule:
    """How timed minutes become units."""

    rule: str
    version: str
    pooled: bool
    """Whether the minutes of all timed codes are counted together."""
    unit_min: int
    first_unit_from_min: int
    source: str


def load_unit_rule(rule: str, on: date) -> UnitRule:
    """Return the row of a unit rule for a date of service.

    Parameters
    ----------
    rule
        `cms` or `ama`.
    on
        Date of service.

    Raises
    ------
    UsageError
        There is no such rule.
    RehabctlError
        No row covers the date: last year's value is never taken.
    """
    rows = [row for row in _table()["unit_rule"] if row["rule"] == rule]
    if not rows:
        raise UsageError(f"unknown unit rule {rule!r}", "Use cms or ama")
    for row in rows:
        if row["effective_from"] <= on <= row["effective_to"]:
            names = ("rule", "version", "pooled", "unit_min", "first_unit_from_min", "source")
            return UnitRule(**{name: row[name] for name in names})
    raise RehabctlError(
        f"the unit rule {rule!r} has no row for {on.isoformat()}",
        "Import the rules of that year first",
    )


def load_service_code(code: str, on: date) -> ServiceCode:
    """Return a code as it counts on a date of service.

    Parameters
    ----------
    code
        CPT or HCPCS code.
    on
        Date of service.

    Raises
    ------
    UsageError
        The code is not in the table on that date.
    """
    found = find_service_code(code, on)
    if found is not None:
        return found
    hint = suggestion(code, [row["code"] for row in _table()["code"]])
    raise UsageError(
        f"code {code!r} is not in the table of counted services on {on.isoformat()}",
        f"Check the code ({hint})" if hint else "Check the code",
    )


@cache
def find_service_code(code: str, on: date) -> ServiceCode | None:
    """Return a code as it counts on a date of service, or None where it is not in the table.

    Parameters
    ----------
    code
        CPT or HCPCS code.
    on
        Date of service.
    """
    for row in _table()["code"]:
        if row["code"] == code.upper() and row["effective_from"] <= on:
            optional = {key: row[key] for key in ("from_min", "to_min", "ladder") if key in row}
            return ServiceCode(row["code"], row["label"], CodeKind(row["kind"]), **optional)
    return None


def duration_code(code: str, minutes: int, on: date) -> str | None:
    """Return the code of the same family whose range holds the minutes; None where none does.

    Parameters
    ----------
    code
        A duration code of the family.
    minutes
        Of the contact, or of the whole period.
    on
        Date of service.
    """
    for family in _table()["duration_family"]:
        if code in family["codes"]:
            for name in family["codes"]:
                one = load_service_code(name, on)
                if one.from_min <= minutes and (one.to_min is None or minutes <= one.to_min):
                    return one.code
    return None


def load_ladder(name: str, on: date) -> Ladder:
    """Return a ladder of codes as it holds on a date of service.

    Raises
    ------
    RehabctlError
        No row covers the date.
    """
    for row in _table()["ladder"]:
        if row["ladder"] == name and row["effective_from"] <= on <= row["effective_to"]:
            return Ladder(**{field.name: row[field.name] for field in fields(Ladder)})
    raise RehabctlError(
        f"the ladder {name!r} has no row for {on.isoformat()}",
        "Import the rules of that year first",
    )


@cache
def _table() -> dict[str, Any]:
    import tomllib

    text = (files("rehabctl.reference.payers") / "service_codes.toml").read_text("utf-8")
    return tomllib.loads(text)
