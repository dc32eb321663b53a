"""FHIR R4 leaves and enters through services, with permission and audit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import NotFoundError, NotPermittedError
from rehabctl.reference.rules import RuleTable, load_rules
from rehabctl.services import audit, intake
from rehabctl.services.fhir_export import FhirForm, export
from rehabctl.services.settings import load_settings
from rehabctl.services.wiring import open_store
from rehabctl.store.store import Store

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ANA = {
    "mrn": "1042", "given_name": "Ana", "family_name": "Diaz", "birth_date": "1961-04-02",
    "sex": "F", "state": "CO",
}  # fmt: skip


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store(replace(load_settings(), fixed_now=NOW)) as opened:
        yield opened


@pytest.fixture(scope="module")
def rules() -> RuleTable:
    return load_rules()


def test_every_patient_is_written_once_in_both_forms(store: Store, rules: RuleTable) -> None:
    assert json.loads("".join(export(store, rules, None, FhirForm.BUNDLE))) == {
        "resourceType": "Bundle",
        "type": "collection",
    }
    for number in range(205):  # more than one page
        intake.create_patient(store, rules, ANA | {"mrn": str(number)})
    lines = "".join(export(store, rules, None, FhirForm.NDJSON)).splitlines()
    patients = [r for r in map(json.loads, lines) if r["resourceType"] == "Patient"]
    assert {p["identifier"][0]["value"] for p in patients} == {str(n) for n in range(205)}
    assert len(patients) == 205
    bundle = json.loads("".join(export(store, rules, "7", FhirForm.BUNDLE)))
    assert [e["resource"]["resourceType"] for e in bundle["entry"]] == ["Patient", "Provenance"]
    (last,) = audit.entries(store, limit=1)
    assert (last.action, last.detail) == ("export.fhir", '{"resources":2}')


def test_an_unknown_patient_and_a_wrong_role_are_refused(store: Store, rules: RuleTable) -> None:
    with pytest.raises(NotFoundError):
        list(export(store, rules, "404", FhirForm.BUNDLE))
    registrar = replace(store, user=replace(store.user, role=Role.REGISTRAR))
    with pytest.raises(NotPermittedError):
        list(export(registrar, rules, None, FhirForm.NDJSON))
