"""Questionnaires of the clinic in memory: scored by the real rules, stored in a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rehabctl.domain.errors import UsageError
from rehabctl.domain.prom import Instrument, PromResult
from rehabctl.services import proms

if TYPE_CHECKING:
    from tui.clinic import ClinicData


class ClinicForms:
    """The questionnaire port; faults come from the clinic."""

    def __init__(self, clinic: ClinicData) -> None:
        self._clinic = clinic
        self.stored: list[tuple[str, str, dict[str, float | None]]] = []

    def instruments(self) -> Sequence[Instrument]:
        return [proms.instrument(slug) for slug in ("koos-jr", "ndi", "quickdash")]

    def score(self, slug: str, answers: Mapping[str, float | None]) -> PromResult:
        return proms.score_answers(slug, dict(answers))

    def record(self, mrn: str, slug: str, answers: Mapping[str, float | None]) -> PromResult:
        with self._clinic._called(f"record {mrn} {slug}"):
            result = self.score(slug, answers)
            if result.findings:
                raise UsageError("an answer does not fit the form", "Correct it")
            self.stored.append((mrn, slug, dict(answers)))
            return result
