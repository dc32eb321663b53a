"""Reader of the 835 (005010X221A1): what a payer paid, adjusted and says the patient owes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import BinaryIO

from rehabctl.billing.x12.envelope import EnvelopeChecker
from rehabctl.billing.x12.findings import Finding, Severity
from rehabctl.billing.x12.segments import Segment, read_segments

_REMARK = re.compile(r"(M|MA|N)[0-9]{1,3}")
_MAX_AMOUNT_CHARACTERS = 19
_KNOWN_AMOUNTS = 4096
_MISSING = "Ask the payer for the file again: an amount that is missing is not zero"


@dataclass(slots=True)
class Adjustment:
    """One reason why less (or more) was paid than charged."""

    group: str
    """CO, PR, OA or PI."""
    reason: str
    """Claim adjustment reason code."""
    amount: Decimal


@dataclass(slots=True)
class ServiceLine:
    """One service line of a claim."""

    position: int
    procedure: str
    """Qualifier and code with modifiers, as sent."""
    charged: Decimal | None
    paid: Decimal | None
    units: Decimal | None
    line_id: str | None = None
    """Our line number (REF 6R)."""
    service_date: str | None = None
    adjustments: list[Adjustment] = field(default_factory=list[Adjustment])


@dataclass(slots=True)
class PaidClaim:
    """One claim of a payment."""

    position: int
    claim_id: str
    """Our claim number (CLP01)."""
    status: str
    """CLP02: 1-3 processed, 4 denied, 22 reversal, 23 not this payer's."""
    charged: Decimal | None
    paid: Decimal | None
    patient_responsibility: Decimal
    payer_claim_id: str
    adjustments: list[Adjustment] = field(default_factory=list[Adjustment])
    lines: list[ServiceLine] = field(default_factory=list[ServiceLine])
    remarks: list[str] = field(default_factory=list[str])
    """Remark codes (RARC) of the claim and its lines."""
    outpatient: list[str] = field(default_factory=list[str])
    """Elements of MOA, as sent."""


@dataclass(slots=True)
class Payment:
    """One transaction set: one payment with its claims."""

    position: int
    payer: str = ""
    payer_id: str = ""
    trace_number: str = ""
    """TRN02: with the payer it names the payment."""
    payment_date: str = ""
    amount: Decimal | None = None
    """BPR02, negative for a debit."""
    claims: list[PaidClaim] = field(default_factory=list[PaidClaim])
    provider_adjustments: list[Adjustment] = field(default_factory=list[Adjustment])
    """PLB; a positive amount lowers the payment."""
    findings: list[Finding] = field(default_factory=list[Finding])
    """What could not be read."""


def read_payments(stream: BinaryIO, envelope: EnvelopeChecker) -> Iterator[Payment]:
    """Yield each payment of an 835 file; other transaction sets are findings.

    Parameters
    ----------
    stream
        The file.
    envelope
        Collects what is wrong with the envelopes and with foreign transaction sets.
    """
    payment: _PaymentReader | None = None
    for segment in envelope.watch(read_segments(stream)):
        if segment.tag == "ST":
            if payment is not None:
                yield payment.result
            payment = None
            if segment.get(1) == "835":
                payment = _PaymentReader(segment)
            else:
                message = f"a transaction set {segment.get(1)[:6]!r} is no remittance"
                fix = "Use the command for this kind of file"
                envelope.findings.append(
                    Finding("not-835", Severity.ERROR, message, fix, "ST", segment.position)
                )
        elif payment is not None:
            payment.take(segment)
            if segment.tag == "SE":
                yield payment.result
                payment = None
    if payment is not None:
        yield payment.result


