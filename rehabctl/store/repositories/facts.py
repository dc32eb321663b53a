"""The raw events of patients, read set-wise: one query a kind of event, however many patients.

What the store does not hold is left at its default and filled by `services.patient_facts`: which
questionnaires are due, and how large a change of a score is important.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, and_, func, not_, select, type_coerce

from rehabctl.domain import facts
from rehabctl.domain.clinic import Clinic
from rehabctl.domain.visit import VisitKind, VisitStatus
from rehabctl.domain.wearable import DailyMeasure
from rehabctl.store.bulk import read_columns
from rehabctl.store.column_types import IdentifierText, ShortList
from rehabctl.store.handles import table
from rehabctl.store.repositories.alerts import action_of
from rehabctl.store.repositories.assessments import method_of
from rehabctl.store.repositories.rows import chunked

_PATIENT = table("patient")
_EPISODE = table("episode")
_GOAL = table("goal")
_SESSION = table("exercise_session")
_ENTRY = table("session_entry")
_JOURNAL = table("journal_entry")
_SCHEDULED = table("scheduled_session")
_HOLD = table("program_hold")
_OPENING = table("program_opening")
_ASSESSMENT = table("movement_assessment")
_MOTION = table("motion_result")
_SYMMETRY = table("symmetry_result")
_REVIEW = table("review_item")
_SCORE = table("prom_score")
_RESPONSE = table("prom_response")
_VISIT = table("visit")
_ACTION = table("alert_action")
_DAILY = table("daily_activity")
_TREATMENT_KINDS = tuple(
    kind.value
    for kind in (
        VisitKind.EVALUATION, VisitKind.RE_EVALUATION, VisitKind.TREATMENT, VisitKind.GROUP,
    )
)  # fmt: skip
"""A day with any of them is a treatment day (Medicare Benefit Policy Manual, chapter 15)."""
_Rows = dict[UUID, list[RowMapping]]
_Found = dict[str, list[Any]]
"""By the digits of the owner's identifier."""


