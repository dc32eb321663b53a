"""An outside judge of FHIR accepts the fake bundle; its measures say what the fake says."""

import json
from datetime import date
from typing import Any

import fhirkit
import pytest

from tests.integrations.fakes.fhir_physical_activity import (
    MINUTES_A_WEEK,
    RESTING,
    STEPS,
    FakePhysicalActivity,
    Fault,
)

WRONG_IN_STRUCTURE = (Fault.VALUE_IS_TEXT,)


def _observations(content: bytes, code: str) -> list[dict[str, Any]]:
    found = [entry["resource"] for entry in json.loads(content)["entry"]]
    return [one for one in found if one.get("code", {}).get("coding", [{}])[0].get("code") == code]


def test_the_bundle_is_fhir_and_holds_what_it_says() -> None:
    fake = FakePhysicalActivity()
    content = fake.content()
    assert fhirkit.validate(content) == []
    assert fake.bundle() == json.loads(content)
    steps = {
        date.fromisoformat(one["effectiveDateTime"]): one["valueQuantity"]["value"]
        for one in _observations(content, STEPS)
    }
    assert steps == fake.truth.steps
    assert len(steps) == 7
    (resting,) = _observations(content, RESTING)
    assert resting["valueQuantity"]["value"] == fake.truth.resting
    assert resting["effectivePeriod"] == {"start": "2026-03-02", "end": "2026-03-08"}
    (week,) = _observations(content, MINUTES_A_WEEK)
    assert week["valueQuantity"]["value"] == fake.truth.minutes_a_week


def test_the_group_binds_measures_which_the_bundle_holds() -> None:
    content = FakePhysicalActivity().content()
    addresses = {entry["fullUrl"] for entry in json.loads(content)["entry"]}
    (group,) = _observations(content, "PAPanel")
    assert len(group["hasMember"]) == 6
    assert all(member["reference"] in addresses for member in group["hasMember"])
    assert "valueQuantity" not in group


def test_the_same_seed_makes_the_same_and_each_fault_something_else() -> None:
    made = [FakePhysicalActivity(fault=fault).content() for fault in (None, None, *Fault)]
    assert made[0] == made[1]
    assert len(set(made)) == len(Fault) + 1


@pytest.mark.parametrize("fault", WRONG_IN_STRUCTURE)
def test_the_judge_refuses_a_wrong_structure(fault: str) -> None:
    assert fhirkit.validate(FakePhysicalActivity(fault=fault).content())
