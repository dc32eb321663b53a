"""Minutes of service into billable units, by the payer's rule.

The total-time rule (`cms`) pools the minutes of all timed codes of a day; the midpoint rule (`ama`)
looks at each code alone. Where the total-time rule leaves a choice, it is shown as a tie and the
listing order decides until the clinician does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rehabctl.domain.counting import counted
from rehabctl.domain.errors import UsageError
from rehabctl.reference.payers.service_codes import (
    CodeKind,
    UnitRule,
    duration_code,
    load_ladder,
    load_service_code,
    load_unit_rule,
)

MINUTES_OF_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Service:
    """Minutes of one code on one day."""

    code: str
    minutes: int


@dataclass(frozen=True, slots=True)
class UnitLine:
    """Units of one code."""

    code: str
    minutes: int
    units: int
    remark: str = ""
    """Why a code has no unit although its minutes would have one elsewhere."""


@dataclass(frozen=True, slots=True)
class Tie:
    """Codes with equal claims to the remaining units: the clinician chooses."""

    between: tuple[str, ...]
    units_to_place: int


@dataclass(frozen=True, slots=True)
class UnitResult:
    """Units of one day's services with the rule's row that was used."""

    rule: str
    rule_version: str
    total_timed_minutes: int
    total_timed_units: int
    lines: tuple[UnitLine, ...]
    ties: tuple[Tie, ...]


def count_units(services: Sequence[Service], *, rule: str, on: date) -> UnitResult:
    """Count the units of one patient's services of one day, discipline and claim.

    Parameters
    ----------
    services
        In listing order; minutes of a code that stands twice are added.
    rule
        `cms` (total time) or `ama` (midpoint, per code).
    on
        Date of service: it chooses the rows.

    Raises
    ------
    UsageError
        A code is unknown, or its minutes are negative or more than a day holds.
    RehabctlError
        No row of the rule covers the date.
    """
    row = load_unit_rule(rule, on)
    minutes: dict[str, int] = {}
    kinds: dict[str, CodeKind] = {}
    for service in services:
        code = load_service_code(service.code, on)
        if not 0 <= service.minutes <= MINUTES_OF_A_DAY:
            raise UsageError(
                f"{service.minutes} minutes of {code.code} do not fit into a day",
                "Give the minutes of one day",
            )
        name = load_ladder(code.ladder, on).first if code.ladder else code.code
        minutes[name] = minutes.get(name, 0) + service.minutes
        kinds[name] = code.kind
    timed_minutes = {code: m for code, m in minutes.items() if kinds[code] is CodeKind.TIMED}
    if row.pooled:
        units, ties = _pooled(timed_minutes, row)
    else:
        units, ties = {c: _units(m, row) for c, m in timed_minutes.items()}, ()
    lines: list[UnitLine] = []
    for code, m in minutes.items():
        if kinds[code] is CodeKind.DURATION:
            lines.append(_by_duration(code, m, on))
        elif kinds[code] is CodeKind.LADDER:
            lines.extend(_on_ladder(load_service_code(code, on).ladder, m, on))
        else:
            lines.append(UnitLine(code, m, units.get(code, 1)))
    return UnitResult(
        rule=row.rule,
        rule_version=row.version,
        total_timed_minutes=sum(timed_minutes.values()),
        total_timed_units=sum(units.values()),
        lines=tuple(lines),
        ties=ties,
    )


def _by_duration(code: str, minutes: int, on: date) -> UnitLine:
    """Return one unit where the minutes lie in the code's range, else none and the right code."""
    right = duration_code(code, minutes, on)
    if right == code:
        return UnitLine(code, minutes, 1)
    if right is not None:
        return UnitLine(code, minutes, 0, f"the code for {counted(minutes, 'minute')} is {right}")
    return UnitLine(code, minutes, 0, f"no code of its family is for {counted(minutes, 'minute')}")


def _on_ladder(name: str, minutes: int, on: date) -> tuple[UnitLine, ...]:
    """Return the steps that the minutes reach."""
    row = load_ladder(name, on)
    if minutes < row.first_from_min:
        return (UnitLine(row.first, minutes, 0),)
    beyond = max(0, minutes - row.first_min)
    further = (beyond + row.further_min - row.further_from_min) // row.further_min
    if not further:
        return (UnitLine(row.first, minutes, 1),)
    first = UnitLine(row.first, row.first_min, 1)
    return first, UnitLine(row.further, beyond, further)


def _units(minutes: int, row: UnitRule) -> int:
    """Return the units of a number of minutes: one from 8, two from 23, and so on."""
    return (minutes + row.unit_min - row.first_unit_from_min) // row.unit_min


def _pooled(minutes: dict[str, int], row: UnitRule) -> tuple[dict[str, int], tuple[Tie, ...]]:
    """Hand out the day's units: whole blocks first, then one each to the largest remainders."""
    units = {code: m // row.unit_min for code, m in minutes.items()}
    left = _units(sum(minutes.values()), row) - sum(units.values())
    remainders = {code: m % row.unit_min for code, m in minutes.items() if m % row.unit_min}
    ties: list[Tie] = []
    while left > 0 and remainders:
        largest = max(remainders.values())
        equal = [code for code, remainder in remainders.items() if remainder == largest]
        placed = min(left, len(equal))
        if placed < len(equal):
            ties.append(Tie(tuple(equal), placed))
        for code in equal[:placed]:
            units[code] += 1
        for code in equal:
            del remainders[code]
        left -= placed
    return units, tuple(ties)
