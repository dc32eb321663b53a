"""A report to the CMS ACCESS model, musculoskeletal track, as a FHIR R4 document.

Its shape is that of the profiles access-data-reporting-bundle and -composition: a Composition
first, one section for the track, in it one for each questionnaire, and every resource that it
refers to. Answers are given by their number: the wording of questions and answers is licensed.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from rehabctl.domain.clinic import Clinic
from rehabctl.domain.counting import counted
from rehabctl.domain.exchange import LOINC
from rehabctl.domain.patient import Demographics, PatientRef
from rehabctl.domain.prom import PromResponse
from rehabctl.integrations.fhir.wording import HL7, NPI, Resource, concept, instant
from rehabctl.reference.access_report import AccessGuide, AccessSection

_GUIDE = "https://dsacms.github.io/cmmi-access-model"
_PROFILES = f"{_GUIDE}/StructureDefinition/access-data-reporting"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core"
_ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
_LETTER = "[AC-HJKMNP-RT-Y]"
_EITHER = "[0-9AC-HJKMNP-RT-Y]"
_MBI = re.compile(rf"[1-9]{_LETTER}{_EITHER}\d{_LETTER}{_EITHER}\d{_LETTER}{{2}}\d{{2}}")
"""A Medicare Beneficiary Identifier: no S, L, O, I, B and Z."""
PARTICIPANT = re.compile(r"ACCES\d{5}")


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports."""

    participant: str
    """The clinic's identifier in the model, such as ACCES00001."""
    npi: str
    family: str
    given: str


def document(
    guide: AccessGuide,
    clinic: Clinic,
    reporter: Reporter,
    patient: tuple[PatientRef, Demographics],
    responses: Mapping[str, PromResponse],
    now: datetime,
) -> Resource:
    """Return the report about one patient.

    Parameters
    ----------
    guide
        Which questionnaires, under which codes.
    clinic
        Whose report it is.
    reporter
        Who reports.
    patient
        Whom it is about.
    responses
        By our instrument: what is reported.
    now
        Time of the report.
    """
    ref, who = patient
    base = f"urn:uuid:{ref.clinic_id}"
    told = [(s, responses[s.instrument]) for s in guide.sections if s.instrument in responses]
    names = " ".join(sorted(str(response.id) for _, response in told))
    entries = [
        _composition(told, ref, now),
        _patient(ref, who, base),
        {
            "resourceType": "Practitioner",
            "id": "author",
            "meta": _meta("practitioner"),
            "identifier": [{"system": NPI, "value": reporter.npi}],
            "name": [{"family": reporter.family, "given": [reporter.given]}],
        },
        {
            "resourceType": "Organization",
            "id": "participant",
            "meta": _meta("organization"),
            "identifier": [{"system": f"{_GUIDE}/participant-id", "value": reporter.participant}],
            "active": True,
            "name": clinic.name,
        },
        *(_response(section, response, ref) for section, response in told),
    ]
    return {
        "resourceType": "Bundle",
        "id": str(uuid.uuid5(ref.id, names)),
        "meta": {"profile": [f"{_PROFILES}-bundle"]},
        "identifier": {"system": base, "value": str(uuid.uuid5(ref.id, f"report {names}"))},
        "type": "document",
        "timestamp": instant(now),
        "entry": [
            {"fullUrl": f"{_BASE}{one['resourceType']}/{one['id']}", "resource": one}
            for one in entries
        ],
    }


_BASE = "http://rehabctl.invalid/fhir/"


def beneficiary_identifier(who: Demographics) -> str | None:
    """Return the Medicare Beneficiary Identifier; None where the member number is none."""
    text = (who.member_id or "").replace("-", "").upper()
    return text if _MBI.fullmatch(text) else None


def _composition(
    told: list[tuple[AccessSection, PromResponse]], ref: PatientRef, now: datetime
) -> Resource:
    title = "ACCESS MSK Track Data Report"
    return {
        "resourceType": "Composition",
        "id": f"report-{ref.id}",
        "meta": {"profile": [f"{_PROFILES}-composition"]},
        "status": "final",
        "type": concept(LOINC, "74465-6"),
        "subject": {"reference": f"Patient/{ref.id}"},
        "date": instant(now),
        "author": [{"reference": "Practitioner/author"}],
        "title": title,
        "custodian": {"reference": "Organization/participant"},
        "section": [
            {
                "title": "Data reporting for MSK track",
                "code": concept(f"{_GUIDE}/CodeSystem/ACCESSTrackCS", "MSK"),
                "text": _narrative(f"{title}: {counted(len(told), 'questionnaire')}."),
                "section": [
                    {
                        "title": section.title,
                        "code": _section_code(section),
                        "text": _narrative(section.title),
                        "entry": [{"reference": f"QuestionnaireResponse/{response.id}"}],
                    }
                    for section, response in told
                ],
            }
        ],
    }


def _section_code(section: AccessSection) -> Resource:
    own = section.code.isalpha()
    system = f"{_GUIDE}/CodeSystem/ACCESSReportDataCompositionSectionCS" if own else LOINC
    return concept(system, section.code)


def _patient(ref: PatientRef, who: Demographics, base: str) -> Resource:
    mbi = beneficiary_identifier(who)
    medicare = {
        "type": concept(f"{HL7}v2-0203", "MC"),
        "system": "http://terminology.hl7.org/NamingSystem/cmsMBI",
        "value": mbi,
    }
    ours = {"type": concept(f"{HL7}v2-0203", "MR"), "system": base, "value": who.mrn}
    return {
        "resourceType": "Patient",
        "id": str(ref.id),
        "meta": _meta("patient"),
        "identifier": [*([medicare] if mbi else []), ours],
        "name": [{"family": who.family_name, "given": [who.given_name]}],
        "gender": who.sex.value,
        "birthDate": who.birth_date.isoformat(),
    }


def _response(section: AccessSection, response: PromResponse, ref: PatientRef) -> Resource:
    answered = [
        (key, value)
        for key, value in response.answers.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    items = [
        {"linkId": f"{section.item}-{key.lstrip('q')}", "answer": [_answer(section, value)]}
        for key, value in answered
    ]
    scores = [score.score for score in response.scores if score.scale == "total"]
    if section.score and scores and scores[0] is not None:
        items.append({"linkId": section.score, "answer": [{"valueDecimal": scores[0]}]})
    subject = {"reference": f"Patient/{ref.id}"}
    return {
        "resourceType": "QuestionnaireResponse",
        "id": str(response.id),
        "meta": _meta("questionnaireresponse"),
        "questionnaire": f"urn:rehabctl:instrument:{response.instrument}"
        f"|{response.instrument_version}",
        "status": "completed",
        "subject": subject,
        "authored": instant(response.completed_at),
        "author": subject,
        "item": items,
    }


def _answer(section: AccessSection, value: float) -> Resource:
    if section.instrument == "nprs" and value == int(value):
        return {"valueInteger": int(value)}
    return {"valueCoding": {"extension": [{"url": _ORDINAL, "valueDecimal": value}]}}


def _meta(kind: str) -> dict[str, Any]:
    return {"profile": [f"{_US_CORE}-{kind}|6.1.0"]}


def _narrative(text: str) -> Resource:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{escape(text)}</p></div>'
    return {"status": "generated", "div": div}
