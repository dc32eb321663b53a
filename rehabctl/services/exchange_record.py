"""Gathering what is told about a patient to other systems."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.billing.claim_document import claim_of
from rehabctl.clinic.adherence import adherence
from rehabctl.domain.claim_record import ClaimState
from rehabctl.domain.exchange import CodedObservation, ExchangeRecord
from rehabctl.domain.note import NoteStatus
from rehabctl.domain.wearable import DailyMeasure
from rehabctl.reference.measure_codes import measure_code
from rehabctl.services.access import Action, may
from rehabctl.services.patient_facts import facts_of

if TYPE_CHECKING:
    from rehabctl.domain.claim import Claim
    from rehabctl.domain.facts import PatientFacts
    from rehabctl.reference.rules import RuleTable
    from rehabctl.store.unit_of_work import UnitOfWork

_NOTES = 1000
UNSENT = (ClaimState.DRAFT, ClaimState.CORRECTED)
"""States of a claim that is nobody's charge yet, or no more."""


def gather(uow: UnitOfWork, rules: RuleTable, mrn: str) -> ExchangeRecord:
    """Return everything that is told about one patient.

    Parameters
    ----------
    uow
        The transaction; the caller has checked the permission and writes the audit entry.
    rules
        The dated rules, for adherence.
    mrn
        Record number.

    Raises
    ------
    NotFoundError
        There is no such patient.
    """
    patient = uow.patients.summary(mrn)
    patient_id = patient.ref.id
    facts = facts_of(uow, [patient_id])[patient_id]
    visits = sorted(
        uow.visits.of_patient(patient_id), key=lambda one: (one.planned_start_at, one.id)
    )
    signed = tuple(
        note for note in uow.documentation.notes(patient_id) if note.status is NoteStatus.SIGNED
    )
    named = {visit.provider_id for visit in visits} | {note.signed_by for note in signed}
    return ExchangeRecord(
        patient=patient,
        episodes=uow.episodes.of_patient(patient_id),
        referrals=uow.episodes.referrals(patient_id),
        programmes=uow.programmes.of_patient(patient_id),
        observations=tuple(
            sorted(
                (
                    *_angles(facts),
                    *_pain(facts),
                    *_steps(uow, patient_id),
                    *_adherence(uow, facts, rules, patient_id),
                ),
                key=lambda value: (value.at, value.id),
            )
        ),
        responses=uow.prom.of_patient(patient_id),
        consents=uow.consents.of_patient(patient_id),
        notes=uow.notes.of_patient(patient_id, _NOTES)[::-1],
        visits=tuple(visits),
        people=tuple(one for one in uow.clinics.users(uow.clinic.id) if one.id in named),
        signed_notes=signed,
        claims=_claims(uow, patient_id),
    )


def _claims(uow: UnitOfWork, patient_id: UUID) -> tuple[Claim, ...]:
    """Return the claims of a patient that stand, where who acts may see them."""
    if not may(uow.user.role, Action.MANAGE_CLAIMS, is_local=uow.is_local):
        return ()
    return tuple(
        claim_of(one.control_number, one.document)
        for one in uow.claims.of_patient(patient_id)
        if one.state not in UNSENT
    )


def _angles(facts: PatientFacts) -> list[CodedObservation]:
    return [
        CodedObservation(
            id=f"rom-{m.id}",
            code=measure_code(m.motion, "" if m.side == "both" else m.side, m.at.date()),
            value=round(m.value_deg, 1),
            at=m.at,
            category="exam",
            method=m.method,
            uncertainty=None if m.uncertainty_deg is None else round(m.uncertainty_deg, 1),
        )
        for m in facts.measurements
    ]


def _pain(facts: PatientFacts) -> list[CodedObservation]:
    rated = [
        *((f"pain-{UUID(session.id)}", session.at, session.pain) for session in facts.sessions),
        *((f"pain-{UUID(entry.id)}", entry.at, entry.pain) for entry in facts.journal),
    ]
    return [
        CodedObservation(
            name, measure_code("pain", "", at.date()), pain, at, "survey", "numeric rating 0-10"
        )
        for name, at, pain in rated
        if pain is not None
    ]


def _steps(uow: UnitOfWork, patient_id: UUID) -> list[CodedObservation]:
    """Return the steps of whole days, by each source of its own."""
    zone = ZoneInfo(uow.clinic.time_zone)
    return [
        CodedObservation(
            f"steps-{str(patient_id)[-12:]}-{stored.source.value}-{stored.value.day.isoformat()}",
            measure_code("steps", "", stored.value.day),
            stored.value.value,
            datetime.combine(stored.value.day, time(), zone),
            "activity",
            f"{stored.source.value}, {stored.value.method}",
        )
        for stored in uow.wearables.of_patient(patient_id, date.min, date.max)
        if stored.value.measure is DailyMeasure.STEPS and stored.value.is_whole
    ]


def _adherence(
    uow: UnitOfWork, facts: PatientFacts, rules: RuleTable, patient_id: UUID
) -> list[CodedObservation]:
    zone = ZoneInfo(uow.clinic.time_zone)
    return [
        CodedObservation(
            f"adherence-{str(patient_id)[-12:]}-{week.starts_on.isoformat()}",
            measure_code("adherence", "", week.starts_on),
            round(week.percent, 1),
            datetime.combine(week.starts_on, time(), zone),
            "therapy",
            "sessions done of those due in seven days",
        )
        for week in adherence(facts, uow.now, rules).weeks
        if week.percent is not None
    ]
