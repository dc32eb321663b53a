"""Rules on who: identifiers, names, addresses and demographics."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehabctl.billing.preflight.breach import Breach, World
from rehabctl.billing.x12.elements import parse_date
from rehabctl.billing.x12.segments import Segment
from rehabctl.billing.x12.structure import Loop
from rehabctl.domain.npi import is_well_formed_npi

_TAXONOMY = re.compile(r"[0-9A-Z]{9}X")
_POST_BOX = re.compile(r"\b(P\W*O\W*BOX|POST\s+OFFICE\s+BOX|POB\s*\d)", re.IGNORECASE)
_OLDEST_YEARS = 150
_HOME_LOOPS = ("2010BA", "2010CA")
_STREET_LOOPS = ("2010AA", "2310C", "2420C")
_NPI_LOOPS = ("2010AA", "2310A", "2310B", "2310C", "2310D", "2420A", "2420C", "2420F")


def party(loop: Loop, world: World) -> Iterator[Breach]:
    """Check the names, identifiers and address of any party.

    Parameters
    ----------
    loop
        A loop that opens with NM1.
    world
        Code sets.
    """
    name = loop.segments[0]
    if name.get(8) == "XX":
        if not is_well_formed_npi(name.get(9)):
            yield Breach("npi", name, "09")
    elif loop.rule.id in _NPI_LOOPS and not name.get(9):
        yield Breach("npi-missing", name, "09")
    if name.get(2) == "1" and name.get(3) and not name.get(4):
        yield Breach("given-name-missing", name, "04")
    for provider in loop.all("PRV"):
        if provider.get(3) and not _TAXONOMY.fullmatch(provider.get(3)):
            yield Breach("taxonomy", provider, "03")
    yield from _address(loop, world)
    yield from _numbers(loop)
    for birth in loop.all("DMG"):
        born = parse_date(birth.get(2))
        years = world.file_day.year - born.year if born else 0
        if born is None or born > world.file_day or years >= _OLDEST_YEARS:
            yield Breach("birth-date", birth, "02")


def _address(loop: Loop, world: World) -> Iterator[Breach]:
    for street in loop.all("N3"):
        boxed = any(_POST_BOX.search(street.get(number)) for number in (1, 2))
        if boxed and loop.rule.id in _STREET_LOOPS:
            yield Breach("post-box", street, "01")
    for city in loop.all("N4"):
        country, state, code = city.get(4), city.get(2), city.get(3)
        if country not in ("", "US"):
            continue
        if not state:
            yield Breach("state-missing", city, "02")
        elif state not in world.codes.states:
            yield Breach("state", city, "02")
        if not (code.isascii() and code.isdecimal() and len(code) in (5, 9)):
            yield Breach("postal-code", city, "03")
        elif len(code) == 5 and loop.rule.id in _STREET_LOOPS:
            yield Breach("postal-code-four", city, "03")


def _numbers(loop: Loop) -> Iterator[Breach]:
    seen: set[tuple[str, ...]] = set()
    for reference in loop.all("REF"):
        kind, value = reference.get(1), reference.get(2)
        if kind in ("EI", "SY") and not _is_tax_number(value):
            yield Breach("tax-id" if kind == "EI" else "identity-number", reference, "02")
        if (kind, value) in seen:
            yield Breach("reference-same", reference, "02")
        seen.add((kind, value))


def _is_tax_number(text: str) -> bool:
    return len(text) == 9 and text.isascii() and text.isdecimal() and len(set(text)) > 1


def billing_provider(loop: Loop, world: World) -> Iterator[Breach]:
    """Check the billing provider's level.

    Parameters
    ----------
    loop
        2000A.
    world
        Code sets.
    """
    del world
    taxonomy = loop.first("PRV", "BI")
    if taxonomy is None:
        yield Breach("taxonomy-missing", loop.segments[0])
    elif not _TAXONOMY.fullmatch(taxonomy.get(3)):
        yield Breach("taxonomy", taxonomy, "03")


def subscriber(loop: Loop, world: World) -> Iterator[Breach]:
    """Check the insured's level against the patient's.

    Parameters
    ----------
    loop
        2000B, or 2300 through its parents: the insured, whoever the patient is.
    world
        Code sets.
    """
    level, policy = loop.segments[0], loop.first("SBR")
    is_patient = not loop.had("2000C")
    if level.get(4) != ("0" if is_patient else "1"):
        yield Breach("level-children", level, "04")
    if policy is None:
        return
    if is_patient != (policy.get(2) == "18"):
        yield Breach("relationship", policy, "02")
    filing = policy.get(9)
    if not filing:
        yield Breach("filing-code-missing", policy, "09")
    medicare = filing in ("MA", "MB")
    if medicare and not is_patient:
        yield Breach("medicare-dependent", level)
    if medicare and policy.get(1) != "P" and not policy.get(5):
        yield Breach("secondary-reason", policy, "05")
    for insured in loop.loops("2010BA"):
        yield from _insured(insured, is_patient, medicare, world)


def _insured(insured: Loop, is_patient: bool, medicare: bool, world: World) -> Iterator[Breach]:
    name = insured.segments[0]
    if is_patient and insured.first("DMG") is None:
        yield Breach("birth-date-missing", name)
    if is_patient and (insured.first("N3") is None or insured.first("N4") is None):
        yield Breach("address-missing", name)
    if medicare and not world.codes.medicare_number.fullmatch(name.get(9)):
        yield Breach("member-number", name, "09")


def patient_level(loop: Loop, world: World) -> Iterator[Breach]:
    """Check that a level names its parent.

    Parameters
    ----------
    loop
        2000B or 2000C.
    world
        Not asked.
    """
    del world
    parent = loop.parent
    if parent is not None and parent.segments:
        own: Segment = loop.segments[0]
        if own.get(2) != parent.segments[0].get(1):
            yield Breach("level-parent", own, "02")
