"""Rules on one claim: numbers, totals, dates, diagnoses and providers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from rehabctl.billing.preflight.breach import Breach, World
from rehabctl.billing.preflight.values import amount, days, has_parts_of_a_cent
from rehabctl.billing.x12.elements import parse_date
from rehabctl.billing.x12.segments import Segment
from rehabctl.billing.x12.structure import Loop

_CLAIM_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9.-]{0,19}")
_ANY_CLAIM_NUMBER = re.compile(r"[A-Z0-9.-]{1,38}", re.IGNORECASE)
"""What other programs use: CLM01 holds 38 characters."""
_DIAGNOSIS = re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}")
_EXTERNAL_CAUSES = ("V", "W", "X", "Y")
_TENTH_EDITION = date(2015, 10, 1)
"""From this day of service on, the codes are of ICD-10-CM."""
_LONGER_THAN_PRESENT = ("431", "454", "304", "453", "439", "484", "455", "471")


def is_claim_number(text: str) -> bool:
    """Tell whether a text may be shown as the number of a claim.

    Parameters
    ----------
    text
        CLM01 as it stands in the file.
    """
    return _ANY_CLAIM_NUMBER.fullmatch(text) is not None


def claim(loop: Loop, world: World) -> Iterator[Breach]:
    """Check everything that concerns one claim as a whole.

    Parameters
    ----------
    loop
        2300.
    world
        Day of the file and code sets.
    """
    head = loop.segments[0]
    yield from _head(head, loop, world)
    yield from _total(head, loop)
    yield from _dates(loop, world)
    yield from _diagnoses(loop, world)
    yield from _providers(loop, world)
    yield from _references(loop)


def _head(head: Segment, loop: Loop, world: World) -> Iterator[Breach]:
    if not _CLAIM_NUMBER.fullmatch(head.get(1)):
        yield Breach("claim-number", head, "01")
    place = head.components(5)
    if len(place) == 1 and any(mark in place[0] for mark in ">:^|"):
        yield Breach("separator", head, "05")
    elif place[0] and place[0] not in world.codes.places:
        yield Breach("place", head, "05-1")
    original = loop.first("REF", "F8")
    if place[-1] in ("7", "8") and len(place) == 3 and original is None:
        yield Breach("original-missing", head, "05-3")
    if place[-1] == "1" and len(place) == 3 and original is not None:
        yield Breach("original-unexpected", original)
    causes = head.components(11)
    accident = loop.first("DTP", "439")
    if "AA" in causes[:3] and (len(causes) < 4 or not causes[3]):
        yield Breach("accident-state", head, "11-4")
    if {"AA", "OA"} & set(causes[:3]) and accident is None:
        yield Breach("accident-date", head, "11")
    if accident is not None and not causes[0]:
        yield Breach("accident-cause", accident)


def _total(head: Segment, loop: Loop) -> Iterator[Breach]:
    charged = amount(head.get(2))
    lines = [line.first("SV1") for line in loop.loops("2400")]
    charges = [amount(line.get(2)) for line in lines if line is not None]
    if charged is not None and (charged < 0 or has_parts_of_a_cent(charged)):
        yield Breach("amount", head, "02")
    known = [charge for charge in charges if charge is not None]
    if charged is not None and charges and len(known) == len(charges):
        difference = charged - sum(known, Decimal(0))
        if difference:
            yield Breach("claim-total", head, "02", str(difference))
    for paid in loop.all("AMT", "F5"):
        value = amount(paid.get(2))
        if value is not None and (value < 0 or has_parts_of_a_cent(value)):
            yield Breach("amount", paid, "02")


def service_days(loop: Loop) -> list[date]:
    """Return the first day of service of each line that has one.

    Parameters
    ----------
    loop
        2300.
    """
    found: list[date] = []
    for line in loop.loops("2400"):
        when = line.first("DTP", "472")
        span = days(when) if when is not None else None
        if span is not None:
            found.append(span[0])
    return found


def birth_date(loop: Loop) -> date | None:
    """Return the patient's birth date as the file says it.

    Parameters
    ----------
    loop
        2300.
    """
    parent = loop.parent
    who = parent.loops("2010CA", "2010BA") if parent is not None else []
    for person in who:
        birth = person.first("DMG")
        if birth is not None:
            return parse_date(birth.get(2))
    return None


def _dates(loop: Loop, world: World) -> Iterator[Breach]:
    services = service_days(loop)
    born = birth_date(loop)
    for segment in loop.all("DTP"):
        span = days(segment)
        if span is None:
            yield Breach("date", segment, "03")
            continue
        if segment.get(1) in _LONGER_THAN_PRESENT:
            if span[0] > world.file_day:
                yield Breach("date-future", segment, "03")
            elif services and span[0] > max(services):
                yield Breach("date-order", segment, "03")
            elif born is not None and span[0] < born:
                yield Breach("date-before-birth", segment, "03")


def _diagnoses(loop: Loop, world: World) -> Iterator[Breach]:
    seen: set[str] = set()
    services = service_days(loop)
    for segment in loop.all("HI"):
        first = segment.components(1)[0]
        if first not in ("ABK", "BK"):
            continue
        for number in range(1, len(segment.elements)):
            parts = segment.components(number)
            where = f"{number:02d}"
            if len(parts) < 2 or not parts[1]:
                continue
            kind, code = parts[0], parts[1]
            if kind in ("BK", "BF"):
                if services and min(services) >= _TENTH_EDITION:
                    yield Breach("diagnosis-edition", segment, f"{where}-1")
                continue
            if not _DIAGNOSIS.fullmatch(code):
                yield Breach("diagnosis", segment, f"{where}-2")
            elif number == 1 and code[0] in _EXTERNAL_CAUSES:
                yield Breach("diagnosis-cause-first", segment, f"{where}-2")
            elif services and not world.is_billable(code, min(services)):
                yield Breach("diagnosis-not-billable", segment, f"{where}-2")
            if code in seen:
                yield Breach("diagnosis-twice", segment, f"{where}-2")
            seen.add(code)


def diagnosis_count(loop: Loop) -> int:
    """Return how many diagnoses lines may point to.

    Parameters
    ----------
    loop
        2300.
    """
    segment = loop.first("HI")
    return len([text for text in segment.elements[1:] if text]) if segment is not None else 0


def _providers(loop: Loop, world: World) -> Iterator[Breach]:
    billing = loop.above("2000A")
    names = billing.loops("2010AA") if billing is not None else []
    billed = names[0].segments[0] if names else None
    rendering = loop.loops("2310B")
    line_rendering = [one for line in loop.loops("2400") for one in line.loops("2420A")]
    if billed is not None:
        for provider in rendering:
            if provider.segments[0].get(9) == billed.get(9) and billed.get(9):
                yield Breach("rendering-same", provider.segments[0])
        for facility in loop.loops("2310C"):
            same_npi = facility.segments[0].get(9) == billed.get(9) and billed.get(9)
            if same_npi and _street(facility) == _street(names[0]):
                yield Breach("facility-same", facility.segments[0])
    kinds = [one.segments[0].get(1) for one in loop.loops("2310A")]
    if len(set(kinds)) < len(kinds):
        yield Breach("referring-twice", loop.loops("2310A")[-1].segments[0], "01")
    head = loop.segments[0]
    if not _has_therapy(loop, world):
        return
    if not rendering and not line_rendering and billed is not None and billed.get(2) == "2":
        yield Breach("rendering-missing", head)
    policy = _policy(loop)
    if policy is not None and policy.get(9) == "MB" and not loop.loops("2310A"):
        yield Breach("referring-missing", head)


def _street(loop: Loop) -> tuple[str, ...]:
    street, city = loop.first("N3"), loop.first("N4")
    return (*(street.elements if street else ()), *(city.elements if city else ()))


def _has_therapy(loop: Loop, world: World) -> bool:
    for line in loop.loops("2400"):
        service = line.first("SV1")
        parts = service.components(1) if service is not None else []
        if len(parts) > 1 and parts[1] in world.codes.always_therapy:
            return True
    return False


def _policy(loop: Loop) -> Segment | None:
    subscriber = loop.above("2000B")
    return subscriber.first("SBR") if subscriber is not None else None


def _references(loop: Loop) -> Iterator[Breach]:
    policy = _policy(loop)
    if policy is not None and policy.get(1) != "P" and not loop.loops("2320"):
        yield Breach("other-payer-missing", policy, "01")
