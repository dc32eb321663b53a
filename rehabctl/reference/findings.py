"""What a check of data files reports: a problem at a key, and the same as file and line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How a finding is to be taken. Both make a check end with exit code 3."""

    ERROR = "error"
    """The data cannot be used as it is."""
    WARNING = "warning"
    """The data can be used; someone has to look at it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule at a place inside one TOML document."""

    path: tuple[str | int, ...]
    """Keys and positions from the top, such as `("exercise", 3, "steps", 1)`."""
    rule: str
    message: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A broken rule at a line of a file; its fields are those of the command contract."""

    file: str
    line: int
    """1-based."""
    rule: str
    severity: Severity
    message: str
