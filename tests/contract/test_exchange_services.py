"""Messages and resources of other systems on both engines, by those whose work it is."""

from __future__ import annotations

import io
import json
from typing import Any

from rehabctl.domain.consent import ConsentScope
from rehabctl.integrations.hl7v2.message import parse
from rehabctl.reference.rules import load_rules
from rehabctl.services import consents, fhir_import, hl7_import, intake, triage
from rehabctl.services.fhir_export import FhirForm, export
from rehabctl.services.fhir_import import FhirOptions
from rehabctl.services.hl7_export import MessageKind, export_messages
from rehabctl.store.store import Store
from tests.contract.conftest import THERAPIST

HEADER = "MSH|^~\\&|EHR|MAIN|RC|X|20260302||{}|1|P|2.5.1\r"
PID = "PID|1||7001^^^H^MR||Example^Dora||19700101|F|||1 Elm St^^Dayton^OH^45402\r"


def receive(opened: Store, *messages: str) -> tuple[int, ...]:
    data = io.BytesIO("".join(messages).encode())
    done = hl7_import.import_stream(opened, load_rules(), data)
    return done.created, done.updated, done.unchanged, done.rejected


def take(opened: Store, *resources: dict[str, Any]) -> tuple[int, ...]:
    data = io.BytesIO("".join(json.dumps(r) + "\n" for r in resources).encode())
    done = fhir_import.import_stream(opened, load_rules(), data, FhirOptions())
    return done.created, done.updated, done.unchanged, done.rejected


def test_a_registrar_receives_patients_and_referrals(
    store: Store, registrar: Store, auditor: Store
) -> None:
    adt = HEADER.format("ADT^A04") + PID
    order = HEADER.format("ORM^O01") + PID + "ORC|NW|9|||||||20260301|||1^Reed^Kim\r"
    assert receive(registrar, adt, order) == (1, 1, 0, 0)
    assert receive(registrar, adt, order) == (0, 0, 2, 0)
    assert len(intake.show_patient(registrar, "7001").episodes) == 1
    assert triage.rebuild(store, load_rules(), check=True).different == 0
    with auditor.snapshot() as uow:
        assert uow.audit.verify().ok


def test_a_therapist_takes_over_resources_and_hands_on_her_patients(
    store: Store, auditor: Store
) -> None:
    patient: dict[str, Any] = {
        "resourceType": "Patient", "id": "b1", "birthDate": "1958-02-03", "gender": "male",
        "identifier": [{"value": "77"}], "name": [{"family": "Roe", "given": ["Ben"]}],
        "address": [{"state": "Ohio"}],
    }  # fmt: skip
    pain: dict[str, Any] = {
        "resourceType": "Observation", "id": "o1", "status": "final", "valueInteger": 4,
        "code": {"coding": [{"system": "http://loinc.org", "code": "72514-3"}]},
        "subject": {"reference": "Patient/b1"}, "effectiveDateTime": "2026-03-01T09:00:00Z",
    }  # fmt: skip
    practitioner = {"resourceType": "Practitioner", "id": "p1"}
    assert take(store, patient, pain, practitioner) == (3, 0, 0, 0)
    assert take(store, pain, practitioner, patient) == (0, 0, 3, 0)
    assert triage.rebuild(store, load_rules(), check=True).different == 0
    consents.grant(store, "77", ConsentScope.DATA_SHARING)
    told = [json.loads(line) for line in export(store, load_rules(), None, FhirForm.NDJSON)]
    assert [r["resourceType"] for r in told] == [
        "Patient", "Observation", "Consent", "Provenance", "AuditEvent",
    ]  # fmt: skip
    (sent,) = export_messages(store, load_rules(), "77", MessageKind.ORU)
    assert [o.text(5) for o in parse(sent).named("OBX")] == ["4"]
    with auditor.snapshot() as uow:
        assert uow.audit.verify().ok


def test_nobody_sees_what_others_told_about_the_patients_of_a_colleague(
    store: Store, registrar: Store
) -> None:
    receive(registrar, HEADER.format("ADT^A04") + PID)  # hers until she is given to a therapist
    if not store.is_local:
        with store.snapshot() as uow:
            assert uow.user.login == THERAPIST
            assert uow.patients.find(["7001"]) == {}
            assert uow.foreign.patients("fhir", "Patient", ["b1"]) == {}
