"""Tele, hybrid or in person: each packaged rule alone, and what follows from several."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from rehabctl.clinic.suitability import Intake, appointment_type, compare
from rehabctl.domain.errors import UsageError
from rehabctl.reference.suitability import load_suitability, rules_version

RULES = load_suitability()
DAY = date(2026, 3, 2)
PLAIN = Intake("LBP", None, "ACME", 0, "video", has_caregiver=False)


@pytest.mark.parametrize(
    ("changes", "suitability", "codes", "type_key"),
    [
        ({}, "tele", (), "treatment-tele"),
        ({"is_first_visit": True}, "tele", (), "evaluation-tele"),
        ({"device": "none"}, "in_person", ("NO_DEVICE",), "treatment"),
        ({"device": "phone"}, "hybrid", ("PHONE_ONLY",), "treatment-tele"),
        ({"falls_12_months": 1}, "tele", (), "treatment-tele"),
        ({"falls_12_months": 2}, "in_person", ("FALLS_ALONE",), "treatment"),
        (
            {"falls_12_months": 2, "has_caregiver": True, "is_first_visit": True},
            "hybrid",
            ("FALLS_ACCOMPANIED",),
            "evaluation",
        ),
        ({"condition": "TKR", "weeks_post_op": 1}, "hybrid", ("EARLY_REPLACEMENT",), None),
        ({"condition": "TKR", "weeks_post_op": 2}, "tele", (), None),
        ({"condition": "TKR", "weeks_post_op": None}, "tele", (), None),
        ({"condition": "RCR", "weeks_post_op": 5}, "hybrid", ("EARLY_REPAIR",), None),
        ({"payer": "MEDICAID-IN-PERSON-FIRST"}, "tele", (), "treatment-tele"),
        (
            {"payer": "MEDICAID-IN-PERSON-FIRST", "is_first_visit": True},
            "in_person",
            ("FIRST_VISIT_PAYER",),
            "evaluation",
        ),
        (
            {"device": "phone", "falls_12_months": 3},
            "in_person",
            ("PHONE_ONLY", "FALLS_ALONE"),
            "treatment",
        ),
    ],
)
def test_what_applies(
    changes: dict[str, object], suitability: str, codes: tuple[str, ...], type_key: str | None
) -> None:
    is_first = bool(changes.pop("is_first_visit", False))
    intake = replace(PLAIN, **changes)  # pyright: ignore[reportArgumentType]
    found, reasons = compare(intake, RULES, DAY, is_first_visit=is_first)
    assert found == suitability
    assert tuple(reason.code for reason in reasons) == codes
    assert type_key in (None, appointment_type(found, is_first_visit=is_first))


def test_rules_hold_from_their_date_on_and_the_newest_row_of_a_code_counts() -> None:
    early = date(2019, 12, 31)
    _, before = compare(replace(PLAIN, device="none"), RULES, early, is_first_visit=True)
    assert before == ()
    newer = replace(RULES[0], effective_from=DAY, devices=("video",))
    _, found = compare(PLAIN, (*RULES, newer), DAY, is_first_visit=False)
    assert [reason.rule_version for reason in found] == ["NO_DEVICE@2026-03-02"]


def test_a_set_of_rules_has_a_name_that_changes_with_it() -> None:
    assert rules_version(RULES) == rules_version(load_suitability())
    changed = (replace(RULES[0], text="other"), *RULES[1:])
    assert rules_version(changed) != rules_version(RULES)


@pytest.mark.parametrize(
    "text",
    [
        "[[rule]]",
        '[[rule]]\ncode = "A"\neffective_from = 2020-01-01\ngives = "maybe"\ntext = "t"\n'
        'source = "s"\ngrade = "g"\nwhen = {}\n',
        '[[rule]]\ncode = "A"\neffective_from = 2020-01-01\ngives = "tele"\ntext = "t"\n'
        'source = "s"\ngrade = "g"\nwhen = { moon = "full" }\n',
        "[[rule",
    ],
)
def test_a_wrong_file_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"suitability\.toml"):
        load_suitability(text)
