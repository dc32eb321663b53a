"""Runs every check over a file: envelopes, structure, and the rules on each loop."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from rehabctl.billing.preflight.breach import Breach, Check, World, finding
from rehabctl.billing.preflight.claims import claim, is_claim_number
from rehabctl.billing.preflight.lines import lines
from rehabctl.billing.preflight.other_payers import other_payers
from rehabctl.billing.preflight.parties import billing_provider, party, patient_level, subscriber
from rehabctl.billing.x12.claim_837p import VERSION
from rehabctl.billing.x12.elements import check_elements
from rehabctl.billing.x12.envelope import EnvelopeChecker
from rehabctl.billing.x12.findings import Finding, Severity
from rehabctl.billing.x12.segments import Segment, read_segments
from rehabctl.billing.x12.structure import Loop, Walk
from rehabctl.reference.payers.claim_structure import load_claim_structure, load_envelope_rules
from rehabctl.reference.payers.preflight import load_preflight_rules

_MOST_FINDINGS = 10_000
_ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
_FIX_KIND = "Use the command for this kind of file"
_CHECKS: dict[str, tuple[Check, ...]] = {
    "2000A": (billing_provider,),
    "2000B": (subscriber, patient_level),
    "2000C": (patient_level,),
    "2300": (claim, lines, other_payers),
}


@dataclass(frozen=True, slots=True)
class PreflightResult:
    """What a file is worth before it is sent."""

    claims: int
    findings: tuple[Finding, ...]
    """In file order; at most ten thousand."""

    @property
    def ok(self) -> bool:
        """Whether nothing stands against sending it; warnings do not."""
        return not any(one.severity is Severity.ERROR for one in self.findings)


def check_claims(stream: BinaryIO, world: World) -> PreflightResult:
    """Check a file of professional claims; whatever it holds, this returns.

    Parameters
    ----------
    stream
        The file.
    world
        Day of the check, code sets, and what is known of the payer.
    """
    return _Preflight(world).run(stream)


@dataclass(slots=True)
class _Preflight:
    """State of one run over one file."""

    world: World
    found: list[Finding] = field(default_factory=list[Finding])
    claims: int = 0
    numbers: set[str] = field(default_factory=set[str])
    levels: int = 0
    version: str = ""
    marks: list[tuple[int, str | None]] = field(default_factory=list[tuple[int, str | None]])
    """Where claims begin and end: (position of the segment, number of the claim)."""

    def run(self, stream: BinaryIO) -> PreflightResult:
        envelope = EnvelopeChecker()
        segments = envelope.watch(read_segments(stream))
        segment = next(segments, None)
        while segment is not None:
            self._outside(segment)
            if segment.tag == "ST" and segment.get(1) == "837":
                cut_by: list[Segment] = []
                self._set(_until_end(segment, segments, cut_by))
                if cut_by:
                    segment = cut_by[0]
                    continue
            elif segment.tag == "ST":
                message = f"a transaction set {segment.get(1)[:6]!r} holds no claims"
                self._keep([Finding("not-837", Severity.ERROR, message, _FIX_KIND, "ST")])
            segment = next(segments, None)
        self._keep(envelope.findings)
        if self.claims == 0:
            self._breach(Breach("no-claims"))
        ordered = sorted(self.found, key=lambda one: one.position or 0)
        return PreflightResult(self.claims, tuple(self._named(one) for one in ordered))

    def _named(self, one: Finding) -> Finding:
        """Return a finding with the number of the claim that it stands in."""
        mark = bisect_right(self.marks, one.position or 0, key=lambda mark: mark[0])
        return replace(one, claim=self.marks[mark - 1][1]) if mark else one

    def _set(self, segments: Iterator[Segment]) -> None:
        self.levels = 0
        walk = Walk(load_claim_structure())
        for loop in walk.take(self._watched(segments)):
            self._take_from(walk)
            self._loop(loop)
        self._take_from(walk)

    def _watched(self, segments: Iterator[Segment]) -> Iterator[Segment]:
        for segment in segments:
            if segment.tag == "HL":
                self.marks.append((segment.position, None))
                self.levels += 1
                if segment.get(1) != str(self.levels):
                    self._breach(Breach("level-number", segment, "01"))
            elif segment.tag == "CLM":
                number = segment.get(1)
                # a file with wrong separators may hold anything here, even a name
                self.marks.append((segment.position, number if is_claim_number(number) else None))
                self.claims += 1
                if segment.get(1) in self.numbers:
                    self._breach(Breach("claim-number-twice", segment, "01"))
                self.numbers.add(segment.get(1))
            elif segment.tag == "ST" and segment.get(3) != self.version:
                self._breach(Breach("envelope-version", segment, "03"))
            yield segment

    def _loop(self, loop: Loop) -> None:
        checks = _CHECKS.get(loop.rule.id, ())
        if loop.segments and loop.segments[0].tag == "NM1":
            checks = (*checks, party)
        for check in checks:
            for breach in check(loop, self.world):
                self._breach(breach)
        if loop.rule.id in ("2000B", "2000C", "2300") and loop.parent is not None:
            loop.parent.children.remove(loop)  # flat memory: it was judged

    def _outside(self, segment: Segment) -> None:
        """Check what stands outside the transaction sets."""
        rule = load_envelope_rules().get(segment.tag)
        if rule is not None:
            self._keep(check_elements(rule, segment))
        if segment.tag == "ISA":
            widths = tuple(len(text) for text in segment.elements[1:])
            if widths != _ISA_WIDTHS:
                self._breach(Breach("envelope-width", segment))
        elif segment.tag == "GS":
            self.version = segment.get(8)
            if self.version != VERSION:
                self._breach(Breach("envelope-version", segment, "08"))
            if segment.get(1) != "HC":
                self._breach(Breach("envelope-group", segment, "01"))
            elif segment.get(7) != "X":
                self._breach(Breach("envelope-group", segment, "07"))

    def _take_from(self, walk: Walk) -> None:
        if walk.findings:
            self._keep(walk.findings)
            walk.findings.clear()

    def _breach(self, breach: Breach) -> None:
        self._keep([finding(breach, load_preflight_rules())])

    def _keep(self, findings: Iterable[Finding]) -> None:
        for one in findings:
            if len(self.found) < _MOST_FINDINGS:
                self.found.append(one)


def _until_end(start: Segment, rest: Iterator[Segment], cut_by: list[Segment]) -> Iterator[Segment]:
    """Yield a transaction set; a segment of an envelope that cuts it short is kept aside."""
    yield start
    for segment in rest:
        if segment.tag in ("GE", "IEA", "ISA", "GS", "ST"):
            cut_by.append(segment)
            return
        yield segment
        if segment.tag == "SE":
            return