class _PaymentReader:
    """Builds one payment from its segments."""

    def __init__(self, start: Segment) -> None:
        self.result = Payment(start.position)
        self._claim: PaidClaim | None = None
        self._line: ServiceLine | None = None
        self._known: dict[str, Decimal] = {}
        """Amounts that were read: most stand many times in a file."""

    def take(self, segment: Segment) -> None:
        match segment.tag:
            case "BPR":
                amount = self._amount(segment, 2, required=True)
                debit = segment.get(3) == "D"
                self.result.amount = -amount if amount is not None and debit else amount
                self.result.payment_date = segment.get(16)
            case "TRN":
                self.result.trace_number = segment.get(2)
                self.result.payer_id = self.result.payer_id or segment.get(3)
            case "N1" if segment.get(1) == "PR":
                self.result.payer = segment.get(2)
            case "CLP":
                self._open_claim(segment)
            case "LX":
                self._claim = self._line = None
            case "SVC" if self._claim is not None:
                self._open_line(segment, self._claim)
            case "CAS" if self._claim is not None:
                owner = self._line if self._line is not None else self._claim
                owner.adjustments.extend(self._adjustments(segment))
            case "LQ" if self._claim is not None and segment.get(1) == "HE":
                self._remark(self._claim, segment.get(2))
            case "MOA" if self._claim is not None:
                self._claim.outpatient = list(segment.elements[1:])
                for number in range(3, 8):
                    self._remark(self._claim, segment.get(number))
            case "MIA" if self._claim is not None:
                for number in (5, 20, 21, 22, 23):
                    self._remark(self._claim, segment.get(number))
            case "REF" if self._line is not None and segment.get(1) == "6R":
                self._line.line_id = segment.get(2)
            case "DTM" if self._line is not None and segment.get(1) in ("472", "150"):
                self._line.service_date = segment.get(2)
            case "PLB":
                self._claim = self._line = None
                self._provider_adjustments(segment)
            case _:
                pass

    def _remark(self, claim: PaidClaim, code: str) -> None:
        if _REMARK.fullmatch(code) and code not in claim.remarks:
            claim.remarks.append(code)

    def _open_claim(self, segment: Segment) -> None:
        self._line = None
        self._claim = PaidClaim(
            position=segment.position,
            claim_id=segment.get(1),
            status=segment.get(2),
            charged=self._amount(segment, 3, required=True),
            paid=self._amount(segment, 4, required=True),
            patient_responsibility=self._amount(segment, 5) or Decimal(0),
            payer_claim_id=segment.get(7),
        )
        self.result.claims.append(self._claim)

    def _open_line(self, segment: Segment, claim: PaidClaim) -> None:
        self._line = ServiceLine(
            position=segment.position,
            procedure=segment.get(1),
            charged=self._amount(segment, 2, required=True),
            paid=self._amount(segment, 3, required=True),
            units=self._amount(segment, 5),
        )
        composite = segment.delimiters.component
        if composite not in segment.get(1) and any(c in segment.get(1) for c in ">:^|"):
            self._add(
                "separator",
                "SVC01 uses another component separator than the ISA declares",
                "Ask the sender to correct ISA16",
                segment,
            )
        claim.lines.append(self._line)

    def _adjustments(self, segment: Segment) -> Iterator[Adjustment]:
        """CAS: a group and up to six triplets of reason, amount and quantity."""
        elements = segment.elements
        for number in range(2, len(elements), 3):
            if not elements[number] and not segment.get(number + 1):
                continue
            amount = self._amount(segment, number + 1, required=True)
            if amount is not None:
                yield Adjustment(elements[1], elements[number], amount)

    def _provider_adjustments(self, segment: Segment) -> None:
        for number in range(3, len(segment.elements), 2):
            if not segment.get(number) and not segment.get(number + 1):
                continue
            amount = self._amount(segment, number + 1, required=True)
            if amount is not None:
                reason = segment.components(number)[0]
                self.result.provider_adjustments.append(Adjustment("PLB", reason, amount))

    def _amount(self, segment: Segment, number: int, *, required: bool = False) -> Decimal | None:
        text = segment.get(number)
        if not text:
            if required:
                name = f"{segment.tag}{number:02d}"
                self._add("amount-missing", f"{name} is empty", _MISSING, segment)
            return None
        value = self._known.get(text)
        if value is None:
            value = _decimal(text)
            if value is not None and len(self._known) < _KNOWN_AMOUNTS:
                self._known[text] = value
        if value is None:
            name = f"{segment.tag}{number:02d}"
            self._add("amount-malformed", f"{name} is not an amount", _MISSING, segment)
            return None
        return value

    def _add(self, rule: str, message: str, fix: str, segment: Segment) -> None:
        claim = self._claim.claim_id if self._claim is not None else None
        found = Finding(rule, Severity.ERROR, message, fix, segment.tag, segment.position, claim)
        self.result.findings.append(found)


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text) if len(text) <= _MAX_AMOUNT_CHARACTERS else None
    except InvalidOperation:
        return None
    return value if value is not None and value.is_finite() else None
