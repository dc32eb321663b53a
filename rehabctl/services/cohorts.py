"""Outcomes of a cohort: `report cohort`. Who may not read records gets the server's sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from rehabctl.clinic.cohort import cohort_rows, hidden_cells, important_points, outcome, tally
from rehabctl.domain.cohort import Cell, CohortQuery, CohortRow, CourseRow, GroupBy, Measure
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import FindingsError, NotFoundError, NotPermittedError, UsageError
from rehabctl.reference.instruments import load_instrument
from rehabctl.reference.prom_followup import load_pathways, load_thresholds, pathway_of
from rehabctl.reference.rules import RuleRow, RuleTable
from rehabctl.services.access import Action, may, require
from rehabctl.services.proms import rule_for
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class MissingScore:
    """A course of care that cannot enter the change."""

    mrn: str
    text: str


@dataclass(frozen=True, slots=True)
class CohortReport:
    """What is told of a cohort."""

    clinic: str
    query: CohortQuery
    rows: tuple[CohortRow, ...]
    """Everybody first, then groups with their strata."""
    smallest_cell: int
    important: Mapping[str, float]
    """The change that counts as important, by condition."""
    missing: tuple[MissingScore, ...] | None
    """None: who asks may not read records."""
    rule_version: str
    as_of: datetime

    @property
    def any_hidden(self) -> bool:
        """Whether a cell is hidden."""
        return any(cell.is_hidden for row in self.rows for cell in row.cells)


@dataclass(frozen=True, slots=True)
class CohortRequest:
    """What somebody asks for; None is the default."""

    instrument: str = "nprs"
    scale: str | None = None
    year: int | None = None
    first: date | None = None
    last: date | None = None
    by: GroupBy = GroupBy.CONDITION
    condition: str | None = None
    payer: str | None = None
    smallest_cell: int | None = None


def report(store: Store, rules: RuleTable, request: CohortRequest) -> CohortReport:
    """Return the outcomes of the courses of care that began in a period.

    Parameters
    ----------
    store
        The open store.
    rules
        Windows and the smallest cell (`COHORT`).
    request
        Period, instrument, groups and filters.

    Raises
    ------
    FindingsError
        The cohort is too small to tell anything of.
    NotPermittedError
        The role sees neither records nor sums, or asks for more than sums.
    NotFoundError
        There is no such instrument.
    UsageError
        The period is none, or the smallest cell is smaller than the rule allows.
    """
    with store.transaction() as uow:
        reads_records = may(uow.user.role, Action.READ_CLINICAL, is_local=uow.is_local)
        if not reads_records:
            require(uow, Action.READ_AGGREGATES)
            _require_plain(request)
        today = clinic_today(uow.clinic, uow.now)
        row = rules.in_force(today)["COHORT"]
        query, scale_range = _query(request, today)
        least = _smallest_cell(request, row)
        important = _important(query)
        if reads_records or uow.is_local:
            rows, courses = _from_records(uow, rules, query, scale_range, important, least, today)
        else:
            rows, courses = _from_server(uow, query, important, least), []
        uow.audit.record(
            "report.cohort", "episode", detail={"year": query.first.year, "by": query.by.value}
        )
        if not rows or rows[0].cells[0].is_hidden or not rows[0].cells[0].n:
            raise FindingsError(
                f"the cohort has fewer than {least} patients, of whom nothing is told",
                "Choose a longer period, or fewer filters",
            )
        return CohortReport(
            clinic=uow.clinic.name,
            query=query,
            rows=rows,
            smallest_cell=least,
            important=important,
            missing=_missing(courses, query, row) if reads_records else None,
            rule_version=row.version,
            as_of=uow.now,
        )


def _require_plain(request: CohortRequest) -> None:
    narrow = (request.first, request.last, request.condition, request.payer)
    if request.by is not GroupBy.CONDITION or any(value is not None for value in narrow):
        raise NotPermittedError(
            "your role sees whole years by condition, so that no two reports can be subtracted",
            "Use --year alone, or ask a therapist for the report",
        )


def _query(request: CohortRequest, today: date) -> tuple[CohortQuery, tuple[float, float]]:
    instrument = load_instrument(request.instrument)
    scales = {scale.key: scale for scale in rule_for(instrument, None, None).scales}
    scale = scales.get(request.scale or "total")
    if scale is None:
        raise UsageError(
            f"{instrument.slug} needs --scale", f"Use one of: {', '.join(sorted(scales))}"
        )
    if request.year is not None and (request.first or request.last):
        raise UsageError("--year and --from or --to exclude each other", "Use one of them")
    year = request.year or today.year
    first = request.first or date((request.last or date(year, 1, 1)).year, 1, 1)
    last = request.last or (today if request.first else date(year, 12, 31))
    if last < first:
        raise UsageError("the period ends before it begins", "Check --from and --to")
    query = CohortQuery(
        first, last, instrument.slug, scale.key, request.by, request.condition, request.payer
    )
    return query, (float(scale.minimum), float(scale.maximum))


def _smallest_cell(request: CohortRequest, row: RuleRow) -> int:
    least = row.days("smallest_cell")
    if request.smallest_cell is not None and request.smallest_cell < least:
        raise UsageError(
            f"groups of fewer than {least} patients are not told", "Use --min-cell to raise it only"
        )
    return request.smallest_cell or least


def _important(query: CohortQuery) -> dict[str, float]:
    """Return the important change by condition; the empty key is every other condition."""
    conditions = {condition for p in load_pathways() for condition in p.conditions}
    found: dict[str, float] = {}
    for condition in sorted({"", *conditions}):
        pathway = pathway_of(None, condition) if condition else None
        of = "any" if pathway is None else pathway.change_condition
        points = important_points(load_thresholds(), query.instrument, query.scale, of)
        if points is not None:
            found[condition] = points
    return found


def _from_records(
    uow: UnitOfWork,
    rules: RuleTable,
    query: CohortQuery,
    scale_range: tuple[float, float],
    important: Mapping[str, float],
    least: int,
    today: date,
) -> tuple[tuple[CohortRow, ...], list[CourseRow]]:
    from rehabctl.store.repositories.outcomes import Windows

    in_force = rules.in_force(today)
    row = in_force["COHORT"]
    windows = Windows(
        baseline_before=row.days("baseline_before_days"),
        baseline_after=row.days("baseline_after_days"),
        follow_up_after=row.days("follow_up_after_days"),
        follow_up_past_end=row.days("follow_up_past_end_days"),
        grace=in_force["ADHERENCE"].days("grace_days"),
    )
    courses = uow.outcomes.courses(query, windows, today)
    default = important.get("")
    tallies = tally(
        outcome(c, query.by, scale_range, important.get(c.condition or "", default), row)
        for c in courses
    )
    return cohort_rows(tallies, hidden_cells(tallies, least)), courses


def _from_server(
    uow: UnitOfWork, query: CohortQuery, important: Mapping[str, float], least: int
) -> tuple[CohortRow, ...]:
    return cohort_rows(*uow.outcomes.sums(query, important, least))


def _missing(
    courses: list[CourseRow], query: CohortQuery, row: RuleRow
) -> tuple[MissingScore, ...]:
    what = f"{query.instrument} {query.scale}"
    before, after = row.days("baseline_before_days"), row.days("baseline_after_days")
    texts = {
        True: f"no baseline of {what} from {counted(before, 'day')} before "
        f"to {counted(after, 'day')} after the start",
        False: f"no later score of {what} that is comparable with the baseline",
    }
    return tuple(
        MissingScore(c.mrn, texts[c.baseline is None])
        for c in sorted(courses, key=lambda c: c.mrn)
        if c.baseline is None or c.latest is None
    )


def cell_of(row: CohortRow, measure: Measure) -> Cell:
    """Return one figure of a line.

    Raises
    ------
    NotFoundError
        The line has no such figure.
    """
    for cell in row.cells:
        if cell.measure is measure:
            return cell
    raise NotFoundError("the report has no such figure", "Use one of its measures")
