"""The check of clinic-supplied wording finds what would mislead, and never repeats it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from rehabctl.clinic.proms_text import check_wording
from rehabctl.reference.instruments import load_instrument, load_instruments


def wording(slug: str) -> dict[str, Any]:
    """A complete file of made-up wording."""
    instrument = load_instrument(slug)

    def options(low: int, high: int) -> dict[str, str]:
        codes = range(low, high + 1) if high - low < 7 else (low, high)
        return {str(code): f"answer {code}" for code in codes}

    return {
        "instrument": slug,
        "instrument_version": instrument.version,
        "language": "en-US",
        "licence_reference": "L-17",
        "items": {
            item.key: {
                "text": f"question {item.key}",
                "options": options(item.minimum, item.maximum),
            }
            for item in instrument.items
        },
    }


@pytest.mark.parametrize("slug", [i.slug for i in load_instruments()])
def test_a_complete_file_passes(slug: str) -> None:
    assert check_wording(load_instrument(slug), wording(slug)) == []


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda w: w.update(instrument="ndi"), "wrong_instrument"),
        (lambda w: w.update(instrument_version="1.0"), "wrong_version"),
        (lambda w: w.update(language="english"), "language"),
        (lambda w: w.pop("language"), "language"),
        (lambda w: w.update(licence_reference=" "), "licence_reference"),
        (lambda w: w.pop("licence_reference"), "licence_reference"),
        (lambda w: w.update(instructions="\x1b[31mred"), "instructions"),
        (lambda w: w.update(author="someone"), "unknown_key"),
        (lambda w: w.pop("items"), "no_items"),
        (lambda w: w["items"].pop("q3"), "missing_item"),
        (lambda w: w["items"].update(q11={"text": "one more"}), "unknown_item"),
        (lambda w: w["items"]["q1"].update(text=""), "text"),
        (lambda w: w["items"]["q1"].update(text=5), "text"),
        (lambda w: w["items"]["q1"].update(text="x" * 2001), "text"),
        (lambda w: w["items"]["q1"].update(score=3), "unknown_key"),
        (lambda w: w["items"]["q1"]["options"].pop("3"), "option_codes"),
        (lambda w: w["items"]["q1"]["options"].update({"6": "more"}), "option_codes"),
        (lambda w: w["items"]["q1"]["options"].update({"5": ""}), "options"),
        (lambda w: w["items"]["q1"].update(options=["none", "some"]), "options"),
        (lambda w: w["items"]["q1"].pop("options"), "option_codes"),
    ],
)
def test_each_fault_is_found(change: Change, code: str) -> None:
    document = copy.deepcopy(wording("odi"))
    change(document)
    assert code in [finding.code for finding in check_wording(load_instrument("odi"), document)]


def test_numbered_scales_need_words_for_their_ends_only() -> None:
    document = wording("spadi")
    document["items"]["q1"]["options"] = {"0": "none", "10": "worst"}
    assert check_wording(load_instrument("spadi"), document) == []
    document["items"]["q1"]["options"] = {"0": "none"}
    assert [f.code for f in check_wording(load_instrument("spadi"), document)] == ["option_codes"]


@pytest.mark.parametrize("document", [None, [], "text", 3])
def test_a_file_that_is_no_object_is_one_finding(document: object) -> None:
    assert [f.code for f in check_wording(load_instrument("odi"), document)] == ["not_an_object"]


def test_findings_do_not_repeat_the_wording() -> None:
    document = wording("odi")
    document["items"]["q1"] = {"text": "secret\x00wording", "options": {"secret": "wording"}}
    document["items"]["secret"] = {}
    findings = check_wording(load_instrument("odi"), document)
    assert findings
    assert "secret" not in repr(findings)
