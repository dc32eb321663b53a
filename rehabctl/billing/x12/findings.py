"""What a check of an X12 file reports; never a value that a person is known by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """The file or claim is not sent, or the payment not posted."""
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that a file breaks, with the way to mend it."""

    rule: str
    severity: Severity
    message: str
    fix: str
    segment: str | None = None
    """Identifier of the segment."""
    position: int | None = None
    """1-based number of the segment in the file."""
    claim: str | None = None
    """The claim's own number (CLM01 or CLP01)."""
