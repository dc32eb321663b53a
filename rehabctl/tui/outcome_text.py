"""The texts of the screens about outcomes: reports in, styled lines out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from rehabctl.clinic.recovery import BandPosition
from rehabctl.domain.cohort import Cell, Measure
from rehabctl.tui import cells
from rehabctl.tui.widgets.section import Line

if TYPE_CHECKING:
    from rehabctl.clinic.trajectory import Trajectory
    from rehabctl.domain.cohort import CohortRow
    from rehabctl.services.cohorts import CohortReport
    from rehabctl.services.trajectories import GoalLine

_LABEL_CELLS = 11
_RULER_CELLS = 44
_POSITION = {
    BandPosition.AHEAD: ("▲ ahead of the cohorts", "$success"),
    BandPosition.WITHIN: ("● within the cohorts", ""),
    BandPosition.BEHIND: ("▼ behind the cohorts", "$warning"),
}


def fact(label: str, value: str, style: str = "") -> Line:
    """Return a line with a label."""
    return Line(
        Content.styled(f"{label:<{_LABEL_CELLS}}", "$muted"),
        Content.styled(cells.clean(value), style),
    )


def course(found: Trajectory) -> list[Line]:
    """Return what is told of one course."""
    latest, curve = found.latest, found.curve
    if latest is None:
        text = cells.clean(f"{curve.label}: {found.note}")
        return [Line(Content(""), Content.styled(text, "$muted"))]
    value = short(latest.value, curve.unit)
    lines = [fact("newest", f"{value} {curve.unit} on day {latest.day}, {latest.on}")]
    if latest.position is not None and found.band is not None:
        text, style = _POSITION[latest.position]
        lines.append(fact("beside", f"{text}: {found.band.low:.0f}-{found.band.high:.0f}", style))
    if (made := found.projection) is not None:
        limit = ", stopped at the anatomical limit" if made.at_limit else ""
        value, low, high = (short(v, curve.unit) for v in (made.value, made.low, made.high))
        text = f"{value} ({low}-{high}) on day {made.day:g}{limit}"
        lines.append(fact("drawn on", text))
    elif found.note:
        lines.append(fact("drawn on", found.note, "$muted"))
    lines.append(Line(Content(" " * _LABEL_CELLS), Content(ruler(found))))
    if found.other_methods:
        lines.append(fact("left out", f"other methods: {', '.join(found.other_methods)}", "$muted"))
    sources = "; ".join(f"{s.name.partition(';')[0]} (n={s.patients})" for s in curve.sources)
    lines.append(fact("cohorts", sources, "$muted"))
    return lines


def short(value: float, unit: str) -> str:
    """Return a number with as many decimals as the unit can bear."""
    return f"{round(value, 2 if unit == 'm/s' else 1):g}"


def ruler(found: Trajectory) -> str:
    """Return the newest value ●, the cohorts ░ and the projection ◇ on one line with its ends."""
    latest, band, made = found.latest, found.band, found.projection
    values = [p.value for p in found.points]
    if band is not None:
        values += [band.low, band.high]
    if made is not None:
        values += [made.low, made.high]
    low, high = min(values), max(values)
    width = (high - low) or 1.0

    def place(value: float) -> int:
        return round((value - low) / width * (_RULER_CELLS - 1))

    marks = ["─"] * _RULER_CELLS
    if band is not None:
        for n in range(place(band.low), place(band.high) + 1):
            marks[n] = "░"
    if made is not None:
        marks[place(made.value)] = "◇"
    if latest is not None:
        marks[place(latest.value)] = "●"
    return f"{low:.0f} {''.join(marks)} {high:.0f}"


def goals(lines: tuple[GoalLine, ...]) -> list[Line]:
    """Return how far each goal is."""
    return [
        fact(
            f"{line.progress.percent:.0f} %" if line.progress else "-",
            f"{line.goal.description}: "
            + (
                f"{round(line.progress.latest, 2):g} of {line.goal.target:g}"
                if line.progress and line.goal.target is not None
                else line.note or ""
            ),
        )
        for line in lines
    ] or [fact("", "No goals are set.", "$muted")]


_COLUMNS = (
    (Measure.PATIENTS, "n", 6),
    (Measure.CHANGE, "change", 19),
    (Measure.RESPONDERS, "resp. %", 9),
    (Measure.ADHERENCE, "adher. %", 10),
    (Measure.COMPLETION, "compl. %", 10),
)
_GROUP_CELLS = 18


def cohort_head() -> Content:
    """Return the heads of the columns."""
    heads = "".join(f"{name:>{width}}" for _, name, width in _COLUMNS)
    return Content.styled(f"{'group':<{_GROUP_CELLS}}{heads}", "$muted")


def cohort_row(row: CohortRow) -> Content:
    """Return one line of the cohort."""
    name = (row.group or "all") if row.stratum is None else f"  {row.stratum}"
    found = {cell.measure: cell for cell in row.cells}
    text = "".join(f"{_cell(found[m]):>{width}}" for m, _, width in _COLUMNS)
    style = "bold" if row.group is None else "" if row.stratum is None else "$muted"
    return Content.styled(f"{cells.fit(name, _GROUP_CELLS)}{text}", style)


def _cell(cell: Cell) -> str:
    if cell.is_hidden:
        return "hidden"
    if cell.value is None:
        return "-"
    if cell.measure is Measure.CHANGE and cell.low is not None and cell.high is not None:
        return f"{cell.value:g} ({cell.low:g}-{cell.high:g})"
    return f"{cell.value:.0f}"


def cohort_lines(report: CohortReport) -> list[Line]:
    """Return the whole table; strata that are hidden whole are left out."""
    shown = [
        row
        for row in report.rows
        if row.stratum is None or any(not cell.is_hidden for cell in row.cells)
    ]
    empty = Content("")
    lines = [Line(empty, cohort_head()), *(Line(empty, cohort_row(row)) for row in shown)]
    note = f"hidden: fewer than {report.smallest_cell} patients, or they could be worked out"
    return [*lines, Line(empty, empty), Line(empty, Content.styled(note, "$muted"))]
