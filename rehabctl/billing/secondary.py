"""From what the first payer decided (835) to what the second payer is told (2320, 2430)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from rehabctl.billing.x12.elements import parse_date
from rehabctl.billing.x12.remittance_835 import Adjustment, PaidClaim, Payment, ServiceLine
from rehabctl.domain.claim_record import ClaimPosting
from rehabctl.domain.errors import FindingsError
from rehabctl.domain.payer import dollars

_PATIENT = "PR"
_REVERSAL = "22"
_FORWARDED = {"19", "20", "21"}
"""CLP02 of claims that the payer sent on to the next one itself."""
_LATER_PAYERS = {"2", "3", "20", "21"}
"""CLP02 of claims that were decided as a second or third payer's."""
_IMPACT_OF_OTHERS = "OA-23 "


@dataclass(frozen=True, slots=True)
class FirstDecision:
    """What a second payer is told, as a stored claim keeps it."""

    adjudications: tuple[dict[str, Any] | None, ...]
    """One a line of the claim; None where the payer decided on the claim as a whole."""
    paid: Decimal
    paid_on: date
    adjustments: list[dict[str, str]]
    """Of the claim as a whole."""
    left: Decimal
    """To the patient: what the second payer is asked for."""
    outpatient: list[str]


def decision_of(payment: Payment, paid: PaidClaim) -> dict[str, Any]:
    """Return what a payer decided on a claim, as it is kept with the posting.

    Parameters
    ----------
    payment, paid
        As the 835 says it; its amounts were checked.
    """
    paid_on = parse_date(payment.payment_date)
    return {
        "paid_on": None if paid_on is None else paid_on.isoformat(),
        "adjustments": _plain(paid.adjustments),
        "outpatient": list(paid.outpatient),
        "lines": [_line(one) for one in paid.lines],
    }


def _line(line: ServiceLine) -> dict[str, Any]:
    return {
        "line_id": line.line_id,
        "procedure": line.procedure,
        "charged": str(line.charged),
        "paid": str(line.paid),
        "units": None if line.units is None else str(line.units),
        "adjustments": _plain(line.adjustments),
    }


def _plain(adjustments: Sequence[Adjustment]) -> list[dict[str, str]]:
    return [
        {"group": one.group, "reason": one.reason, "amount": str(one.amount)} for one in adjustments
    ]


def standing(postings: Sequence[ClaimPosting]) -> ClaimPosting:
    """Return the decision of the first payer that stands.

    Parameters
    ----------
    postings
        Of one claim, oldest first.

    Raises
    ------
    FindingsError
        There is none, it was taken back, or the payer sent the claim on itself.
    """
    own = [one for one in postings if one.status not in _LATER_PAYERS - _FORWARDED]
    if not own:
        raise FindingsError("the first payer has not decided on the claim", "Post its 835 first")
    last = own[-1]
    if last.status == _REVERSAL:
        raise FindingsError("the first payer took its decision back", "Wait for its next 835")
    if last.status in _FORWARDED:
        raise FindingsError(
            f"the first payer sent the claim on itself (status {last.status})",
            "Wait for the second payer's 835",
        )
    if last.decision is None:
        raise FindingsError(
            "the lines of its 835 were not kept by an older rehabctl", "Bill the second payer there"
        )
    return last


def is_later_payer(status: str) -> bool:
    """Return whether a status (CLP02) is that of a second or third payer."""
    return status in _LATER_PAYERS


def was_sent_on(status: str) -> bool:
    """Return whether a status (CLP02) says that the payer sent the claim on to the next one."""
    return status in _FORWARDED


def only_others_paid(adjustments: Sequence[str]) -> bool:
    """Return whether nothing was paid because the first payer had paid enough (OA-23)."""
    return any(one.startswith(_IMPACT_OF_OTHERS) for one in adjustments)


def first_decision(
    lines: Sequence[Mapping[str, Any]], posting: ClaimPosting, payer_identifier: str
) -> FirstDecision:
    """Bring a decision and the lines that were billed together.

    Parameters
    ----------
    lines
        Of the stored claim to the first payer.
    posting
        The decision that stands.
    payer_identifier
        Of the first payer.

    Raises
    ------
    FindingsError
        The payer decided on other lines than were billed, or left nothing to the patient.
    """
    told: dict[str, Any] = posting.decision or {}
    parts = [one for line in told["lines"] for one in (line["paid"], *_amounts(line))]
    if any(Decimal(one).scaleb(2) % 1 for one in (*parts, *_amounts(told))):
        raise FindingsError("the first payer's 835 has parts of a cent", "Ask it for another one")
    day = told["paid_on"]
    paid_on = posting.posted_at.date() if day is None else date.fromisoformat(day)
    whole: list[dict[str, str]] = told["adjustments"]
    left = _left(whole)
    adjudications: list[dict[str, Any] | None] = [None] * len(lines)
    if told["lines"]:
        for number, decided in enumerate(_matched(lines, told["lines"])):
            own_left = _left(decided["adjustments"])
            left += own_left
            adjudications[number] = {
                "payer_identifier": payer_identifier,
                "paid": decided["paid"],
                "units": decided["units"] or str(lines[number]["units"]),
                "on": paid_on.isoformat(),
                "adjustments": decided["adjustments"],
                "remaining": str(own_left),
            }
    if left <= 0:
        raise FindingsError(
            "the first payer left nothing to be paid", "Look at its reasons: rehabctl claim show"
        )
    paid = dollars(posting.paid_cents)
    return FirstDecision(tuple(adjudications), paid, paid_on, whole, left, told["outpatient"])


def _matched(
    lines: Sequence[Mapping[str, Any]], decided: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the decision on each line: by our line number, else by code and charge in order."""
    rest = list(decided)
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        charge = dollars(line["charge_cents"])
        fitting = [
            one
            for one in rest
            if one["line_id"] in (None, str(number))
            and line["code"] in one["procedure"]
            and Decimal(one["charged"]) == charge
        ]
        if not fitting:
            raise _other_lines()
        found.append(fitting[0])
        rest.remove(fitting[0])
    if rest:
        raise _other_lines()
    return found


def _other_lines() -> FindingsError:
    return FindingsError(
        "the first payer decided on other lines than were billed",
        "Bill the second payer in its own portal",
    )


def _amounts(level: Mapping[str, Any]) -> list[str]:
    return [one["amount"] for one in level["adjustments"]]


def _left(adjustments: Sequence[Mapping[str, str]]) -> Decimal:
    return sum(
        (Decimal(one["amount"]) for one in adjustments if one["group"] == _PATIENT), Decimal(0)
    )
