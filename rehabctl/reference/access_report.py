"""Loader of what a report of the CMS ACCESS model holds (`access_report.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from rehabctl.domain.errors import RehabctlError


@dataclass(frozen=True, slots=True)
class AccessSection:
    """One questionnaire of the report."""

    title: str
    code: str
    """LOINC, or a word of the guide's own system where it has letters only."""
    instrument: str = ""
    """Ours; empty: we hold none."""
    item: str = ""
    """Begins the names of its items, which are numbered from 1."""
    score: str = ""
    """Name of the item that gives the score; empty: none is given."""


@dataclass(frozen=True, slots=True)
class AccessGuide:
    """The guide in force."""

    effective_from: date
    version: str
    source: str
    grade: str
    sections: tuple[AccessSection, ...]


def load_access_guide(day: date) -> AccessGuide:
    """Return the guide in force on a day.

    Raises
    ------
    RehabctlError
        None is in force.
    """
    path = files("rehabctl.reference") / "access_report.toml"
    rows = tomllib.loads(path.read_text("utf-8"))["guide"]
    begun = [row for row in rows if row["effective_from"] <= day]
    if not begun:
        raise RehabctlError(f"no guide to ACCESS reports is in force on {day}", "Check the clock")
    row = max(begun, key=lambda one: one["effective_from"])
    sections = tuple(AccessSection(**one) for one in row.pop("section"))
    return AccessGuide(**row, sections=sections)
