"""The port through which questionnaires are listed, scored and stored. Every method may block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from rehabctl.domain.prom import Instrument, PromResult


class FormData(Protocol):
    """What the questionnaire screen needs of the services."""

    def instruments(self) -> Sequence[Instrument]:
        """Return every instrument, sorted by slug."""
        ...

    def score(self, slug: str, answers: Mapping[str, float | None]) -> PromResult:
        """Return the scores of answers so far; nothing is stored."""
        ...

    def record(self, mrn: str, slug: str, answers: Mapping[str, float | None]) -> PromResult:
        """Score and store one form; refuses answers that do not fit it."""
        ...
