"""Reader of the answers to a claim file: TA1, 999, 277CA, and the 277 that answers a 276.

Each answer says what became of one interchange, transaction set or claim. Names of patients are not
kept: the claim's own number finds the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import BinaryIO

from rehabctl.billing.x12.envelope import EnvelopeChecker
from rehabctl.billing.x12.findings import Finding, Severity
from rehabctl.billing.x12.segments import Segment, read_segments
from rehabctl.reference.payers.claim_answers import claim_meaning, envelope_meaning

_CLAIM_ACKNOWLEDGEMENT = "005010X214"
_PATIENT_LEVELS = ("PT", "22", "23")


class Scope(StrEnum):
    """What an answer speaks of."""

    INTERCHANGE = "interchange"
    GROUP = "group"
    SET = "set"
    FILE = "file"
    """Everything of one submitter or provider in a claim acknowledgement."""
    CLAIM = "claim"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one thing that was sent."""

    kind: str
    """TA1, 999, 277CA or 277."""
    scope: Scope
    reference: str
    """Control number of ours, or our number of the claim."""
    status: str
    codes: tuple[str, ...]
    """As the sender wrote them, such as `A7:562:85`."""
    label: str
    position: int
    payer_claim_id: str = ""
    amount: Decimal | None = None
    faults: tuple[str, ...] = ()
    """Places that a 999 complains about, such as `NM1 8 in 2010BA: 09 code 1`."""


def read_answers(stream: BinaryIO, envelope: EnvelopeChecker) -> Iterator[Answer]:
    """Yield each answer of a file in order; what is no answer becomes a finding.

    Parameters
    ----------
    stream
        The file.
    envelope
        Collects what is wrong with the envelopes and with foreign transaction sets.
    """
    reader: _Acknowledgement | _Status | None = None
    for segment in envelope.watch(read_segments(stream)):
        match segment.tag:
            case "TA1":
                yield _interchange(segment)
            case "ST":
                reader = _reader(segment)
                if reader is None:
                    message = f"a transaction set {segment.get(1)[:6]!r} is no answer to claims"
                    fix = "Use the command for this kind of file"
                    envelope.findings.append(
                        Finding("not-answer", Severity.ERROR, message, fix, "ST", segment.position)
                    )
            case _ if reader is not None:
                yield from reader.take(segment)
                if segment.tag == "SE":
                    reader = None
            case _:
                pass


def _reader(start: Segment) -> _Acknowledgement | _Status | None:
    if start.get(1) == "999":
        return _Acknowledgement()
    if start.get(1) == "277":
        return _Status("277CA" if start.get(3).startswith(_CLAIM_ACKNOWLEDGEMENT) else "277")
    return None


def _interchange(segment: Segment) -> Answer:
    meaning = envelope_meaning(segment.get(4))
    codes = tuple(code for code in (segment.get(4), segment.get(5)) if code)
    reference = segment.get(1)
    return Answer(
        "TA1", Scope.INTERCHANGE, reference, meaning.status, codes, meaning.label, segment.position
    )


class _Acknowledgement:
    """One 999: what became of the group and each of its sets."""

    def __init__(self) -> None:
        self._group = ""
        self._set = ""
        self._faults: list[str] = []
        self._segment = ""

    def take(self, segment: Segment) -> Iterator[Answer]:
        match segment.tag:
            case "AK1":
                self._group = segment.get(2)
            case "AK2":
                self._set, self._faults = segment.get(2), []
            case "IK3":
                loop = f" in {segment.get(3)}" if segment.get(3) else ""
                self._segment = f"{segment.get(1)} {segment.get(2)}{loop}"
                self._faults.append(f"{self._segment}: code {segment.get(4)}")
            case "IK4":
                place = ":".join(part for part in segment.components(1) if part)
                self._faults.append(f"{self._segment}: element {place} code {segment.get(3)}")
            case "IK5":
                codes = tuple(code for code in segment.elements[1:] if code)
                yield self._answer(Scope.SET, self._set, codes, segment, tuple(self._faults))
            case "AK9":
                codes = tuple(c for c in (segment.get(1), *segment.elements[5:]) if c)
                yield self._answer(Scope.GROUP, self._group, codes, segment, ())
            case _:
                pass

    def _answer(
        self,
        scope: Scope,
        reference: str,
        codes: tuple[str, ...],
        segment: Segment,
        faults: tuple[str, ...],
    ) -> Answer:
        meaning = envelope_meaning(codes[0] if codes else "")
        place = segment.position
        return Answer(
            "999", scope, reference, meaning.status, codes, meaning.label, place, faults=faults
        )


class _Status:
    """One 277: what became of a submission and each of its claims."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._clear("")

    def _clear(self, level: str) -> None:
        self._level = level
        self._reference = self._payer_claim_id = ""
        self._codes: list[str] = []
        self._amount: Decimal | None = None
        self._position = 0

    def take(self, segment: Segment) -> Iterator[Answer]:
        match segment.tag:
            case "HL":
                yield from self._finished()
                self._clear(segment.get(3))
            case "TRN":
                yield from self._finished()
                self._clear(self._level)
                self._reference = segment.get(2)
            case "STC":
                self._position = self._position or segment.position
                self._codes += [
                    ":".join(segment.components(number)).strip(":")
                    for number in (1, 10, 11)
                    if segment.get(number)
                ]
                self._amount = _amount(segment.get(4)) if self._amount is None else self._amount
            case "REF" if segment.get(1) == "1K":
                self._payer_claim_id = segment.get(2)
            case "SE":
                yield from self._finished()
            case _:
                pass

    def _finished(self) -> Iterator[Answer]:
        if not self._codes:
            return
        meanings = [claim_meaning(code.split(":")[0]) for code in self._codes]
        # several codes of one claim: one that rejects it decides
        worst = next((one for one in meanings if one.status == "rejected"), meanings[0])
        yield Answer(
            self._kind,
            Scope.CLAIM if self._level in _PATIENT_LEVELS else Scope.FILE,
            self._reference,
            worst.status,
            tuple(self._codes),
            worst.label,
            self._position,
            self._payer_claim_id,
            self._amount,
        )


def _amount(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
