"""Checks one segment's elements against their rule: presence, length, kind and code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from rehabctl.billing.x12.findings import Finding, Severity
from rehabctl.billing.x12.segments import Segment
from rehabctl.domain.counting import counted
from rehabctl.reference.payers.claim_structure import ElementRule, SegmentRule, Usage

_NUMBER = re.compile(r"-?\d+")
_DECIMAL = re.compile(r"-?(\d+\.?\d*|\.\d+)")
_NOT_A_CHARACTER = "�"
_DATE_CHARACTERS = 8


def check_elements(rule: SegmentRule, segment: Segment) -> Iterator[Finding]:
    """Yield a finding for each element that is not what its rule says.

    Parameters
    ----------
    rule
        Of this segment at its place.
    segment
        The segment.
    """
    elements = segment.elements
    for number in range(len(rule.elements) + 1, len(elements)):
        if elements[number]:
            yield _finding("element-unused", segment, f"{number:02d}", "must stay empty")
    if len(elements) > 1 and not elements[-1]:
        yield _finding("element-trailing", segment, f"{len(elements) - 1:02d}", "is an empty end")
    for number, element_rule in enumerate(rule.elements, 1):
        value = elements[number] if number < len(elements) else ""
        if not value:
            if element_rule.usage is Usage.REQUIRED:
                yield _finding("element-missing", segment, f"{number:02d}", "is missing")
        elif element_rule.components:
            yield from _composite(element_rule, segment, number)
        else:
            yield from _element(element_rule, value, segment, f"{number:02d}")
    for first, second in rule.pairs:
        if bool(segment.get(first)) != bool(segment.get(second)):
            text = f"and {segment.tag}{second:02d} must stand together"
            yield _finding("element-pair", segment, f"{first:02d}", text)


def parse_date(text: str) -> date | None:
    """Return a day written CCYYMMDD, or None where it is not a real day.

    Parameters
    ----------
    text
        As it stands in the file.
    """
    if len(text) != _DATE_CHARACTERS or not (text.isascii() and text.isdecimal()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _composite(rule: ElementRule, segment: Segment, number: int) -> Iterator[Finding]:
    parts = segment.components(number)
    if len(parts) > len(rule.components):
        where = f"{number:02d}"
        yield _finding("component-unused", segment, where, "has more components than it may")
    for index, part_rule in enumerate(rule.components):
        value = parts[index] if index < len(parts) else ""
        where = f"{number:02d}-{index + 1}"
        if value:
            yield from _element(part_rule, value, segment, where)
        elif part_rule.usage is Usage.REQUIRED:
            yield _finding("element-missing", segment, where, "is missing")


def _element(rule: ElementRule, value: str, segment: Segment, where: str) -> Iterator[Finding]:
    if rule.usage is Usage.UNUSED:
        yield _finding("element-unused", segment, where, "must stay empty")
        return
    if not rule.kind:
        return
    if _NOT_A_CHARACTER in value or not value.isascii() or not value.isprintable():
        text = "holds a character that claims cannot carry"
        yield _finding("element-character", segment, where, text)
        return
    digits = value.lstrip("-").replace(".", "") if rule.kind in ("R", "N0") else value
    if not rule.shortest <= len(digits) <= rule.longest or not value.strip():
        lengths = _lengths(rule)
        text = f"has {counted(len(digits), 'character')}, allowed are {lengths}"
        yield _finding("element-length", segment, where, text)
    elif (
        rule.kind == "AN" and value != value.strip() and segment.tag != "ISA"
    ):  # it has fixed widths
        yield _finding("element-space", segment, where, "begins or ends with a space")
    elif rule.codes and value not in rule.codes:
        yield _finding("element-code", segment, where, f"must be {_listed(rule.codes)}")
    elif not _is_of_kind(rule.kind, value):
        yield _finding("element-kind", segment, where, f"is not {_KINDS[rule.kind]}")


_KINDS = {
    "R": "a decimal number",
    "N0": "a whole number",
    "DT": "a day like 20260302",
    "TM": "a time like 1030",
}


def _is_of_kind(kind: str, value: str) -> bool:
    match kind:
        case "R":
            return _DECIMAL.fullmatch(value) is not None
        case "N0":
            return _NUMBER.fullmatch(value) is not None
        case "DT":
            return parse_date(value) is not None
        case "TM":
            return value.isdecimal() and value[:2] < "24" and value[2:4] < "60"
        case _:
            return True


def _lengths(rule: ElementRule) -> str:
    if rule.shortest == rule.longest:
        return str(rule.shortest)
    return f"{rule.shortest} to {rule.longest}"


def _listed(codes: Sequence[str] | frozenset[str]) -> str:
    return " or ".join(sorted(codes))


def _finding(rule: str, segment: Segment, where: str, text: str) -> Finding:
    message = f"{segment.tag[:3]}{where} {text}"
    fix = "Correct it in the record and build the claim again"
    return Finding(rule, Severity.ERROR, message, fix, segment.tag[:3], segment.position)
