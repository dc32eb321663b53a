"""Envelopes of an X12 file: counts and control numbers of IEA, GE and SE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rehabctl.billing.x12.findings import Finding, Severity
from rehabctl.billing.x12.segments import Fault, Segment

_ENVELOPE = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA"})
_FIX = "Ask the sender for the file again"


@dataclass
class EnvelopeChecker:
    """Watches the segments of a file as they pass and collects what does not fit.

    Attributes
    ----------
    findings
        In file order.
    """

    findings: list[Finding] = field(default_factory=list[Finding])
    _interchange: Segment | None = None
    _group: Segment | None = None
    _set: Segment | None = None
    _groups: int = 0
    _sets: int = 0

    def watch(self, items: Iterable[Segment | Fault]) -> Iterator[Segment]:
        """Pass every segment through; faults become findings.

        Parameters
        ----------
        items
            What `read_segments` yields.
        """
        for item in items:
            if isinstance(item, Fault):
                self._add(item.rule, item.message, None, item.position)
                continue
            if item.elements[0] in _ENVELOPE:
                self._look(item)
            yield item
        for open_one, end in ((self._set, "SE"), (self._group, "GE"), (self._interchange, "IEA")):
            if open_one is not None:
                message = f"the file ends before the {end} of this {open_one.tag}"
                self._add("envelope-cut", message, open_one)

    def _look(self, segment: Segment) -> None:
        match segment.tag:
            case "ISA":
                self._inside(self._interchange, segment)
                self._interchange, self._groups = segment, 0
            case "GS":
                self._inside(self._group, segment)
                self._group, self._sets = segment, 0
                self._groups += 1
            case "ST":
                self._inside(self._set, segment)
                self._set = segment
                self._sets += 1
            case "SE":
                start = self._set
                count = segment.position - start.position + 1 if start else 0
                self._close(segment, start, count, (2, 2))
                self._set = None
            case "GE":
                self._close(segment, self._group, self._sets, (6, 2))
                self._group = None
            case "IEA":
                self._close(segment, self._interchange, self._groups, (13, 2))
                self._interchange = None
            case _:
                pass

    def _inside(self, open_one: Segment | None, segment: Segment) -> None:
        if open_one is not None:
            message = f"{segment.tag} stands before the end of the one before"
            self._add("envelope-order", message, segment)

    def _close(
        self, end: Segment, start: Segment | None, count: int, numbers: tuple[int, int]
    ) -> None:
        if start is None:
            self._add("envelope-order", f"{end.tag} without its beginning", end)
            return
        if not end.get(1).isdecimal() or int(end.get(1)) != count:
            message = f"{end.tag}01 says {end.get(1)[:12]!r}, counted {count}"
            self._add("envelope-count", message, end)
        if end.get(numbers[1]) != start.get(numbers[0]):
            message = f"the control number of {end.tag} is not that of its {start.tag}"
            self._add("envelope-control", message, end)

    def _add(
        self, rule: str, message: str, segment: Segment | None, position: int | None = None
    ) -> None:
        where = segment.position if segment else position
        tag = segment.tag if segment else None
        self.findings.append(Finding(rule, Severity.ERROR, message, _FIX, tag, where))
