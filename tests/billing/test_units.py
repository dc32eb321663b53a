"""Units of timed services: the manual's examples, the published table, and what always holds."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.billing.units import Service, count_units
from rehabctl.domain.errors import RehabctlError, UsageError

DAY = date(2026, 3, 2)
TIMED = ("97110", "97112", "97116", "97140", "97530")

# (minutes by code, units by the total-time rule, units by the midpoint rule)
CASES = {
    "CMS-1": ({"97112": 24, "97110": 23}, (2, 1), (2, 2)),
    "CMS-2": ({"97112": 20, "97110": 20}, (2, 1), (1, 1)),
    "CMS-3": ({"97110": 33, "97140": 7}, (2, 1), (2, 0)),
    "CMS-4": ({"97110": 18, "97140": 13, "97116": 10, "97035": 8}, (1, 1, 1, 0), (1, 1, 1, 1)),
    "CMS-5": ({"97112": 7, "97110": 7, "97140": 7}, (1, 0, 0), (0, 0, 0)),
    "V7": ({"97110": 8, "97140": 8, "97112": 8}, (1, 1, 0), (1, 1, 1)),
    "V9": ({"97110": 15, "97140": 7}, (1, 0), (1, 0)),
    "V14": ({"97112": 9, "97110": 6, "97140": 8}, (1, 0, 1), (1, 0, 1)),
}


def units(minutes: dict[str, int], rule: str) -> dict[str, int]:
    services = [Service(code, m) for code, m in minutes.items()]
    return {line.code: line.units for line in count_units(services, rule=rule, on=DAY).lines}


@pytest.mark.parametrize("name", CASES)
def test_worked_examples(name: str) -> None:
    minutes, cms, ama = CASES[name]
    assert tuple(units(minutes, "cms").values()) == cms
    assert tuple(units(minutes, "ama").values()) == ama


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(0, 0), (7, 0), (8, 1), (22, 1), (23, 2), (37, 2), (38, 3), (107, 7), (127, 8), (128, 9)],
)
@pytest.mark.parametrize("rule", ["cms", "ama"])
def test_one_code_follows_the_published_table(minutes: int, expected: int, rule: str) -> None:
    assert units({"97110": minutes}, rule) == {"97110": expected}


@pytest.mark.parametrize(
    ("minutes", "between", "to_place"),
    [
        ({"97112": 20, "97110": 20}, ("97112", "97110"), 1),
        ({"97112": 7, "97110": 7, "97140": 7}, ("97112", "97110", "97140"), 1),
        ({"97110": 8, "97140": 8, "97112": 8}, ("97110", "97140", "97112"), 2),
    ],
)
def test_a_choice_is_shown_as_a_tie(minutes, between, to_place) -> None:
    services = [Service(code, m) for code, m in minutes.items()]
    [tie] = count_units(services, rule="cms", on=DAY).ties
    assert (tie.between, tie.units_to_place) == (between, to_place)


minutes_by_code = st.dictionaries(st.sampled_from(TIMED), st.integers(0, 120), min_size=1)


@given(minutes=minutes_by_code)
def test_total_time_gives_the_tables_total_and_at_most_one_more_than_whole_blocks(minutes) -> None:
    found = units(minutes, "cms")
    total = sum(minutes.values())
    assert sum(found.values()) == (0 if total < 8 else (total + 7) // 15)
    assert all(m // 15 <= found[code] <= m // 15 + 1 for code, m in minutes.items())
    assert all(found[code] == 0 for code, m in minutes.items() if m == 0)


@given(minutes=minutes_by_code, extra=st.integers(1, 30))
def test_more_minutes_never_give_fewer_units(minutes, extra: int) -> None:
    code = next(iter(minutes))
    more = {**minutes, code: minutes[code] + extra}
    for rule in ("cms", "ama"):
        assert sum(units(more, rule).values()) >= sum(units(minutes, rule).values())


@given(minutes=minutes_by_code)
def test_a_service_split_into_two_entries_counts_as_one(minutes) -> None:
    halves = [Service(c, m // 2) for c, m in minutes.items()]
    halves += [Service(c, m - m // 2) for c, m in minutes.items()]
    whole = [Service(c, m) for c, m in minutes.items()]
    one, two = (count_units(s, rule="cms", on=DAY) for s in (whole, halves))
    assert one == two


def test_untimed_codes_are_one_unit_and_stay_out_of_the_total() -> None:
    result = count_units([Service("97161", 45), Service("97110", 15)], rule="cms", on=DAY)
    assert [(line.code, line.units) for line in result.lines] == [("97161", 1), ("97110", 1)]
    assert (result.total_timed_minutes, result.total_timed_units) == (15, 1)


def test_a_date_without_a_row_is_an_error() -> None:
    with pytest.raises(RehabctlError, match="no row for 2031"):
        count_units([Service("97110", 15)], rule="cms", on=date(2031, 1, 1))


@pytest.mark.parametrize(
    ("service", "rule"),
    [
        (Service("97999", 15), "cms"),
        (Service("97110", 1441), "cms"),
        (Service("97110", -1), "ama"),
        (Service("97110", 15), "other"),
    ],
)
def test_what_cannot_be_is_refused(service: Service, rule: str) -> None:
    with pytest.raises(UsageError):
        count_units([service], rule=rule, on=DAY)


def test_all_shared_vectors(sample_data: Path) -> None:
    path = sample_data.parent / "reference" / "vectors" / "units_vectors.json"
    for vector in json.loads(path.read_text())["vectors"]:
        services = [Service(s["code"], s["minutes"]) for s in vector["services"]]
        result = count_units(services, rule=vector["rule"], on=DAY)
        found = {line.code: line.units for line in result.lines}
        assert found == vector["expected"]["units"], vector["id"]
        assert result.total_timed_units == vector["expected"]["total"], vector["id"]
        wanted = vector["ties"]
        got = [(list(t.between), t.units_to_place) for t in result.ties]
        expected = [(wanted["between"], wanted["units_to_place"])] if wanted else []
        assert got == expected, vector["id"]


def test_the_command_prints_the_contracts_json(rehabctl) -> None:
    result = rehabctl(
        "claim", "units", "--date", "2026-03-02", "--rule", "cms",
        "--service", "97110=33", "--service", "97140=7", "--format", "json",
    )  # fmt: skip
    printed = json.loads(result.stdout)
    assert printed.pop("rule_version").startswith("cms-")
    assert printed == {
        "schema_version": 1,
        "rule": "cms",
        "total_timed_minutes": 40,
        "total_timed_units": 3,
        "lines": [
            {"code": "97110", "minutes": 33, "units": 2},
            {"code": "97140", "minutes": 7, "units": 1},
        ],
        "ties": [],
    }


@pytest.mark.parametrize("service", ["97110", "97110=", "97110=x", "=5", "97110=-3"])
def test_a_malformed_service_is_a_usage_error(rehabctl, service: str) -> None:
    result = rehabctl("claim", "units", "--date", "2026-03-02", "--service", service)
    assert (result.returncode, result.stdout) == (2, "")
