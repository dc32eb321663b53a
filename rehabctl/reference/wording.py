"""Loader of the wording that user-facing text avoids (`wording.toml`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class AvoidedWording:
    """One expression to avoid and what to write instead."""

    code: str
    pattern: str
    """A regular expression, matched without regard to case."""
    patients_only: bool
    prefer: str
    effective_from: date


@cache
def load_avoided_wording() -> tuple[AvoidedWording, ...]:
    """Return every rule of the packaged table."""
    import tomllib

    table = tomllib.loads((files("rehabctl.reference") / "wording.toml").read_text("utf-8"))
    return tuple(
        AvoidedWording(
            code=row["code"],
            pattern=row["pattern"],
            patients_only=row["audience"] == "patient",
            prefer=row["prefer"],
            effective_from=table["effective_from"],
        )
        for row in table["avoid"]
    )
