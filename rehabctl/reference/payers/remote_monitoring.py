"""Loader of the dated rows that say what remote therapeutic monitoring supports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import RehabctlError


class MonitoredSystem(StrEnum):
    """What the monitoring device follows: each has supply codes of its own."""

    MUSCULOSKELETAL = "musculoskeletal"
    RESPIRATORY = "respiratory"
    COGNITIVE_BEHAVIOURAL = "cognitive_behavioural"


@dataclass(frozen=True, slots=True)
class SupplyRule:
    """Device supply of one window, by its days with data."""

    version: str
    window_days: int
    full_code: str
    full_from_days: int
    short_code: str | None
    short_from_days: int | None
    source: str


@dataclass(frozen=True, slots=True)
class ManagementRule:
    """Management of one calendar month, by its minutes."""

    version: str
    short_code: str | None
    short_min: int | None
    first_code: str
    first_min: int
    further_code: str
    further_min: int
    source: str


@dataclass(frozen=True, slots=True)
class SetupRule:
    """Set-up and education, once an episode."""

    version: str
    code: str
    from_days: int
    source: str


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    """Which records make a day count, by kind of record."""

    version: str
    sources: dict[str, tuple[str, ...]]
    source: str


def load_evidence_rule(on: date) -> EvidenceRule:
    """Return the row that says which records make a day count.

    Parameters
    ----------
    on
        The local day.

    Raises
    ------
    RehabctlError
        No row covers the date.
    """
    row = _row("evidence", on)
    sources = {kind: tuple(words) for kind, words in row["sources"].items()}
    return EvidenceRule(row["version"], sources, row["source"])


def load_supply_rule(system: MonitoredSystem, on: date) -> SupplyRule:
    """Return the supply row of a monitored system.

    Parameters
    ----------
    system
        What the device follows.
    on
        First day of the window.

    Raises
    ------
    RehabctlError
        No row covers the date: last year's value is never taken.
    """
    row = _row("supply", on)
    codes = row[system.value]
    return SupplyRule(
        version=row["version"],
        window_days=row["window_days"],
        full_code=codes["full_code"],
        full_from_days=codes["full_from_days"],
        short_code=codes.get("short_code"),
        short_from_days=codes.get("short_from_days"),
        source=row["source"],
    )


def load_management_rule(on: date) -> ManagementRule:
    """Return the management row of a month.

    Parameters
    ----------
    on
        Any day of the month.

    Raises
    ------
    RehabctlError
        No row covers the date.
    """
    row = _row("management", on)
    return ManagementRule(
        version=row["version"],
        short_code=row.get("short_code"),
        short_min=row.get("short_min"),
        first_code=row["first_code"],
        first_min=row["first_min"],
        further_code=row["further_code"],
        further_min=row["further_min"],
        source=row["source"],
    )


def load_setup_rule(on: date) -> SetupRule:
    """Return the set-up row.

    Parameters
    ----------
    on
        First day of the first window.

    Raises
    ------
    RehabctlError
        No row covers the date.
    """
    row = _row("setup", on)
    return SetupRule(row["version"], row["code"], row["from_days"], row["source"])


def _row(kind: str, on: date) -> dict[str, Any]:
    for row in _table()[kind]:
        if row["effective_from"] <= on <= row["effective_to"]:
            return row
    raise RehabctlError(
        f"the remote monitoring rules have no {kind} row for {on.isoformat()}",
        "Import the rules of that year first",
    )


@cache
def _table() -> dict[str, Any]:
    import tomllib

    text = (files("rehabctl.reference.payers") / "remote_monitoring.toml").read_text("utf-8")
    return tomllib.loads(text)
