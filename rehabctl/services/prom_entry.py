"""Questionnaires that a clinician enters for a patient: listed, scored while typing, stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehabctl.domain.errors import FindingsError
from rehabctl.domain.prom import Instrument, PromResult
from rehabctl.reference.rules import RuleTable
from rehabctl.services import prom_records, proms

if TYPE_CHECKING:
    from rehabctl.store.store import Store


@dataclass(frozen=True)
class PromEntry:
    """The questionnaires of one clinic. Every method may be called from any thread."""

    store: Store
    rules: RuleTable

    def instruments(self) -> Sequence[Instrument]:
        """Return every instrument, sorted by slug."""
        return proms.instruments()

    def score(self, slug: str, answers: Mapping[str, float | None]) -> PromResult:
        """Return the scores of answers so far; nothing is stored."""
        return proms.score_answers(slug, dict(answers))

    def record(self, mrn: str, slug: str, answers: Mapping[str, float | None]) -> PromResult:
        """Score and store one form with its raw answers, and refresh the worklist.

        Parameters
        ----------
        mrn
            Record number.
        slug
            The instrument.
        answers
            By item key; None is missing.

        Raises
        ------
        FindingsError
            An answer does not fit the form; nothing was stored.
        """
        done = prom_records.record(
            self.store, self.rules, slug, mrn, dict(answers), by="me", mode="interview"
        )
        if done.external_id is None:
            raise FindingsError("an answer does not fit the form", "Correct the marked answers")
        return done.result
