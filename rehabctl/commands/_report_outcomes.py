"""Verbs of `rehabctl report` about outcomes: trajectory, goals."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_bytes, emit_items, emit_object, note
from rehabctl.domain.errors import UsageError

if TYPE_CHECKING:
    from rehabctl.clinic.trajectory import Trajectory
    from rehabctl.domain.report_page import ReportFigure, ReportPage
    from rehabctl.services.trajectories import GoalLine, TrajectoryReport


class PageForm(StrEnum):
    """A page for people."""

    HTML = "html"
    PDF = "pdf"


class TrajectoryPart(StrEnum):
    """Which table is written where one table is."""

    CURVES = "curves"
    POINTS = "points"


AsOption = Annotated[
    PageForm | None, typer.Option("--as", help="Write a page with drawings; use it with -o.")
]
PlotOption = Annotated[
    Path | None, typer.Option("--plot", help="Write the drawing as .png or .svg.", metavar="FILE")
]
PatientOption = Annotated[
    str, typer.Option("--patient", help="Medical record number of the patient.", metavar="MRN")
]
_CURVE_COLUMNS = ("curve", "day", "value", "unit", "position", "cohorts", "drawn_on", "note")
_POINT_COLUMNS = ("curve", "day", "on", "value", "uncertainty", "position")
_GOAL_COLUMNS = (
    "description", "measure", "side", "baseline", "target", "unit", "latest", "percent", "status",
    "note",
)  # fmt: skip


def trajectory(
    patient: PatientOption,
    curve: Annotated[str | None, typer.Option("--curve", help="Only this curve.")] = None,
    day: Annotated[
        int | None,
        typer.Option("--day", min=1, max=3650, help="Day after surgery to draw on to."),
    ] = None,
    show: Annotated[
        TrajectoryPart, typer.Option("--show", help="Which table; JSON carries all of them.")
    ] = TrajectoryPart.CURVES,
    plot: PlotOption = None,
    as_: AsOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show a patient's values beside published curves, and where her own course is heading."""
    from rehabctl.services import trajectories, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        report = trajectories.report(store, rules, patient, curve_key=curve, target_day=day)
    out = Output.of(format_, json_, output, quiet)
    if plot is not None:
        drawn = next((found for found in report.curves if found.points), None)
        if drawn is None:
            raise UsageError("there is nothing to draw", "Choose a --curve with values")
        write_figure(trajectories.drawing(drawn), plot)
    if as_ is not None:
        from rehabctl import __version__

        emit_bytes(page_bytes(trajectories.page(report, __version__), as_), out)
        return
    if out.format in (Format.JSON, Format.JSONL):
        emit_object(_trajectory_object(report), out)
        return
    if show is TrajectoryPart.POINTS:
        points = [_point(found, p) for found in report.curves for p in found.points]
        emit_items(points, _POINT_COLUMNS, out)
    else:
        measured = [_curve_line(found) for found in report.curves if found.points]
        emit_items(measured, _CURVE_COLUMNS, out)
    for found in report.curves:
        note(trajectories.describe(found), out)


def goals(
    patient: PatientOption,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show how far a patient is on the way from baseline to target of each goal."""
    from rehabctl.services import trajectories, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        lines = trajectories.goals(store, rules, patient)
    out = Output.of(format_, json_, output, quiet)
    narrow = ("description", "side", "target", "unit", "latest", "percent", "status", "note")
    emit_items([_goal(line) for line in lines], _GOAL_COLUMNS, out, narrow=narrow)


def page_bytes(page: ReportPage, form: PageForm) -> bytes:
    """Return a page as a file."""
    from rehabctl.services.report_files import write_page

    return write_page(page, form.value)


def write_figure(figure: ReportFigure, path: Path) -> None:
    """Write a drawing; the ending of the file chooses the form."""
    data = {".png": figure.png, ".svg": figure.svg}.get(path.suffix.lower())
    if data is None:
        raise UsageError("--plot needs a name that ends in .png or .svg", "Rename it")
    emit_bytes(data, Output(Format.PLAIN, str(path)))


def _curve_line(found: Trajectory) -> dict[str, Any]:
    latest, band, made = found.latest, found.band, found.projection
    return {
        "curve": found.curve.key,
        "day": latest and latest.day,
        "value": latest and latest.value,
        "unit": found.curve.unit,
        "position": latest and latest.position,
        "cohorts": band and f"{band.low:.0f}-{band.high:.0f}",
        "drawn_on": made and f"{made.value:g} ({made.low:g}-{made.high:g}) on day {made.day:g}",
        "note": found.note,
    }


def _point(found: Trajectory, point: Any) -> dict[str, Any]:
    values = {name: getattr(point, name) for name in _POINT_COLUMNS[1:]}
    return {"curve": found.curve.key, **values}


def _trajectory_object(report: TrajectoryReport) -> dict[str, Any]:
    return {
        "mrn": report.mrn,
        "condition": report.condition,
        "days_since_surgery": report.days_since_surgery,
        "as_of": report.as_of,
        "curves": [
            {
                "curve": found.curve.key,
                "label": found.curve.label,
                "unit": found.curve.unit,
                "better": found.curve.extreme,
                "effective_from": found.curve.effective_from,
                "anatomical_limit": found.curve.anatomical_limit,
                "sources": _sources(found),
                "method": found.method or None,
                "other_methods": found.other_methods,
                "points": found.points,
                "band": found.band,
                "position": found.latest and found.latest.position,
                "projection": found.projection,
                "projection_band": found.projection_band,
                "note": found.note,
                "rule_version": found.rule_version,
            }
            for found in report.curves
        ],
        "goals": [_goal(line) for line in report.goals],
    }


def _sources(found: Trajectory) -> Sequence[dict[str, Any]]:
    return [
        {"name": s.name, "patients": s.patients, "grade": s.grade, "points": s.points}
        for s in found.curve.sources
    ]


def _goal(line: GoalLine) -> dict[str, Any]:
    goal, progress = line.goal, line.progress
    return {
        "description": goal.description,
        "measure": goal.measure,
        "side": goal.side,
        "baseline": goal.baseline,
        "target": goal.target,
        "unit": goal.unit,
        "latest": progress and progress.latest,
        "latest_at": progress and progress.at,
        "percent": progress and progress.percent,
        "status": goal.status,
        "note": line.note,
    }
