"""Fit a model of dropout, judge it on times and patients that it has not seen, and adopt it or not.

The only module that imports scikit-learn, and only when a fit is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib import import_module
from typing import Any

import numpy as np

from rehabctl.clinic.cohort import hidden
from rehabctl.clinic.dropout_model import POINTS
from rehabctl.domain.dropout import (
    FEATURES,
    DropoutModel,
    FitKind,
    FitReport,
    IndexRow,
    Performance,
    Split,
    SubgroupLine,
    Term,
)
from rehabctl.domain.errors import FindingsError, UnavailableError
from rehabctl.reference.rules import RuleRow, RuleSet

_EDGE = 1e-6
_WITHOUT_PENALTY = 1e9
_LEAST_IN_GROUP = 50
_LEAST_TO_JUDGE = 10
"""Events, and rows without one, that a hold-out needs to be judged by."""


@dataclass(frozen=True)
class _Table:
    """Rows as arrays."""

    x: Any
    """(rows, features), NaN where nothing is known."""
    points: Any
    y: Any
    patients: Any
    """Number of the patient of each row."""
    days: Any
    rows: Sequence[IndexRow]

    def part(self, chosen: Any) -> _Table:
        """Return some of the rows."""
        rows = [row for row, kept in zip(self.rows, chosen.tolist(), strict=True) if kept]
        return _Table(
            self.x[chosen], self.points[chosen], self.y[chosen], self.patients[chosen],
            self.days[chosen], rows,
        )  # fmt: skip

    @property
    def events(self) -> int:
        """Patients who dropped out."""
        return len(np.unique(self.patients[self.y == 1]))


def fit(rows: Sequence[IndexRow], rules: RuleSet, fitted_at: datetime) -> FitReport:
    """Fit to a clinic's rows, judge and decide.

    Parameters
    ----------
    rows
        From `dropout_rows.index_rows`, of all patients.
    rules
        `DROPOUT_FIT` with the counts of events that each kind of model needs.
    fitted_at
        The moment, for the card.

    Raises
    ------
    FindingsError
        Too few patients dropped out.
    """
    rule = rules["DROPOUT_FIT"]
    table = _table(rows)
    if table.events < rule.limits["events_at_least"]:
        raise FindingsError(
            f"a fit needs {rule.limits['events_at_least']:g} patients who dropped out, and there "
            f"are {table.events}",
            "The points score stays in use; try again with more history",
        )
    enough = table.events >= max(
        rule.limits["events_full"], rule.limits["events_per_feature"] * len(FEATURES)
    )
    learn = _logistic if enough else _recalibrated
    split, train, held_out = _split(table, rule)
    temporal = challenger = None
    subgroups: tuple[SubgroupLine, ...] = ()
    if _can_judge(train, 1) and _can_judge(held_out, _LEAST_TO_JUDGE):
        predicted = predict(learn(train, rule), held_out.x, held_out.points)
        temporal = judge(held_out, predicted, rule)
        subgroups = _subgroups(held_out, predicted, rule)
        if enough and len(train.y) >= rule.limits["challenger_rows"]:
            challenger = judge(held_out, _challenger(train, held_out, rule), rule)
    grouped = judge(table, _cross_validated(table, learn, rule), rule)
    model = learn(table, rule)
    is_adopted, reasons = _decide(model.kind, temporal, grouped, rule)
    return FitReport(
        model=model,
        rows=len(rows),
        patients=len(np.unique(table.patients)),
        events=table.events,
        first=min(row.on for row in rows),
        last=max(row.on for row in rows),
        split=split,
        temporal=temporal,
        grouped=grouped,
        challenger=challenger,
        subgroups=subgroups,
        is_adopted=is_adopted,
        reasons=reasons,
        definition=rule.text.format(**rule.limits),
        rule_version=rule.version,
        points_version=rules["ENGAGEMENT_BANDS"].version,
        fitted_at=fitted_at,
        seed=rule.days("seed"),
    )


def _sklearn(name: str) -> Any:
    try:
        return import_module(f"sklearn.{name}")
    except ModuleNotFoundError:
        raise UnavailableError(
            "a fit needs scikit-learn, which is not installed",
            "Install it: pip install 'rehabctl[fit]'",
        ) from None


class Ranking:
    """Area under the curve of one score for many weightings of the same rows.

    The share of pairs of an event and none in which the event scored higher; ties count a half.
    """

    def __init__(self, y: Any, score: Any) -> None:
        self._y = y
        values, self._place = np.unique(score, return_inverse=True)
        self._count = len(values)

    def auc(self, weights: Any) -> float:
        """Return the area; NaN where only one kind of row has weight."""
        place, count = self._place, self._count
        events = np.bincount(place, weights * self._y, count)
        others = np.bincount(place, weights * (1 - self._y), count)
        below = np.cumsum(others) - others / 2
        pairs = float(events.sum() * others.sum())
        return float(events @ below) / pairs if pairs else float("nan")


def _auc(y: Any, score: Any) -> float:
    return Ranking(y, score).auc(np.ones(len(y)))


def _table(rows: Sequence[IndexRow]) -> _Table:
    names = {name: n for n, name in enumerate(dict.fromkeys(row.patient for row in rows))}
    return _Table(
        x=np.array(
            [[np.nan if v is None else float(v) for v in row.features] for row in rows], float
        ).reshape(len(rows), len(FEATURES)),
        points=np.array([row.points for row in rows], float),
        y=np.array([row.event for row in rows], int),
        patients=np.array([names[row.patient] for row in rows], int),
        days=np.array([row.on.toordinal() for row in rows], int),
        rows=rows,
    )


def _split(table: _Table, rule: RuleRow) -> tuple[Split, _Table, _Table]:
    """Divide by the calendar; outcomes of what is fitted to end before the hold-out begins."""
    first, last = int(table.days.min()), int(table.days.max())
    cutoff = last - int((last - first + 1) * rule.limits["holdout_share"]) + 1
    held_out = table.days >= cutoff
    train = table.days + rule.days("horizon_days") < cutoff
    fitted = table.part(train)
    split = Split(
        cutoff=date.fromordinal(cutoff),
        train_rows=len(fitted.y),
        train_patients=len(np.unique(fitted.patients)),
        train_events=fitted.events,
        purged_rows=int(np.sum(~train & ~held_out)),
    )
    return split, fitted, table.part(held_out)


def _can_judge(table: _Table, least: int) -> bool:
    return int(table.y.sum()) >= least and int((1 - table.y).sum()) >= least


def _logistic(table: _Table, rule: RuleRow) -> DropoutModel:
    """Fit a logistic model with an L2 penalty to standardised features; no class weights."""
    mean = np.array([np.nanmean(c) if np.isfinite(c).any() else 0.0 for c in table.x.T])
    spread = np.array([np.nanstd(c) if np.isfinite(c).any() else 0.0 for c in table.x.T])
    spread[spread == 0] = 1.0
    scaled = np.nan_to_num((table.x - mean) / spread)
    made: Any = (
        _sklearn("linear_model").LogisticRegression(C=1.0, max_iter=1000).fit(scaled, table.y)
    )
    terms = tuple(
        Term(name, *(round(float(v), 9) for v in values))
        for name, *values in zip(FEATURES, mean, spread, made.coef_[0], strict=True)
    )
    intercept = round(float(made.intercept_[0]), 9)
    return DropoutModel(FitKind.LOGISTIC, intercept, terms, rule.days("horizon_days"))


def _recalibrated(table: _Table, rule: RuleRow) -> DropoutModel:
    """Fit intercept and slope of the points (Platt)."""
    mean, spread = float(table.points.mean()), float(table.points.std()) or 1.0
    intercept, slope = _line((table.points - mean) / spread, table.y)
    term = Term(POINTS, round(mean, 9), round(spread, 9), round(slope, 9))
    return DropoutModel(
        FitKind.RECALIBRATION, round(intercept, 9), (term,), rule.days("horizon_days")
    )


def _line(x: Any, y: Any) -> tuple[float, float]:
    """Return intercept and slope of a logistic line without penalty."""
    made: Any = (
        _sklearn("linear_model")
        .LogisticRegression(C=_WITHOUT_PENALTY, max_iter=1000)
        .fit(x.reshape(-1, 1), y)
    )
    return float(made.intercept_[0]), float(made.coef_[0][0])


def predict(model: DropoutModel, x: Any, points: Any) -> Any:
    """Return the probabilities of many rows, as `dropout_model.probability` gives each.

    Parameters
    ----------
    model
        As fitted.
    x
        (rows, features), NaN where nothing is known.
    points
        (rows,).
    """
    total = np.full(len(points), model.intercept)
    for term in model.terms:
        values = points if term.feature == POINTS else x[:, FEATURES.index(term.feature)]
        total += term.coefficient * np.nan_to_num((values - term.mean) / term.deviation)
    return _sigmoid(total)


def _sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -40.0, 40.0)))


def _challenger(train: _Table, held_out: _Table, rule: RuleRow) -> Any:
    """Return what boosted trees with isotonic calibration predict for the hold-out."""
    limits: Any = import_module("threadpoolctl").threadpool_limits  # comes with scikit-learn
    trees = _sklearn("ensemble").HistGradientBoostingClassifier(
        random_state=rule.days("seed"), max_iter=50
    )
    wrapped = _sklearn("calibration").CalibratedClassifierCV(trees, method="isotonic", cv=3)
    with limits(1):  # threads that wait for each other are slower on a busy machine
        made: Any = wrapped.fit(train.x, train.y)
        return made.predict_proba(held_out.x)[:, 1]


def _cross_validated(
    table: _Table, learn: Callable[[_Table, RuleRow], DropoutModel], rule: RuleRow
) -> Any:
    """Return predictions by models that have not seen the patient, averaged over repeats."""
    total = np.zeros(len(table.y))
    for repeat in range(rule.days("repeats")):
        folds: Any = _sklearn("model_selection").StratifiedGroupKFold(
            rule.days("folds"), shuffle=True, random_state=rule.days("seed") + repeat
        )
        for seen, unseen in folds.split(table.x, table.y, table.patients):
            chosen = np.zeros(len(table.y), bool)
            chosen[seen] = True
            model = learn(table.part(chosen), rule)
            total[unseen] += predict(model, table.x[unseen], table.points[unseen])
    return total / rule.days("repeats")


def judge(table: Any, predicted: Any, rule: RuleRow) -> Performance:
    """Compare predictions with the truth.

    Parameters
    ----------
    table
        Rows with `y`, `points`, `patients`.
    predicted
        (rows,) probabilities.
    rule
        `DROPOUT_FIT`: resamples and seed.
    """
    y = table.y
    p: Any = np.clip(predicted, _EDGE, 1 - _EDGE)
    logit = np.log(p / (1 - p))
    share = float(y.mean())
    squares: Any = (p - y) ** 2
    brier = float(squares.mean())
    low, high = _interval(table, p, rule)
    return Performance(
        rows=len(y),
        patients=len(np.unique(table.patients)),
        events=table.events,
        auc=_auc(y, p),
        auc_low=low,
        auc_high=high,
        points_auc=_auc(y, table.points),
        brier=brier,
        scaled_brier=1.0 - brier / (share * (1 - share)),
        calibration_intercept=_in_the_large(logit, y),
        calibration_slope=_line(logit, y)[1],
        groups=_groups(p, y),
    )


def _groups(p: Any, y: Any) -> tuple[tuple[float, float, int], ...]:
    """Return up to ten groups of rows by rising prediction."""
    order = np.argsort(p, kind="stable")
    parts: list[Any] = np.array_split(order, max(1, min(10, len(p) // _LEAST_IN_GROUP)))
    return tuple((float(p[part].mean()), float(y[part].mean()), len(part)) for part in parts)


def _interval(table: Any, p: Any, rule: RuleRow) -> tuple[float, float]:
    """Return the 95 % interval of the AUC over resamples of whole patients."""
    generator = np.random.default_rng(rule.days("seed"))
    names, place = np.unique(table.patients, return_inverse=True)
    ranking, count = Ranking(table.y, p), len(names)
    found: list[float] = []
    for _ in range(rule.days("bootstrap")):
        drawn = np.bincount(generator.integers(0, count, count), minlength=count)
        found.append(ranking.auc(drawn[place]))
    ends: Any = np.nanpercentile(found, [2.5, 97.5])
    return float(ends[0]), float(ends[1])


def _in_the_large(logit: Any, y: Any) -> float:
    """Return the shift of the log odds that makes as many events as there were."""
    shift = 0.0
    for _ in range(50):
        p = _sigmoid(logit + shift)
        step = float(np.sum(y - p) / max(float(np.sum(p * (1 - p))), _EDGE))
        shift += min(2.0, max(-2.0, step))
        if abs(step) < _EDGE:
            break
    return shift


def _subgroups(table: _Table, predicted: Any, rule: RuleRow) -> tuple[SubgroupLine, ...]:
    lines: list[SubgroupLine] = []
    for name in sorted({name for row in table.rows for name in row.subgroups}):
        values = np.array([row.subgroups.get(name, "") for row in table.rows])
        known = sorted(set(values.tolist()))
        parts = [table.part(values == value) for value in known]
        patients = [len(np.unique(part.patients)) for part in parts]
        least = rule.days("subgroup_patients")
        counts = (
            patients,
            [part.events for part in parts],
            [n - part.events for n, part in zip(patients, parts, strict=True)],
        )
        gone = [any(flags) for flags in zip(*(hidden(c, least) for c in counts), strict=True)]
        for value, part, is_hidden in zip(known, parts, gone, strict=True):
            lines.append(
                SubgroupLine(name, value, None, None, None, None, None)
                if is_hidden
                else _subgroup(name, value, part, predicted[values == value])
            )
    return tuple(lines)


def _subgroup(name: str, value: str, part: _Table, p: Any) -> SubgroupLine:
    return SubgroupLine(
        name,
        value,
        len(np.unique(part.patients)),
        part.events,
        _auc(part.y, p) if _can_judge(part, _LEAST_TO_JUDGE) else None,
        100.0 * float(p.mean()),
        100.0 * float(part.y.mean()),
    )


def _decide(
    kind: FitKind, temporal: Performance | None, grouped: Performance, rule: RuleRow
) -> tuple[bool, tuple[str, ...]]:
    """Return whether a model may be used, and why."""
    if temporal is None:
        return False, ("too few events in the last part of the calendar to judge by",)
    reasons: list[str] = []
    low, high = rule.limits["slope_from"], rule.limits["slope_to"]
    if kind is FitKind.LOGISTIC:
        for name, found in (("later times", temporal), ("unseen patients", grouped)):
            better = found.auc_low > found.points_auc
            reasons.append(
                f"{'' if better else 'NOT '}better than the points on {name}: AUC {found.auc:.3f} "
                f"({found.auc_low:.3f}-{found.auc_high:.3f}), points {found.points_auc:.3f}"
            )
    else:
        useful = temporal.scaled_brier > 0
        reasons.append(
            f"{'' if useful else 'NOT '}better than the share of events: scaled Brier "
            f"{temporal.scaled_brier:.3f}; the order of patients stays that of the points"
        )
    calibrated = low <= temporal.calibration_slope <= high
    reasons.append(
        f"{'' if calibrated else 'NOT '}calibrated: slope {temporal.calibration_slope:.2f} on "
        f"later times, allowed {low:g}-{high:g}"
    )
    return not any(reason.startswith("NOT") for reason in reasons), tuple(reasons)
