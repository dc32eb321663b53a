"""Reports over claims on both engines, against figures counted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from fixtures.claims import clearinghouse
from rehabctl.billing.claim_draft import Attestation
from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import NotPermittedError, RehabctlError
from rehabctl.services import billing_settings, claim_exchange, claim_reports, claims
from rehabctl.services.claim_drafts import Choices
from rehabctl.store.store import Store
from tests.contract.test_claims import (
    START,
    billing_toml,
    bills,
    insured,
    put,
    submitted,
    visited,
)

__all__ = ["bills"]
EVERYTHING = (date(2026, 1, 1), date(2026, 12, 31))


def test_ageing_counts_what_was_sent_and_is_not_settled(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    ref = insured(store)
    for days in range(4):
        claims.draft_visit(bills, visited(store, ref, START + timedelta(days=days)))
    sent = submitted(bills, tmp_path)
    claims.draft_visit(bills, visited(store, ref, START + timedelta(days=10)))  # not sent
    paid = [
        (sent.claims[0], "ICN1", Decimal("0.5")),  # settled
        (sent.claims[1], "ICN2", Decimal(0)),  # denied: still owed
    ]
    claim_exchange.post(bills, put(tmp_path, clearinghouse.payment_835(paid, "T1")))
    # services of 5, 6 and 7 March: 36, 35 and 34 days before 10 April
    report = claim_reports.ageing(bills)
    assert (report.on, report.limits_days) == (date(2026, 4, 10), (30, 60, 90, 120))
    (row,) = report.rows
    assert (row.payer, row.claims, row.buckets_cents) == ("medicare", 3, (0, 36_000, 0, 0, 0))
    (row,) = claim_reports.ageing(bills, date(2026, 4, 4)).rows  # 30, 29 and 28 days
    assert row.buckets_cents == (36_000, 0, 0, 0, 0)
    (row,) = claim_reports.ageing(bills, date(2026, 4, 5)).rows  # 31, 30 and 29 days
    assert row.buckets_cents == (24_000, 12_000, 0, 0, 0)
    (row,) = claim_reports.ageing(bills, date(2027, 4, 5)).rows
    assert row.buckets_cents == (0, 0, 0, 0, 36_000)
    claims.correct(bills, sent.claims[1].number)  # its work is billed again by the new one
    (row,) = claim_reports.ageing(bills).rows
    assert (row.claims, row.total_cents) == (2, 24_000)


def test_first_pass_counts_first_submissions_only(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    ref = insured(store)
    for days in range(4):
        claims.draft_visit(bills, visited(store, ref, START + timedelta(days=days)))
    assert claim_reports.first_pass(bills) == ()
    sent = submitted(bills, tmp_path)
    verdicts = [
        (one, status, f"ICN{n}")
        for n, (one, status) in enumerate(
            zip(sent.claims, ("A2:20:PR", "A2:20:PR", "A7:562:85"), strict=False)
        )
    ]
    claim_exchange.acknowledge(bills, put(tmp_path, clearinghouse.answers_277ca(verdicts)))
    (row,) = claim_reports.first_pass(bills)
    assert (row.month, row.payer) == ("2026-04", "medicare")
    assert (row.submitted, row.accepted, row.rejected, row.waiting) == (4, 2, 1, 1)
    assert row.percent == Decimal("66.67")
    claims.correct(bills, sent.claims[2].number)
    again = submitted(bills, tmp_path)
    answers = [(one, "A2:20:PR", "ICN9") for one in again.claims]
    claim_exchange.acknowledge(bills, put(tmp_path, clearinghouse.answers_277ca(answers)))
    assert claim_reports.first_pass(bills) == (row,)


def test_units_are_counted_by_provider_and_day(store: Store, bills: Store) -> None:
    ref = insured(store)
    claims.draft_visit(bills, visited(store, ref))  # 2 and 1 units, 40 minutes
    claims.draft_visit(bills, visited(store, ref, START + timedelta(days=1), "97110"))  # 20: 1
    (row,) = claim_reports.units(bills, *EVERYTHING)
    assert (row.provider, row.visits, row.units, row.minutes) == ("1679576722", 2, 4, 60)
    assert row.units_per_visit == Decimal("2.00")
    (row,) = claim_reports.units(bills, date(2026, 3, 5), date(2026, 3, 5))
    assert (row.visits, row.units) == (1, 1)
    assert claim_reports.units(bills, date(2026, 1, 1), date(2026, 3, 3)) == ()


def test_the_threshold_is_kept_from_draft_to_ledger(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    """90.00 allowed a visit, 1,200.00 a unit in a visit that passes the 2,480.00 of 2026."""
    ref = insured(store)
    claims.draft_visit(bills, visited(store, ref))
    ((mrn, row),) = claim_reports.kx(bills, 2026)
    assert (mrn, row.bucket, row.used_cents) == ("1042", "PT and SLP", 9_000)
    assert (row.threshold_cents, row.left_cents, row.above) == (248_000, 239_000, False)
    path = tmp_path / "dear.toml"
    text = billing_toml(store.user.login).replace('= "30.00"', '= "1200.00"')
    path.write_text(text, encoding="utf-8")
    assert not billing_settings.import_file(bills, path).problems
    held = claims.draft_visit(bills, visited(store, ref, START + timedelta(days=1)))
    assert held.state.value == "draft"
    assert {one["rule"] for one in held.document["findings"]} == {"kx-attestation"}
    stated = Choices(attestations=(Attestation("KX", "J. Lee, PT"),))
    made = claims.correct(bills, held.control_number, stated)
    assert made.state.value == "ready"
    lines = made.document["lines"]
    # 90 + 2 x 1,200 = 2,490 is above the threshold already with the first line
    assert [line["modifiers"] for line in lines] == [["GP", "KX"], ["GP", "KX"]]
    assert "stated by J. Lee, PT" in lines[0]["facts"][-1]
    ((_, row),) = claim_reports.kx(bills, 2026, "1042")
    assert (row.used_cents, row.left_cents, row.above, row.lines_with_kx) == (369_000, 0, True, 2)
    assert row.last_service_on == date(2026, 3, 5)
    assert claim_reports.kx(bills, 2025) == ()
    with pytest.raises(RehabctlError, match="no KX threshold for 2027"):
        claim_reports.kx(bills, 2027)


def test_reports_are_for_who_bills(store: Store) -> None:
    auditor = replace(store, user=replace(store.user, role=Role.AUDITOR))
    for work in (
        lambda: claim_reports.ageing(auditor),
        lambda: claim_reports.first_pass(auditor),
        lambda: claim_reports.units(auditor, *EVERYTHING),
        lambda: claim_reports.kx(auditor, 2026),
    ):
        with pytest.raises(NotPermittedError):
            work()
