"""Loader of what a de-identified export may hold (`deidentification.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import NotFoundError
from rehabctl.reference.exercise_library import load_library
from rehabctl.reference.instruments import instrument_slugs


@dataclass(frozen=True, slots=True)
class Deidentification:
    """The rows in force on one day."""

    small_areas: frozenset[str]
    """ZIP codes' first three digits that are not told."""
    identifiers: Mapping[str, str]
    """What becomes of each of the eighteen kinds of identifier."""
    tables: Mapping[str, Mapping[str, str | frozenset[str]]]
    """By table and column: how it is written, or the words that may stand there."""
    version: str
    """The dates of the rows."""


@cache
def load_deidentification(on: date) -> Deidentification:
    """Return the rows in force on a day.

    Parameters
    ----------
    on
        The day of the export.

    Raises
    ------
    NotFoundError
        No list of small areas holds on this day.
    """
    text = (files("rehabctl.reference") / "deidentification.toml").read_text("utf-8")
    document: dict[str, Any] = tomllib.loads(text)
    tables: dict[str, dict[str, str | list[str]]] = document["tables"]
    areas = [row for row in document["small_areas"] if row["effective_from"] <= on]
    if not areas:
        raise NotFoundError(
            f"no list of small areas holds on {on.isoformat()}", "Check the clock of this machine"
        )
    words: dict[str, str | frozenset[str]] = {
        "exercise": frozenset(load_library().slugs()),
        "instrument": frozenset(instrument_slugs()),
    }
    return Deidentification(
        small_areas=frozenset(zip3 for row in areas for zip3 in row["zip3"]),
        identifiers=document["identifiers"][0],
        tables={
            name: {
                column: words.get(kind, kind) if isinstance(kind, str) else frozenset(kind)
                for column, kind in columns.items()
            }
            for name, columns in tables.items()
        },
        version="+".join(sorted({row["effective_from"].isoformat() for row in areas})),
    )
