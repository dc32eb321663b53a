"""A fit is judged on patients whose truth is known, and refuses where it has too little."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from rehabctl.clinic import dropout_fit
from rehabctl.clinic.dropout_model import probability
from rehabctl.clinic.dropout_simulation import TRUTH, SimulatedRows
from rehabctl.domain.dropout import FEATURES, FitKind, FitReport, IndexRow
from rehabctl.domain.errors import FindingsError
from rehabctl.reference.rules import load_rules
from tests.clinic.patient_facts import RULES

NOW = datetime(2026, 3, 2, tzinfo=UTC)
IN_FORCE = RULES.in_force(date(2026, 3, 2))
FEWER = load_rules(
    '[[rule]]\ncode = "DROPOUT_FIT"\nsource = "tests"\neffective_from = 2026-01-01\n'
    "limits = { challenger_rows = 1000000, bootstrap = 100, repeats = 1 }"
).in_force(date(2026, 3, 2))
"""Without boosted trees, with fewer resamples: quicker."""


@pytest.fixture(scope="module")
def known() -> SimulatedRows:
    return SimulatedRows(5000, seed=20260302)


@pytest.fixture(scope="module")
def report(known: SimulatedRows) -> FitReport:
    return dropout_fit.fit(known.rows, IN_FORCE, NOW)


@pytest.mark.slow
def test_5000_patients_with_known_truth(known: SimulatedRows, report: FitReport) -> None:
    """The truth is measured on the hold-out alone: rows that the judged model was not fitted to."""
    assert report.patients == 5000
    assert report.temporal is not None
    held_out = [row.on >= report.split.cutoff for row in known.rows]
    assert sum(held_out) == report.temporal.rows
    assert report.split.train_rows + report.split.purged_rows + sum(held_out) == report.rows
    assert report.split.train_rows > 4 * report.temporal.rows * 0.6
    assert abs(report.temporal.auc - known.true_auc(held_out)) < 0.03
    assert 0.9 <= report.temporal.calibration_slope <= 1.1
    everything = [True] * len(known.rows)
    assert abs(report.grouped.auc - known.true_auc(everything)) < 0.03
    assert 0.9 <= report.grouped.calibration_slope <= 1.1
    assert abs(report.grouped.calibration_intercept) < 0.05
    assert report.temporal.auc_low < report.temporal.auc < report.temporal.auc_high
    assert report.is_adopted, report.reasons
    assert report.model.kind is FitKind.LOGISTIC
    assert report.challenger is not None


@pytest.mark.slow
def test_the_coefficients_are_found_again(report: FitReport) -> None:
    for term in report.model.terms:
        if term.feature == "first_week":  # known in two of six weeks only
            continue
        assert term.coefficient == pytest.approx(TRUTH[term.feature], abs=0.12), term.feature


def test_the_hold_out_is_later_and_unseen_by_outcome() -> None:
    """Nothing that was fitted to has an outcome that reaches into the hold-out."""
    rows = SimulatedRows(1200, seed=6).rows
    report = dropout_fit.fit(rows, FEWER, NOW)
    cutoff = report.split.cutoff
    fitted = [r for r in rows if r.on + timedelta(days=14) < cutoff]
    assert len(fitted) == report.split.train_rows
    spoilt = [
        r if r.on + timedelta(days=14) < cutoff else replace(r, event=not r.event) for r in rows
    ]
    other = dropout_fit.fit(spoilt, FEWER, NOW)
    assert other.temporal is not None
    assert report.temporal is not None
    # the same model was judged, on outcomes that were turned round
    assert other.temporal.auc == pytest.approx(1 - report.temporal.auc, abs=1e-6)
    assert not other.is_adopted


@pytest.mark.slow
def test_subgroups_of_few_are_not_told(report: FitReport) -> None:
    lines = {(line.subgroup, line.value): line for line in report.subgroups}
    assert lines["language", "es"].patients is None
    assert lines["language", "en"].patients is None, "it would follow by subtraction"
    female = lines["sex", "female"]
    assert female.auc is not None
    assert female.predicted_percent == pytest.approx(female.observed_percent, abs=4)


def cut(rows: Sequence[IndexRow], events: int) -> list[IndexRow]:
    """Keep the rows, with so many patients who drop out."""
    kept: set[str] = set()
    made: list[IndexRow] = []
    for row in rows:
        if row.event and (row.patient in kept or len(kept) < events):
            kept.add(row.patient)
            made.append(row)
        else:
            made.append(replace(row, event=False))
    return made


def test_twelve_events_are_refused() -> None:
    rows = cut(SimulatedRows(400, seed=1).rows, 12)
    with pytest.raises(FindingsError, match="needs 20 patients who dropped out, and there are 12"):
        dropout_fit.fit(rows, FEWER, NOW)
    with pytest.raises(FindingsError, match="there are 0"):
        dropout_fit.fit([], FEWER, NOW)


@pytest.mark.parametrize(
    ("events", "kind"), [(20, "recalibration"), (99, "recalibration"), (100, "logistic")]
)
def test_the_count_of_events_chooses_the_model(events: int, kind: str) -> None:
    rows = cut(SimulatedRows(900, seed=2).rows, events)
    made = dropout_fit.fit(rows, FEWER, NOW)
    assert made.model.kind == kind
    assert made.events == events


def test_a_recalibration_keeps_the_order_of_the_points() -> None:
    made = dropout_fit.fit(cut(SimulatedRows(900, seed=2).rows, 60), FEWER, NOW)
    nothing = [None] * len(FEATURES)
    found = [probability(made.model, nothing, points) for points in range(22)]
    assert found == sorted(found)
    assert 0 < found[0] < found[-1] < 1


def test_a_model_that_does_not_beat_the_points_is_not_adopted() -> None:
    """Here the points are the truth itself, and features are noise beside it."""
    source = SimulatedRows(1500, seed=3, intercept=-2.0)
    rows = [
        replace(row, points=round(100 * p))
        for row, p in zip(source.rows, source.truth, strict=True)
    ]
    made = dropout_fit.fit(rows, FEWER, NOW)
    assert made.model.kind is FitKind.LOGISTIC
    assert not made.is_adopted
    assert any(reason.startswith("NOT better than the points") for reason in made.reasons)


def test_the_stored_model_predicts_the_same_without_any_library() -> None:
    source = SimulatedRows(900, seed=4)
    made = dropout_fit.fit(source.rows, FEWER, NOW)
    kept: dict[str, Any] = json.loads(json.dumps(asdict(made.model)))
    assert set(kept) == {"kind", "intercept", "terms", "horizon_days"}
    x = np.array([[np.nan if v is None else v for v in r.features] for r in source.rows])
    points = np.array([float(r.points) for r in source.rows])
    several = dropout_fit.predict(made.model, x, points)
    for row, expected in zip(source.rows[:200], several[:200], strict=True):
        assert probability(made.model, row.features, row.points) == pytest.approx(expected)


def test_the_same_rows_give_the_same_fit() -> None:
    rows = SimulatedRows(600, seed=5).rows
    assert dropout_fit.fit(rows, FEWER, NOW) == dropout_fit.fit(rows, FEWER, NOW)


def test_a_clinic_can_ask_for_more_events() -> None:
    stricter = load_rules(
        '[[rule]]\ncode = "DROPOUT_FIT"\nsource = "x"\neffective_from = 2026-01-01\n'
        "limits = { events_at_least = 50 }"
    ).in_force(date(2026, 3, 2))
    with pytest.raises(FindingsError, match="needs 50"):
        dropout_fit.fit(cut(SimulatedRows(400, seed=1).rows, 40), stricter, NOW)


def test_the_area_under_the_curve_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    draw = np.random.default_rng(8)
    for _ in range(20):
        y = draw.integers(0, 2, 60)
        score = draw.integers(0, 9, 60) / 3
        weights = draw.integers(0, 4, 60)
        found = dropout_fit.Ranking(y, score).auc(weights)
        assert found == pytest.approx(roc_auc_score(y, score, sample_weight=weights))
