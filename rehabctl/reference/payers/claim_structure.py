"""Loader of the structure of a professional claim (`claim_structure.toml`)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

_SEGMENT = re.compile(r"(\d+) ([A-Z0-9]+)(?:\*([A-Z0-9,]+))? ([RS])(\d+) \| (.*)")
_OUTSIDE_COMPOSITES = re.compile(r";\s*(?![^(]*\))")
_UNLIMITED = 10**9


class Usage(StrEnum):
    """Whether something must stand, may stand or must not."""

    REQUIRED = "R"
    SITUATIONAL = "S"
    UNUSED = "N"


@dataclass(frozen=True, slots=True)
class ElementRule:
    """What one element or component may be."""

    usage: Usage
    kind: str = ""
    """AN text, ID code, N0 whole number, R decimal, DT date, TM time; empty where unused."""
    shortest: int = 0
    longest: int = 0
    codes: frozenset[str] = frozenset()
    components: tuple[ElementRule, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """One segment of a loop."""

    position: int
    tag: str
    qualifiers: frozenset[str]
    """Empty when any will do."""
    usage: Usage
    longest_run: int
    elements: tuple[ElementRule, ...]
    pairs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class LoopRule:
    """A group of segments that belong together, named as in the implementation guide."""

    id: str
    position: int
    """Among the segments' and loops' of its parent."""
    required: bool
    longest_run: int
    segments: tuple[SegmentRule, ...]
    children: list[LoopRule] = field(default_factory=list["LoopRule"])

    @property
    def start(self) -> SegmentRule:
        """The segment that opens it."""
        return self.segments[0]

    @cached_property
    def by_tag(self) -> dict[str, list[SegmentRule | LoopRule]]:
        """What a segment may be here, by its tag, in the order of positions."""
        found: dict[str, list[SegmentRule | LoopRule]] = {}
        for one in sorted((*self.segments, *self.children), key=lambda one: one.position):
            tag = one.start.tag if isinstance(one, LoopRule) else one.tag
            found.setdefault(tag, []).append(one)
        return found

    @cached_property
    def needed(self) -> list[SegmentRule | LoopRule]:
        """What must stand in it."""
        segments = [one for one in self.segments if one.usage is Usage.REQUIRED]
        return [*segments, *(one for one in self.children if one.required)]


@cache
def load_envelope_rules() -> dict[str, SegmentRule]:
    """Return the rules of the segments around transaction sets, by tag."""
    table = _table()
    rules = (_segment(line, table["lists"]) for line in table["envelope"]["segments"])
    return {rule.tag: rule for rule in rules}


@cache
def load_claim_structure() -> LoopRule:
    """Return the structure of one 837P transaction set, as the loop that holds all others."""
    table = _table()
    lists: dict[str, str] = table["lists"]
    loops: dict[str, LoopRule] = {}
    for row in table["loop"]:
        segments = tuple(_segment(line, lists) for line in row["segments"])
        at, run = row.get("at", 0), row.get("max", 1) or _UNLIMITED
        loop = LoopRule(row["id"], at, row.get("required", False), run, segments)
        loops[loop.id] = loop
        for parent in row.get("in", ()):
            loops[parent].children.append(loop)
    return loops["set"]


def _table() -> dict[str, Any]:
    import tomllib

    text = (files("rehabctl.reference.payers") / "claim_structure.toml").read_text("utf-8")
    return tomllib.loads(text)


def _segment(line: str, lists: dict[str, str]) -> SegmentRule:
    match = _SEGMENT.fullmatch(line)
    if match is None:
        raise ValueError(f"claim_structure.toml: {line!r}")
    position, tag, qualifiers, usage, run, rest = match.groups()
    elements, _, conditions = rest.partition(" | ")
    for name in sorted(lists, key=len, reverse=True):
        elements = elements.replace(f"${name}", lists[name])
    pairs = [condition[1:].split(",") for condition in conditions.split()]
    return SegmentRule(
        position=int(position),
        tag=tag,
        qualifiers=frozenset((qualifiers or "").split(",")) - {""},
        usage=Usage(usage),
        longest_run=int(run),
        elements=tuple(_element(text) for text in _OUTSIDE_COMPOSITES.split(elements)),
        pairs=tuple((int(a), int(b)) for a, b in pairs),
    )


def _element(text: str) -> ElementRule:
    usage, _, rest = text.strip().partition(" ")
    if rest.startswith("("):
        parts = tuple(_element(part) for part in rest[1:-1].split(","))
        return ElementRule(Usage(usage), components=parts)
    if not rest:
        return ElementRule(Usage(usage))
    kind, length, *codes = rest.split()
    shortest, _, longest = length.partition("-")
    return ElementRule(
        usage=Usage(usage),
        kind=kind,
        shortest=int(shortest),
        longest=int(longest or shortest),
        codes=frozenset(codes[0].split("|")) if codes else frozenset(),
    )
