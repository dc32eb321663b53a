"""Whether a payment adds up: at each service line, each claim and the payment itself.

A payment is posted only when every level balances:
line: charged - adjustments = paid; claim: charged - all adjustments = paid;
payment: sum of paid - provider adjustments = amount.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO

from rehabctl.billing.x12.envelope import EnvelopeChecker
from rehabctl.billing.x12.findings import Finding, Severity
from rehabctl.billing.x12.remittance_835 import Adjustment, PaidClaim, Payment, read_payments

_FIX = "Do not post it; ask the payer for a corrected remittance"


@dataclass(frozen=True, slots=True)
class CheckedPayment:
    """One payment with everything that does not add up."""

    payment: Payment
    findings: tuple[Finding, ...]

    @property
    def balanced(self) -> bool:
        """Whether it may be posted."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """All payments of one file."""

    payments: tuple[CheckedPayment, ...]
    findings: tuple[Finding, ...]
    """Of the envelopes; a file with any is not posted."""

    @property
    def balanced(self) -> bool:
        """Whether every payment adds up and the file is whole."""
        return bool(self.payments) and not self.findings and all(p.balanced for p in self.payments)


def check_file(stream: BinaryIO) -> CheckedFile:
    """Read and balance an 835 file; never fails on its content.

    Parameters
    ----------
    stream
        The file.
    """
    envelope = EnvelopeChecker()
    payments = tuple(
        CheckedPayment(payment, (*payment.findings, *balance(payment)))
        for payment in read_payments(stream, envelope)
    )
    if not payments and not envelope.findings:
        message = "the file holds no remittance"
        fix = "Use the command for this kind of file"
        envelope.findings.append(Finding("not-835", Severity.ERROR, message, fix))
    return CheckedFile(payments, tuple(envelope.findings))


def balance(payment: Payment) -> Iterator[Finding]:
    """Yield a finding for each level that does not add up, with the difference.

    Levels with an amount that could not be read are left to the reader's own findings.

    Parameters
    ----------
    payment
        One transaction set.
    """
    for claim in payment.claims:
        yield from _claim_balance(claim)
    paid = [claim.paid for claim in payment.claims]
    if payment.amount is None:
        yield _off("payment-amount", "the payment has no amount (BPR02)", "BPR", payment.position)
    elif None not in paid:
        total = sum((p for p in paid if p is not None), Decimal(0))
        expected = total - _sum(payment.provider_adjustments)
        if expected != payment.amount:
            message = f"claims and provider adjustments differ by {expected - payment.amount}"
            yield _off("payment-balance", message, "BPR", payment.position)


def _claim_balance(claim: PaidClaim) -> Iterator[Finding]:
    adjusted = _sum(claim.adjustments)
    for line in claim.lines:
        line_adjusted = _sum(line.adjustments)
        adjusted += line_adjusted
        if line.charged is None or line.paid is None:
            continue
        difference = line.charged - line_adjusted - line.paid
        if difference:
            message = f"the line is off by {difference}"
            yield _off("line-balance", message, "SVC", line.position, claim.claim_id)
    if claim.charged is not None and claim.paid is not None:
        difference = claim.charged - adjusted - claim.paid
        if difference:
            message = f"the claim is off by {difference}"
            yield _off("claim-balance", message, "CLP", claim.position, claim.claim_id)


def _sum(adjustments: list[Adjustment]) -> Decimal:
    return sum((a.amount for a in adjustments), Decimal(0))


def _off(rule: str, message: str, segment: str, position: int, claim: str | None = None) -> Finding:
    return Finding(rule, Severity.ERROR, message, _FIX, segment, position, claim)
