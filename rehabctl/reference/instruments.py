"""Loader of the outcome instruments: one TOML file each in `instruments/`.

Numbers are read as decimals and kept as fractions, so that 31.125 is exactly that and rounds half
up. A file with a missing, unknown or inconsistent key does not load.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from rehabctl.domain.errors import NotFoundError, suggestion
from rehabctl.domain.prom import (
    Band,
    Direction,
    Formula,
    Group,
    Instrument,
    InstrumentKind,
    Item,
    Licence,
    Norm,
    Scale,
    ScoringRule,
)

Table = Mapping[str, Any]
"""One TOML table as `tomllib` returns it."""

_ITEM_KEYS = frozenset({"key", "topic", "minimum", "maximum", "whole", "recode", "prompt"})
_SCALE_KEYS = frozenset(
    {
        "key", "formula", "items", "counted_items", "max_missing", "direction", "decimals", "range",
        "factor", "offset", "raw_factor", "table_from", "table", "of_scales", "t_score", "bands",
        "bands_by_raw",
    }
)  # fmt: skip
_RULE_KEYS = frozenset(
    {
        "variant", "default", "version", "effective_from", "source", "grade", "note", "each_scale",
        "scale", "groups",
    }
)  # fmt: skip
_INSTRUMENT_KEYS = frozenset(
    {
        "slug", "name", "version", "kind", "region", "source", "grade", "notes", "list_note",
        "open_list", "answer", "items", "norms", "licence", "loinc", "rule",
    }
)  # fmt: skip


@cache
def instrument_slugs() -> tuple[str, ...]:
    """Return the slugs of all packaged instruments, sorted."""
    folder = files("rehabctl.reference") / "instruments"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_instrument(slug: str) -> Instrument:
    """Return one packaged instrument.

    Raises
    ------
    NotFoundError
        There is no such instrument; the message names the nearest ones.
    """
    if slug not in instrument_slugs():
        near = suggestion(slug, list(instrument_slugs()))
        hint = f"{near[0].upper()}{near[1:]} " if near else ""
        raise NotFoundError(f"no instrument {slug!r}", f"{hint}See: rehabctl prom list")
    path = files("rehabctl.reference") / "instruments" / f"{slug}.toml"
    return parse_instrument(path.read_text("utf-8"))


def load_instruments() -> tuple[Instrument, ...]:
    """Return every packaged instrument, sorted by slug."""
    return tuple(load_instrument(slug) for slug in instrument_slugs())


def parse_instrument(text: str) -> Instrument:
    """Return the instrument that a TOML text describes.

    Raises
    ------
    ValueError
        A key is missing or unknown, or two entries contradict each other.
    """
    import tomllib

    document: Table = tomllib.loads(text, parse_float=Decimal)
    only(document, _INSTRUMENT_KEYS, "instrument")
    items = tuple(_item({**document["answer"], **row}) for row in document["items"])
    instrument = Instrument(
        slug=document["slug"],
        name=document["name"],
        version=document["version"],
        kind=InstrumentKind(document["kind"]),
        region=document["region"],
        items=items,
        open_list=document.get("open_list", False),
        rules=tuple(_rule(row, items) for row in document["rule"]),
        licence=Licence(**document["licence"]),
        loinc=document.get("loinc", {}),
        norms=tuple(Norm(**row) for row in document.get("norms", ())),
        source=document["source"],
        grade=document["grade"],
        notes=tuple(document.get("notes", ())),
        list_note=document.get("list_note"),
    )
    _check(instrument)
    return instrument


def only(table: Table, known: frozenset[str], where: str) -> None:
    """Refuse keys that no reader asks for: a misspelt key must not be ignored silently."""
    unknown = sorted(set(table) - known)
    if unknown:
        raise ValueError(f"{where}: unknown key {unknown[0]!r}")


def _item(row: Table) -> Item:
    only(row, _ITEM_KEYS, f"item {row.get('key')}")
    item = Item(
        key=row["key"],
        topic=row["topic"],
        minimum=row["minimum"],
        maximum=row["maximum"],
        whole=row.get("whole", True),
        recode=tuple(row.get("recode", ())),
        prompt=row.get("prompt"),
    )
    if item.recode and len(item.recode) != item.maximum - item.minimum + 1:
        raise ValueError(f"item {item.key}: recode needs one value for each answer")
    return item


def _rule(row: Table, items: tuple[Item, ...]) -> ScoringRule:
    only(row, _RULE_KEYS, f"rule {row.get('variant')}")
    shared: Table = row.get("each_scale", {})
    return ScoringRule(
        variant=row["variant"],
        version=row["version"],
        effective_from=row["effective_from"],
        is_default=row.get("default", False),
        scales=tuple(_scale({**shared, **scale}, items) for scale in row["scale"]),
        groups=tuple(
            Group(g["code"], g["text"], g.get("at_most", {}), g.get("at_least", {}))
            for g in row.get("groups", ())
        ),
        source=row["source"],
        grade=row["grade"],
        note=row.get("note"),
    )


def _scale(row: Table, items: tuple[Item, ...]) -> Scale:
    only(row, _SCALE_KEYS, f"scale {row.get('key')}")
    low, high = row["range"]
    values = tuple(Fraction(value) for value in row.get("table", ()))
    keys = _expand(row["items"], items)
    return Scale(
        key=row["key"],
        formula=Formula(row["formula"]),
        items=keys,
        counted_items=_expand(row["counted_items"], items) if "counted_items" in row else keys,
        max_missing=row["max_missing"],
        direction=Direction(row["direction"]),
        decimals=row["decimals"],
        minimum=Fraction(low),
        maximum=Fraction(high),
        factor=Fraction(row.get("factor", 1)),
        offset=Fraction(row.get("offset", 0)),
        raw_factor=Fraction(row["raw_factor"]) if "raw_factor" in row else None,
        table=dict(enumerate(values, start=row["table_from"])) if values else None,
        of_scales=tuple(row.get("of_scales", ())),
        is_t_score=row.get("t_score", False),
        bands=tuple(
            Band(b["code"], b["text"], Fraction(b["up_to"]) if "up_to" in b else None)
            for b in row.get("bands", ())
        ),
        bands_by_raw=row.get("bands_by_raw", False),
    )


def _expand(written: str | list[str], items: tuple[Item, ...]) -> tuple[str, ...]:
    """Return item keys from a list, one key, or `first..last` in the order of the form."""
    order = [item.key for item in items]
    if isinstance(written, str):
        first, _, last = written.partition("..")
        keys = order[order.index(first) : order.index(last or first) + 1]
    else:
        keys = written
    if not keys or not set(keys) <= set(order):
        raise ValueError(f"items {written!r} are not items of the instrument")
    return tuple(keys)


def _check(instrument: Instrument) -> None:
    where = instrument.slug
    keys = [item.key for item in instrument.items]
    versions = [rule.version for rule in instrument.rules]
    if len({*keys}) != len(keys) or len({*versions}) != len(versions):
        raise ValueError(f"{where}: an item key or a rule version occurs twice")
    if len({rule.variant for rule in instrument.rules if rule.is_default}) != 1:
        raise ValueError(f"{where}: exactly one variant is the default")
    for rule in instrument.rules:
        for scale in rule.scales:
            _check_scale(f"{where} {rule.variant} {scale.key}", scale, instrument, rule)


def _check_scale(where: str, scale: Scale, instrument: Instrument, rule: ScoringRule) -> None:
    if (scale.formula is Formula.TABLE) != (scale.table is not None):
        raise ValueError(f"{where}: a table belongs to the formula `table` and only to it")
    if scale.formula in (Formula.TABLE, Formula.SUM) and scale.max_missing:
        raise ValueError(f"{where}: a sum has no rule for missing items")
    known = {other.key for other in rule.scales if other.formula is not Formula.MEAN_OF_SCALES}
    if (scale.formula is Formula.MEAN_OF_SCALES) != bool(scale.of_scales) or not (
        set(scale.of_scales) <= known
    ):
        raise ValueError(f"{where}: of_scales names no scale of the rule")
    if scale.table is not None:
        _check_table(where, scale, scale.table, instrument)
    ends = [band.up_to for band in scale.bands[:-1]]
    if scale.bands and (
        None in ends
        or scale.bands[-1].up_to is not None
        or any(a >= b for a, b in pairwise(end for end in ends if end is not None))
    ):
        raise ValueError(f"{where}: bands rise, and only the last one is open")


def _check_table(
    where: str, scale: Scale, table: Mapping[int, Fraction], instrument: Instrument
) -> None:
    items = [item for item in instrument.items if item.key in scale.items]
    lows = sum(min(item.recode, default=item.minimum) for item in items)
    highs = sum(max(item.recode, default=item.maximum) for item in items)
    if list(table) != list(range(lows, highs + 1)):
        raise ValueError(f"{where}: the table covers {min(table)} to {max(table)}")
    values = list(table.values())
    if len({*values}) != len(values) or values not in (sorted(values), sorted(values)[::-1]):
        raise ValueError(f"{where}: the table is not strictly monotone")