class FactRepository:
    """Facts of patients of one clinic."""

    def __init__(self, connection: Connection, clinic: Clinic) -> None:
        self._connection = connection
        self._clinic = clinic

    def of_patient(self, patient_id: UUID) -> facts.PatientFacts:
        """Return everything that is known of one patient."""
        return self.of_patients([patient_id])[patient_id]

    def of_patients(
        self, patient_ids: Sequence[UUID], *, exercises_from: datetime | None = None
    ) -> dict[UUID, facts.PatientFacts]:
        """Return everything that is known of these patients.

        Parameters
        ----------
        patient_ids
            Whose.
        exercises_from
            Sessions that began earlier are read without what was done in them, and days before it
            without steps; None reads all.
        """
        found: dict[UUID, facts.PatientFacts] = {}
        for part in chunked(patient_ids):
            found.update(self._part(part, exercises_from))
        return found

    def _part(
        self, ids: Sequence[UUID], exercises_from: datetime | None
    ) -> dict[UUID, facts.PatientFacts]:
        episodes = self._of(_EPISODE, ids, _EPISODE.c.started_on)
        sessions = self._sessions(ids, exercises_from)
        journal = self._journal(ids)
        due_on = self._days(ids)
        opened_at = self._openings(ids)
        holds = self._of(_HOLD, ids, _HOLD.c.from_day)
        motions = self._measured(_MOTION, ids)
        symmetry = self._measured(_SYMMETRY, ids)
        scores = self._scores(ids)
        treatments = self._treatments(ids)
        goals = self._of(_GOAL, ids, _GOAL.c.created_at)
        reviews = self._reviews(ids)
        actions = self._of(_ACTION, ids, _ACTION.c.at)
        steps = self._steps(ids, exercises_from)
        known_since = self._known_since(ids)
        zone = ZoneInfo(self._clinic.time_zone)
        return {
            i: facts.PatientFacts(
                patient_id=str(i),
                time_zone=self._clinic.time_zone,
                known_since=known_since.get(i),
                episode=_episode(episodes.get(i, [])),
                sessions=tuple(sessions.get(i.hex, ())),
                due_on=tuple(due_on.get(i.hex, ())),
                holds=tuple(facts.Hold(r["from_day"], r["to_day"]) for r in holds.get(i, [])),
                opened_at=tuple(opened_at.get(i.hex, ())),
                journal=tuple(journal.get(i.hex, ())),
                measurements=tuple(
                    _measurement(r) for r in motions.get(i, []) if r["peak_deg"] is not None
                ),
                symmetry=tuple(_symmetry(row) for row in symmetry.get(i, [])),
                scores=tuple(_score(row) for row in scores.get(i, [])),
                goals=tuple(_goal(row) for row in goals.get(i, []) if _is_measurable(row)),
                reviews=tuple(_review(row) for row in reviews.get(i, [])),
                plan_of_care=_plan(episodes.get(i, []), treatments.get(i, []), zone),
                alert_actions=tuple(action_of(row) for row in actions.get(i, [])),
                steps=tuple(steps.get(i.hex, ())),
            )
            for i in ids
        }

    def _known_since(self, ids: Sequence[UUID]) -> dict[UUID, datetime]:
        query = select(_PATIENT.c.id, _PATIENT.c.created_at).where(_PATIENT.c.id.in_(ids))
        return {row["id"]: row["created_at"] for row in self._connection.execute(query).mappings()}

    # what there is most of is read by columns: see `read_columns`

    def _sessions(self, ids: Sequence[UUID], exercises_from: datetime | None) -> _Found:
        s = _SESSION.c
        records = self._records(ids, exercises_from)
        query = (
            select(
                _text(s.patient_id), _text(s.id), s.started_at, s.created_at,
                s.completed_at.is_not(None),
                s.pain_before, s.pain_during, s.pain_after, s.difficulty,
            )
            .where(s.patient_id.in_(ids))
            .order_by(s.patient_id, s.started_at, s.id)
        )  # fmt: skip
        owners, names, at, known, done, *ratings = read_columns(self._connection, query)
        exercises = [tuple(records.get(name, ())) for name in names]
        found = map(facts.SessionFact, names, at, known, done, exercises, *ratings)
        return _by_owner(owners, list(found))

    def _records(self, ids: Sequence[UUID], from_moment: datetime | None) -> _Found:
        """Return what was done in each session, by the session's identifier."""
        e, s = _ENTRY.c, _SESSION.c
        query = (
            select(
                _text(s.id), e.exercise, not_(e.done), type_coerce(e.reps_per_set, ShortList()),
                func.coalesce(e.pain_after, e.pain_before), e.form_score,
            )
            .join(_ENTRY, e.session_id == s.id)
            .where(s.patient_id.in_(ids))
            .order_by(s.patient_id, s.started_at, s.id, e.position)
        )  # fmt: skip
        if from_moment is not None:
            query = query.where(s.started_at >= from_moment)
        sessions, *records = read_columns(self._connection, query)
        return _by_owner(sessions, list(map(facts.ExerciseRecord, *records)))

    def _journal(self, ids: Sequence[UUID]) -> _Found:
        j = _JOURNAL.c
        query = (
            select(
                _text(j.patient_id), _text(j.id), j.recorded_at, j.created_at, j.pain,
                type_coerce(j.red_flags, ShortList()),
            )
            .where(j.patient_id.in_(ids))
            .order_by(j.patient_id, j.recorded_at, j.id)
        )  # fmt: skip
        owners, *entries = read_columns(self._connection, query)
        return _by_owner(owners, list(map(facts.JournalEntry, *entries)))

    def _steps(self, ids: Sequence[UUID], from_moment: datetime | None) -> _Found:
        d = _DAILY.c
        query = (
            select(
                _text(d.patient_id), _text(d.id), d.day, d.recorded_at, d.source, d.value,
                d.hours, d.is_whole,
            )
            .where(d.patient_id.in_(ids), d.measure == DailyMeasure.STEPS.value)
            .order_by(d.patient_id, d.recorded_at, d.id)
        )  # fmt: skip
        if from_moment is not None:
            query = query.where(d.day >= from_moment.date())
        owners, *steps = read_columns(self._connection, query)
        return _by_owner(owners, list(map(facts.StepsFact, *steps)))

    def _days(self, ids: Sequence[UUID]) -> _Found:
        s = _SCHEDULED.c
        query = select(_text(s.patient_id), s.due_on).where(s.patient_id.in_(ids))
        query = query.order_by(s.patient_id, s.due_on)
        return _by_owner(*read_columns(self._connection, query))

    def _openings(self, ids: Sequence[UUID]) -> _Found:
        o = _OPENING.c
        query = select(_text(o.patient_id), o.opened_at).where(o.patient_id.in_(ids))
        query = query.order_by(o.patient_id, o.opened_at)
        return _by_owner(*read_columns(self._connection, query))

    def _of(self, table: Any, ids: Sequence[UUID], *order: Any) -> _Rows:
        # the owners' columns are half of the identifiers of a row, and known
        columns = [c for c in table.c if c.name not in ("clinic_id", "therapist_id")]
        query = select(*columns).where(table.c.patient_id.in_(ids)).order_by(*order, table.c.id)
        return self._grouped(query)

    def _measured(self, table: Any, ids: Sequence[UUID]) -> _Rows:
        a = _ASSESSMENT.c
        query = (
            select(
                table, a.exercise, a.status, a.full_count, a.partial_count,
                a.instrument, a.model_name, a.model_sha256, a.algorithm_version,
            )
            .join(_ASSESSMENT, a.id == table.c.assessment_id)
            .where(table.c.patient_id.in_(ids), a.status != "refused")
            .order_by(table.c.measured_at, table.c.motion, table.c.id)
        )  # fmt: skip
        return self._grouped(query)

    def _scores(self, ids: Sequence[UUID]) -> _Rows:
        query = (
            select(_SCORE, _RESPONSE.c.side)
            .join(_RESPONSE, _RESPONSE.c.id == _SCORE.c.response_id)
            .where(_SCORE.c.patient_id.in_(ids), _SCORE.c.score.is_not(None))
            .order_by(_SCORE.c.completed_at, _SCORE.c.id)
        )
        return self._grouped(query)

    def _treatments(self, ids: Sequence[UUID]) -> _Rows:
        v = _VISIT.c
        query = select(v.patient_id, v.episode_id, v.started_at).where(
            v.patient_id.in_(ids),
            v.status == VisitStatus.COMPLETED.value,
            v.kind.in_(_TREATMENT_KINDS),
            v.started_at.is_not(None),
        )
        return self._grouped(query)

    def _reviews(self, ids: Sequence[UUID]) -> _Rows:
        a, driving = _ASSESSMENT.c, _MOTION.c
        query = (
            select(
                _REVIEW, a.measured_at, a.exercise, a.full_count, a.partial_count, a.status,
                driving.peak_deg, driving.interval_low_deg, driving.interval_high_deg,
            )
            .join(_ASSESSMENT, a.id == _REVIEW.c.assessment_id)
            .outerjoin(_MOTION, and_(driving.assessment_id == a.id, driving.driving.is_(True)))
            .where(_REVIEW.c.patient_id.in_(ids))
            .order_by(a.measured_at, _REVIEW.c.id, driving.side)
        )  # fmt: skip
        return {i: _first_of_each(rows) for i, rows in self._grouped(query).items()}

    def _grouped(self, query: Any) -> _Rows:
        grouped: _Rows = {}
        for row in self._connection.execute(query).mappings():
            grouped.setdefault(row["patient_id"], []).append(row)
        return grouped


