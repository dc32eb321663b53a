"""A cohort report as a page for people, with drawings."""

from __future__ import annotations

from typing import Any

from rehabctl.domain.cohort import Cell, CohortRow, Measure
from rehabctl.domain.report_page import ReportFigure, ReportPage, ReportTable
from rehabctl.services.cohorts import CohortReport, cell_of
from rehabctl.services.report_drawing import figure

HEADS = {
    Measure.PATIENTS: "patients",
    Measure.CHANGE: "improvement, points",
    Measure.RESPONDERS: "responders, %",
    Measure.ADHERENCE: "adherence, %",
    Measure.VISITS: "visits",
    Measure.COMPLETION: "completed, %",
    Measure.SATISFACTION: "satisfaction, 0-10",
    Measure.GOALS: "goals met, %",
}
_COLOUR = "#1b4f8a"


def page(report: CohortReport, version: str) -> ReportPage:
    """Return the report as a page.

    Parameters
    ----------
    report
        From `cohorts.report`.
    version
        Of the program.
    """
    query = report.query
    filters = [f"condition {query.condition}"] if query.condition else []
    filters += [f"payer {query.payer}"] if query.payer else []
    head = (query.by.value, "baseline", *HEADS.values())
    rows = tuple((_name(r), r.stratum or "", *map(cell_text, r.cells)) for r in report.rows)
    return ReportPage(
        title=f"Outcomes of a cohort: {report.clinic}",
        made_at=report.as_of,
        lines=(
            f"Courses of care that began from {query.first} to {query.last}; one a patient, the "
            f"last one{': ' + ', '.join(filters) if filters else ''}. "
            f"Scores: {query.instrument} {query.scale}.",
        ),
        parts=(*drawings(report), ReportTable("By group and baseline", head, rows, notes(report))),
        footer=(
            "Differences between groups are not effects of treatment: groups differ in more than "
            "what is shown.",
            f"rehabctl {version}; {report.rule_version}",
        ),
    )


def notes(report: CohortReport) -> tuple[str, ...]:
    """Return how the figures are to be read."""
    least = report.smallest_cell
    by_condition = ", ".join(
        f"{points:g} ({condition or 'others'})" for condition, points in report.important.items()
    )
    return (
        "Improvement: baseline to last score, 95 % interval; more is better. "
        + (
            f"Responders improved by at least: {by_condition} points."
            if by_condition
            else "No important change in points is published for this scale: no responders."
        ),
        "Adherence: sessions done of sessions scheduled. Completed: closed courses of care with a "
        "session or visit in their last days. Satisfaction: answers after visits, 10 is best.",
        f"hidden: fewer than {least} patients, or they could be worked out from the other rows.",
    )


def cell_text(cell: Cell) -> str:
    """Return one figure with its interval and the number of patients behind it."""
    if cell.is_hidden:
        return "hidden"
    if cell.measure is Measure.PATIENTS:
        return str(cell.n)
    if cell.value is None:
        return ""
    spread = "" if cell.low is None else f" ({cell.low:g} to {cell.high:g})"
    return f"{cell.value:g}{spread}, n={cell.n}"


def _name(row: CohortRow) -> str:
    return row.group or "all"


def drawings(report: CohortReport) -> tuple[ReportFigure, ...]:
    """Return the improvement and the responders of each group, where anything is shown."""
    found: list[ReportFigure] = []
    for measure, label in (
        (Measure.CHANGE, f"improvement of {report.query.instrument}, points"),
        (Measure.RESPONDERS, "responders, % of patients"),
    ):
        shown = [
            (_name(row) if row.stratum is None else f"{_name(row)}, {row.stratum}", cell)
            for row in report.rows
            if (cell := cell_of(row, measure)).value is not None
        ]
        if shown:
            caption = f"{label[0].upper()}{label[1:]} with 95 % intervals; hidden groups left out."
            height = 1.2 + 0.35 * len(shown)
            found.append(figure(caption, lambda a, s=shown, t=label: _draw(a, s, t), height))
    return tuple(found)


def _draw(axes: Any, shown: list[tuple[str, Cell]], label: str) -> None:
    for place, (_, cell) in enumerate(reversed(shown)):
        value, low, high = cell.value or 0.0, cell.low or 0.0, cell.high or 0.0
        axes.errorbar(
            [value], [place], xerr=[[value - low], [high - value]], fmt="o", ms=4, color=_COLOUR
        )
    names = [f"{name} (n={cell.n})" for name, cell in reversed(shown)]
    axes.set_yticks(range(len(shown)), names)
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.axvline(0, color="#888888", linewidth=0.8)
    axes.set_xlabel(label)
