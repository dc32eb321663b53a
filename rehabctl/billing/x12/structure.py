"""Sorts the segments of a transaction set into loops, and says what is out of place.

A claim's loop is handed out as soon as it ends and is then forgotten, so that memory stays flat for
a file of any size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rehabctl.billing.x12.elements import check_elements
from rehabctl.billing.x12.findings import Finding, Severity
from rehabctl.billing.x12.segments import Segment
from rehabctl.domain.counting import counted
from rehabctl.reference.payers.claim_structure import LoopRule, SegmentRule

_FIX = "Correct the program that wrote the file, or build the claim here again"


@dataclass(slots=True)
class Loop:
    """One occurrence of a loop with its segments."""

    rule: LoopRule
    parent: Loop | None
    segments: list[Segment] = field(default_factory=list[Segment])
    children: list[Loop] = field(default_factory=list["Loop"])
    at: int = 0
    """Position that the walk has reached."""
    seen: Counter[int] = field(default_factory=Counter[int])
    """How often each segment and loop stood, by the identity of its rule."""

    def first(self, tag: str, *qualifiers: str) -> Segment | None:
        """Return the first segment with a tag and, if given, one of the qualifiers.

        Parameters
        ----------
        tag
            Identifier.
        qualifiers
            Of its first element.
        """
        return next(iter(self.all(tag, *qualifiers)), None)

    def all(self, tag: str, *qualifiers: str) -> list[Segment]:
        """Return every segment with a tag and, if given, one of the qualifiers.

        Parameters
        ----------
        tag
            Identifier.
        qualifiers
            Of its first element.
        """
        return [
            segment
            for segment in self.segments
            if segment.tag == tag and (not qualifiers or segment.get(1) in qualifiers)
        ]

    def loops(self, *names: str) -> list[Loop]:
        """Return the loops directly below with one of the names.

        Parameters
        ----------
        names
            As in the implementation guide.
        """
        return [child for child in self.children if child.rule.id in names]

    def had(self, name: str) -> bool:
        """Tell whether a child loop stood here, even if it was judged and forgotten.

        Parameters
        ----------
        name
            As in the implementation guide.
        """
        return any(self.seen[id(rule)] for rule in self.rule.children if rule.id == name)

    def above(self, name: str) -> Loop | None:
        """Return the nearest loop above with a name, or None.

        Parameters
        ----------
        name
            As in the implementation guide.
        """
        loop = self.parent
        while loop is not None and loop.rule.id != name:
            loop = loop.parent
        return loop


@dataclass(slots=True)
class Walk:
    """Walks one transaction set.

    Attributes
    ----------
    findings
        What is out of place so far; the caller takes them away.
    """

    root_rule: LoopRule
    findings: list[Finding] = field(default_factory=list[Finding])
    _open: list[Loop] = field(default_factory=list[Loop])

    def take(self, segments: Iterable[Segment]) -> Iterator[Loop]:
        """Yield each loop when it ends, children before parents.

        Parameters
        ----------
        segments
            From ST to SE.
        """
        self._open = [Loop(self.root_rule, None)]
        for segment in segments:
            yield from self._place(segment)
        while self._open:
            yield self._close()

    def _place(self, segment: Segment) -> Iterator[Loop]:
        for depth in range(len(self._open) - 1, -1, -1):
            found = self._match(self._open[depth], segment)
            if found is None:
                continue
            while len(self._open) > depth + 1:
                yield self._close()
            self._enter(self._open[depth], found, segment)
            return
        self._misplaced(segment)

    def _match(self, loop: Loop, segment: Segment) -> SegmentRule | LoopRule | None:
        """Find where a segment fits at or after the place reached in a loop."""
        for found in loop.rule.by_tag.get(segment.tag, ()):
            start = found.start if isinstance(found, LoopRule) else found
            if found.position >= loop.at and _fits(start, segment):
                # the start of the next occurrence belongs to the parent
                return None if found is loop.rule.start and loop.segments else found
        return None

    def _enter(self, loop: Loop, found: SegmentRule | LoopRule, segment: Segment) -> None:
        loop.at = found.position
        if isinstance(found, LoopRule):
            self._count(loop, found, segment)
            child = Loop(found, loop)
            self._open.append(child)
            loop.children.append(child)
            loop, found = child, found.start
        self._count(loop, found, segment)
        loop.segments.append(segment)
        self.findings.extend(check_elements(found, segment))

    def _count(self, loop: Loop, rule: SegmentRule | LoopRule, segment: Segment) -> None:
        loop.seen[id(rule)] += 1
        if loop.seen[id(rule)] == rule.longest_run + 1:
            what = f"loop {rule.id}" if isinstance(rule, LoopRule) else rule.tag
            times = counted(rule.longest_run, "time")
            message = f"{what} stands more than {times} in loop {loop.rule.id}"
            self._add("too-many", message, segment)

    def _close(self) -> Loop:
        loop = self._open.pop()
        last = loop.segments[-1] if loop.segments else None
        for rule in loop.rule.needed:
            if loop.seen[id(rule)]:
                continue
            if isinstance(rule, LoopRule):
                message = f"loop {rule.id} is missing in loop {loop.rule.id}"
                self._add("loop-missing", message, last)
            else:
                what = f"{rule.tag} {'/'.join(sorted(rule.qualifiers))}".strip()
                self._add("segment-missing", f"{what} is missing in loop {loop.rule.id}", last)
        return loop

    def _misplaced(self, segment: Segment) -> None:
        known = any(
            _fits(rule, segment)
            for loop in self._open
            for rule in (*loop.rule.segments, *(child.start for child in loop.rule.children))
        )
        where = self._open[-1].rule.id
        if known:
            message = f"{segment.tag[:3]} stands in the wrong place, after loop {where} began"
            self._add("segment-order", message, segment)
        else:
            message = f"this {segment.tag[:3]!r} has no place in loop {where}"
            self._add("segment-unexpected", message, segment)

    def _add(self, rule: str, message: str, segment: Segment | None) -> None:
        tag = segment.tag[:3] if segment else None
        place = segment.position if segment else None
        self.findings.append(Finding(rule, Severity.ERROR, message, _FIX, tag, place))


def _fits(rule: SegmentRule, segment: Segment) -> bool:
    if rule.tag != segment.tag:
        return False
    if not rule.qualifiers:
        return True
    if rule.tag == "HI":
        return segment.components(1)[0] in rule.qualifiers
    return segment.get(3 if rule.tag == "HL" else 1) in rule.qualifiers
