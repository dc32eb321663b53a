"""Loader of the dated rows on services furnished by assistants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import RehabctlError


@dataclass(frozen=True, slots=True)
class AssistantRule:
    """When the assistant's share of a unit counts."""

    version: str
    block_min: int
    midpoint_min: int
    """From here the therapist's remainder carries a unit alone."""
    share_above_percent: int
    """A larger share of the assistant marks the unit."""
    modifiers: Mapping[str, str]
    """Assistant modifier by discipline modifier."""
    source: str


def load_assistant_rule(on: date) -> AssistantRule:
    """Return the row for a date of service.

    Parameters
    ----------
    on
        Date of service.

    Raises
    ------
    RehabctlError
        No row covers the date.
    """
    for row in _rows():
        if row["effective_from"] <= on <= row["effective_to"]:
            names = ("version", "block_min", "midpoint_min", "share_above_percent")
            return AssistantRule(
                **{name: row[name] for name in names},
                modifiers=row["modifiers"],
                source=row["source"],
            )
    raise RehabctlError(
        f"the rules on assistants have no row for {on.isoformat()}",
        "Import the rules of that year first",
    )


@cache
def _rows() -> list[dict[str, Any]]:
    import tomllib

    text = (files("rehabctl.reference.payers") / "assistants.toml").read_text("utf-8")
    return tomllib.loads(text)["rule"]
