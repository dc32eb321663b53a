"""Loaders of the preflight's rules and code sets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import RehabctlError


@dataclass(frozen=True, slots=True)
class PreflightRule:
    """One rule with the words that it is reported by."""

    id: str
    severity: str
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class PreflightCodes:
    """Code sets of one period."""

    places: frozenset[str]
    states: frozenset[str]
    always_therapy: frozenset[str]
    remote_monitoring: frozenset[str]
    hands_on: frozenset[str]
    telehealth_places: frozenset[str]
    office_places: frozenset[str]
    video_modifiers: frozenset[str]
    audio_modifiers: frozenset[str]
    disciplines: frozenset[str]
    most_units_of_a_day: int
    exclusive: tuple[frozenset[str], ...]
    medicare_number: re.Pattern[str]
    bundled: frozenset[frozenset[str]]
    separate_modifiers: frozenset[str]


@cache
def load_preflight_rules() -> dict[str, PreflightRule]:
    """Return every rule by its id."""
    rules = _table("preflight_rules.toml")["rule"]
    return {name: PreflightRule(name, **row) for name, row in rules.items()}


@cache
def load_preflight_codes(on: date) -> PreflightCodes:
    """Return the code sets of a day.

    Parameters
    ----------
    on
        Day of the file.

    Raises
    ------
    RehabctlError
        No row covers the day.
    """
    table = _table("preflight_codes.toml")
    codes, pairs = _row(table["codes"], on), _row(table["pairs"], on)
    named = ("places", "states", "always_therapy", "remote_monitoring", "hands_on")
    named += (
        "telehealth_places",
        "office_places",
        "video_modifiers",
        "audio_modifiers",
        "disciplines",
    )
    return PreflightCodes(
        **{name: frozenset(codes[name]) for name in named},
        most_units_of_a_day=codes["most_units_of_a_day"],
        exclusive=tuple(frozenset(pair) for pair in codes["exclusive"]),
        medicare_number=re.compile(codes["medicare_number"]),
        bundled=frozenset(frozenset(pair) for pair in pairs["pairs"]),
        separate_modifiers=frozenset(pairs["separate_modifiers"]),
    )


def _row(rows: list[dict[str, Any]], on: date) -> dict[str, Any]:
    for row in rows:
        if row["effective_from"] <= on <= row["effective_to"]:
            return row
    raise RehabctlError(
        f"the preflight has no code sets for {on.isoformat()}",
        "Import the code sets of that year first",
    )


def _table(name: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads((files("rehabctl.reference.payers") / name).read_text("utf-8"))
