"""Who treated, when, with what and what was written about it, as FHIR R4 resources."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from rehabctl.domain.claim import Claim, Frequency
from rehabctl.domain.clinic import User
from rehabctl.domain.exchange import LOINC, CodedObservation
from rehabctl.domain.note import ClinicalNote, NoteKind
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.prom import PromResponse
from rehabctl.domain.visit import Channel, Visit, VisitStatus
from rehabctl.integrations.fhir.wording import (
    CPT,
    HL7,
    ICD10,
    NPI,
    Resource,
    concept,
    instant,
    without_none,
)

_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_ENCOUNTER_STATUS = {
    VisitStatus.IN_PROGRESS: "in-progress", VisitStatus.COMPLETED: "finished",
}  # fmt: skip
"""Of visits that happened; one that did not is an appointment only."""
_CODED_NOTES = (NoteKind.DAILY, NoteKind.PROGRESS, NoteKind.ADDENDUM)
"""Those for which a code is confirmed; the others are named by their kind only."""
_PROGRESS_NOTE = "11506-3"
_ROM_PANEL = "41359-1"


def practitioner(person: User) -> Resource:
    """Return somebody of the clinic."""
    return {
        "resourceType": "Practitioner",
        "id": str(person.id),
        "identifier": [{"system": f"urn:uuid:{person.clinic_id}", "value": person.login}],
        "active": person.active,
        "name": [{"text": person.display_name}],
    }


def is_measured(value: CodedObservation) -> bool:
    """Return whether an instrument gave a value, and its method names which."""
    return value.category == "exam" and bool(value.method)


def device_id(method: str) -> str:
    """Return the identifier of the instrument of a method."""
    return f"device-{hashlib.sha256(method.encode()).hexdigest()[:16]}"


def device(method: str) -> Resource:
    """Return the instrument of a method: its name says model, version and correction."""
    return {
        "resourceType": "Device",
        "id": device_id(method),
        "status": "active",
        "deviceName": [{"name": method, "type": "model-name"}],
    }


def encounter_and_procedures(visit: Visit, subject: Resource) -> Iterator[Resource]:
    """Yield a visit that happened, and what was done in it by code; nothing of any other."""
    status = _ENCOUNTER_STATUS.get(visit.status)
    if status is None or visit.started_at is None:
        return
    name = f"encounter-{visit.id}"
    in_person = any(span.channel is Channel.IN_PERSON for span in visit.channels)
    yield without_none(
        {
            "resourceType": "Encounter",
            "id": name,
            "status": status,
            "class": {"system": f"{_V3}ActCode", "code": "AMB" if in_person else "VR"},
            "type": [{"text": visit.kind.value.replace("_", " ")}],
            "subject": subject,
            "participant": [{"individual": _practitioner(visit.provider_id)}],
            "period": _period(visit.started_at, visit.ended_at),
            "appointment": [{"reference": f"Appointment/{visit.id}"}],
        }
    )
    for number, block in enumerate(visit.blocks, start=1):
        yield {
            "resourceType": "Procedure",
            "id": f"procedure-{visit.id}-{number}",
            "status": "completed" if block.ended_at else "in-progress",
            "code": concept(CPT, block.code),
            "subject": subject,
            "encounter": {"reference": f"Encounter/{name}"},
            "performedPeriod": _period(block.started_at, block.ended_at),
            "performer": [{"actor": _practitioner(visit.provider_id)}],
        }


_V3 = "http://terminology.hl7.org/CodeSystem/v3-"


def _practitioner(user_id: Any) -> Resource:
    return {"reference": f"Practitioner/{user_id}"}


def _period(start: datetime, end: datetime | None) -> Resource:
    return without_none({"start": instant(start), "end": None if end is None else instant(end)})


def instruments(responses: Sequence[PromResponse]) -> list[tuple[str, dict[str, Any]]]:
    """Return each questionnaire that was answered, with the items that have an answer."""
    found: dict[str, dict[str, Any]] = {}
    for response in responses:
        items = found.setdefault(f"{response.instrument}|{response.instrument_version}", {})
        items.update({k: v for k, v in response.answers.items() if v is not None})
    return sorted(found.items())


def questionnaire(instrument: str, items: dict[str, Any]) -> Resource:
    """Return a questionnaire without its wording, which its owners license."""
    slug, _, version = instrument.partition("|")
    return without_none(
        {
            "resourceType": "Questionnaire",
            "id": f"{slug}-{version}".replace(".", "-").replace(" ", "-")[:64],
            "url": f"urn:rehabctl:instrument:{slug}",
            "version": version,
            "name": slug.replace("-", "_"),
            "status": "active",
            "item": [{"linkId": key, "type": _type(value)} for key, value in items.items()] or None,
        }
    )


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "decimal" if isinstance(value, float) else "string"


def measurement_reports(
    values: Sequence[CodedObservation], subject: Resource
) -> Iterator[Resource]:
    """Yield one report for the angles measured at one time, which names them all."""
    measured = [value for value in values if is_measured(value)]
    for at, group in groupby(measured, key=lambda value: value.at):
        found = list(group)
        digest = hashlib.sha256(" ".join(value.id for value in found).encode()).hexdigest()
        yield {
            "resourceType": "DiagnosticReport",
            "id": f"report-{digest[:24]}",
            "status": "final",
            "code": concept(LOINC, _ROM_PANEL, "Range of motion"),
            "subject": subject,
            "effectiveDateTime": instant(at),
            "result": [{"reference": f"Observation/{value.id}"} for value in found],
        }


def document(note: ClinicalNote, subject: Resource) -> Resource:
    """Return a signed note with its text."""
    text = f"{note.kind.value} note".capitalize()
    coded = concept(LOINC, _PROGRESS_NOTE, text) if note.kind in _CODED_NOTES else {"text": text}
    signer = without_none(
        {
            "reference": f"Practitioner/{note.signed_by}" if note.signed_by else None,
            "display": ", ".join(word for word in (note.signer_name, note.credentials) if word)
            or None,
        }
    )
    encounter = [{"reference": f"Encounter/encounter-{note.visit_id}"}] if note.visit_id else None
    context = {"encounter": encounter} if encounter else None
    amends = [
        {"code": "appends", "target": {"reference": f"DocumentReference/{note.addendum_to}"}}
    ] if note.addendum_to else None  # fmt: skip
    body = note.body.encode()
    return without_none(
        {
            "resourceType": "DocumentReference",
            "id": str(note.id),
            "status": "current",
            "docStatus": "final",
            "type": coded,
            "subject": subject,
            "date": instant(note.signed_at or note.opened_at),
            "author": [signer] if signer else None,
            "authenticator": signer or None,
            "relatesTo": amends,
            "content": [
                {
                    "attachment": {
                        "contentType": "text/markdown",
                        "data": base64.b64encode(body).decode(),
                        "size": len(body),
                        "hash": base64.b64encode(hashlib.sha1(body).digest()).decode(),  # noqa: S324 - FHIR's rule
                        "title": f"{text} of {note.for_day.isoformat()}",
                    }
                }
            ],
            "context": context,
        }
    )


def claim(said: Claim, subject: Resource, clinic: str) -> Resource:
    """Return a claim as it was made; a claim that voids another is cancelled."""
    first = min(line.service_from for line in said.lines)
    rendering = next((line.rendering for line in said.lines if line.rendering), said.rendering)
    provider = {"identifier": {"system": NPI, "value": rendering.npi}} if rendering else {}
    return {
        "resourceType": "Claim",
        "id": f"claim-{said.control_number}",
        "identifier": [{"system": "urn:rehabctl:claim", "value": said.control_number}],
        "status": "cancelled" if said.frequency is Frequency.VOID else "active",
        "type": concept(f"{HL7}claim-type", "professional"),
        "use": "claim",
        "patient": subject,
        "created": first.isoformat(),
        "provider": {**provider, "display": clinic},
        "priority": concept(f"{HL7}processpriority", "normal"),
        "diagnosis": [
            {"sequence": number, "diagnosisCodeableConcept": concept(ICD10, _with_point(code))}
            for number, code in enumerate(said.diagnoses, start=1)
        ],
        "insurance": [
            {
                "sequence": 1,
                "focal": True,
                "coverage": {
                    "identifier": {"value": said.insured.member_id},
                    "display": said.payer.name,
                },
            }
        ],
        "item": [
            without_none(
                {
                    "sequence": number,
                    "diagnosisSequence": list(line.pointers) or None,
                    "productOrService": concept(CPT, line.code),
                    "modifier": [concept(CPT, one) for one in line.modifiers] or None,
                    "servicedDate": line.service_from.isoformat(),
                    "quantity": {"value": float(line.units)},
                    "net": {"value": float(line.charge), "currency": "USD"},
                }
            )
            for number, line in enumerate(said.lines, start=1)
        ],
        "total": {
            "value": float(sum(line.charge for line in said.lines)),
            "currency": "USD",
        },
    }


def _with_point(code: str) -> str:
    return code if "." in code or len(code) <= 3 else f"{code[:3]}.{code[3:]}"


def export_event(patient: PatientRef, subject: Resource, clinic: str, now: datetime) -> Resource:
    """Return the entry that says that a record was exported."""
    return {
        "resourceType": "AuditEvent",
        "id": f"audit-{patient.id}",
        "type": {"system": _DICOM, "code": "110106", "display": "Export"},
        "action": "R",
        "recorded": instant(now),
        "outcome": "0",
        "agent": [{"who": {"display": clinic}, "requestor": True}],
        "source": {"observer": {"display": "rehabctl"}},
        "entity": [{"what": subject}],
    }
