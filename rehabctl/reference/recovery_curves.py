"""Loader of the published recovery curves (`recovery_curves/*.toml`): facts with their sources.

For meniscus, ankle and frozen shoulder no curve was found, so none is packaged.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import NotFoundError, suggestion
from rehabctl.domain.facts import Extreme


@dataclass(frozen=True, slots=True)
class CurveSource:
    """Values of one published cohort."""

    name: str
    patients: int
    grade: str
    points: tuple[tuple[float, float], ...]
    """(day after surgery, value), by day."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class DisplayCurve:
    """A line through the sources: `at_reference + per_log_day * ln(day / reference_day)`."""

    reference_day: float
    at_reference: float
    per_log_day: float
    first_day: float
    last_day: float
    source: str
    grade: str


@dataclass(frozen=True, slots=True)
class RecoveryCurve:
    """What reference cohorts reached, by day after surgery."""

    key: str
    effective_from: date
    label: str
    condition: str
    measure: str
    extreme: Extreme
    """`max`: more is better; `min`: less is better."""
    unit: str
    anatomical_limit: float
    """No projection goes past it."""
    default_spread: float
    """Half-width of the band where only one source speaks."""
    sources: tuple[CurveSource, ...]
    display: DisplayCurve | None = None


@cache
def load_recovery_curves() -> tuple[RecoveryCurve, ...]:
    """Return every packaged curve, by key."""
    curves: list[RecoveryCurve] = []
    folder = files("rehabctl.reference") / "recovery_curves"
    for entry in folder.iterdir():
        if entry.name.endswith(".toml"):
            document = tomllib.loads(entry.read_text("utf-8"))
            curves += [_curve(table) for table in document["curve"]]
    return tuple(sorted(curves, key=lambda curve: curve.key))


def recovery_curve(key: str) -> RecoveryCurve:
    """Return one curve.

    Raises
    ------
    NotFoundError
        There is no curve of that key.
    """
    curves = {curve.key: curve for curve in load_recovery_curves()}
    if key in curves:
        return curves[key]
    near = suggestion(key, sorted(curves))
    raise NotFoundError(f"there is no recovery curve {key!r}", near or "Choose another")


def _curve(table: dict[str, Any]) -> RecoveryCurve:
    rest = {k: v for k, v in table.items() if k not in ("sources", "display", "extreme")}
    return RecoveryCurve(
        **rest,
        extreme=Extreme(table["extreme"]),
        sources=tuple(
            CurveSource(
                **{k: v for k, v in source.items() if k != "points"},
                points=tuple((float(day), float(value)) for day, value in source["points"]),
            )
            for source in table["sources"]
        ),
        display=DisplayCurve(**table["display"]) if "display" in table else None,
    )
