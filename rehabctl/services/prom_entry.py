"""Questionnaires that a clinician enters for a patient: listed, scored while typing, stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rehabctl.domain.errors import FindingsError
from rehabctl.domain.prom import Direction, Instrument, PromResponse, PromResult, PromScore
from rehabctl.reference.rules import RuleTable
from rehabctl.services import proms, triage
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
    from rehabctl.store.store import Store

_MODE = "interview"


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
        asked = proms.instrument(slug)
        with self.store.transaction() as uow:
            require(uow, Action.WRITE_CLINICAL)
            patient = uow.patients.get(mrn)
            day = uow.now.astimezone(ZoneInfo(uow.clinic.time_zone)).date()
            result = proms.score_answers(slug, dict(answers), on=day)
            if result.findings:
                raise FindingsError("an answer does not fit the form", "Correct the marked answers")
            form_id = uow.new_id()
            response = PromResponse(
                id=form_id,
                patient=patient.ref,
                external_id=f"rehabctl:{form_id}",
                instrument=slug,
                instrument_version=asked.version,
                mode=_MODE,
                entered_by=f"user:{uow.user.login}",
                completed_at=uow.now,
                answers={item.key: answers.get(item.key) for item in asked.items},
                result=_plain(result),
                scores=tuple(
                    PromScore(
                        scale=score.scale,
                        rule_version=result.rule_version,
                        score=score.score,
                        score_unrounded=score.score_unrounded,
                        n_missing=score.n_missing,
                        higher_is_better=score.direction is Direction.HIGHER_BETTER,
                    )
                    for score in result.scores
                ),
            )
            uow.prom.add(response)
            uow.audit.record("prom.record", "prom_response", form_id, {"instrument": slug})
            triage.refresh(uow, [patient.ref], self.rules)
        return result


def _plain(result: PromResult) -> dict[str, Any]:
    scores = [
        {f.name: getattr(score, f.name) for f in fields(score)}
        | {"direction": str(score.direction)}
        for score in result.scores
    ]
    values = {f.name: getattr(result, f.name) for f in fields(result)}
    return values | {"scores": scores, "findings": []}
