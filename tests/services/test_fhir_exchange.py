"""FHIR R4 leaves and enters through services, with permission and audit."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import fhirkit
import pytest

from rehabctl.domain.clinic import Role
from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import NotFoundError, NotPermittedError
from rehabctl.domain.wearable import DailyMeasure, DailyValue, WearableSource
from rehabctl.integrations.fhir.outbound import resources
from rehabctl.reference.rules import RuleTable, load_rules
from rehabctl.services import audit, consents, fhir_import, intake
from rehabctl.services.fhir_export import FhirForm, export
from rehabctl.services.fhir_import import FhirOptions
from rehabctl.services.import_run import ImportReport
from rehabctl.services.settings import load_settings
from rehabctl.services.wiring import open_store
from rehabctl.store.store import Store
from tests.integrations.fhir.test_outbound import care

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ANA = {
    "mrn": "1042", "given_name": "Ana", "family_name": "Diaz", "birth_date": "1961-04-02",
    "sex": "F", "state": "CO",
}  # fmt: skip


@pytest.fixture
def store(made_home: Path) -> Iterator[Store]:
    with open_store(replace(load_settings(), fixed_now=NOW)) as opened:
        yield opened


@pytest.fixture(scope="module")
def rules() -> RuleTable:
    return load_rules()


def share(store: Store, mrn: str) -> None:
    consents.grant(store, mrn, ConsentScope.DATA_SHARING)


def test_every_patient_is_written_once_in_both_forms(store: Store, rules: RuleTable) -> None:
    assert json.loads("".join(export(store, rules, None, FhirForm.BUNDLE))) == {
        "resourceType": "Bundle",
        "type": "collection",
    }
    for number in range(205):  # more than one page
        intake.create_patient(store, rules, ANA | {"mrn": str(number)})
        if number != 13:
            share(store, str(number))
    notes: list[str] = []
    lines = "".join(export(store, rules, None, FhirForm.NDJSON, note=notes.append)).splitlines()
    patients = [r for r in map(json.loads, lines) if r["resourceType"] == "Patient"]
    assert {p["identifier"][0]["value"] for p in patients} == {
        str(n) for n in range(205) if n != 13
    }
    assert len(patients) == 204
    assert notes == ["1 patient without a consent to data sharing left out"]
    bundle = json.loads("".join(export(store, rules, "7", FhirForm.BUNDLE)))
    assert [e["resource"]["resourceType"] for e in bundle["entry"]] == [
        "Patient", "Consent", "Provenance", "AuditEvent",
    ]  # fmt: skip
    (last,) = audit.entries(store, limit=1)
    assert (last.action, last.detail) == ("export.fhir", '{"resources":4}')


def test_a_patient_who_has_not_consented_to_sharing_is_told_nobody(
    store: Store, rules: RuleTable
) -> None:
    intake.create_patient(store, rules, ANA)
    with pytest.raises(NotPermittedError, match="data sharing"):
        list(export(store, rules, "1042", FhirForm.BUNDLE))
    share(store, "1042")
    assert list(export(store, rules, "1042", FhirForm.BUNDLE))
    consents.revoke(store, "1042", ConsentScope.DATA_SHARING)
    with pytest.raises(NotPermittedError, match="data sharing"):
        list(export(store, rules, "1042", FhirForm.BUNDLE))


def test_an_unknown_patient_and_a_wrong_role_are_refused(store: Store, rules: RuleTable) -> None:
    with pytest.raises(NotFoundError):
        list(export(store, rules, "404", FhirForm.BUNDLE))
    registrar = replace(store, user=replace(store.user, role=Role.REGISTRAR))
    with pytest.raises(NotPermittedError):
        list(export(registrar, rules, None, FhirForm.NDJSON))


def bundle(*resources: dict[str, Any]) -> bytes:
    entries = [{"fullUrl": f"urn:uuid:{r.get('id')}", "resource": r} for r in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


BEN: dict[str, Any] = {
    "resourceType": "Patient", "id": "b1", "birthDate": "1958-02-03", "gender": "male",
    "identifier": [{"system": "s", "value": "x", "type": {"coding": [{"code": "SS"}]}},
                   {"value": "77", "type": {"coding": [{"code": "MR"}]}}],
    "name": [{"use": "nickname", "given": ["B"]},
             {"use": "official", "family": "Roe", "given": ["Ben", "Ira"]}],
    "address": [{"state": "Ohio", "city": "Dayton", "line": ["1 Elm St", "Flat 2"]}],
}  # fmt: skip
PAIN: dict[str, Any] = {
    "resourceType": "Observation", "id": "o1", "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "72514-3"}]},
    "subject": {"reference": "Patient/b1"}, "effectiveDateTime": "2026-03-01T09:00:00-07:00",
    "valueInteger": 4,
}  # fmt: skip


def run(
    store: Store, rules: RuleTable, data: bytes, source: str = "fhir", *, dry_run: bool = False
) -> ImportReport:
    options = FhirOptions(source, dry_run)
    return fhir_import.import_stream(store, rules, io.BytesIO(data), options)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.rejected


def test_a_patient_and_her_pain_are_taken_over_once(store: Store, rules: RuleTable) -> None:
    data = bundle(PAIN, BEN, {"resourceType": "Practitioner", "id": "p1"})
    assert counts(run(store, rules, data)) == (3, 0, 0, 0)
    assert counts(run(store, rules, data)) == (0, 0, 3, 0)
    who = intake.show_patient(store, "77").summary
    assert (who.demographics.given_name, who.demographics.middle_name) == ("Ben", "Ira")
    assert (who.demographics.state, who.demographics.address1) == ("OH", "1 Elm St, Flat 2")
    with store.snapshot() as uow:
        (entry,) = uow.sessions.journal(who.ref.id)
        assert (entry.pain, entry.recorded_at) == (4.0, datetime(2026, 3, 1, 16, tzinfo=UTC))
        assert len(uow.foreign.of_patient(who.ref)) == 2


def test_a_patient_known_by_her_record_number_is_updated(store: Store, rules: RuleTable) -> None:
    intake.create_patient(store, rules, ANA | {"mrn": "77", "phone": "303 555 0100"})
    changed = BEN | {"id": "other"}
    assert counts(run(store, rules, bundle(changed))) == (0, 1, 0, 0)
    who = intake.show_patient(store, "77").summary.demographics
    assert (who.family_name, who.phone) == ("Roe", "303 555 0100")
    later = changed | {"birthDate": "1958-02-04"}
    assert counts(
        run(store, rules, bundle(later, PAIN | {"subject": {"reference": "Patient/other"}}))
    ) == (1, 1, 0, 0)


def test_refused_resources_name_their_field_and_come_back(
    store: Store, rules: RuleTable, tmp_path: Path
) -> None:
    bad = [
        PAIN | {"id": "n1", "subject": {"reference": "Patient/nobody"}},
        PAIN | {"id": "n2", "valueInteger": 14},
        PAIN | {"id": "n3", "effectiveDateTime": "2026"},
        {"resourceType": "Condition", "id": "n4"},
        {"resourceType": "Observation", "id": "n5", "context": {}},
        BEN | {"id": "n6", "birthDate": "1958", "identifier": [{"value": "78"}]},
        {"resourceType": "Basic"},
    ]
    source = tmp_path / "in.ndjson"
    source.write_text("".join(json.dumps(r) + "\n" for r in (*bad, BEN, PAIN)) + "{broken\n")
    refused = tmp_path / "refused.ndjson"
    report = fhir_import.import_files(store, rules, source, FhirOptions(rejects=refused))
    assert counts(report) == (2, 0, 0, 8)
    found = {r.line: r.field for r in report.rejects}
    assert found == {
        1: "Observation", 2: "Observation.value", 3: "Observation.effectiveDateTime",
        4: "Condition", 5: "Observation", 6: "Patient (birth_date)", 7: "Basic.id", 10: "",
    }  # fmt: skip
    assert len(refused.read_text().splitlines()) == 8
    assert "1958" not in str(report.rejects)


def test_a_corrected_rating_is_refused_and_the_first_one_stays(
    store: Store, rules: RuleTable
) -> None:
    run(store, rules, bundle(BEN, PAIN))
    assert counts(run(store, rules, bundle(PAIN | {"valueInteger": 9}))) == (0, 0, 0, 1)
    with store.snapshot() as uow:
        (entry,) = uow.sessions.journal(uow.patients.get("77").id)
    assert entry.pain == 4.0


def test_identifiers_of_two_systems_never_meet(store: Store, rules: RuleTable) -> None:
    run(store, rules, bundle(BEN), "ehr")
    assert counts(run(store, rules, bundle(PAIN), "lab")) == (0, 0, 0, 1)
    other = BEN | {"identifier": [{"value": "78"}]}
    run(store, rules, bundle(other), "ehr")  # the system now calls another person b1
    assert counts(run(store, rules, bundle(PAIN), "ehr")) == (0, 0, 0, 1)


def test_a_dry_run_sees_later_batches_and_keeps_nothing(store: Store, rules: RuleTable) -> None:
    many = [PAIN | {"id": f"o{n}"} for n in range(1200)]
    assert counts(run(store, rules, bundle(BEN, *many), dry_run=True)) == (1201, 0, 0, 0)
    with pytest.raises(NotFoundError):
        intake.show_patient(store, "77")


def test_our_own_export_comes_back_unchanged_in_values(store: Store, rules: RuleTable) -> None:
    run(store, rules, bundle(BEN, PAIN))
    share(store, "77")
    told = "".join(export(store, rules, "77", FhirForm.BUNDLE)).encode()
    before = intake.show_patient(store, "77").summary
    report = run(store, rules, told, "own")
    assert report.rejected == 0
    assert intake.show_patient(store, "77").summary == before
    with store.snapshot() as uow:
        assert len(uow.sessions.journal(before.ref.id)) == 1


def test_retention_destroys_what_others_told(store: Store, rules: RuleTable) -> None:
    run(store, rules, bundle(BEN, PAIN))
    with store.transaction() as uow:
        ref = uow.patients.get("77").ref
        uow.retention.delete_rows(ref.id)
        assert uow.foreign.of_patient(ref) == ()


def test_every_sample_is_taken_over_whole_and_once(
    store: Store, rules: RuleTable, sample_data: Path
) -> None:
    folder = sample_data / "fhir"
    files = [f for f in sorted(folder.glob("*.json")) if f.name != "PROVENANCE.json"]
    for file in files:
        resources = [e["resource"] for e in json.loads(file.read_bytes())["entry"]]
        distinct = {(r["resourceType"], r["id"]) for r in resources}
        report = fhir_import.import_files(store, rules, file, FhirOptions())
        assert (report.read, report.rejected) == (len(resources), 0), file.name
        assert report.created <= len(distinct)
        again = fhir_import.import_files(store, rules, file, FhirOptions())
        assert counts(again) == (0, 0, len(resources), 0)
        patients = [r for r in resources if r["resourceType"] == "Patient"]
        for patient in patients:
            mrn = patient["identifier"][1]["value"]
            summary = intake.show_patient(store, mrn).summary
            assert summary.demographics.state == "MA"
            ratings = [r for r in resources if "72514-3" in json.dumps(r.get("code", {}))]
            with store.snapshot() as uow:
                kept = uow.foreign.of_patient(summary.ref)
                assert len(uow.sessions.journal(summary.ref.id)) == len(ratings)
            directory = [
                r for r in resources if r["resourceType"] in ("Practitioner", "Organization")
            ]
            assert len(kept) == len(resources) - len(directory)


def test_every_kind_that_leaves_comes_back_in_and_is_kept_as_it_was(
    store: Store, rules: RuleTable
) -> None:
    made = list(resources(care(), "Clinic", NOW))
    lines = "".join(json.dumps(one) + "\n" for one in made).encode()
    first = fhir_import.import_stream(store, rules, io.BytesIO(lines), FhirOptions())
    assert (first.read, first.rejects) == (len(made), ())
    again = fhir_import.import_stream(store, rules, io.BytesIO(lines), FhirOptions())
    assert (again.created, again.rejected) == (0, 0)
    with store.transaction() as uow:
        patient = uow.patients.get("1042").ref
        kept = uow.foreign.of_patient(patient)
        assert {one.kind for one in kept} >= {
            "Encounter", "Procedure", "DocumentReference", "DiagnosticReport", "Claim",
            "AuditEvent", "Provenance", "Consent", "Appointment",
        }  # fmt: skip


def test_codes_that_nobody_knows_are_kept_and_references_to_nowhere_refused(
    store: Store, rules: RuleTable
) -> None:
    intake.create_patient(store, rules, ANA)
    patient = {
        "resourceType": "Patient", "id": "p", "identifier": [{"value": "1042"}],
        "birthDate": "1961-04-02", "gender": "female", "address": [{"state": "CO"}],
        "name": [{"family": "Diaz", "given": ["Ana"]}],
    }  # fmt: skip
    strange = {
        "resourceType": "Observation", "id": "o1", "status": "final", "valueInteger": 4,
        "code": {"coding": [{"system": "urn:nobody", "code": "x-1"}]},
        "subject": {"reference": "Patient/p"},
    }  # fmt: skip
    nowhere = strange | {"id": "o2", "subject": {"reference": "Patient/elsewhere"}}
    lines = "".join(json.dumps(one) + "\n" for one in (patient, strange, nowhere)).encode()
    report = fhir_import.import_stream(store, rules, io.BytesIO(lines), FhirOptions())
    assert (report.read, report.rejected) == (3, 1)
    assert report.rejects[0].message == "refers to a patient who is not known"
    with store.transaction() as uow:
        kept = uow.foreign.of_patient(uow.patients.get("1042").ref)
    assert [one.external_id for one in kept if one.kind == "Observation"] == ["o1"]
    assert json.loads(next(one.content for one in kept if one.external_id == "o1")) == strange


def test_steps_of_whole_days_leave_as_activity_by_their_source(
    store: Store, rules: RuleTable
) -> None:
    intake.create_patient(store, rules, ANA)
    share(store, "1042")

    def day(number: int, measure: DailyMeasure, *, is_whole: bool = True) -> DailyValue:
        return DailyValue(date(2026, 2, number), measure, 4321.0, 9, None, is_whole, "watch")

    values = [
        day(1, DailyMeasure.STEPS), day(2, DailyMeasure.STEPS, is_whole=False),
        day(1, DailyMeasure.SLEEP),
    ]  # fmt: skip
    with store.transaction() as uow:
        ref = uow.patients.get("1042").ref
        uow.wearables.add(ref, WearableSource.APPLE_HEALTH, values, "a" * 64)
    told = [json.loads(line) for line in export(store, rules, "1042", FhirForm.NDJSON)]
    (steps,) = [one for one in told if one["resourceType"] == "Observation"]
    assert fhirkit.validate(json.dumps(steps)) == []
    assert steps["code"]["coding"] == [{"system": "http://loinc.org", "code": "41950-7"}]
    assert steps["valueQuantity"]["value"] == 4321.0
    assert steps["category"][0]["coding"][0]["code"] == "activity"
    assert steps["effectiveDateTime"].startswith("2026-02-01T00:00:00")
    assert steps["method"] == {"text": "apple-health, watch"}
    assert not [one for one in told if one["resourceType"] == "Device"]
