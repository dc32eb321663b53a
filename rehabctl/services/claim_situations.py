"""What is known around a visit that its codes ask for."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.billing.situations import Situation
from rehabctl.domain.claim import Frequency
from rehabctl.domain.claim_record import ClaimState
from rehabctl.domain.visit import ParticipantRole, Visit, VisitStatus

if TYPE_CHECKING:
    from rehabctl.store.unit_of_work import UnitOfWork

_NO_VISIT = (VisitStatus.CANCELLED, VisitStatus.NO_SHOW)
_SPENT = (ClaimState.CORRECTED, ClaimState.DENIED)


def situation_of(uow: UnitOfWork, visit: Visit) -> Situation:
    """Return what is known around a visit, inside a transaction.

    Parameters
    ----------
    uow
        The transaction.
    visit
        That is billed; a claim that is being corrected was closed before.
    """
    others = {one.id: one for one in uow.visits.of_patient(visit.patient.id) if one.id != visit.id}
    billed: list[tuple[str, date]] = []
    of_episode: set[str] = set()
    for claim in uow.claims.of_patient(visit.patient.id):
        if claim.state in _SPENT or claim.frequency is Frequency.VOID:
            continue
        lines = claim.document["lines"]
        billed += [(line["code"], date.fromisoformat(line["service_on"])) for line in lines]
        kind, _, key = claim.source.partition(":")
        other = others.get(UUID(key)) if kind == "visit" else None
        if other is not None and other.episode_id == visit.episode_id:
            of_episode |= {line["code"] for line in lines}
    return Situation(
        now=uow.now,
        visits=tuple(
            one.started_at or one.planned_start_at
            for one in others.values()
            if one.status not in _NO_VISIT
        ),
        billed=tuple(billed),
        episode_codes=frozenset(of_episode),
        patient_spans=tuple(
            (one.joined_at, one.left_at)
            for one in visit.participants
            if one.role is ParticipantRole.PATIENT and one.joined_at and one.left_at
        ),
    )
