"""The return of a clinic: hand-worked account, properties of the sums, impossible numbers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.clinic.roi import calculate, override, sensitivity
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.reference.economics.assumptions import assumptions
from rehabctl.services import roi as service

PACKAGED = assumptions(date(2026, 3, 2)).parameters
MID = {p.name: p.mid for p in PACKAGED}


def test_a_hand_worked_account() -> None:
    values = {name: Decimal(0) for name in MID} | {
        "visits_per_month": Decimal(300),
        "documentation_minutes_saved_per_visit": Decimal(4),  # 1200 min = 20 h
        "clinician_cost_per_hour_usd": Decimal(60),  # 1200 USD
        "saved_time_used_share": Decimal("0.5"),  # 600 USD
        "episodes_per_month": Decimal(20),
        "visits_saved_per_episode": Decimal(1),
        "reimbursement_per_visit_usd": Decimal(100),
        "visit_cost_usd": Decimal(40),
        "paid_per_visit_share": Decimal(1),  # 20 visits lose 100, save 40
        "freed_slot_filled_share": Decimal("0.5"),  # and 10 bring 60 each: -600
        "dropout_share": Decimal("0.5"),
        "dropouts_retained_share": Decimal("0.2"),  # 2 patients
        "visits_per_retained_patient": Decimal(5),  # 10 visits * 60 = 600
        "telehealth_visits_per_month": Decimal(10),
        "telehealth_reimbursement_usd": Decimal(90),  # 500
        "monitored_patients": Decimal(30),
        "review_minutes_per_patient_month": Decimal(2),  # 60 USD
        "running_cost_per_month_usd": Decimal(40),
        "setup_cost_usd": Decimal(2000),
        "ramp_months": Decimal(1),
        "horizon_months": Decimal(4),
    }
    result = calculate(values)
    assert [line.amount_usd for line in result.benefits] == [600, -600, 600, 500]
    assert [line.amount_usd for line in result.costs] == [-60, -40]
    assert result.net_per_month_usd == 1000
    # month 1 at half effect: 550 - 100; then 1000 a month
    assert [m.cumulative_usd for m in result.months] == [-1550, -550, 450, 1450]
    assert (result.payback_month, result.net_over_horizon_usd) == (3, 1450)


numbers = st.fixed_dictionaries(
    {p.name: st.decimals(p.low, p.high, places=0 if p.unit == "months" else 2) for p in PACKAGED}
)


@given(numbers)
def test_sums_agree_and_payback_is_the_month_after_the_last_loss(
    values: dict[str, Decimal],
) -> None:
    result = calculate(values)
    total = -values["setup_cost_usd"]
    for month in result.months:
        total += month.net_usd
        assert month.cumulative_usd == total
    below = [m.month for m in result.months if m.cumulative_usd < 0]
    after = max(below, default=0) + 1
    assert result.payback_month == (after if after <= len(result.months) else None)


def test_each_row_of_the_sensitivity_table_is_the_account_with_that_number() -> None:
    rows = sensitivity(PACKAGED)
    assert {row.name for row in rows} == set(MID) - {"horizon_months"}
    assert [row.swing_usd for row in rows] == sorted((r.swing_usd for r in rows), reverse=True)
    for row in rows:
        alone = calculate({**MID, row.name: row.high})
        assert alone.net_over_horizon_usd == row.net_at_high_usd
        assert alone.payback_month == row.payback_at_high


def test_the_extremes_enclose_what_is_expected() -> None:
    report = service.report(date(2026, 3, 2))
    assert (
        report.pessimistic.net_over_horizon_usd
        < report.expected.net_over_horizon_usd
        < report.optimistic.net_over_horizon_usd
    )
    for p in report.assumptions:
        assert p.low <= p.mid <= p.high
        assert p.source
        assert p.grade


def test_own_numbers_replace_widen_and_are_marked() -> None:
    used = {p.name: p for p in override(PACKAGED, {"visits_per_month": [Decimal(1000)]})}
    row = used["visits_per_month"]
    assert (row.low, row.mid, row.high, row.grade) == (200, 1000, 1000, "clinic")
    report = service.report(date(2026, 3, 2), ["ramp_months=0:1:2"])
    row = next(p for p in report.assumptions if p.name == "ramp_months")
    assert (row.low, row.mid, row.high) == (0, 1, 2)


@pytest.mark.parametrize(
    "setting",
    [
        "visits_per_month=-1", "visits_per_month=-5:1:2", "visits_per_month=NaN", "dropout_share=2",
        "ramp_months=1.5", "horizon_months=0", "visits_per_month=3:2:1", "visits_per_month=1:2",
        "visits_per_month=many", "visits_per_month", "visit_per_month=3", "setup_cost_usd=Infinity",
        "horizon_months=100000000",
    ],
)  # fmt: skip
def test_impossible_numbers_are_refused(setting: str) -> None:
    with pytest.raises(UsageError):
        service.report(date(2026, 3, 2), [setting])


def test_a_day_without_assumptions_is_an_error() -> None:
    with pytest.raises(RehabctlError, match="2019-05-01"):
        service.report(date(2019, 5, 1))


def test_the_command(rehabctl: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    fixed = {"REHABCTL_NOW": "2026-03-02T15:00:00Z"}
    done = rehabctl("report", "roi", "--json", "--set", "setup_cost_usd=1000", **fixed)
    told = json.loads(done.stdout)
    assert (done.returncode, told["schema_version"]) == (0, 1)
    assert told["payback_month"] == next(
        m["month"] for m in told["months"] if not m["cumulative_usd"].startswith("-")
    )
    table = rehabctl("report", "roi", "--format", "csv", "--show", "sensitivity", **fixed)
    assert table.stdout.splitlines()[0].startswith("name,low,value,high,net_at_low_usd")
    wrong = rehabctl("report", "roi", "--set", "visits_per_month=-3", **fixed)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("rehabctl: error: visits_per_month is outside 0")
    assert len(wrong.stderr.splitlines()) == 1
