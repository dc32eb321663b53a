"""Loaders of the change thresholds (`mcid.toml`) and the schedules (`prom_schedules.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.prom_followup import (
    ChangeThreshold,
    DueDay,
    Pathway,
    Series,
    ThresholdKind,
    ThresholdUnit,
)
from rehabctl.reference.instruments import only

Table = Mapping[str, Any]
"""One TOML table as `tomllib` returns it."""

_ROW_KEYS = frozenset(
    {
        "id", "instrument", "scales", "kind", "value", "unit", "range", "baseline", "condition",
        "timepoint", "method", "default", "effective_from", "source", "grade",
    }
)  # fmt: skip
_SERIES_KEYS = frozenset(
    {"purpose", "instruments", "every_days", "first_day", "last_day", "days", "windows"}
)


@cache
def load_thresholds() -> tuple[ChangeThreshold, ...]:
    """Return every packaged threshold of change, one for each scale that its row names."""
    document = _read("mcid.toml")
    return tuple(
        _threshold(row, scale, document["effective_from"])
        for row in document["row"]
        for scale in row.get("scales", ["total"])
    )


@cache
def load_pathways() -> tuple[Pathway, ...]:
    """Return every packaged pathway with its series of questionnaires."""
    document = _read("prom_schedules.toml")
    return tuple(
        Pathway(
            slug=row["slug"],
            name=row["name"],
            anchor=row["anchor"],
            conditions=tuple(row.get("conditions", ())),
            change_condition=row.get("change_condition", "any"),
            series=tuple(_series(series, document) for series in row["series"]),
            effective_from=document["effective_from"],
            source=document["source"],
            grade=document["grade"],
        )
        for row in document["pathway"]
    )


def load_pathway(slug: str) -> Pathway:
    """Return one pathway.

    Raises
    ------
    NotFoundError
        There is no such pathway; the message names them all.
    """
    found = next((pathway for pathway in load_pathways() if pathway.slug == slug), None)
    if found is None:
        known = ", ".join(pathway.slug for pathway in load_pathways())
        raise NotFoundError(f"no pathway {slug!r}", f"Use one of: {known}")
    return found


def pathway_of(chosen: str | None, condition: str | None) -> Pathway | None:
    """Return the pathway of an episode: the chosen one, else its condition's, else None.

    Parameters
    ----------
    chosen
        Slug; one that is no longer packaged gives None.
    condition
        Key of the recovery curves, such as `TKR`.
    """
    return next(
        (
            pathway
            for pathway in load_pathways()
            if (pathway.slug == chosen if chosen else condition in pathway.conditions)
        ),
        None,
    )


def _read(name: str) -> Table:
    import tomllib

    text = (files("rehabctl.reference") / name).read_text("utf-8")
    return tomllib.loads(text, parse_float=Decimal)


def _threshold(row: Table, scale: str, effective_from: date) -> ChangeThreshold:
    only(row, _ROW_KEYS, f"row {row.get('id')}")
    return ChangeThreshold(
        id=row["id"],
        instrument=row["instrument"],
        scale=scale,
        kind=ThresholdKind(row["kind"]),
        value=Fraction(row["value"]),
        unit=ThresholdUnit(row.get("unit", "points")),
        published_range=_pair(row.get("range")),
        baseline=_pair(row.get("baseline")),
        condition=row.get("condition", "any"),
        timepoint=row.get("timepoint", "any"),
        method=row["method"],
        is_default=row.get("default", False),
        effective_from=row.get("effective_from", effective_from),
        source=row["source"],
        grade=row["grade"],
    )


def _pair(values: list[Any] | None) -> tuple[Fraction, Fraction] | None:
    if values is None:
        return None
    low, high = values
    return Fraction(low), Fraction(high)


def _series(row: Table, document: Table) -> Series:
    only(row, _SERIES_KEYS, f"series {row.get('purpose')}")
    interval: int | None = row.get("every_days")
    endless = interval is not None and "last_day" not in row
    if "windows" in row:  # of a payer: an answer outside counts for nothing
        days = tuple(
            DueDay(due, opens, closes, closes + 1) for due, opens, closes in row["windows"]
        )
    elif interval is not None:
        stop: int = row.get("last_day", row["first_day"]) + 1
        days = _due_days(list(range(row["first_day"], stop, interval)), interval, document)
    else:
        due_days: list[int] = row["days"]
        days = _due_days(due_days, due_days[-1] - due_days[-2], document)
    return Series(
        instruments=tuple(row["instruments"]),
        purpose=row["purpose"],
        days=days,
        repeat_days=interval if endless else None,
        reminder_days=tuple(document["reminder_days"]),
    )


def _due_days(due_days: list[int], last_gap: int, document: Table) -> tuple[DueDay, ...]:
    """Add the windows; the last day is superseded when one more would have opened."""
    before: int = document["opens_before"]
    after: int = document["closes_after"]
    following = [*due_days[1:], due_days[-1] + last_gap]
    return tuple(
        DueDay(day, day - before, day + after, later - before)
        for day, later in zip(due_days, following, strict=True)
    )
