"""Reasons of payments and their next steps with due days."""

from __future__ import annotations

import io
from datetime import date

import pytest

from rehabctl.billing.denials import Decision, reasons
from rehabctl.billing.x12.envelope import EnvelopeChecker
from rehabctl.billing.x12.remittance_835 import read_payments
from rehabctl.reference.payers.denials import appeal_days

MEDICARE = Decision(date(2026, 3, 4), date(2026, 4, 20), "MB", 365)


@pytest.mark.parametrize(
    ("told", "action", "due"),
    [
        ("CO-16 80.00", "correct", date(2027, 3, 4)),
        ("CO-50 80.00", "appeal", date(2026, 8, 18)),
        ("CO-197 80.00", "authorisation", date(2026, 8, 18)),
        ("CO-22 80.00", "other-payer", date(2027, 3, 4)),
        ("CO-45 20.00", "write-off", None),
        ("PR-1 20.00", "patient", None),
        ("PR-999 20.00", "patient", None),
        ("CO-999 20.00", "look", date(2026, 8, 18)),
        ("??-X 1", "look", date(2026, 8, 18)),
    ],
)
def test_each_reason_has_a_step_and_a_day(told: str, action: str, due: date | None) -> None:
    (found,) = reasons([told], MEDICARE)
    assert (found.step.key, found.due_on) == (action, due)
    assert found.step.words


def test_the_most_urgent_reason_comes_first() -> None:
    found = reasons(["PR-2 5.00", "CO-45 1.00", "CO-16 2.00", "CO-50 3.00"], MEDICARE)
    assert [one.code for one in found] == ["50", "16", "2", "45"]


def test_other_payers_contracts_decide_on_appeals() -> None:
    assert appeal_days("CI", date(2026, 4, 20)) is None
    (found,) = reasons(["CO-50 80.00"], Decision(date(2026, 3, 4), date(2026, 4, 20), "CI", 90))
    assert (found.step.key, found.due_on) == ("appeal", None)


def test_remark_codes_of_claim_and_lines_are_read_once() -> None:
    text = (
        "ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         *260420*1030*^*00501"
        "*000000001*0*T*:~GS*HP*P*C*20260420*1030*1*X*005010X221A1~ST*835*0001~BPR*I*0*C~TRN*1*T*1~"
        "LX*1~CLP*RC1*4*80*0**MB*ICN1~MOA***MA01*N130~SVC*HC:97110*80*0**1~CAS*CO*50*80~"
        "LQ*HE*N115~LQ*HE*MA01~LQ*RX*N7~LQ*HE*name~SE*11*0001~GE*1*1~IEA*1*000000001~"
    )
    (payment,) = read_payments(io.BytesIO(text.encode()), EnvelopeChecker())
    assert payment.claims[0].remarks == ["MA01", "N130", "N115"]
