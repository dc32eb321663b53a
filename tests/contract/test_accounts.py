"""What patients pay themselves, on both engines: by dated fees and scale, once."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pypdf import PdfReader

from rehabctl.domain.account import EntryKind
from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import FindingsError, NotFoundError, NotPermittedError, UsageError
from rehabctl.services import accounts, billing_settings, claims
from rehabctl.services.claim_drafts import Choices
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from tests.contract.test_claims import START, bills, insured, visited

__all__ = ["bills"]
SELF = Choices(payer="self-pay")
MARCH = (date(2026, 3, 1), date(2026, 3, 31))
FILE = """\
schema = "rehabctl-billing/1"
[[payer]]
key = "self-pay"
name = "Patient"
identifier = "SELF"
filing_code = "09"
unit_rule = "ama"
valid_from = 2026-01-01
valid_to = 2026-12-31
timely_filing_days = 365
source = "the clinic's own"
therapy_modifiers = false
[[fee]]
payer = "self-pay"
valid_from = 2026-01-01
[fee.charge]
97110 = "45.25"
97112 = "50.01"
[[fee]]
payer = "self-pay"
valid_from = 2026-03-10
[fee.charge]
97110 = "47.00"
97112 = "52.00"
[[scale]]
name = "half"
valid_from = 2026-01-01
percent = 50
source = "board, January"
[[scale]]
name = "half"
valid_from = 2026-03-10
percent = 55
source = "board, March"
"""


@pytest.fixture
def cash(bills: Store, tmp_path: Path) -> Store:
    path = tmp_path / "self.toml"
    path.write_text(FILE, encoding="utf-8")
    done = billing_settings.import_file(bills, path)
    assert (done.problems, done.fees, done.scale) == ((), 2, 2)
    return bills


def test_fees_and_scale_are_those_of_the_day(store: Store, cash: Store) -> None:
    ref = insured(store)
    early = visited(store, ref)
    late = visited(store, ref, START + timedelta(days=6))
    first = accounts.charge_visit(cash, early, SELF, "half")
    # half of 45.25 and of 50.01 is 22.625 and 25.005: half a cent is rounded up
    assert [one.amount_cents for one in first] == [2_263, 2_501]
    assert [one.document["full_cents"] for one in first] == [4_525, 5_001]
    second = accounts.charge_visit(cash, late, SELF, "half")
    assert [one.amount_cents for one in second] == [2_585, 2_860]  # 55 % of 47.00 and 52.00
    assert "board, March" in second[0].document["scale_source"]
    full = accounts.charge_visit(cash, visited(store, ref, START + timedelta(days=7)), SELF)
    assert [one.amount_cents for one in full] == [4_700, 5_200]
    assert accounts.show(cash, "1042").balance_cents == 2_263 + 2_501 + 2_585 + 2_860 + 9_900


def test_a_visit_is_charged_once_and_never_beside_a_claim(store: Store, cash: Store) -> None:
    ref = insured(store)
    visit = visited(store, ref)
    made = accounts.charge_visit(cash, visit, SELF)
    with pytest.raises(ConflictError, match="billed already"):
        accounts.charge_visit(cash, visit, SELF)
    with pytest.raises(ConflictError, match="billed already"):
        claims.draft_visit(cash, visit)
    gone = accounts.take_back(cash, made[0].group_id)
    assert [one.amount_cents for one in gone] == [-one.amount_cents for one in made]
    with pytest.raises(ConflictError, match="taken back before"):
        accounts.take_back(cash, made[0].group_id)
    assert accounts.show(cash, "1042").balance_cents == 0
    assert claims.draft_visit(cash, visit).state.value == "ready"  # now its insurer pays
    with pytest.raises(ConflictError, match="billed already"):
        accounts.charge_visit(cash, visit, SELF)


def test_what_cannot_be_charged_says_why(store: Store, cash: Store) -> None:
    ref = insured(store)
    visit = visited(store, ref)
    with pytest.raises(UsageError, match="is an insurer"):
        accounts.charge_visit(cash, visit, Choices())
    with pytest.raises(UsageError, match="claim charge"):
        claims.draft_visit(cash, visit, SELF)
    with pytest.raises(NotFoundError, match=r"no row 'halff'.*Did you mean 'half'"):
        accounts.charge_visit(cash, visit, SELF, "halff")
    free = visited(store, ref, START + timedelta(days=1), "97140")
    with pytest.raises(FindingsError, match="97140 has no charge"):
        accounts.charge_visit(cash, free, SELF)
    assert accounts.show(cash, "1042").entries == ()


def test_payments_are_entered_once_and_taken_back_openly(store: Store, cash: Store) -> None:
    ref = insured(store)
    accounts.charge_visit(cash, visited(store, ref), SELF)  # 95.26
    paid = accounts.enter(cash, "1042", EntryKind.PAYMENT, Decimal("60.00"), reference="4711")
    with pytest.raises(ConflictError, match="entered"):
        accounts.enter(cash, "1042", EntryKind.PAYMENT, Decimal("60.00"), reference="4711")
    accounts.enter(cash, "1042", EntryKind.WRITE_OFF, Decimal("5.26"))
    accounts.enter(cash, "1042", EntryKind.REFUND, Decimal("10"))
    assert accounts.show(cash, "1042").balance_cents == 9_526 - 6_000 - 526 + 1_000
    accounts.take_back(cash, paid.group_id)
    assert accounts.show(cash, "1042").balance_cents == 9_526 - 526 + 1_000
    for amount in ("0", "-1", "1.005", "NaN", "Infinity", "1e12"):
        with pytest.raises(UsageError):
            accounts.enter(cash, "1042", EntryKind.PAYMENT, Decimal(amount))
    with pytest.raises(NotFoundError):
        accounts.take_back(cash, ref.id)


def test_a_superbill_carries_codes_and_no_words_for_them(store: Store, cash: Store) -> None:
    ref = insured(store)
    with pytest.raises(FindingsError, match="nothing was charged"):
        accounts.superbill(cash, "1042", *MARCH)
    gone = accounts.charge_visit(cash, visited(store, ref), SELF)
    accounts.take_back(cash, gone[0].group_id)
    accounts.charge_visit(cash, visited(store, ref, START + timedelta(days=1)), SELF, "half")
    accounts.enter(cash, "1042", EntryKind.PAYMENT, Decimal("20.00"), on=date(2026, 3, 9))
    bill = accounts.superbill(cash, "1042", *MARCH)
    assert [(one.code, one.units, one.charge, one.diagnoses) for one in bill.lines] == [
        ("97110", 1, Decimal("22.63"), ("M25.561",)),
        ("97112", 1, Decimal("25.01"), ("M25.561",)),
    ]
    assert (bill.charged, bill.paid, bill.balance) == (
        Decimal("47.64"), Decimal("20.00"), Decimal("27.64"),
    )  # fmt: skip
    pages = {kind: accounts.written(bill, kind) for kind in ("text", "html", "pdf")}
    assert pages["pdf"] == accounts.written(bill, "pdf")
    reader = PdfReader(io.BytesIO(pages["pdf"]))
    printed = " ".join(page.extract_text() for page in reader.pages)
    for text in (pages["text"].decode(), pages["html"].decode(), printed):
        for fact in (
            "97110", "97112", "M25.561", "2026-03-05", "22.63", "1679576722", "1245319599",
            "123456789", "Example PT Clinic", "47.64", "27.64",
        ):  # fmt: skip
            assert fact in text, fact
    strange = replace(bill, patient="<b>Ana & Co</b>")
    assert b"&lt;b&gt;Ana &amp; Co&lt;/b&gt;" in accounts.written(strange, "html")
    accounts.written(replace(bill, patient="Žofia Ångström"), "pdf")


def test_accounts_are_for_who_bills(store: Store) -> None:
    auditor = replace(store, user=replace(store.user, role=Role.AUDITOR))
    for work in (
        lambda: accounts.show(auditor, "1042"),
        lambda: accounts.superbill(auditor, "1042", *MARCH),
        lambda: accounts.enter(auditor, "1042", EntryKind.PAYMENT, Decimal(1)),
    ):
        with pytest.raises(NotPermittedError):
            work()
