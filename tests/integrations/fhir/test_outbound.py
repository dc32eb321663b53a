"""What leaves as FHIR R4 is judged by a program that we did not write."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha1
from typing import Any, cast
from uuid import UUID

import fhirkit
import pytest

from rehabctl.domain.claim import Claim, ClaimLine, Frequency, Insured, Payer, PersonName
from rehabctl.domain.clinic import Role, User
from rehabctl.domain.consent import Consent, ConsentScope
from rehabctl.domain.episode import Episode, EpisodeStatus, Referral
from rehabctl.domain.exchange import CodedObservation, ExchangeRecord
from rehabctl.domain.note import ClinicalNote, NoteKind, NoteStatus
from rehabctl.domain.patient import (
    CareLine,
    Demographics,
    PatientRef,
    PatientStatus,
    PatientSummary,
    Sex,
    Side,
)
from rehabctl.domain.programme import Prescription, Programme, ProgrammeStatus
from rehabctl.domain.prom import PromResponse, PromScore
from rehabctl.domain.visit import (
    Channel,
    ChannelSpan,
    TimedBlock,
    Visit,
    VisitKind,
    VisitStatus,
)
from rehabctl.integrations.fhir.outbound import entry, resources
from rehabctl.reference.measure_codes import measure_code

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
ID = UUID(int=7)
REF = PatientRef(ID, UUID(int=8), UUID(int=9))


def record(**changes: Any) -> ExchangeRecord:
    who = Demographics("1042", "Ana", "Diaz", date(1961, 4, 2), Sex.FEMALE, "CO")
    summary = PatientSummary(REF, who, PatientStatus.ACTIVE, "kim", None, CareLine())
    empty: dict[str, Any] = dict.fromkeys(
        ("episodes", "referrals", "programmes", "observations", "responses", "consents", "notes"),
        (),
    )
    return ExchangeRecord(summary, **(empty | changes))


def full() -> ExchangeRecord:
    line = Prescription(
        ID, ID, "bodyweight-squat", 3, "Bodyweight squat", 1, 3, 10, 0, 60, 5, side=Side.LEFT
    )
    response = PromResponse(
        ID, REF, "t1", "koos", "LK1.0", "paper", "patient", NOW,
        {"p1": 2, "p2": None, "q": 2.5, "t": "text", "b": True}, {},
        scores=(PromScore("pain", "koos-1", 41.7, 41.66, 1, True),
                PromScore("qol", "koos-1", None, None, 4, True)),
    )  # fmt: skip
    return record(
        episodes=(
            Episode(ID, REF, DAY, "Knee replacement", "Z96.651", side=Side.RIGHT),
            Episode(ID, REF, DAY, "Back pain", status=EpisodeStatus.CLOSED, ended_on=DAY),
            Episode(ID, REF, DAY),
        ),
        referrals=(Referral(ID, REF, ID, "Ira Stone", DAY, "1234567893", authorised_visits=12),),
        programmes=tuple(
            Programme(ID, REF, DAY, ID, status=status, prescriptions=(line,))
            for status in ProgrammeStatus
        ),
        observations=(
            CodedObservation(
                "rom-1", measure_code("knee_flexion", "left", DAY), 96.1, NOW, "exam", "camera", 5.5
            ),
            CodedObservation("pain-1", measure_code("pain", "", DAY), 4.0, NOW, "survey"),
        ),
        responses=(response,),
        visits=tuple(
            Visit(
                ID,
                REF,
                VisitKind.TREATMENT,
                NOW,
                NOW + timedelta(minutes=45),
                ID,
                status=status,
                appointment_type="treatment",
            )
            for status in VisitStatus
        ),
        consents=(Consent(ID, REF, ConsentScope.BODY_TRACKING, NOW, ID, revoked_at=NOW),),
    )


def care() -> ExchangeRecord:
    """A visit that happened, with its note, its claim and what was measured in it."""
    visit = Visit(
        ID, REF, VisitKind.TREATMENT, NOW, NOW + timedelta(minutes=45), UUID(int=9),
        status=VisitStatus.COMPLETED, started_at=NOW, ended_at=NOW + timedelta(minutes=40),
        channels=(ChannelSpan(Channel.VIDEO, NOW),),
        blocks=(TimedBlock("97110", NOW, NOW + timedelta(minutes=25)),
                TimedBlock("97530", NOW + timedelta(minutes=25))),
    )  # fmt: skip
    later = replace(visit, id=UUID(int=10), status=VisitStatus.PLANNED, started_at=None, blocks=())
    note = ClinicalNote(
        UUID(int=11), REF, NoteKind.DAILY, "# Ünder way", NOW, UUID(int=9), DAY,
        status=NoteStatus.SIGNED, visit_id=ID, signed_at=NOW, signed_by=UUID(int=9),
        signer_name="Kim Reed", credentials="PT",
    )  # fmt: skip
    addendum = replace(note, id=UUID(int=12), kind=NoteKind.ADDENDUM, addendum_to=note.id)
    discharge = replace(note, id=UUID(int=13), kind=NoteKind.DISCHARGE, visit_id=None)
    claim = Claim(
        control_number="C1",
        payer=Payer("Plan", "P1", "CI"),
        insured=Insured(PersonName("Diaz", "Ana"), "M1"),
        diagnoses=("M1711", "Z96.651"),
        lines=(
            ClaimLine("97110", Decimal("62.50"), Decimal(2), (1, 2), DAY, "1", ("GP", "95")),
            ClaimLine("97530", Decimal("40.10"), Decimal(1), (1,), DAY, "2"),
        ),
        place_of_service="10",
    )
    return replace(
        full(),
        visits=(visit, later),
        people=(User(UUID(int=9), REF.clinic_id, "kim", "Kim Reed", Role.THERAPIST),),
        signed_notes=(note, addendum, discharge),
        claims=(claim, replace(claim, control_number="C2", frequency=Frequency.VOID)),
    )


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in cast("dict[str, Any]", value).items():
            if key == "reference":
                yield one
            yield from references(one)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from references(one)


def test_care_is_told_with_its_people_instruments_and_documents() -> None:
    made = list(resources(care(), "Clinic", NOW))
    of: dict[str, list[Any]] = {}
    for one in made:
        of.setdefault(one["resourceType"], []).append(one)
    assert set(of) == {
        "Patient", "Practitioner", "Device", "Encounter", "Procedure", "Questionnaire",
        "Condition", "ServiceRequest", "CarePlan", "Observation", "DiagnosticReport",
        "QuestionnaireResponse", "Appointment", "DocumentReference", "Claim", "Consent",
        "Provenance", "AuditEvent",
    }  # fmt: skip
    (encounter,) = of["Encounter"]
    assert (encounter["status"], encounter["class"]["code"]) == ("finished", "VR")
    assert [(one["code"]["coding"][0]["code"], one["status"]) for one in of["Procedure"]] == [
        ("97110", "completed"), ("97530", "in-progress"),
    ]  # fmt: skip
    first, addendum, discharge = of["DocumentReference"]
    attached = first["content"][0]["attachment"]
    assert b64decode(attached["data"]).decode() == "# Ünder way"
    assert b64decode(attached["hash"]) == sha1("# Ünder way".encode()).digest()  # noqa: S324
    assert addendum["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{first['id']}"
    assert "coding" not in discharge["type"]
    claim, void = of["Claim"]
    assert claim["total"] == {"value": 102.6, "currency": "USD"}
    assert [one["diagnosisCodeableConcept"]["coding"][0]["code"] for one in claim["diagnosis"]] == [
        "M17.11", "Z96.651",
    ]  # fmt: skip
    assert (claim["status"], void["status"]) == ("active", "cancelled")
    (report,) = of["DiagnosticReport"]
    assert report["result"] == [{"reference": "Observation/rom-1"}]
    (asked,) = of["Questionnaire"]
    assert all(set(item) == {"linkId", "type"} for item in asked["item"])
    (answers,) = of["QuestionnaireResponse"]
    assert answers["questionnaire"] == f"{asked['url']}|{asked['version']}"


def test_every_reference_of_a_record_names_a_resource_of_it() -> None:
    made = list(resources(care(), "Clinic", NOW))
    named = {f"{one['resourceType']}/{one['id']}" for one in made}
    missing = {to for one in made for to in references(one)} - named
    assert missing == set()


@pytest.mark.parametrize("said", [record(), full(), care()], ids=["little", "all", "care"])
def test_every_resource_is_valid_r4(said: ExchangeRecord) -> None:
    made = list(resources(said, "Clinic", NOW))
    for resource in made:
        assert fhirkit.validate(json.dumps(resource)) == [], resource["resourceType"]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [entry(r) for r in made]}
    assert fhirkit.validate(json.dumps(bundle)) == []


def test_the_judge_sees_a_fault() -> None:
    patient = next(resources(record(), "Clinic", NOW))
    assert fhirkit.validate(json.dumps(patient | {"birthDate": "2026-13-01"})) != []


def test_values_keep_their_codes_units_and_dates() -> None:
    made = list(resources(full(), "Clinic", NOW))
    rom, pain = [r for r in made if r["id"] in ("rom-1", "pain-1")]
    assert rom["code"]["coding"] == [{"system": "http://loinc.org", "code": "41343-5"}]
    assert (rom["valueQuantity"]["value"], rom["valueQuantity"]["code"]) == (96.1, "deg")
    assert rom["component"][0]["valueQuantity"]["value"] == 5.5
    assert pain["code"]["coding"][0]["code"] == "72514-3"
    assert pain["effectiveDateTime"] == "2026-03-02T15:00:00+00:00"
    kinds = [r["resourceType"] for r in made]
    assert kinds.count("Condition") == 2  # an episode without a diagnosis tells none
    assert [r["status"] for r in made if r["resourceType"] == "CarePlan"] == [
        "active", "on-hold", "completed", "revoked",
    ]  # fmt: skip
    (answers,) = [r["item"] for r in made if r["resourceType"] == "QuestionnaireResponse"]
    assert [item["linkId"] for item in answers] == ["p1", "q", "t", "b"]
    assert kinds.count("Observation") == 3  # a scale without a score tells none
    assert [r["status"] for r in made if r["resourceType"] == "Consent"] == ["inactive"]


def test_a_measure_without_a_confirmed_code_has_a_name_of_our_own() -> None:
    code = measure_code("hip_flexion", "left", DAY)
    assert (code.system, code.code, code.unit) == (
        "urn:rehabctl:measure",
        "hip_flexion-left",
        "deg",
    )
    assert measure_code("pain", "", date(2018, 1, 1)).system == "urn:rehabctl:measure"


def test_an_appointment_says_when_and_what_became_of_it() -> None:
    found = [r for r in resources(full(), "Clinic", NOW) if r["resourceType"] == "Appointment"]
    assert [r["status"] for r in found] == [
        "booked", "arrived", "fulfilled", "cancelled", "noshow",
    ]  # fmt: skip
    assert {(r["start"], r["end"], r["minutesDuration"]) for r in found} == {
        ("2026-03-02T15:00:00+00:00", "2026-03-02T15:45:00+00:00", 45)
    }
