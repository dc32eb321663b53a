"""`rehabctl report cohort`: outcomes of groups, for owners and payers."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_bytes, emit_items, emit_object, note
from rehabctl.commands._report_outcomes import AsOption, PlotOption, page_bytes, write_figure
from rehabctl.commands._times import day
from rehabctl.domain.cohort import GroupBy, Measure
from rehabctl.domain.errors import NotPermittedError, UsageError

if TYPE_CHECKING:
    from rehabctl.domain.cohort import CohortRow
    from rehabctl.services.cohorts import CohortReport


class CohortPart(StrEnum):
    """Which table is written where one table is."""

    GROUPS = "groups"
    MISSING = "missing"


_NAMES = {
    Measure.PATIENTS: "patients",
    Measure.CHANGE: "improvement",
    Measure.RESPONDERS: "responders_percent",
    Measure.ADHERENCE: "adherence_percent",
    Measure.VISITS: "visits",
    Measure.COMPLETION: "completed_percent",
    Measure.SATISFACTION: "satisfaction",
    Measure.GOALS: "goals_met_percent",
}


def cohort(
    instrument: Annotated[
        str, typer.Option("--instrument", help="Questionnaire that change is measured by.")
    ] = "nprs",
    scale: Annotated[str | None, typer.Option("--scale", help="Of the questionnaire.")] = None,
    year: Annotated[
        int | None,
        typer.Option("--year", min=1990, max=2200, help="Courses begun in it; default: this one."),
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", help="First day of the period.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Last day of the period.")] = None,
    by: Annotated[GroupBy, typer.Option("--by", help="What groups are made of.")] = (
        GroupBy.CONDITION
    ),
    condition: Annotated[str | None, typer.Option("--condition", help="Only this one.")] = None,
    payer: Annotated[str | None, typer.Option("--payer", help="Only this one's members.")] = None,
    min_cell: Annotated[
        int | None, typer.Option("--min-cell", help="Hide groups of fewer patients; 11 or more.")
    ] = None,
    show: Annotated[
        CohortPart, typer.Option("--show", help="Groups, or whose scores are missing.")
    ] = CohortPart.GROUPS,
    plot: PlotOption = None,
    as_: AsOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Report change, responders, adherence and completion of groups; small ones stay hidden."""
    from rehabctl.services import cohort_page, cohorts, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    first, last = day(from_, "--from"), day(to, "--to")
    request = cohorts.CohortRequest(
        instrument, scale, year, first, last, by, condition, payer, min_cell
    )
    with open_store(settings) as store:
        report = cohorts.report(store, rules, request)
    out = Output.of(format_, json_, output, quiet)
    if plot is not None:
        drawn = cohort_page.drawings(report)
        if not drawn:
            raise UsageError("there is nothing to draw", "Choose an --instrument with scores")
        write_figure(drawn[0], plot)
    if as_ is not None:
        from rehabctl import __version__

        emit_bytes(page_bytes(cohort_page.page(report, __version__), as_), out)
        return
    if show is CohortPart.MISSING:
        if report.missing is None:
            raise NotPermittedError("your role does not read records", "Ask a therapist")
        items = [{"mrn": line.mrn, "missing": line.text} for line in report.missing]
        emit_items(items, ("mrn", "missing"), out)
        return
    if out.format in (Format.JSON, Format.JSONL):
        emit_object(_object(report), out)
        return
    if out.format is Format.TABLE:
        _emit_table(report, out)
    else:
        lines = [_line(row) for row in report.rows]
        emit_items(lines, ("group", "baseline", *_NAMES.values()), out)
    for text in cohort_page.notes(report):
        note(text, out)
    if report.missing:
        note(f"courses of care without a change: {len(report.missing)}; whose: --show missing", out)


_SHORT = {
    Measure.PATIENTS: "n",
    Measure.CHANGE: "change",
    Measure.RESPONDERS: "resp. %",
    Measure.ADHERENCE: "adher. %",
    Measure.VISITS: "visits",
    Measure.COMPLETION: "compl. %",
    Measure.SATISFACTION: "satisf.",
    Measure.GOALS: "goals %",
}


def _emit_table(report: CohortReport, out: Output) -> None:
    """Write what fits a terminal: short heads, no empty columns, no lines that are hidden whole."""
    lines: list[dict[str, Any]] = []
    for row in report.rows:
        cells = {_SHORT[c.measure]: "hidden" if c.is_hidden else c.value for c in row.cells}
        if row.stratum is None or any(not c.is_hidden for c in row.cells):
            name = row.group or "all" if row.stratum is None else f"  {row.stratum}"
            lines.append({"group": name, **cells})
    columns = [c for c in _SHORT.values() if any(line[c] is not None for line in lines)]
    emit_items(lines, ("group", *columns), out)
    if len(lines) < len(report.rows):
        note(f"lines hidden whole: {len(report.rows) - len(lines)}", out)


def _line(row: CohortRow) -> dict[str, Any]:
    """Return one line of the table; what is hidden says so."""
    return {
        "group": row.group or "all",
        "baseline": row.stratum,
        **{_NAMES[c.measure]: "hidden" if c.is_hidden else c.value for c in row.cells},
    }


def _object(report: CohortReport) -> dict[str, Any]:
    query = report.query
    return {
        "from": query.first,
        "to": query.last,
        "instrument": query.instrument,
        "scale": query.scale,
        "by": query.by,
        "condition": query.condition,
        "payer": query.payer,
        "smallest_cell": report.smallest_cell,
        "important_change": {k or "other": v for k, v in report.important.items()},
        "rule_version": report.rule_version,
        "as_of": report.as_of,
        "rows": [
            {
                "group": row.group,
                "baseline": row.stratum,
                **{
                    _NAMES[c.measure]: {
                        "n": c.n,
                        "value": c.value,
                        "low": c.low,
                        "high": c.high,
                        "hidden": c.is_hidden,
                    }
                    for c in row.cells
                },
            }
            for row in report.rows
        ],
        "courses_without_change": None if report.missing is None else len(report.missing),
    }
