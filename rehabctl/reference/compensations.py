"""Loader of the limits from which on a compensation is reported (`compensations.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from rehabctl.domain.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class CompensationSettings:
    """What all checks share."""

    min_duration_s: float
    min_frames: int
    min_visibility: float
    sinks_trunk_lengths: float
    """Sinking of the hips, in trunk lengths, from which on the legs are bent under load."""
    valgus_knee_deg: tuple[float, float]
    hike_arm_deg: float


@dataclass(frozen=True, slots=True)
class CompensationRule:
    """One dated row."""

    kind: str
    task: str
    """bending, rising, standing or any."""
    effective_from: date
    view: str
    unit: str
    mild: float
    marked: float
    detectable: float
    """Smallest change that the method tells from its own noise."""
    rule: str
    source: str
    detectable_source: str
    grade: str

    @property
    def explanation(self) -> str:
        """Rule and source in one line."""
        return f"{self.rule}; {self.source}"


@dataclass(frozen=True, slots=True)
class CompensationRules:
    """The rows in force on one day."""

    settings: CompensationSettings
    rows: Mapping[tuple[str, str], CompensationRule]
    """By kind and task."""

    @property
    def version(self) -> str:
        """Day of the newest row, kept with every result."""
        return max(row.effective_from for row in self.rows.values()).isoformat()

    def find(self, kind: str, task: str) -> CompensationRule | None:
        """Return the row of a kind for a task, or the one for any task.

        Parameters
        ----------
        kind
            In the contract's vocabulary.
        task
            bending, rising or standing.
        """
        return self.rows.get((kind, task)) or self.rows.get((kind, "any"))


@cache
def load_compensation_rules(on: date | None = None) -> CompensationRules:
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
    path = files("rehabctl.reference") / "compensations.toml"
    table = tomllib.loads(path.read_text("utf-8"))
    settings = dict(table["settings"])
    low, high = settings.pop("valgus_knee_deg")
    rows: dict[tuple[str, str], CompensationRule] = {}
    for values in sorted(table["rule"], key=lambda row: row["effective_from"]):
        row = CompensationRule(**values)
        if on is None or row.effective_from <= on:
            rows[row.kind, row.task] = row
    if not rows:
        raise NotFoundError(f"no limits for compensations in force on {on}", "Choose a later date")
    return CompensationRules(
        CompensationSettings(valgus_knee_deg=(float(low), float(high)), **settings), rows
    )
