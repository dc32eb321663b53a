"""Loader of what speaks to other systems (`integrations.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources import files


class TestedState(StrEnum):
    """Against what an integration was tested."""

    __test__ = False

    PEER = "peer"
    """An independent implementation that ran."""
    FILES = "files"
    """Files that others wrote."""
    DOCUMENTATION = "documentation"
    """What is published only."""


@dataclass(frozen=True, slots=True)
class Integration:
    """One way to exchange data with another system."""

    name: str
    text: str
    command: str
    state: TestedState
    evidence: str
    effective_from: date
    """Day of the last test."""


def load_integrations() -> tuple[Integration, ...]:
    """Return every integration in the order of its file."""
    path = files("rehabctl.reference") / "integrations.toml"
    rows = tomllib.loads(path.read_text("utf-8"))["integration"]
    return tuple(Integration(**(row | {"state": TestedState(row["state"])})) for row in rows)
