"""Reader of the 271 (005010X279A1): what a payer says of a person's cover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import BinaryIO

from rehabctl.billing.x12.envelope import EnvelopeChecker
from rehabctl.billing.x12.findings import Finding, Severity
from rehabctl.billing.x12.segments import Segment, read_segments
from rehabctl.domain.eligibility import Benefit, EligibilityAnswer
from rehabctl.reference.payers.benefit_codes import benefit_word

_YES_NO = {"Y": True, "N": False}


def read_eligibility(stream: BinaryIO, envelope: EnvelopeChecker) -> Iterator[EligibilityAnswer]:
    """Yield the answers of a 271 file, one for each person asked about.

    Parameters
    ----------
    stream
        The file.
    envelope
        Collects what is wrong with the envelopes and with foreign transaction sets.
    """
    answer: _Answer | None = None
    for segment in envelope.watch(read_segments(stream)):
        if segment.tag == "ST":
            answer = _Answer(segment.position) if segment.get(1) == "271" else None
            if answer is None:
                message = f"a transaction set {segment.get(1)[:6]!r} holds no cover"
                fix = "Use the command for this kind of file"
                found = Finding("not-271", Severity.ERROR, message, fix, "ST", segment.position)
                envelope.findings.append(found)
        elif answer is not None:
            if segment.tag == "HL" and segment.get(3) in ("22", "23") and answer.is_person:
                yield answer.result()
                answer = _Answer(segment.position)
            answer.take(segment)
            if segment.tag == "SE":
                yield answer.result()
                answer = None
    if answer is not None:
        yield answer.result()


@dataclass(slots=True)
class _Answer:
    """Builds one answer from its segments."""

    position: int
    is_person: bool = False
    trace_number: str = ""
    member_id: str = ""
    benefits: list[Benefit] = field(default_factory=list[Benefit])
    rejections: list[str] = field(default_factory=list[str])
    dates: dict[str, str] = field(default_factory=dict[str, str])

    def take(self, segment: Segment) -> None:
        match segment.tag:
            case "HL" if segment.get(3) in ("22", "23"):
                self.is_person = True
            case "TRN" if segment.get(1) == "2":
                self.trace_number = self.trace_number or segment.get(2)
            case "NM1" if segment.get(1) in ("IL", "03") and segment.get(9):
                self.member_id = segment.get(9)
            case "AAA":
                self.rejections.append(segment.get(3))
            case "EB":
                self.benefits.append(_benefit(segment))
            case "MSG" if self.benefits:
                last = self.benefits[-1]
                self.benefits[-1] = replace(last, notes=(*last.notes, segment.get(1)))
            case "DTP" if not self.benefits:
                self.dates[segment.get(1)] = segment.get(3)
            case _:
                pass

    def result(self) -> EligibilityAnswer:
        return EligibilityAnswer(
            trace_number=self.trace_number,
            position=self.position,
            benefits=tuple(self.benefits),
            rejections=tuple(self.rejections),
            member_id=self.member_id,
            dates=self.dates,
        )


def _benefit(segment: Segment) -> Benefit:
    repetition = segment.delimiters.repetition
    types = segment.get(3).split(repetition) if repetition else [segment.get(3)]
    return Benefit(
        kind=benefit_word("kind", segment.get(1)),
        service_types=tuple(one for one in types if one),
        amount=_number(segment.get(7)),
        percent=_number(segment.get(8)),
        quantity=_number(segment.get(10)),
        quantity_unit=benefit_word("quantity", segment.get(9)),
        period=benefit_word("period", segment.get(6)),
        plan=segment.get(5),
        insurance_type=segment.get(4),
        in_network=_YES_NO.get(segment.get(12)),
        authorization_required=_YES_NO.get(segment.get(11)),
    )


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
