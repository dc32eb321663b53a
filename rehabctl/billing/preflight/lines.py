"""Rules on service lines: codes, modifiers, units, pointers, days and what excludes what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from rehabctl.billing.preflight.breach import Breach, World
from rehabctl.billing.preflight.claims import birth_date, diagnosis_count
from rehabctl.billing.preflight.values import amount, days, has_parts_of_a_cent
from rehabctl.billing.x12.segments import Segment
from rehabctl.billing.x12.structure import Loop
from rehabctl.domain.code_lists import CodeListKind
from rehabctl.reference.payers.service_codes import CodeKind, find_service_code

_PROCEDURE = re.compile(r"[0-9]{4}[0-9A-Z]|[A-V][0-9]{4}")
_MODIFIER = re.compile(r"[A-Z0-9]{2}")
_MODIFIERS = slice(2, 6)
_DESCRIPTION = 6
"""Component after the last modifier: a fifth one would land in it."""


def lines(loop: Loop, world: World) -> Iterator[Breach]:
    """Check every line of a claim, and the lines against each other.

    Parameters
    ----------
    loop
        2300.
    world
        Day of the file and code sets.
    """
    references: set[str] = set()
    services: set[tuple[str, ...]] = set()
    by_day: dict[date | None, list[tuple[str, Segment, frozenset[str]]]] = {}
    for number, line in enumerate(loop.loops("2400"), 1):
        head, service = line.segments[0], line.first("SV1")
        if head.get(1) != str(number):
            yield Breach("line-number", head, "01")
        when = line.first("DTP", "472")
        span = days(when) if when is not None else None
        yield from _day(when, span, loop, world)
        yield from _reference(line, references)
        if service is None:
            continue
        yield from _service(service, loop, world, span)
        parts = service.components(1)
        key = (*parts, when.get(3) if when is not None else "")
        if len(parts) > 1 and when is not None and not line.loops("2410"):
            if key in services:
                yield Breach("line-twice", service)
            services.add(key)
        if len(parts) > 1:
            modifiers = frozenset(parts[_MODIFIERS])
            by_day.setdefault(span[0] if span else None, []).append((parts[1], service, modifiers))
    for day, found in by_day.items():
        yield from _together(found, day, world)
    yield from _lists(loop, [day for day in by_day if day is not None], world)


def _lists(loop: Loop, service_days: list[date], world: World) -> Iterator[Breach]:
    """Say which imported lists end before a day of service or begin after it."""
    for kind in (CodeListKind.NCCI, CodeListKind.MUE, CodeListKind.ICD10):
        if any(world.lacks(kind, day) for day in service_days):
            yield Breach("code-list-missing", loop.segments[0], detail=kind.value)


def _day(
    when: Segment | None, span: tuple[date, date] | None, loop: Loop, world: World
) -> Iterator[Breach]:
    if when is None:
        return
    if span is None:
        yield Breach("date", when, "03")
        return
    if span[1] > world.file_day:
        yield Breach("date-future", when, "03")
    born = birth_date(loop)
    if born is not None and span[0] < born:
        yield Breach("date-before-birth", when, "03")
    limit = world.timely_filing_days
    if limit is not None and (world.file_day - span[0]).days > limit:
        yield Breach("timely-filing", when, "03", str(limit))


def _reference(line: Loop, seen: set[str]) -> Iterator[Breach]:
    reference = line.first("REF", "6R")
    if reference is None:
        yield Breach("line-reference-missing", line.segments[0])
        return
    if reference.get(2) in seen:
        yield Breach("line-reference-twice", reference, "02")
    seen.add(reference.get(2))


def _service(
    service: Segment, loop: Loop, world: World, span: tuple[date, date] | None
) -> Iterator[Breach]:
    parts = service.components(1)
    if len(parts) == 1 and any(mark in parts[0] for mark in ">:^|"):
        yield Breach("separator", service, "01")
        return
    code = parts[1] if len(parts) > 1 else ""
    if parts[0] == "HC" and code and not _PROCEDURE.fullmatch(code):
        yield Breach("procedure", service, "01-2")
    charge = amount(service.get(2))
    if charge is not None and (charge < 0 or has_parts_of_a_cent(charge)):
        yield Breach("amount", service, "02")
    yield from _units(service, code, world, span)
    yield from _pointers(service, loop)
    place = service.get(5) or loop.segments[0].components(5)[0]
    if service.get(5):
        if service.get(5) not in world.codes.places:
            yield Breach("place", service, "05")
        elif service.get(5) == loop.segments[0].components(5)[0]:
            yield Breach("place-mixed", service, "05")
    yield from _modifiers(service, code, place, parts[_MODIFIERS], world)
    if len(parts) > _DESCRIPTION and _MODIFIER.fullmatch(parts[_DESCRIPTION]):
        yield Breach("modifier-fifth", service, "01-7")


def _units(
    service: Segment, code: str, world: World, span: tuple[date, date] | None
) -> Iterator[Breach]:
    units = amount(service.get(4))
    if units is None:
        return
    whole = service.get(3) != "UN" or units == units.to_integral_value()
    if units <= 0 or not whole:
        yield Breach("units", service, "04")
        return
    known = find_service_code(code, span[0]) if span is not None else None
    one_day = span is not None and span[0] == span[1]
    once = known is not None and known.kind in (CodeKind.UNTIMED, CodeKind.DURATION)
    if once and units > 1 and one_day:
        yield Breach("units-untimed", service, "04")
    elif units > world.codes.most_units_of_a_day and service.get(3) == "UN" and one_day:
        yield Breach("units-day", service, "04")


def _pointers(service: Segment, loop: Loop) -> Iterator[Breach]:
    present = diagnosis_count(loop)
    seen: set[str] = set()
    for index, text in enumerate(service.components(7), 1):
        if not text.isdecimal():
            continue
        where = f"07-{index}"
        if not 1 <= int(text) <= present:
            yield Breach("pointer", service, where)
        if text in seen:
            yield Breach("pointer-twice", service, where)
        seen.add(text)


def _modifiers(
    service: Segment, code: str, place: str, modifiers: list[str], world: World
) -> Iterator[Breach]:
    codes = world.codes
    for index, modifier in enumerate(modifiers):
        where = f"01-{index + 3}"
        if not modifier:
            if any(modifiers[index + 1 :]):
                yield Breach("modifier-gap", service, where)
        elif not _MODIFIER.fullmatch(modifier):
            yield Breach("modifier", service, where)
        elif modifier in modifiers[:index]:
            yield Breach("modifier-twice", service, where)
    present = set(modifiers)
    disciplines = present & codes.disciplines
    if code in codes.always_therapy and not disciplines:
        yield Breach("discipline-missing", service)
    if len(disciplines) > 1:
        yield Breach("discipline-twice", service)
    for assistant, discipline in (("CQ", "GP"), ("CO", "GO")):
        if assistant in present and discipline not in present:
            yield Breach("assistant-discipline", service, "01")
    video, audio = present & codes.video_modifiers, present & codes.audio_modifiers
    if video and audio:
        yield Breach("telehealth-conflict", service)
    if code in codes.remote_monitoring and (video or audio):
        yield Breach("telehealth-not", service)
    elif place in codes.office_places and (video or audio):
        yield Breach("telehealth-office", service)
    elif place in codes.telehealth_places and code in codes.always_therapy:
        if not video and not audio:
            yield Breach("telehealth-place", service)
        if code in codes.hands_on:
            yield Breach("hands-on", service)


def _together(
    found: list[tuple[str, Segment, frozenset[str]]], day: date | None, world: World
) -> Iterator[Breach]:
    """Check the services of one day against each other."""
    present = frozenset(code for code, _, _ in found)
    for pair in world.codes.exclusive:
        if pair <= present:
            yield Breach("exclusive-codes", found[0][1], detail=" and ".join(sorted(pair)))
    separate = {code for code, _, marks in found if marks & world.codes.separate_modifiers}
    for edit in world.pairs(present, day):
        detail = f"{edit.paid} and {edit.refused}"
        if not edit.modifier_allowed:
            yield Breach("edit-pair-never", found[0][1], detail=detail)
        elif not {edit.paid, edit.refused} & separate:
            yield Breach("edit-pair", found[0][1], detail=detail)
    for code in sorted(present):
        limit = world.unit_limit(code, day)
        if limit is None:
            continue
        units = [amount(line.get(4)) or 0 for name, line, _ in found if name == code]
        if max(units) > limit.units or (not limit.per_line and sum(units) > limit.units):
            where = next(line for name, line, _ in found if name == code)
            yield Breach("units-mue", where, "04", f"{limit.units} of {code}")
