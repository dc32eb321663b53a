"""Remote monitoring: the published examples, and what always holds of the two clocks."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.billing.remote_monitoring import (
    ManagementLine,
    SupplyStatus,
    management,
    setup_code,
    supply,
    window_starts,
)
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.reference.payers.remote_monitoring import MonitoredSystem

START = date(2026, 3, 1)
END = date(2026, 3, 30)
DAYS = st.sets(st.integers(0, 29)).map(lambda found: {START + timedelta(days=n) for n in found})


def first(count: int) -> list[date]:
    return [START + timedelta(days=n) for n in range(count)]


@pytest.mark.parametrize(
    ("days", "last_complete_day", "status", "code"),
    [
        (first(16), date(2026, 3, 16), SupplyStatus.READY, "98977"),
        (first(15), date(2026, 3, 31), SupplyStatus.READY, "98985"),
        (first(15), date(2026, 3, 15), SupplyStatus.OPEN, None),
        (first(10), date(2026, 3, 25), SupplyStatus.READY, "98985"),
        (first(1), date(2026, 3, 31), SupplyStatus.CLOSED_BELOW_MINIMUM, None),
        ([START, END], date(2026, 3, 31), SupplyStatus.READY, "98985"),
        (first(30), END, SupplyStatus.READY, "98977"),
        ([START] * 16, date(2026, 3, 31), SupplyStatus.CLOSED_BELOW_MINIMUM, None),
    ],
)
def test_supply_examples(
    days: list[date], last_complete_day: date, status: SupplyStatus, code: str | None
) -> None:
    result = supply(days, window_start=START, last_complete_day=last_complete_day)
    assert (result.status, result.code) == (status, code)
    assert result.window_end == END


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (9, ()),
        (10, (("98979", 1),)),
        (19, (("98979", 1),)),
        (20, (("98980", 1),)),
        (39, (("98980", 1),)),
        (40, (("98980", 1), ("98981", 1))),
        (60, (("98980", 1), ("98981", 2))),
    ],
)
def test_management_examples(minutes: int, expected: tuple[tuple[str, int], ...]) -> None:
    result = management(minutes, live_contact=True, month=START)
    assert result.lines == tuple(ManagementLine(*line) for line in expected)
    without = management(minutes, live_contact=False, month=START)
    assert without.lines == ()
    assert without.reason == ("no_live_contact" if expected else "too_few_minutes")


def test_every_vector_of_the_reference(sample_data: Path) -> None:
    vectors = json.loads(
        (sample_data.parent / "reference/vectors/rtm_vectors.json").read_text("utf-8")
    )["vectors"]
    for vector in vectors:
        expected = vector["expected"]
        if vector["kind"] == "supply":
            result = supply(
                [date.fromisoformat(day) for day in vector["events_local_dates"]],
                window_start=date.fromisoformat(vector["window_start"]),
                last_complete_day=date.fromisoformat(vector["as_of"]),
            )
            assert len(result.days) == expected["distinct_days"], vector["id"]
            assert result.code == expected["code"], vector["id"]
            status = expected["status"].replace("closed-below-2", "closed_below_minimum")
            assert result.status == status, vector["id"]
        else:
            lines = management(
                vector["minutes_in_calendar_month"],
                live_contact=vector["live_interactive_contact"],
                month=START,
            ).lines
            found = [{"code": line.code, "units": line.units} for line in lines]
            assert found == expected["codes"], vector["id"]


@given(days=DAYS, cut=st.integers(0, 29))
def test_a_released_code_never_changes_with_days_to_come(days: set[date], cut: int) -> None:
    today = START + timedelta(days=cut)
    early = supply([d for d in days if d <= today], window_start=START, last_complete_day=today)
    if early.code is not None:
        late = supply(days, window_start=START, last_complete_day=END)
        assert late.code == early.code


@given(days=DAYS)
def test_a_closed_window_is_never_open(days: set[date]) -> None:
    result = supply(days, window_start=START, last_complete_day=END)
    assert result.status is not SupplyStatus.OPEN
    assert (result.code is None) == (len(days) < 2)


def test_a_window_before_its_first_day_is_open() -> None:
    result = supply([], window_start=START, last_complete_day=START - timedelta(days=1))
    assert result.status is SupplyStatus.OPEN


def test_before_2026_there_is_no_code_for_few_days() -> None:
    start = date(2025, 6, 1)
    days = [start + timedelta(days=n) for n in range(15)]
    result = supply(days, window_start=start, last_complete_day=date(2025, 7, 1))
    assert (result.status, result.code) == (SupplyStatus.CLOSED_BELOW_MINIMUM, None)
    assert management(19, live_contact=True, month=start).lines == ()
    assert setup_code(result) is None


def test_systems_have_codes_of_their_own() -> None:
    result = supply(
        first(16), window_start=START, last_complete_day=END, system=MonitoredSystem.RESPIRATORY
    )
    assert result.code == "98976"


def test_a_year_without_a_row_is_an_error() -> None:
    day = date(2027, 1, 1)
    with pytest.raises(RehabctlError, match="no supply row for 2027-01-01"):
        supply([], window_start=day, last_complete_day=day)
    with pytest.raises(RehabctlError, match="no management row"):
        management(20, live_contact=True, month=day)
    with pytest.raises(UsageError, match="cannot be"):
        management(-1, live_contact=True, month=START)


@given(length=st.integers(0, 400))
def test_windows_follow_each_other_without_overlap(length: int) -> None:
    starts = window_starts(START, START + timedelta(days=length), window_days=30)
    assert starts[0] == START
    assert all((b - a).days == 30 for a, b in pairwise(starts))
    assert starts[-1] <= START + timedelta(days=length) < starts[-1] + timedelta(days=30)
    assert window_starts(START, START - timedelta(days=1), window_days=30) == ()
