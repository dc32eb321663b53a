"""Official code lists as a clinic imported them, each for the days on which it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol


class CodeListKind(StrEnum):
    """What a list holds."""

    NCCI = "ncci"
    """Procedure-to-procedure pairs of CMS, practitioner services."""
    MUE = "mue"
    """Most units of a code, practitioner services."""
    ICD10 = "icd10"
    """ICD-10-CM in its order file."""
    CARC = "carc"
    """Claim adjustment reason codes."""
    RARC = "rarc"
    """Remittance advice remark codes."""


@dataclass(frozen=True, slots=True)
class HeldList:
    """One imported list."""

    kind: CodeListKind
    valid_from: date
    valid_to: date
    codes: int
    source: str
    """Names of the files."""
    sha256: str
    """Of the files' bytes, one after the other."""


@dataclass(frozen=True, slots=True)
class PairEdit:
    """Two codes that are not paid together on one day."""

    paid: str
    """Column 1."""
    refused: str
    """Column 2, unless a modifier says that it was separate."""
    modifier_allowed: bool
    ordered: bool = True
    """False where the source does not say which of the two is refused."""


@dataclass(frozen=True, slots=True)
class UnitLimit:
    """Most units of a code."""

    units: int
    per_line: bool
    """Whether it counts for one line; else for all lines of a day."""


class CodeTables(Protocol):
    """Look-ups in imported lists. None always says that no list of the kind was imported."""

    def covers(self, kind: CodeListKind, on: date) -> bool | None:
        """Tell whether a list of a kind holds on a day."""
        ...

    def is_billable(self, diagnosis: str, on: date) -> bool | None:
        """Tell whether a diagnosis (without the point) may be billed on a day."""
        ...

    def pairs(self, codes: frozenset[str], on: date) -> tuple[PairEdit, ...] | None:
        """Return the edits among the codes of one day."""
        ...

    def unit_limit(self, code: str, on: date) -> UnitLimit | None:
        """Return the most units of a code on a day; None too where the list does not name it."""
        ...

    def meaning(self, kind: CodeListKind, code: str, on: date) -> str | None:
        """Return the imported words of a reason or remark code."""
        ...
