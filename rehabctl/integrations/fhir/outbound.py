"""What we tell about a patient, as FHIR R4 resources.

References are relative (`Patient/ID`), identifiers are those of our records, so that the same
record is the same resource in every export. The wording of questions is never told: a questionnaire
is named, and its answers and scores are given.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rehabctl.domain.consent import Consent
from rehabctl.domain.counting import counted
from rehabctl.domain.episode import Episode, EpisodeStatus, Referral
from rehabctl.domain.exchange import OWN_CODES, CodedObservation, ExchangeRecord
from rehabctl.domain.patient import PatientStatus, PatientSummary
from rehabctl.domain.programme import Prescription, Programme, ProgrammeStatus
from rehabctl.domain.prom import PromResponse, PromScore
from rehabctl.domain.visit import Visit, VisitStatus
from rehabctl.integrations.fhir import outbound_care
from rehabctl.integrations.fhir.outbound_care import device_id, is_measured
from rehabctl.integrations.fhir.wording import (
    HL7,
    ICD10,
    NPI,
    SNOMED,
    UCUM,
    Resource,
    concept,
    day,
    instant,
    without_none,
)

BASE = "http://rehabctl.invalid/fhir/"
"""Names resources inside a bundle; nothing is served there."""
_PLAN_STATUS = {
    ProgrammeStatus.ACTIVE: "active", ProgrammeStatus.HELD: "on-hold",
    ProgrammeStatus.COMPLETED: "completed", ProgrammeStatus.STOPPED: "revoked",
}  # fmt: skip
_ACTIVITY_STATUS = {
    ProgrammeStatus.ACTIVE: "in-progress", ProgrammeStatus.HELD: "on-hold",
    ProgrammeStatus.COMPLETED: "completed", ProgrammeStatus.STOPPED: "stopped",
}  # fmt: skip

_APPOINTMENT_STATUS = {
    VisitStatus.PLANNED: "booked", VisitStatus.IN_PROGRESS: "arrived",
    VisitStatus.COMPLETED: "fulfilled", VisitStatus.CANCELLED: "cancelled",
    VisitStatus.NO_SHOW: "noshow",
}  # fmt: skip


def resources(record: ExchangeRecord, clinic: str, now: datetime) -> Iterator[Resource]:
    """Yield every resource about a patient, she herself first.

    Parameters
    ----------
    record
        What is told.
    clinic
        Name of the clinic that tells it.
    now
        Time of the export.
    """
    subject = {"reference": f"Patient/{record.patient.ref.id}"}
    yield _patient(record.patient)
    # what others refer to comes first
    for person in record.people:
        yield outbound_care.practitioner(person)
    for method in sorted({one.method or "" for one in record.observations if is_measured(one)}):
        yield outbound_care.device(method)
    for visit in record.visits:
        yield from outbound_care.encounter_and_procedures(visit, subject)
    for instrument, items in outbound_care.instruments(record.responses):
        yield outbound_care.questionnaire(instrument, items)
    for episode in record.episodes:
        if episode.diagnosis or episode.icd10:
            yield _condition(episode, subject)
    for referral in record.referrals:
        yield _service_request(referral, subject)
    for programme in record.programmes:
        yield _care_plan(programme, subject)
    for value in record.observations:
        yield _observation(value, subject)
    yield from outbound_care.measurement_reports(record.observations, subject)
    for response in record.responses:
        yield _questionnaire_response(response, subject)
        for score in response.scores:
            if score.score is not None:
                yield _score(response, score, subject)
    for visit in record.visits:
        yield _appointment(visit, subject)
    for note in record.signed_notes:
        yield outbound_care.document(note, subject)
    for claim in record.claims:
        yield outbound_care.claim(claim, subject, clinic)
    for consent in record.consents:
        yield _consent(consent, subject, now)
    yield {
        "resourceType": "Provenance",
        "id": f"export-{record.patient.ref.id}",
        "target": [subject],
        "recorded": instant(now),
        "activity": {"text": "Export of the record"},
        "agent": [{"who": {"display": clinic}}],
    }
    yield outbound_care.export_event(record.patient.ref, subject, clinic, now)


def entry(resource: Resource) -> Resource:
    """Return a bundle's entry of a resource.

    Parameters
    ----------
    resource
        With type and identifier.
    """
    return {"fullUrl": f"{BASE}{resource['resourceType']}/{resource['id']}", "resource": resource}


def _patient(patient: PatientSummary) -> Resource:
    who = patient.demographics
    given = [name for name in (who.given_name, who.middle_name) if name]
    telecom = [
        {"system": system, "value": value}
        for system, value in (("phone", who.phone), ("email", who.email))
        if value
    ]
    address = {
        "line": [who.address1] if who.address1 else None,
        "city": who.city,
        "state": who.state,
        "postalCode": who.postal_code,
        "country": "US",
    }
    number = {
        "use": "usual",
        "type": concept(f"{HL7}v2-0203", "MR"),
        "system": f"urn:uuid:{patient.ref.clinic_id}",
        "value": who.mrn,
    }
    return without_none(
        {
            "resourceType": "Patient",
            "id": str(patient.ref.id),
            "identifier": [number],
            "active": patient.status is PatientStatus.ACTIVE,
            "name": [{"use": "official", "family": who.family_name, "given": given}],
            "telecom": telecom or None,
            "gender": who.sex.value,
            "birthDate": who.birth_date.isoformat(),
            "address": [without_none(address)],
            "communication": [
                {"language": concept("urn:ietf:bcp:47", who.language), "preferred": True}
            ]
            if who.language
            else None,
        }
    )


def _condition(episode: Episode, subject: Resource) -> Resource:
    state = "resolved" if episode.status is EpisodeStatus.CLOSED else "active"
    coding = [{"system": ICD10, "code": episode.icd10}] if episode.icd10 else None
    return without_none(
        {
            "resourceType": "Condition",
            "id": str(episode.id),
            "clinicalStatus": concept(f"{HL7}condition-clinical", state),
            "verificationStatus": concept(f"{HL7}condition-ver-status", "confirmed"),
            "category": [concept(f"{HL7}condition-category", "encounter-diagnosis")],
            "code": without_none({"coding": coding, "text": episode.diagnosis}),
            "bodySite": [{"text": episode.side.value}] if episode.side else None,
            "subject": subject,
            "recordedDate": episode.started_on.isoformat(),
            "abatementDateTime": day(episode.ended_on) if state == "resolved" else None,
        }
    )


def _service_request(referral: Referral, subject: Resource) -> Resource:
    npi = {"system": NPI, "value": referral.referrer_npi} if referral.referrer_npi else None
    return without_none(
        {
            "resourceType": "ServiceRequest",
            "id": str(referral.id),
            "status": "active",
            "intent": "order",
            "category": [concept(SNOMED, "91251008")],
            "code": {"text": "Physical therapy"},
            "subject": subject,
            "authoredOn": referral.ordered_on.isoformat(),
            "requester": without_none({"identifier": npi, "display": referral.referrer_name}),
            "occurrencePeriod": without_none(
                {"start": day(referral.ordered_on), "end": day(referral.expires_on)}
            ),
            "quantityQuantity": {"value": referral.authorised_visits, "unit": "visits"}
            if referral.authorised_visits is not None
            else None,
        }
    )


def _care_plan(programme: Programme, subject: Resource) -> Resource:
    lines = [_activity(line, programme.status) for line in programme.prescriptions]
    return without_none(
        {
            "resourceType": "CarePlan",
            "id": str(programme.id),
            "status": _PLAN_STATUS[programme.status],
            "intent": "plan",
            "category": [concept(SNOMED, "229065009")],
            "title": "Home exercise programme",
            "subject": subject,
            "period": without_none(
                {"start": day(programme.started_on), "end": day(programme.ended_on)}
            ),
            "addresses": [{"reference": f"Condition/{programme.episode_id}"}]
            if programme.episode_id
            else None,
            "activity": lines or None,
        }
    )


def _activity(line: Prescription, status: ProgrammeStatus) -> Resource:
    side = f", {line.side.value}" if line.side else ""
    dose = f"{line.sets} x {line.reps}, {counted(line.per_week, 'time')} a week{side}"
    return {
        "detail": without_none(
            {
                "kind": "ServiceRequest",
                "code": concept("urn:rehabctl:exercise", line.exercise_slug, line.exercise_name),
                "status": _ACTIVITY_STATUS[status],
                "scheduledTiming": {
                    "repeat": {"frequency": line.per_week, "period": 1, "periodUnit": "wk"}
                },
                "description": dose,
            }
        )
    }


def _observation(value: CodedObservation, subject: Resource) -> Resource:
    def quantity(number: float) -> Resource:
        code = value.code
        return {"value": number, "unit": code.unit_text, "system": UCUM, "code": code.unit}

    spread = value.uncertainty
    return without_none(
        {
            "resourceType": "Observation",
            "id": value.id,
            "status": "final",
            "category": [concept(f"{HL7}observation-category", value.category)],
            "code": concept(value.code.system, value.code.code, value.code.text),
            "subject": subject,
            "effectiveDateTime": instant(value.at),
            "valueQuantity": quantity(value.value),
            "method": {"text": value.method} if value.method else None,
            "device": {"reference": f"Device/{device_id(value.method)}"}
            if value.method and is_measured(value)
            else None,
            "component": [
                {
                    "code": concept(OWN_CODES, "half-width-90", "half-width of the 90 % interval"),
                    "valueQuantity": quantity(spread),
                }
            ]
            if spread is not None
            else None,
        }
    )


def _questionnaire_response(response: PromResponse, subject: Resource) -> Resource:
    items = [
        {"linkId": key, "answer": [_answer(value)]}
        for key, value in response.answers.items()
        if value is not None
    ]
    return without_none(
        {
            "resourceType": "QuestionnaireResponse",
            "id": str(response.id),
            "questionnaire": f"urn:rehabctl:instrument:{response.instrument}"
            f"|{response.instrument_version}",
            "status": "completed",
            "subject": subject,
            "authored": instant(response.completed_at),
            "item": items or None,
        }
    )


def _answer(value: Any) -> Resource:
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, int):
        return {"valueInteger": value}
    return {"valueDecimal": value} if isinstance(value, float) else {"valueString": str(value)}


def _score(response: PromResponse, score: PromScore, subject: Resource) -> Resource:
    text = f"{response.instrument} {score.scale}"
    return {
        "resourceType": "Observation",
        "id": f"score-{response.id!s}-{score.scale}"[:64],
        "status": "final",
        "category": [concept(f"{HL7}observation-category", "survey")],
        "code": concept(OWN_CODES, f"{response.instrument}-{score.scale}", text),
        "subject": subject,
        "effectiveDateTime": instant(response.completed_at),
        "valueQuantity": {
            "value": score.score, "unit": "score", "system": UCUM, "code": "{score}",
        },
        "method": {"text": f"scoring rule {score.rule_version}"},
        "derivedFrom": [{"reference": f"QuestionnaireResponse/{response.id}"}],
    }  # fmt: skip


def _appointment(visit: Visit, subject: Resource) -> Resource:
    minutes = int((visit.planned_end_at - visit.planned_start_at).total_seconds() // 60)
    return without_none(
        {
            "resourceType": "Appointment",
            "id": str(visit.id),
            "status": _APPOINTMENT_STATUS[visit.status],
            "appointmentType": {"text": visit.appointment_type} if visit.appointment_type else None,
            "start": instant(visit.planned_start_at),
            "end": instant(visit.planned_end_at),
            "minutesDuration": minutes,
            "participant": [{"actor": subject, "status": "accepted"}],
        }
    )


def _consent(consent: Consent, subject: Resource, now: datetime) -> Resource:
    end = consent.revoked_at or consent.expires_at
    period = {"start": instant(consent.granted_at), "end": None if end is None else instant(end)}
    return {
        "resourceType": "Consent",
        "id": str(consent.id),
        "status": "active" if consent.is_active(now) else "inactive",
        "scope": concept(f"{HL7}consentscope", "patient-privacy"),
        "category": [{"text": consent.scope.value.replace("_", " ")}],
        "patient": subject,
        "dateTime": instant(consent.granted_at),
        "policyRule": {"text": "As the patient agreed with the clinic"},
        "provision": {"type": "permit", "period": without_none(period)},
    }