def _text(column: Any) -> Any:
    return type_coerce(column, IdentifierText())


def _by_owner(owners: Sequence[str], found: list[Any]) -> _Found:
    """Split what stands in the order of its owners."""
    parts: _Found = {}
    start = 0
    for owner, count in Counter(owners).items():
        parts[owner] = found[start : start + count]
        start += count
    return parts


def _first_of_each(rows: Sequence[RowMapping]) -> list[RowMapping]:
    """Keep one row a review: both sides of one exercise may drive its count."""
    first: dict[UUID, RowMapping] = {}
    for row in rows:
        first.setdefault(row["id"], row)
    return list(first.values())


def _current(rows: Sequence[RowMapping]) -> RowMapping | None:
    """Return the course of care that is active, or else the last one."""
    return next((r for r in reversed(rows) if r["status"] == "active"), rows[-1] if rows else None)


def _plan(
    episodes: Sequence[RowMapping], treatments: Sequence[RowMapping], zone: ZoneInfo
) -> facts.PlanOfCare | None:
    """Return the dates of the plan of care; None where none is noted."""
    row = _current(episodes)
    if row is None or (row["plan_ends_on"] is None and row["progress_report_on"] is None):
        return None
    days = {
        visit["started_at"].astimezone(zone).date()
        for visit in treatments
        if visit["episode_id"] in (None, row["id"])
    }
    return facts.PlanOfCare(row["plan_ends_on"], tuple(sorted(days)), row["progress_report_on"])


