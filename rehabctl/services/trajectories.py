"""One patient's course beside published curves, and how far her goals are: `report trajectory`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.clinic import trajectory
from rehabctl.clinic.goal_rules import GoalProgress, goal_progress
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.recovery import BandPosition
from rehabctl.clinic.trajectory import Trajectory
from rehabctl.domain.counting import counted
from rehabctl.domain.episode import Goal, GoalStatus
from rehabctl.domain.report_page import ReportFigure, ReportPage, ReportTable
from rehabctl.reference.rules import RuleTable
from rehabctl.services.access import Action, require
from rehabctl.services.patient_facts import facts_of

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_BESIDE = {
    BandPosition.AHEAD: "ahead of",
    BandPosition.WITHIN: "within",
    BandPosition.BEHIND: "behind",
}


@dataclass(frozen=True, slots=True)
class GoalLine:
    """One goal and how far it is."""

    goal: Goal
    progress: GoalProgress | None
    note: str | None
    """Why there is no progress to tell."""


@dataclass(frozen=True, slots=True)
class TrajectoryReport:
    """What is known of one patient's course."""

    mrn: str
    condition: str | None
    days_since_surgery: int | None
    as_of: datetime
    curves: tuple[Trajectory, ...]
    goals: tuple[GoalLine, ...]


def report(
    store: Store,
    rules: RuleTable,
    mrn: str,
    *,
    curve_key: str | None = None,
    target_day: int | None = None,
) -> TrajectoryReport:
    """Return a patient's course beside the curves of her condition, with her goals.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    mrn
        Record number.
    curve_key
        Only this curve.
    target_day
        Day after surgery to project to.

    Raises
    ------
    NotFoundError
        There is no such patient, or no published curve for the condition.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient_id = uow.patients.get(mrn).id
        facts = facts_of(uow, [patient_id])[patient_id]
        view = PatientView.of(facts, uow.now, rules)
        found = trajectory.trajectories(view, curve_key, target_day)
        uow.audit.record("report.trajectory", "patient", patient_id)
        return TrajectoryReport(
            mrn=mrn,
            condition=facts.episode and facts.episode.condition,
            days_since_surgery=view.days_since_surgery,
            as_of=uow.now,
            curves=found,
            goals=tuple(_goals(uow, view)),
        )


def goals(store: Store, rules: RuleTable, mrn: str) -> tuple[GoalLine, ...]:
    """Return every goal of a patient with how far it is.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    mrn
        Record number.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient_id = uow.patients.get(mrn).id
        view = PatientView.of(facts_of(uow, [patient_id])[patient_id], uow.now, rules)
        uow.audit.record("report.goals", "patient", patient_id)
        return tuple(_goals(uow, view))


def _goals(uow: UnitOfWork, view: PatientView) -> list[GoalLine]:
    followed = {goal.id: goal for goal in view.facts.goals}
    lines: list[GoalLine] = []
    for goal in uow.episodes.goals(UUID(view.facts.patient_id)):
        fact = followed.get(str(goal.id))
        progress = None if fact is None else goal_progress(view, fact)
        lines.append(GoalLine(goal, progress, None if progress else _why(goal)))
    return lines


def _why(goal: Goal) -> str:
    if goal.status is not GoalStatus.OPEN:
        return goal.status.value
    if goal.measure is None or goal.target is None:
        return "not measurable: no measure or target"
    if goal.baseline is None:
        return "the baseline is missing"
    return "no value since the goal was set"


def page(report: TrajectoryReport, version: str) -> ReportPage:
    """Return the report as a page for people.

    Parameters
    ----------
    report
        From `report`.
    version
        Of the program.
    """
    parts: list[ReportTable | ReportFigure] = []
    for found in report.curves:
        if found.points:
            parts.append(drawing(found))
            parts.append(_points(found))
    if report.goals:
        parts.append(_goal_table(report.goals))
    unmeasured = [f.curve.label for f in report.curves if not f.points]
    return ReportPage(
        title=f"Course of record {report.mrn}",
        made_at=report.as_of,
        lines=(
            f"{report.condition}, day {report.days_since_surgery} after surgery.",
            *([f"Nothing measured for: {'; '.join(unmeasured)}."] if unmeasured else []),
        ),
        parts=tuple(parts),
        footer=(
            "Reference cohorts are published groups of patients; they are no target. Values are "
            "recorded and compared for clinician review.",
            *(
                f"{f.curve.label}: "
                + "; ".join(f"{s.name} (n={s.patients}, {s.grade})" for s in f.curve.sources)
                for f in report.curves
                if f.points
            ),
            f"rehabctl {version}; {report.curves[0].rule_version}",
        ),
    )


def drawing(found: Trajectory) -> ReportFigure:
    """Return the drawing of one course.

    Parameters
    ----------
    found
        With at least one point.
    """
    from rehabctl.services.report_drawing import draw_trajectory, figure

    return figure(describe(found), lambda axes: draw_trajectory(axes, found))


def describe(found: Trajectory) -> str:
    """Return one sentence on where a course stands and where it is heading."""
    latest, curve = found.latest, found.curve
    if latest is None:
        return f"{curve.label}: {found.note}."
    text = f"{curve.label}: {latest.value:g} {curve.unit} on day {latest.day}"
    if latest.position is not None and found.band is not None:
        text += (
            f", {_BESIDE[latest.position]} the {found.band.low:.0f}-{found.band.high:.0f} "
            f"{_spread(found)}"
        )
    if (made := found.projection) is not None:
        text += (
            f"; drawn on to {made.value:g} ({made.low:g}-{made.high:g}) on day {made.day:g}, "
            f"from {counted(made.points, 'value')}"
        )
        if made.at_limit:
            text += f", stopped at the anatomical limit of {curve.anatomical_limit:g}"
    elif found.note:
        text += f"; no projection: {found.note}"
    return text + "."


def _spread(found: Trajectory) -> str:
    count = 0 if found.band is None else len(found.band.sources)
    if count > 1:
        return f"that {count} reference lines span"
    return f"around the one source (own margin of {found.curve.default_spread:g})"


def _points(found: Trajectory) -> ReportTable:
    rows = tuple(
        (
            str(p.day),
            p.on.isoformat(),
            f"{p.value:g}",
            "" if p.uncertainty is None else f"{p.uncertainty:g}",
            "" if p.position is None else p.position.value,
        )
        for p in found.points
    )
    left_out = (
        (f"Left out, measured by other methods: {', '.join(found.other_methods)}.",)
        if found.other_methods
        else ()
    )
    head = ("day", "on", found.curve.unit, "90 % half-width", "beside the cohorts")
    return ReportTable(found.curve.label, head, rows, (f"Method: {found.method}.", *left_out))


def _goal_table(lines: tuple[GoalLine, ...]) -> ReportTable:
    return ReportTable(
        "Goals",
        ("goal", "from", "to", "newest", "share of the way"),
        tuple(
            (
                line.goal.description,
                "" if line.goal.baseline is None else f"{line.goal.baseline:g}",
                "" if line.goal.target is None else f"{line.goal.target:g}",
                "" if line.progress is None else f"{line.progress.latest:g}",
                f"{line.progress.percent:.0f} %" if line.progress else line.note or "",
            )
            for line in lines
        ),
    )
