"""Availity's JSON answers as the X12 that payers send: a 271 and a 277."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from rehabctl.billing.x12.segments import Segment
from rehabctl.billing.x12.writer import Element, SegmentWriter, quantity
from rehabctl.domain.errors import RehabctlError
from rehabctl.integrations.clearinghouse.answers import object_or_none, objects

_NETWORKS = {"inNetwork": "Y", "outOfNetwork": "N", "noNetwork": ""}
_AMOUNTS = {"coPayment": "B", "coInsurance": "A", "deductibles": "C", "outOfPocket": "G"}
_LIMIT, _CALENDAR_YEAR, _REMAINING, _VISITS = "F", "23", "29", "VS"
_REFUSED = "R"
_CODE = re.compile(r"[A-Z0-9]{1,3}")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def cover_271(asked: list[Segment], found: dict[str, Any]) -> bytes:
    """Return a 271 that says what Availity says of a cover.

    Parameters
    ----------
    asked
        The 270.
    found
        The finished coverage.
    """
    emit = _Writer(asked)
    emit("HL", "1", "", "20", "1")
    emit.name("PR", asked)
    emit("HL", "2", "1", "21", "1")
    emit.name("1P", asked)
    emit("HL", "3", "2", "22", "0")
    emit("TRN", "2", emit.trace, emit.origin)
    holder = next(one for one in asked if one.tag == "NM1" and one.get(1) == "IL")
    subscriber: dict[str, Any] = found.get("subscriber") or {}
    member = str(subscriber.get("memberId") or holder.get(9))
    emit("NM1", "IL", "1", holder.get(3), holder.get(4), "", "", "", "MI", member)
    if str(found.get("statusCode")) == _REFUSED:
        said = [str(one.get("code", "")) for one in objects(found.get("validationMessages"))]
        for code in said or ["42"]:
            emit("AAA", "N", "", code if _CODE.fullmatch(code) else "42", "C")
        return emit.file("HB", "271", "005010X279A1")
    for plan in objects(found.get("plans")):
        for segment in _plan(plan):
            emit(*segment)
    return emit.file("HB", "271", "005010X279A1")


def _plan(plan: dict[str, Any]) -> Iterator[tuple[Element, ...]]:
    kind = str(plan.get("statusCode") or "")
    insurance = str(plan.get("insuranceTypeCode") or "")
    if kind:
        yield "EB", kind, "", "30", insurance, str(plan.get("insuranceType") or "")
    for benefit in objects(plan.get("benefits")):
        service = str(benefit.get("type") or "")
        if not service:
            continue
        if benefit.get("statusCode"):
            yield "EB", str(benefit["statusCode"]), "", service, insurance
        amounts: dict[str, Any] = benefit.get("amounts") or {}
        for name, code in _AMOUNTS.items():
            yield from _amounts(code, service, amounts.get(name))
        yield from _limits(service, benefit.get("limitations"))


def _amounts(code: str, service: str, told: Any) -> Iterator[tuple[Element, ...]]:
    networks = object_or_none(told)
    for name, network in _NETWORKS.items():
        for one in objects(networks.get(name)):
            value, left = _number(one.get("amount")), _number(one.get("remaining"))
            head = "EB", code, "", service, "", ""
            if value is not None and one.get("units") == "%":
                share = value if value <= 1 else value / 100
                yield *head, "", "", quantity(share), "", "", "", network
            elif value is not None:
                yield *head, "", quantity(value), "", "", "", "", network
            if left is not None:
                yield *head, _REMAINING, quantity(left), "", "", "", "", network


def _limits(service: str, told: Any) -> Iterator[tuple[Element, ...]]:
    networks = object_or_none(told)
    for name, network in _NETWORKS.items():
        for one in objects(networks.get(name)):
            if one.get("quantityQualifierCode") != _VISITS:
                continue
            for period, key in ((_CALENDAR_YEAR, "quantity"), (_REMAINING, "remaining")):
                value = _number(one.get(key))
                if value is not None:
                    head = "EB", _LIMIT, "", service, "", "", period, "", ""
                    yield *head, _VISITS, quantity(value), "", network


def status_277(asked: list[Segment], found: dict[str, Any]) -> bytes:
    """Return a 277 that says what Availity says of a claim.

    Parameters
    ----------
    asked
        The 276.
    found
        The finished claim status.

    Raises
    ------
    RehabctlError
        The payer knows no such claim, or the answer is about somebody else.
    """
    holder = next(one for one in asked if one.tag == "NM1" and one.get(1) == "IL")
    subscriber: dict[str, Any] = found.get("subscriber") or {}
    if str(subscriber.get("memberId") or holder.get(9)) != holder.get(9):
        raise RehabctlError("Availity answered about another member", "Report it to them")
    if str(found.get("statusCode")) == _REFUSED:
        raise RehabctlError("the payer refused the question", "Check payer and member")
    emit = _Writer(asked)
    claims = [
        one
        for one in objects(found.get("claimStatuses"))
        if str(one.get("patientControlNumber") or emit.trace) == emit.trace
    ]
    details = [one for claim in claims for one in objects(claim.get("statusDetails"))]
    if not details:
        raise RehabctlError("Availity found no such claim", "Ask again some days after sending it")
    emit("HL", "1", "", "20", "1")
    emit.name("PR", asked)
    emit("HL", "2", "1", "21", "1")
    emit.name("41", asked)
    emit("HL", "3", "2", "19", "1")
    emit.name("1P", asked)
    emit("HL", "4", "3", "22", "0")
    emit("NM1", "IL", "1", holder.get(3), holder.get(4), "", "", "", "MI", holder.get(9))
    emit("TRN", "2", emit.trace)
    for one in details:
        codes = str(one.get("categoryCode") or ""), str(one.get("statusCode") or "")
        paid, charge = _number(one.get("paymentAmount")), _number(one.get("claimAmount"))
        emit(
            "STC", codes, _day(one.get("effectiveDate")), "",
            "" if charge is None else quantity(charge), "" if paid is None else quantity(paid),
        )  # fmt: skip
    number = str(claims[0].get("claimControlNumber") or "")
    if number:
        emit("REF", "1K", number)
    return emit.file("HN", "277", "005010X212")


class _Writer:
    """Collects segments and puts the envelope of the question around them, turned about."""

    def __init__(self, asked: list[Segment]) -> None:
        self._writer = SegmentWriter(line_end="")
        self._out: list[str] = []
        self._asked = {one.tag: one for one in reversed(asked)}
        self.trace, self.origin = self._asked["TRN"].get(2), self._asked["TRN"].get(3)

    def __call__(self, *elements: Element) -> None:
        tag, *rest = elements
        try:
            self._out.append(self._writer.segment(str(tag), *rest))
        except RehabctlError:
            raise RehabctlError(
                "the answer of Availity holds what X12 cannot carry", "Report it to them"
            ) from None

    def name(self, entity: str, asked: list[Segment]) -> None:
        """Repeat a name of the question."""
        for one in asked:
            if one.tag == "NM1" and one.get(1) == entity:
                self(*one.elements)

    def file(self, group: str, kind: str, version: str) -> bytes:
        """Return the whole file."""
        isa, gs, bht = self._asked["ISA"], self._asked["GS"], self._asked["BHT"]
        control = isa.get(13)
        turned = isa.get(7), isa.get(8), isa.get(5), isa.get(6)
        rest = "^", "00501", control, "0", isa.get(15)
        interchange = "*".join((*isa.elements[:5], *turned, *isa.elements[9:11], *rest))
        number = gs.get(6)
        parts = [
            f"{interchange}*:~GS*{group}*{gs.get(3)}*{gs.get(2)}*{gs.get(4)}*{gs.get(5)}*{number}"
            f"*X*{version}~ST*{kind}*0001*{version}~"
            f"BHT*{bht.get(1)}*{'11' if kind == '271' else '08'}*{bht.get(3)}*{bht.get(4)}"
            f"*{bht.get(5)}{'*DG' if kind == '277' else ''}~",
            *self._out,
            f"SE*{len(self._out) + 3}*0001~GE*1*{number}~IEA*1*{control}~",
        ]
        return "".join(parts).encode("ascii")


def _number(value: Any) -> Decimal | None:
    """Return an amount that came as text or as a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _day(value: Any) -> str:
    found = _DAY.match(str(value or ""))
    return "".join(found.groups()) if found else ""
