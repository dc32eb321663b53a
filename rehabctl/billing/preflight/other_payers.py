"""Rules on other payers of one claim: what they paid and adjusted must add up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from rehabctl.billing.preflight.breach import Breach, World
from rehabctl.billing.preflight.claims import service_days
from rehabctl.billing.preflight.values import amount, days
from rehabctl.billing.x12.structure import Loop


def other_payers(loop: Loop, world: World) -> Iterator[Breach]:
    """Check the coordination of benefits.

    Parameters
    ----------
    loop
        2300.
    world
        Day of the file.
    """
    others = loop.loops("2320")
    subscriber = loop.above("2000B")
    policy = subscriber.first("SBR") if subscriber is not None else None
    taken = {policy.get(1)} if policy is not None else set[str]()
    payers: dict[str, Loop] = {}
    for other in others:
        head = other.segments[0]
        if head.get(1) in taken and head.get(1) != "U":
            yield Breach("other-payer-order", head, "01")
        taken.add(head.get(1))
        if not head.get(9):
            yield Breach("filing-code-missing", head, "09")
        for payer in other.loops("2330B"):
            payers[payer.segments[0].get(9)] = other
    first_service = min(service_days(loop), default=None)
    lines = [(line, one) for line in loop.loops("2400") for one in line.loops("2430")]
    for line, decision in lines:
        decided = decision.segments[0]
        if decided.get(1) not in payers:
            yield Breach("other-payer-line", decided, "01")
        yield from _line_balance(line, decision)
        yield from _decided_on(decision, world, first_service)
    for identifier, other in payers.items():
        own = [one for _, one in lines if one.segments[0].get(1) == identifier]
        yield from _payer(other, own, loop, world)


def _payer(other: Loop, decisions: list[Loop], loop: Loop, world: World) -> Iterator[Breach]:
    """Check one payer's total against its lines, or against the claim where it has none."""
    paid = other.first("AMT", "D")
    total = amount(paid.get(2)) if paid is not None else None
    head = other.segments[0]
    payers = other.loops("2330B")
    dated = any(payer.first("DTP", "573") is not None for payer in payers)
    for level in (other, *payers):
        yield from _decided_on(level, world, min(service_days(loop), default=None))
    if paid is None and decisions:
        yield Breach("other-payer-paid-missing", head)
    if paid is not None and not dated and not decisions:
        yield Breach("other-payer-date", head)
    if total is None or paid is None:
        return
    claim_adjustments = adjusted(other)
    if decisions:
        amounts = [amount(one.segments[0].get(2)) for one in decisions]
        known = sum((value for value in amounts if value is not None), Decimal(0))
        difference = total - (known - claim_adjustments)
        if None not in amounts and difference:
            yield Breach("other-payer-total", paid, "02", str(difference))
        return
    charged = amount(loop.segments[0].get(2))
    if charged is not None and other.first("CAS") is not None:
        difference = charged - claim_adjustments - total
        if difference:
            yield Breach("other-payer-balance", head, detail=str(difference))


def _line_balance(line: Loop, decision: Loop) -> Iterator[Breach]:
    service = line.first("SV1")
    if service is None:
        return
    charged, paid = amount(service.get(2)), amount(decision.segments[0].get(2))
    if charged is not None and paid is not None:
        difference = charged - paid - adjusted(decision)
        if difference:
            yield Breach("other-payer-balance", decision.segments[0], detail=str(difference))


def adjusted(loop: Loop) -> Decimal:
    """Return the sum of a level's adjustments.

    Parameters
    ----------
    loop
        2320 or 2430.
    """
    amounts = (
        amount(segment.get(number))
        for segment in loop.all("CAS")
        for number in range(3, len(segment.elements), 3)
    )
    return sum((value for value in amounts if value is not None), Decimal(0))


def _decided_on(loop: Loop, world: World, first_service: date | None) -> Iterator[Breach]:
    for segment in (*loop.all("SVD"), *loop.all("AMT")):
        value = amount(segment.get(2))
        if value is not None and value < 0:
            yield Breach("amount", segment, "02")
    for when in loop.all("DTP", "573"):
        span = days(when)
        if span is None:
            yield Breach("date", when, "03")
        elif span[1] > world.file_day:
            yield Breach("date-future", when, "03")
        elif first_service is not None and span[0] < first_service:
            yield Breach("other-payer-early", when, "03")
