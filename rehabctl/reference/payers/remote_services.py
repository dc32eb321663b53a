"""Loaders of what remote, caregiver and evaluation codes ask of their situation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import RehabctlError


@dataclass(frozen=True, slots=True)
class ServiceFamily:
    """Codes with one set of conditions."""

    key: str
    codes: frozenset[str]
    states: tuple[str, ...]
    """What a named person must state."""
    source: str
    grade: str
    quiet_days_before: int = 0
    """Days before it without a related visit."""
    quiet_hours_after: int = 0
    """Hours after it without a visit that it led to."""
    once_in_days: int = 0
    """Days in which one code of the family is billed once."""
    longest_days: int = 0
    """Days over which its minutes may be spread."""
    patient_absent: bool = False


@dataclass(frozen=True, slots=True)
class EpisodeCodes:
    """Evaluations of an episode: one, and later ones after a stated change."""

    evaluations: frozenset[str]
    re_evaluations: frozenset[str]
    re_evaluation_states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvaluationLevel:
    """What an evaluation must hold to carry a code."""

    code: str
    complexity: str
    factors_at_least: int
    elements_at_least: int
    presentation: str


@dataclass(frozen=True, slots=True)
class EvaluationLevels:
    """Levels from low to high, and the presentations in the same order."""

    levels: tuple[EvaluationLevel, ...]
    presentations: tuple[str, ...]
    source: str
    grade: str


@cache
def service_families(on: date) -> dict[str, ServiceFamily]:
    """Return the conditions of each conditional code that exists on a date of service."""
    found: dict[str, ServiceFamily] = {}
    for row in _table()["family"]:
        if row["effective_from"] <= on <= row["effective_to"]:
            told: dict[str, Any] = {
                **{key: value for key, value in row.items() if not key.startswith("effective")},
                "codes": frozenset(row["codes"]),
                "states": tuple(row["states"]),
            }
            family = ServiceFamily(**told)
            found |= dict.fromkeys(family.codes, family)
    return found


@cache
def statements() -> frozenset[str]:
    """Return every word that a named person may be asked to state for a code."""
    rows = [one for row in _table()["family"] for one in row["states"]]
    return frozenset(rows + [s for row in _table()["episode"] for s in row["re_evaluation_states"]])


def load_episode_codes(on: date) -> EpisodeCodes:
    """Return the evaluation codes of a date of service.

    Raises
    ------
    RehabctlError
        No row covers the date.
    """
    row = _row("episode", on)
    return EpisodeCodes(
        frozenset(row["evaluations"]),
        frozenset(row["re_evaluations"]),
        tuple(row["re_evaluation_states"]),
    )


def load_evaluation_levels(on: date) -> EvaluationLevels:
    """Return what evaluations must hold on a date of service.

    Raises
    ------
    RehabctlError
        No row covers the date.
    """
    row = _row("evaluation", on)
    levels = tuple(EvaluationLevel(**level) for level in row["level"])
    return EvaluationLevels(levels, tuple(row["presentations"]), row["source"], row["grade"])


def _row(name: str, on: date) -> dict[str, Any]:
    for row in _table()[name]:
        if row["effective_from"] <= on <= row["effective_to"]:
            return row
    raise RehabctlError(
        f"there is no row of {name} codes for {on.isoformat()}",
        "Import the codes of that year first",
    )


@cache
def _table() -> dict[str, Any]:
    import tomllib

    text = (files("rehabctl.reference.payers") / "remote_services.toml").read_text("utf-8")
    return tomllib.loads(text)
