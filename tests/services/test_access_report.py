"""Reports to the CMS ACCESS model hold to the profiles of its guide, and invent nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import fhirkit
import pytest

from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import NotFoundError, NotPermittedError, UsageError
from rehabctl.integrations.fhir.access_report import Reporter, beneficiary_identifier
from rehabctl.reference.access_report import load_access_guide
from rehabctl.reference.rules import load_rules
from rehabctl.services import consents, intake, prom_records
from rehabctl.services.access_report import Window, reports
from rehabctl.services.settings import load_settings
from rehabctl.services.wiring import open_store
from rehabctl.store.store import Store
from tests.contract.records import demographics

NOW = datetime(2026, 8, 2, 15, 0, tzinfo=UTC)
KIM = Reporter("ACCES00001", "1234567893", "Reed", "Kim")
ANA = {
    "mrn": "1042", "given_name": "Ana", "family_name": "Diaz <&>", "birth_date": "1950-04-02",
    "sex": "F", "state": "CO", "payer": "Medicare", "member_id": "1EG4-TE5-MK73",
}  # fmt: skip
TRACK = "https://dsacms.github.io/cmmi-access-model/CodeSystem/ACCESSTrackCS"


@pytest.fixture
def store(made_home: Path) -> Iterator[Store]:
    with open_store(replace(load_settings(), fixed_now=NOW)) as opened:
        intake.create_patient(opened, load_rules(), ANA)
        consents.grant(opened, "1042", ConsentScope.DATA_SHARING)
        yield opened


def answered(store: Store, instrument: str, answers: list[float | None], day: int = 1) -> None:
    completed_at = NOW - timedelta(days=30 - day)
    prom_records.record(
        store, load_rules(), instrument, "1042", answers, by="patient", completed_at=completed_at
    )


def report(store: Store, window: Window | None = None) -> tuple[dict[str, Any], list[str]]:
    notes: list[str] = []
    (line,) = reports(store, KIM, "1042", window or Window(), note=notes.append)
    assert fhirkit.validate(line) == []
    return json.loads(line), notes


def checked(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Hold a report to what the profiles of the guide demand; return its resources by reference."""
    assert (bundle["type"], bool(bundle["identifier"]["value"])) == ("document", True)
    found = [entry["resource"] for entry in bundle["entry"]]
    assert all(e["fullUrl"].endswith(f"{e['resource']['id']}") for e in bundle["entry"])
    kinds = [one["resourceType"] for one in found]
    assert kinds[0] == "Composition"
    assert (kinds.count("Composition"), kinds.count("Patient")) == (1, 1)
    named = {f"{one['resourceType']}/{one['id']}": one for one in found}
    composition = found[0]
    told = json.dumps(composition)
    references = [part.split('"')[0] for part in told.split('"reference": "')[1:]]
    assert set(references) <= set(named)
    assert set(named) - {f"Composition/{composition['id']}"} <= set(references)
    (track,) = composition["section"]
    assert track["code"]["coding"] == [{"system": TRACK, "code": "MSK"}]
    assert "text" in track
    assert composition["custodian"]["reference"].startswith("Organization/")
    assert composition["type"]["coding"][0]["code"] == "74465-6"
    for section in track["section"]:
        assert section["entry"], section["title"]
        assert all(
            one["reference"].startswith("QuestionnaireResponse/") for one in section["entry"]
        )
    codes = [section["code"]["coding"][0]["code"] for section in track["section"]]
    assert len(set(codes)) == len(codes)
    return named


def test_the_latest_of_each_questionnaire_is_reported_with_its_number_and_score(
    store: Store,
) -> None:
    answered(store, "koos-jr", [4] * 7, day=1)
    answered(store, "koos-jr", [2, 2, 1, 3, 2, 2, 3], day=20)
    answered(store, "nprs", [6], day=20)
    answered(store, "pgic", [1], day=20)
    answered(store, "odi", [2, 1, 3, 1, 2, 2, 1, None, 3, 2], day=2)
    bundle, notes = report(store)
    named = checked(bundle)
    responses = {
        one["questionnaire"].split(":")[-1].split("|")[0]: one
        for one in named.values()
        if one["resourceType"] == "QuestionnaireResponse"
    }
    assert set(responses) == {"koos-jr", "nprs", "pgic", "odi"}
    koos = {item["linkId"]: item["answer"][0] for item in responses["koos-jr"]["item"]}
    assert koos["koosjr-4"]["valueCoding"]["extension"][0]["valueDecimal"] == 3
    assert koos["total-interval-score"] == {"valueDecimal": 50.012}  # as in the guide's example
    assert responses["nprs"]["item"] == [{"linkId": "nrs-1", "answer": [{"valueInteger": 6}]}]
    odi = [item["linkId"] for item in responses["odi"]["item"]]
    assert "odi-8" not in odi
    assert odi[-1] == "score"
    (mbi, _) = named[f"Patient/{responses['odi']['subject']['reference'][8:]}"]["identifier"]
    assert mbi["value"] == "1EG4TE5MK73"
    assert ["PROMIS" in notes[0], "ndi, quickdash, hoos-jr" in notes[1]] == [True, True]
    assert "display" not in json.dumps(bundle)


def test_days_outside_the_window_are_not_reported(store: Store) -> None:
    answered(store, "nprs", [6], day=1)
    answered(store, "nprs", [2], day=20)
    bundle, _ = report(store, Window(until=date(2026, 7, 10)))
    assert '"valueInteger": 6' in json.dumps(checked(bundle))
    with pytest.raises(NotFoundError, match="no questionnaire"):
        report(store, Window(since=date(2026, 8, 1)))


def test_who_has_not_consented_is_told_nobody_and_all_are_one_a_line(store: Store) -> None:
    intake.create_patient(store, load_rules(), ANA | {"mrn": "2", "member_id": "77"})
    answered(store, "nprs", [6])
    notes: list[str] = []
    (line,) = reports(store, KIM, None, Window(), note=notes.append)
    checked(json.loads(line))
    assert notes == ["1 patient without a consent to data sharing left out"]
    with pytest.raises(NotPermittedError, match="data sharing"):
        list(reports(store, KIM, "2", Window(), note=notes.append))


@pytest.mark.parametrize(
    "wrong", [{"participant": "ACCES1"}, {"participant": "acces00001"}, {"npi": "1234567890"}]
)
def test_who_reports_is_named_as_the_model_wants(store: Store, wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        list(reports(store, replace(KIM, **wrong), "1042", Window(), note=print))


def test_a_member_number_is_a_medicare_identifier_or_is_left_out() -> None:
    numbers = {"1EG4-TE5-MK73": True, "1EG4TE5MK73": True, "1SG4TE5MK73": False, "M1": False}
    for number, is_one in numbers.items():
        found = beneficiary_identifier(demographics(member_id=number))
        assert (found is not None) is is_one


def test_every_section_that_we_hold_is_scored_by_an_instrument_of_ours() -> None:
    from rehabctl.reference.instruments import load_instrument

    guide = load_access_guide(NOW.date())
    assert len(guide.sections) == 11
    for section in guide.sections:
        if section.instrument:
            assert load_instrument(section.instrument)
