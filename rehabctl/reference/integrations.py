"""Loader of what speaks to other systems (`integrations.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from importlib.resources import files
from typing import Any


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
    vendor: str = ""
    """Who is given patient data by it, and so signs an agreement; empty: nobody."""


def load_integrations() -> tuple[Integration, ...]:
    """Return every integration in the order of its file."""
    rows = _load()["integration"]
    return tuple(Integration(**(row | {"state": TestedState(row["state"])})) for row in rows)


def load_agreement_warning() -> timedelta:
    """Return how long before its end an agreement is to be renewed."""
    return timedelta(days=_load()["agreement_warning_days"])


def _load() -> dict[str, Any]:
    path = files("rehabctl.reference") / "integrations.toml"
    return tomllib.loads(path.read_text("utf-8"))
