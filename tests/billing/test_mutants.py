"""The preflight against faults that others thought of: the mutants know nothing of its rules."""

from __future__ import annotations

import io
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rehabctl.billing.preflight.breach import World
from rehabctl.billing.preflight.check import check_claims
from rehabctl.reference.payers.preflight import load_preflight_codes

MUTANTS: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "mutants.toml").read_text("utf-8")
)["mutant"]
DAY = date(2026, 11, 20)
RIGHT = Path(__file__).parents[2] / "fixtures" / "claims" / "month.837"


def right_segments() -> list[str]:
    return RIGHT.read_text().replace("\n", "").rstrip("~").split("~")


def mutated(mutant: dict[str, Any]) -> str:
    """Return the right file with one fault in it."""
    segments = _with_fault(right_segments(), mutant)
    if "also" in mutant:
        segments = _with_fault(segments, mutant["also"])
    if mutant.get("count", True):
        first = next(i for i, s in enumerate(segments) if s.startswith("ST*"))
        last = next(i for i, s in enumerate(segments) if s.startswith("SE*"))
        elements = segments[last].split("*")
        segments[last] = "*".join(["SE", str(last - first + 1), *elements[2:]])
    return "~\n".join(segments) + "~\n"


def _with_fault(segments: list[str], mutant: dict[str, Any]) -> list[str]:
    places: list[int] = [i for i, s in enumerate(segments) if f"{s}*".startswith(mutant["segment"])]
    at = places[int(mutant.get("nth", 1)) - 1]
    here, before, behind = segments[at], segments[:at], segments[at + 1 :]
    if "element" in mutant:
        elements = here.split("*")
        elements += [""] * (mutant["element"] + 1 - len(elements))
        elements[mutant["element"]] = mutant["to"]
        text = "*".join(elements)
        return [*before, text if here.startswith("ISA") else text.rstrip("*"), *behind]
    if "replace" in mutant:
        return [*before, mutant["replace"], *behind]
    if "delete" in mutant:
        return before + behind
    if "repeat" in mutant:
        return [*before, here, here, *behind]
    if "after" in mutant:
        return [*before, here, *mutant["after"].split("~"), *behind]
    if "before" in mutant:
        return [*before, mutant["before"], here, *behind]
    if "swap" in mutant:
        return [*before, behind[0], here, *behind[1:]]
    assert mutant["cut"]
    return before


def test_the_file_that_they_are_put_into_is_right() -> None:
    assert errors("~\n".join(right_segments()) + "~\n") == []


def errors(text: str, with_list: bool = False) -> list[str]:
    """Return the rules that the preflight says are broken."""
    world = World(DAY, load_preflight_codes(DAY), 365, _listed if with_list else None)
    found = check_claims(io.BytesIO(text.encode()), world).findings
    return [one.rule for one in found]


def _listed(code: str, on: date) -> bool:
    return code in ("M25561", "Z96651") and on < DAY


def test_campaign_is_wide() -> None:
    names = [mutant["name"] for mutant in MUTANTS]
    assert len(set(names)) == len(names) >= 60


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant["name"] for mutant in MUTANTS])
def test_preflight_finds_the_fault(mutant: dict[str, Any]) -> None:
    assert mutated(mutant) != "~\n".join(right_segments()) + "~\n"
    assert errors(mutated(mutant), mutant.get("list", False))