def _episode(rows: Sequence[RowMapping]) -> facts.Episode | None:
    row = _current(rows)
    if row is None:
        return None
    return facts.Episode(
        started_on=row["started_on"],
        ended_on=row["ended_on"],
        condition=row["condition"],
        pathway=row["pathway"],
        surgery_on=row["surgery_date"],
        side=row["side"] if row["side"] in ("left", "right") else None,
    )


def _measurement(row: RowMapping) -> facts.Measurement:
    return facts.Measurement(
        id=str(row["id"]),
        at=row["measured_at"],
        recorded_at=row["created_at"],
        exercise=row["exercise"],
        motion=row["motion"],
        side=row["side"],
        value_deg=row["peak_deg"],
        uncertainty_deg=row["uncertainty_deg"],
        method=method_of(row),
        extreme=facts.Extreme(row["extreme"]),
        full_count=row["full_count"],
        partial_count=row["partial_count"],
        status=row["status"],
    )


def _symmetry(row: RowMapping) -> facts.SymmetryResult:
    return facts.SymmetryResult(
        id=str(row["id"]),
        at=row["measured_at"],
        recorded_at=row["created_at"],
        measure=row["measure"],
        motion=row["motion"],
        left=row["left"],
        right=row["right"],
        method=method_of(row),
        higher_is_better=row["higher_is_better"],
        detectable=row["detectable"],
    )


def _score(row: RowMapping) -> facts.ScoreFact:
    return facts.ScoreFact(
        id=str(row["id"]),
        at=row["completed_at"],
        recorded_at=row["created_at"],
        instrument=row["instrument"],
        scale=row["scale"],
        score=row["score"],
        higher_is_better=row["higher_is_better"],
        side=row["side"],
        rule_version=row["rule_version"],
    )


def _is_measurable(row: RowMapping) -> bool:
    named = (row["measure"], row["baseline"], row["target"])
    return row["status"] == "open" and None not in named


def _goal(row: RowMapping) -> facts.Goal:
    return facts.Goal(
        id=str(row["id"]),
        set_at=row["created_at"],
        measure=row["measure"],
        baseline=row["baseline"],
        target=row["target"],
        side=row["side"],
        unit=row["unit"] or "",
    )


def _review(row: RowMapping) -> facts.ReviewItem:
    low, high = row["interval_low_deg"], row["interval_high_deg"]
    return facts.ReviewItem(
        id=str(row["assessment_id"]),
        at=row["measured_at"],
        recorded_at=row["queued_at"],
        exercise=row["exercise"],
        full_count=row["full_count"],
        partial_count=row["partial_count"],
        peak_deg=row["peak_deg"],
        interval_deg=None if low is None else (low, high),
        confidence=row["confidence"],
        status=row["status"],
        reviewed_at=row["decided_at"],
    )
