"""How outcome instruments, scores and thresholds look as JSON values and table rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from fractions import Fraction
from typing import Any

from rehabctl.domain.prom import Formula, Instrument, Norm, PromResult, Scale, ScoringRule
from rehabctl.domain.prom_followup import (
    ChangeThreshold,
    OccurrenceStatus,
    ScoreChange,
    ThresholdUnit,
)

SCORE_COLUMNS = ("scale", "score", "n_missing", "t_score", "band", "group", "reason")
INSTRUMENT_COLUMNS = ("instrument", "items", "scales", "variants", "licence", "name")
STATUS_COLUMNS = (
    "due_on",
    "instrument",
    "state",
    "opens_on",
    "closes_on",
    "completed_on",
    "purpose",
)


def result_object(result: PromResult, norm: Norm | None = None) -> dict[str, Any]:
    """Return the keys of the contract, with the reference row where one was asked for."""
    view = {field.name: getattr(result, field.name) for field in fields(result)}
    return view if norm is None else {**view, "norm": _norm(norm, result)}


def score_rows(result: PromResult, line: int | None = None) -> list[dict[str, Any]]:
    """Return one row a scale; a form that was refused gives its reason in each."""
    refused = result.reason if result.findings else None
    first = {} if line is None else {"line": line}
    return [
        {
            **first,
            "instrument": result.instrument,
            "scale": score.scale,
            "score": score.score,
            "n_missing": score.n_missing,
            "t_score": score.t_score,
            "band": score.band,
            "group": result.group,
            "reason": refused or score.reason,
        }
        for score in result.scores
    ]


def instrument_row(instrument: Instrument) -> dict[str, Any]:
    """Return one line of the catalogue."""
    default = instrument.rule(None)
    return {
        "instrument": instrument.slug,
        "name": instrument.name,
        "version": instrument.version,
        "kind": instrument.kind,
        "region": instrument.region,
        "items": len(instrument.items),
        "scales": [scale.key for scale in default.scales] if default else [],
        "variants": list(dict.fromkeys(rule.variant for rule in instrument.rules)),
        "licence": "record needed" if instrument.licence.record_required else "free",
    }


def instrument_object(
    instrument: Instrument, thresholds: Iterable[ChangeThreshold]
) -> dict[str, Any]:
    """Return everything that is known of an instrument."""
    return {
        **instrument_row(instrument),
        "items": instrument.items,
        "open_list": instrument.open_list,
        "rules": [_rule(rule) for rule in instrument.rules],
        "thresholds": [threshold_object(row) for row in thresholds],
        "licence": instrument.licence,
        "loinc": instrument.loinc,
        "norms": instrument.norms,
        "notes": instrument.notes,
        "source": instrument.source,
        "grade": instrument.grade,
    }


def item_rows(instrument: Instrument) -> list[dict[str, Any]]:
    """Return one row an item, with the scales of the default rule that it enters."""
    rule = instrument.rule(None)
    scales = rule.scales if rule else ()
    return [
        {
            "item": item.key,
            "topic": item.topic,
            "range": f"{item.minimum} to {item.maximum}",
            "scales": [
                s.key
                for s in scales
                if item.key in s.items and s.formula is not Formula.MEAN_OF_SCALES
            ],
        }
        for item in instrument.items
    ]


def threshold_object(row: ChangeThreshold | None) -> dict[str, Any] | None:
    """Return a threshold of change with plain numbers."""
    if row is None:
        return None
    view = {field.name: getattr(row, field.name) for field in fields(row)}
    pairs = {"published_range": row.published_range, "baseline": row.baseline}
    unit = "points" if row.unit is ThresholdUnit.POINTS else "% of the first score"
    return {
        **view,
        "text": f"{_number(row.value):g} {unit} ({row.id})",
        "value": _number(row.value),
        **{
            key: None if pair is None else [_number(v) for v in pair] for key, pair in pairs.items()
        },
    }


def change_object(change: ScoreChange) -> dict[str, Any]:
    """Return a rated change, with the rows that it was judged by."""
    view = {field.name: getattr(change, field.name) for field in fields(change)}
    before, after = view.pop("before"), view.pop("after")
    rows = {key: threshold_object(view.pop(key)) for key in ("mdc", "mcid", "scb")}
    head = {key: view.pop(key) for key in ("instrument", "scale")}
    return {**head, "from": before, "to": after, **view, **rows}


def status_row(status: OccurrenceStatus) -> dict[str, Any]:
    """Return one planned questionnaire."""
    planned = status.occurrence
    view = {field.name: getattr(planned, field.name) for field in fields(planned)}
    return {
        **view,
        "state": status.state,
        "completed_on": status.completed_on,
        "late": status.late,
        "reminder_due": status.reminder_due,
    }


def _rule(rule: ScoringRule) -> dict[str, Any]:
    return {
        "variant": rule.variant,
        "rule_version": rule.version,
        "default": rule.is_default,
        "effective_from": rule.effective_from,
        "scales": [_scale(scale) for scale in rule.scales],
        "groups": rule.groups,
        "source": rule.source,
        "grade": rule.grade,
    }


def _scale(scale: Scale) -> dict[str, Any]:
    return {
        "scale": scale.key,
        "formula": _formula(scale),
        "items": scale.items,
        "max_missing": scale.max_missing,
        "direction": scale.direction,
        "range": [_number(scale.minimum), _number(scale.maximum)],
        "decimals": scale.decimals,
        "table": None if scale.table is None else _plain(scale.table),
        "bands": [{"code": band.code, "text": band.text} for band in scale.bands],
    }


def _formula(scale: Scale) -> str:
    if scale.formula is Formula.TABLE:
        return "T score by sum" if scale.is_t_score else "interval score by sum"
    if scale.formula is Formula.SUM:
        return "sum"
    if scale.formula is Formula.MEAN_OF_SCALES:
        return f"mean of {' and '.join(scale.of_scales)}"
    mean = "mean" if scale.factor == 1 else f"{_number(scale.factor):g} x mean"
    return f"{_number(scale.offset):g} + {mean}" if scale.offset else mean


def _plain(table: Mapping[int, Fraction]) -> dict[str, float]:
    return {str(raw): _number(value) for raw, value in table.items()}


def _number(value: Fraction) -> float:
    return float(value)


def _norm(norm: Norm, result: PromResult) -> dict[str, Any]:
    score = result.scores[0].score
    return {
        "sex": norm.sex,
        "age_from": norm.age_from,
        "age_to": norm.age_to,
        "below_average_under": norm.below,
        "is_below_average": None if score is None else score < norm.below,
    }
