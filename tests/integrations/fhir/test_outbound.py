"""What leaves as FHIR R4 is judged by a program that we did not write."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import fhirkit
import pytest

from rehabctl.domain.consent import Consent, ConsentScope
from rehabctl.domain.episode import Episode, EpisodeStatus, Referral
from rehabctl.domain.exchange import CodedObservation, ExchangeRecord
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
from rehabctl.domain.visit import Visit, VisitKind, VisitStatus
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


@pytest.mark.parametrize("said", [record(), full()], ids=["little", "all"])
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
