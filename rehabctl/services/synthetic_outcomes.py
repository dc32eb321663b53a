"""Questionnaires and measured motion of invented patients, for outcome reports."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rehabctl.domain.facts import Measurement, PatientFacts, SessionFact
from rehabctl.domain.patient import PatientRef, Side
from rehabctl.domain.prom import PromResponse, PromScore
from rehabctl.domain.recording import MotionResult, StoredAssessment

if TYPE_CHECKING:
    from rehabctl.store.unit_of_work import UnitOfWork

_FORM_EVERY = timedelta(days=14)
_INVENTED = "invented"


def add_outcomes(uow: UnitOfWork, people: Sequence[tuple[PatientRef, PatientFacts]]) -> None:
    """Add forms and measurements of patients who are new.

    Parameters
    ----------
    uow
        The transaction.
    people
        Patients with their events.
    """
    history = uow.histories
    history.add_forms([form for ref, events in people for form in _forms(uow, ref, events)])
    history.add_assessments(
        [_assessment(uow, ref, made) for ref, events in people for made in events.measurements]
    )


def _forms(uow: UnitOfWork, ref: PatientRef, events: PatientFacts) -> Iterator[PromResponse]:
    side = events.episode and events.episode.side
    for fact in events.scores:
        score = PromScore("total", f"{fact.instrument}-1", fact.score, fact.score, 0, True)
        yield _form(uow, ref, fact.id, fact.instrument, fact.at, score, side)
    for session in _every_fortnight(events.sessions):
        score = PromScore("total", "nprs-1", session.pain, session.pain, 0, False)
        yield _form(uow, ref, f"n{session.id}", "nprs", session.at, score, None)


def _every_fortnight(sessions: Sequence[SessionFact]) -> Iterator[SessionFact]:
    last = None
    for session in sessions:
        if session.pain is not None and (last is None or session.at - last >= _FORM_EVERY):
            last = session.at
            yield session


def _form(
    uow: UnitOfWork,
    ref: PatientRef,
    name: str,
    instrument: str,
    at: datetime,
    score: PromScore,
    side: str | None,
) -> PromResponse:
    return PromResponse(
        id=uow.new_id(),
        patient=ref,
        external_id=name,
        instrument=instrument,
        instrument_version=_INVENTED,
        mode="patient_device",
        entered_by=_INVENTED,
        completed_at=at,
        answers={},
        result={},
        side=None if side is None else Side(side),
        scores=(score,),
    )


def _assessment(uow: UnitOfWork, ref: PatientRef, made: Measurement) -> StoredAssessment:
    digest = hashlib.sha256(f"{ref.id}:{made.id}".encode()).hexdigest()
    return StoredAssessment(
        id=uow.new_id(),
        patient=ref,
        exercise=made.exercise or _INVENTED,
        exercise_version=1,
        measured_at=made.at,
        status=made.status,
        confidence=0.9,
        full_count=made.full_count,
        partial_count=made.partial_count,
        instrument="camera",
        input_sha256=digest,
        model_sha256="0" * 64,
        parameters_sha256="0" * 64,
        algorithm_version=made.method.rpartition("/")[2],
        result={},
        motions=(
            MotionResult(
                made.motion,
                made.side,
                made.value_deg,
                made.uncertainty_deg,
                driving=True,
            ),
        ),
        model_name=_INVENTED,
    )
