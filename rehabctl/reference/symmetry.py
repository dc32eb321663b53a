"""Loader of the limits of left-right comparison (`symmetry.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """Smallest left-right difference that one view supports; both limits have to be passed."""

    min_difference_deg: float
    min_difference_percent: float


@dataclass(frozen=True, slots=True)
class SymmetryLimits:
    """The rows in force on one day."""

    floors: Mapping[str, NoiseFloor]
    """By detected view."""
    min_share_of_way: float
    """Share of the way from rest to target that the other limb of a one-sided exercise reaches."""
    min_correlation: float


@cache
def load_symmetry_limits(on: date | None = None) -> SymmetryLimits:
    """Return the packaged limits in force.

    Parameters
    ----------
    on
        Day of the recording; None for the newest rows.

    Raises
    ------
    NotFoundError
        No row is in force on that day.
    """
    path = files("rehabctl.reference") / "symmetry.toml"
    table = tomllib.loads(path.read_text("utf-8"))
    floors = _in_force(table["floor"], on)
    along = _in_force(table["moves_along"], on)
    if not floors or not along:
        raise NotFoundError(f"no limits of symmetry in force on {on}", "Choose a later date")
    return SymmetryLimits(
        floors={
            row["view"]: NoiseFloor(row["min_difference_deg"], row["min_difference_percent"])
            for row in floors
        },
        min_share_of_way=along[-1]["min_share_of_way"],
        min_correlation=along[-1]["min_correlation"],
    )


def _in_force(rows: list[dict[str, Any]], on: date | None) -> list[dict[str, Any]]:
    """Return the rows that have begun, oldest first, so that later ones replace earlier ones."""
    begun = [row for row in rows if on is None or row["effective_from"] <= on]
    return sorted(begun, key=lambda row: row["effective_from"])
