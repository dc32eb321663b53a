"""Loader of the codes by which measures are told to other systems (`measure_codes.toml`)."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files

from rehabctl.domain.exchange import LOINC, OWN_CODES, MeasureCode

_UNITS = {"pain": ("{score}", "score"), "steps": ("{steps}", "steps"), "adherence": ("%", "%")}
_ANGLE = ("deg", "degree")


def measure_code(measure: str, side: str, on: date) -> MeasureCode:
    """Return the code of a measure; one of our own where no standard code is known.

    Parameters
    ----------
    measure
        Such as `knee_flexion` or `pain`.
    side
        `left`, `right`, or empty.
    on
        Day of the value.
    """
    unit, unit_text = _UNITS.get(measure, _ANGLE)
    text = " ".join(word for word in (side, measure.replace("_", " ")) if word)
    begun = [(day, code) for day, code in _rows().get((measure, side), ()) if day <= on]
    if begun:
        return MeasureCode(LOINC, max(begun)[1], text, unit, unit_text)
    own = measure if not side else f"{measure}-{side}"
    return MeasureCode(OWN_CODES, own, text, unit, unit_text)


def loinc_codes(measure: str) -> frozenset[str]:
    """Return every LOINC code by which a measure has been told.

    Parameters
    ----------
    measure
        Such as `pain`.
    """
    return frozenset(
        code for (name, _), rows in _rows().items() if name == measure for _, code in rows
    )


@cache
def _rows() -> dict[tuple[str, str], list[tuple[date, str]]]:
    path = files("rehabctl.reference") / "measure_codes.toml"
    found: dict[tuple[str, str], list[tuple[date, str]]] = {}
    for row in tomllib.loads(path.read_text("utf-8"))["code"]:
        key = (row["measure"], row["side"])
        found.setdefault(key, []).append((row["effective_from"], row["code"]))
    return found
