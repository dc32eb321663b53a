"""Courses of care reduced to one row each, read set-wise; and the server's own sums of them.

Sessions and visits are counted by UTC days. Who may not read records asks the server's function,
which hides small groups itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, exists, func, select, text

from rehabctl.domain.clinic import Clinic
from rehabctl.domain.cohort import CellKey, CohortQuery, CourseRow, Measure, Stratum, Tally
from rehabctl.domain.visit import VisitKind, VisitStatus
from rehabctl.store.handles import table

_EPISODE = table("episode")
_PATIENT = table("patient")
_USER = table("user_account")
_SCORE = table("prom_score")
_RESPONSE = table("prom_response")
_SCHEDULED = table("scheduled_session")
_HOLD = table("program_hold")
_SESSION = table("exercise_session")
_VISIT = table("visit")
_GOAL = table("goal")
_TREATMENTS = tuple(
    kind.value
    for kind in (
        VisitKind.EVALUATION, VisitKind.RE_EVALUATION, VisitKind.TREATMENT, VisitKind.GROUP,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Windows:
    """Where scores and sessions are looked for, in days."""

    baseline_before: int
    baseline_after: int
    follow_up_after: int
    follow_up_past_end: int
    grace: int
    """Days after which a session counts as missed."""


@dataclass(frozen=True, slots=True)
class _Score:
    on: date
    score: float
    higher_is_better: bool
    key: tuple[str, str | None]
    """Rule and side: scores of two rules or sides never join."""


class OutcomeRepository:
    """Cohorts of one clinic.

    Parameters
    ----------
    connection
        Of the transaction.
    clinic
        Whose patients.
    caseload_of
        Only this therapist's; None: all that the store shows.
    """

    def __init__(self, connection: Connection, clinic: Clinic, caseload_of: UUID | None) -> None:
        self._connection = connection
        self._clinic = clinic
        self._caseload_of = caseload_of

    def courses(self, query: CohortQuery, windows: Windows, today: date) -> list[CourseRow]:
        """Return the last course of care of each patient that began in the period.

        Parameters
        ----------
        query
            Period, instrument and filters.
        windows
            Where scores are looked for.
        today
            The clinic's local date.
        """
        course, scored, planned, trained, seen, aimed = self.statements(query, windows, today)
        rows = list(self._connection.execute(course).mappings())
        scores = self._scores(scored)
        scheduled, sessions = self._counts(planned), self._counts(trained)
        visits, goals = self._counts(seen), self._counts(aimed)
        found: list[CourseRow] = []
        for row in rows:
            who = row["patient_id"]
            first, last = _first_and_last(scores.get(who, ()), row, windows)
            done, last_session = sessions.get(who, (0, None))
            held, last_visit, satisfaction = visits.get(who, (0, None, None))
            set_, met = goals.get(who, (0, 0))
            active = [_day(at) for at in (last_session, last_visit) if at is not None]
            found.append(
                CourseRow(
                    mrn=row["mrn"],
                    condition=row["condition"],
                    age_years=_age(row["birth_date"], row["started_on"]),
                    sex=row["sex"],
                    payer=row["payer"],
                    therapist=row["login"],
                    started_on=row["started_on"],
                    ended_on=row["ended_on"],
                    baseline=first and first.score,
                    latest=last and last.score,
                    higher_is_better=first and first.higher_is_better,
                    scheduled=scheduled.get(who, (0, None))[0],
                    done=done,
                    visits=held,
                    last_active_on=max(active, default=None),
                    satisfaction=None if satisfaction is None else float(satisfaction),
                    goals=set_,
                    goals_met=met or 0,
                )
            )
        return found

    def statements(self, query: CohortQuery, windows: Windows, today: date) -> tuple[Any, ...]:
        """Return what is asked: courses, scores, schedule, sessions, visits, goals."""
        course = self._course(query)
        return (
            select(course),
            self._scored(course, query.instrument, query.scale),
            self._scheduled(course, today - timedelta(days=windows.grace)),
            self._sessions(course),
            self._visits(course),
            self._goals(course),
        )

    def _course(self, query: CohortQuery) -> Any:
        e, p = _EPISODE.c, _PATIENT.c
        newest = func.row_number().over(
            partition_by=e.patient_id, order_by=(e.started_on.desc(), e.id.desc())
        )
        ranked = (
            select(
                e.id.label("episode_id"), e.patient_id, e.condition, e.started_on, e.ended_on,
                p.mrn, p.birth_date, p.sex, p.payer, _USER.c.login, newest.label("place"),
            )
            .join(_PATIENT, p.id == e.patient_id)
            .join(_USER, _USER.c.id == e.therapist_id)
            .where(
                e.clinic_id == self._clinic.id,
                e.started_on >= query.first,
                e.started_on <= query.last,
            )
        )  # fmt: skip
        if self._caseload_of is not None:
            ranked = ranked.where(e.therapist_id == self._caseload_of)
        inner = ranked.subquery()
        chosen = select(inner).where(inner.c.place == 1)
        if query.condition is not None:
            chosen = chosen.where(inner.c.condition == query.condition)
        if query.payer is not None:
            chosen = chosen.where(inner.c.payer == query.payer)
        return chosen.cte("course")

    def _scored(self, course: Any, instrument: str, scale: str) -> Any:
        s, r = _SCORE.c, _RESPONSE.c
        return (
            select(
                s.patient_id, s.completed_at, func.coalesce(s.score_unrounded, s.score),
                s.higher_is_better, s.rule_version, r.side,
            )
            .join(course, course.c.patient_id == s.patient_id)
            .join(_RESPONSE, r.id == s.response_id)
            .where(s.instrument == instrument, s.scale == scale, s.score.is_not(None))
            .order_by(s.completed_at, s.id)
        )  # fmt: skip

    def _scores(self, statement: Any) -> dict[UUID, list[_Score]]:
        zone = ZoneInfo(self._clinic.time_zone)
        found: dict[UUID, list[_Score]] = {}
        rows: Any = self._connection.execute(statement)
        for who, at, score, higher, rule, side in rows:
            on = at.astimezone(zone).date()
            found.setdefault(who, []).append(_Score(on, score, higher, (rule, side)))
        return found

    def _scheduled(self, course: Any, before: date) -> Any:
        d, h = _SCHEDULED.c, _HOLD.c
        paused = exists().where(
            h.patient_id == d.patient_id,
            h.from_day <= d.due_on,
            (h.to_day.is_(None)) | (h.to_day >= d.due_on),
        )
        return (
            select(d.patient_id, func.count(), func.min(d.due_on))
            .join(course, _during(course, d.patient_id, d.due_on))
            .where(d.due_on < before, ~paused)
            .group_by(d.patient_id)
        )

    def _sessions(self, course: Any) -> Any:
        s = _SESSION.c
        return (
            select(s.patient_id, func.count(), func.max(s.started_at))
            .join(course, self._within(course, s.patient_id, s.started_at))
            .where(s.completed_at.is_not(None))
            .group_by(s.patient_id)
        )

    def _visits(self, course: Any) -> Any:
        v = _VISIT.c
        return (
            select(v.patient_id, func.count(), func.max(v.started_at), func.avg(v.satisfaction))
            .join(course, course.c.episode_id == v.episode_id)
            .where(v.status == VisitStatus.COMPLETED.value, v.kind.in_(_TREATMENTS))
            .group_by(v.patient_id)
        )

    def _goals(self, course: Any) -> Any:
        g = _GOAL.c
        met = func.count().filter(g.status == "met")
        return (
            select(g.patient_id, func.count(), met)
            .join(course, course.c.episode_id == g.episode_id)
            .where(g.status != "dropped")
            .group_by(g.patient_id)
        )

    def _within(self, course: Any, patient_id: Any, at: Any) -> Any:
        """Join moments that lie between the first and the last day of a course, in UTC."""
        if self._connection.dialect.name == "postgresql":
            day = func.date(at)  # the connection's zone is UTC
        else:
            day = func.substr(at, 1, 10)
        return _during(course, patient_id, day)

    def _counts(self, query: Any) -> dict[UUID, tuple[Any, ...]]:
        rows: Any = self._connection.execute(query)
        return {row[0]: tuple(row[1:]) for row in rows}

    def sums(
        self, query: CohortQuery, important: Mapping[str, float], least: int
    ) -> tuple[dict[CellKey, dict[Measure, Tally]], dict[CellKey, frozenset[Measure]]]:
        """Return the server's sums of a calendar year by condition, and what it hides.

        Parameters
        ----------
        query
            Its first day names the year.
        important
            The change that counts as important, by condition.
        least
            The smallest number of patients told; the server never tells fewer than its own.
        """
        statement = text(
            "SELECT grp, stratum, measure, n, hits, total, squares, is_hidden "
            "FROM cohort_outcomes(:year, :instrument, :scale, cast(:important AS jsonb), :least)"
        )
        rows = self._connection.execute(
            statement,
            {
                "year": query.first.year,
                "instrument": query.instrument,
                "scale": query.scale,
                "important": json.dumps(dict(important)),
                "least": least,
            },
        )
        tallies: dict[CellKey, dict[Measure, Tally]] = {}
        gone: dict[CellKey, set[Measure]] = {}
        for group, stratum, measure, n, hits, total, squares, is_hidden in rows:
            key = (group, None if stratum is None else Stratum(stratum))
            tallies.setdefault(key, {})[Measure(measure)] = Tally(
                n or 0, hits or 0, total or 0.0, squares or 0.0
            )
            gone.setdefault(key, set())
            if is_hidden:
                gone[key].add(Measure(measure))
        return tallies, {key: frozenset(measures) for key, measures in gone.items()}


def _during(course: Any, patient_id: Any, day: Any) -> Any:
    c = course.c
    return and_(
        c.patient_id == patient_id,
        day >= c.started_on,
        (c.ended_on.is_(None)) | (day <= c.ended_on),
    )


def _first_and_last(
    scores: Any, row: Mapping[Any, Any], windows: Windows
) -> tuple[_Score | None, _Score | None]:
    """Return the baseline and the last score comparable with it."""
    start, end = row["started_on"], row["ended_on"]
    opens = start - timedelta(days=windows.baseline_before)
    closes = start + timedelta(days=windows.baseline_after)
    first = next((s for s in scores if opens <= s.on <= closes), None)
    if first is None:
        return None, None
    earliest = first.on + timedelta(days=windows.follow_up_after)
    latest = None if end is None else end + timedelta(days=windows.follow_up_past_end)
    later = [
        s
        for s in scores
        if s.key == first.key and s.on >= earliest and (latest is None or s.on <= latest)
    ]
    return first, later[-1] if later else None


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _day(at: datetime) -> date:
    return at.date()
