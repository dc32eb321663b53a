"""The card of a fitted model of dropout: as a page for people and in lines."""

from __future__ import annotations

from typing import Any

from rehabctl.domain.counting import counted
from rehabctl.domain.dropout import FitReport, Performance
from rehabctl.domain.report_page import ReportFigure, ReportPage, ReportTable
from rehabctl.services.report_drawing import figure

_WHAT = (
    "Tells for whom of the patients under care a look comes first. It is fitted on this clinic's "
    "own history and holds for no other clinic. It is no reason to end care."
)


def page(made: FitReport, version: str) -> ReportPage:
    """Return the model card as a page.

    Parameters
    ----------
    made
        What a fit came to.
    version
        Of the program.
    """
    parts: list[ReportTable | ReportFigure] = [_performance(made)]
    if made.temporal is not None:
        parts.append(calibration(made.temporal))
    parts += [_terms(made), _subgroups(made)]
    adopted = "Adopted." if made.is_adopted else "Not adopted: the points score stays in use."
    return ReportPage(
        title="Dropout: model card",
        made_at=made.fitted_at,
        lines=(
            adopted,
            *(f"{reason[0].upper()}{reason[1:]}." for reason in made.reasons),
            _WHAT,
            f"Definition: {made.definition}. Rows: one a week while a programme runs; "
            f"{counted(made.rows, 'row')} of {counted(made.patients, 'patient')} "
            f"from {made.first} to {made.last}, "
            f"{made.events} of whom dropped out.",
            f"Split: judged on rows from {made.split.cutoff} on; fitted for that on "
            f"{made.split.train_rows} rows of {made.split.train_patients} patients before it "
            f"({made.split.train_events} dropped out); {made.split.purged_rows} rows between, "
            "whose outcome reaches into the hold-out, in neither part. The kept model is fitted "
            "again on all rows.",
        ),
        parts=tuple(parts),
        footer=(
            "Features that are not known count as the mean. The model is a sum of the coefficients "
            "above: anybody can check a prediction by hand.",
            f"rehabctl {version}; {made.rule_version}; {made.points_version}; seed {made.seed}",
        ),
    )


def _performance(made: FitReport) -> ReportTable:
    found = (
        ("later times", made.temporal),
        ("unseen patients", made.grouped),
        ("boosted trees, later times", made.challenger),
    )
    head = (
        "judged on", "rows", "events", "AUC (95 %)", "points' AUC", "Brier", "scaled Brier",
        "intercept", "slope",
    )  # fmt: skip
    rows = tuple(
        (
            name,
            str(p.rows),
            str(p.events),
            f"{p.auc:.3f} ({p.auc_low:.3f}-{p.auc_high:.3f})",
            f"{p.points_auc:.3f}",
            f"{p.brier:.4f}",
            f"{p.scaled_brier:.3f}",
            f"{p.calibration_intercept:.2f}",
            f"{p.calibration_slope:.2f}",
        )
        for name, p in found
        if p is not None
    )
    notes = (
        "Unseen patients: cross-validated by patient, repeated. Intervals resample patients. "
        "Boosted trees are fitted for comparison only and never kept: they have no coefficients to "
        "read.",
    )
    return ReportTable("How well it predicts", head, rows, notes)


def _terms(made: FitReport) -> ReportTable:
    rows = tuple(
        (t.feature, f"{t.mean:.3f}", f"{t.deviation:.3f}", f"{t.coefficient:+.3f}")
        for t in made.model.terms
    )
    note = f"Intercept {made.model.intercept:+.3f}; log odds of dropout within the horizon."
    head = ("feature", "mean", "standard deviation", "coefficient, standardised")
    return ReportTable(f"Coefficients ({made.model.kind.value})", head, rows, (note,))


def _subgroups(made: FitReport) -> ReportTable:
    def told(value: float | None, form: str) -> str:
        return "" if value is None else f"{value:{form}}"

    rows = tuple(
        (line.subgroup, line.value, "hidden", "", "", "", "")
        if line.patients is None
        else (
            line.subgroup,
            line.value,
            str(line.patients),
            str(line.events),
            told(line.auc, ".3f"),
            told(line.predicted_percent, ".1f"),
            told(line.observed_percent, ".1f"),
        )
        for line in made.subgroups
    )
    head = ("subgroup", "", "patients", "events", "AUC", "predicted, %", "observed, %")
    return ReportTable("Subgroups, later times", head, rows, ("Hidden: too few patients.",))


def calibration(found: Performance) -> ReportFigure:
    """Return the drawing of predicted against observed dropouts.

    Parameters
    ----------
    found
        Judged on a hold-out.
    """
    caption = (
        "Predicted and observed share of dropouts on later times, in groups of rising prediction; "
        "the line is perfect agreement."
    )
    return figure(caption, lambda axes: _draw(axes, found), 4.2)


def _draw(axes: Any, found: Performance) -> None:
    predicted = [100 * p for p, _, _ in found.groups]
    observed = [100 * o for _, o, _ in found.groups]
    most = max([1.0, *predicted, *observed]) * 1.08
    axes.plot([0, most], [0, most], color="#888888", linewidth=0.8)
    axes.plot(predicted, observed, "o-", color="#1b4f8a", ms=4, linewidth=0.8)
    axes.set_xlabel("predicted, %")
    axes.set_ylabel("observed, %")
