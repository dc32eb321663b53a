"""A surgeon's or a clinic's variant of a packaged protocol: a file that says what differs.

    schema = "rehabctl-protocol/1"
    slug = "rotator-cuff-repair-large"
    name = "Rotator cuff repair, large tear"
    version = 1
    as_of = 2026-11-01
    variant_of = "rotator-cuff-repair"
    surgeon = "Dr Example"
    parameters = { shift_weeks = 4 }

    [[phase]]
    key = "passive"
    to_week = 8

Top-level keys replace those of the template. A phase changes the keys that it names and keeps the
others; phases are neither added nor reordered, since gates lead from each to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from rehabctl.domain.errors import suggestion
from rehabctl.reference.findings import Problem


def variant_document(
    variant: Mapping[str, Any],
    bases: Mapping[str, Mapping[str, Any]],
    problems: list[Problem],
) -> Mapping[str, Any] | None:
    """Return the template with the variant's changes; None where there is no such template.

    Parameters
    ----------
    variant
        The variant's document.
    bases
        Packaged templates by slug.
    problems
        What does not fit is added here.
    """
    slug = variant.get("variant_of")
    base = bases.get(slug) if isinstance(slug, str) else None
    if base is None:
        near = suggestion(str(slug), list(bases))
        text = f"no packaged protocol {slug!r}" + (f" ({near})" if near else "")
        problems.append(Problem(("variant_of",), "link", text))
        return None
    if variant.get("slug") == slug:
        text = "a variant has a slug of its own"
        problems.append(Problem(("slug",), "duplicate", text))
    own = {key: value for key, value in variant.items() if key not in ("phase", "parameters")}
    return {
        **base,
        **own,
        "phase": _phases(variant, base, problems),
        "parameter": _parameters(variant, base, problems),
    }


def _phases(
    variant: Mapping[str, Any], base: Mapping[str, Any], problems: list[Problem]
) -> list[dict[str, Any]]:
    phases = {str(row["key"]): dict(row) for row in base["phase"]}
    changes: object = variant.get("phase", [])
    for number, change in enumerate(
        cast("list[object]", changes) if isinstance(changes, list) else []
    ):
        row = cast("dict[str, Any]", change) if isinstance(change, dict) else {}
        key = str(row.get("key"))
        if key not in phases:
            near = suggestion(key, list(phases))
            text = f"the template has no phase {key!r}" + (f" ({near})" if near else "")
            problems.append(Problem(("phase", number), "link", text))
        else:
            phases[key] |= row
    return list(phases.values())


def _parameters(
    variant: Mapping[str, Any], base: Mapping[str, Any], problems: list[Problem]
) -> list[dict[str, Any]]:
    rows = {str(row["key"]): dict(row) for row in base.get("parameter", ())}
    values: object = variant.get("parameters", {})
    for key, value in cast("dict[str, Any]", values).items() if isinstance(values, dict) else ():
        path = ("parameters", key)
        row = rows.get(key)
        if row is None:
            problems.append(Problem(path, "link", f"the template has no parameter {key!r}"))
        elif isinstance(value, bool) or not isinstance(value, int | float):
            problems.append(Problem(path, "schema", f"{key} is a number"))
        elif not row["minimum"] <= value <= row["maximum"]:
            text = f"{key} is {value:g}; allowed is {row['minimum']:g} to {row['maximum']:g}"
            problems.append(Problem(path, "range", text))
        else:
            row["default"] = value
    return list(rows.values())
