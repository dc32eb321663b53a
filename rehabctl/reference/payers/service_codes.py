"""Loader of the dated rows that say how services are counted into units."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class ServiceCode:
    """One code with our own short label."""

    code: str
    label: str
    kind: CodeKind


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
            return ServiceCode(row["code"], row["label"], CodeKind(row["kind"]))
    return None


@cache
def _table() -> dict[str, Any]:
    import tomllib

    text = (files("rehabctl.reference.payers") / "service_codes.toml").read_text("utf-8")
    return tomllib.loads(text)
