"""One patient with trends, assessments, sessions and alerts: the patient screen and `show`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.clinic import recovery
from rehabctl.clinic.adherence import adherence
from rehabctl.domain.alert import StoredAlert
from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.facts import Extreme, PatientFacts
from rehabctl.domain.patient import Patient
from rehabctl.domain.patient_detail import (
    AlertSummary,
    AssessmentSummary,
    ConsentSummary,
    EpisodeSummary,
    PatientDetail,
    ProgramLine,
    ReferenceBand,
    SessionSummary,
    Trend,
    TrendPoint,
)
from rehabctl.domain.programme import Programme
from rehabctl.domain.prom import Direction, PromResponse, PromScore
from rehabctl.domain.prom_followup import ScoreChange, ThresholdUnit
from rehabctl.domain.recording import StoredAssessment
from rehabctl.domain.session import ExerciseSession
from rehabctl.domain.triage import Reason
from rehabctl.reference.recovery_curves import load_recovery_curves
from rehabctl.reference.rules import RuleTable
from rehabctl.services import activity, patient_record, triage
from rehabctl.services.access import Action, require
from rehabctl.services.patient_facts import facts_of
from rehabctl.services.prom_followup import rate_change

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_ASSESSMENTS = 20
_SESSIONS = 20
_BAND_STEPS = 24
"""Straight pieces of which a band is drawn."""


def load(store: Store, rules: RuleTable, mrn: str) -> PatientDetail:
    """Return everything that the patient screen shows, as of now.

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
        patient = uow.patients.get(mrn)
        triage.refresh(uow, [patient.ref], rules)
        uow.audit.record("patient.read", "patient", patient.id)
        return _detail(uow, patient, rules)


def _detail(uow: UnitOfWork, patient: Patient, rules: RuleTable) -> PatientDetail:
    row = uow.panel.get(patient.id)
    if row is None:
        raise RehabctlError(
            "the worklist has no row of this patient", "Run: rehabctl triage rebuild"
        )
    facts = facts_of(uow, [patient.id])[patient.id]
    programme = uow.programmes.active(patient.id)
    episode = uow.episodes.active(patient.id)
    zone = ZoneInfo(uow.clinic.time_zone)
    known = patient.demographics
    return PatientDetail(
        row=row,
        birth_date=known.birth_date,
        sex=known.sex.value,
        state=known.state,
        phone=known.phone,
        email=known.email,
        language=known.language,
        time_zone=known.time_zone,
        episode=None if episode is None else _episode(episode, uow.now.astimezone(zone).date()),
        trends=(
            *_motion_trends(facts, programme, episode),
            *_pain_trend(facts),
            *activity.trends(uow, patient),
            *_adherence_trend(facts, uow.now, rules, zone),
            *_prom_trends(uow.prom.of_patient(patient.id)),
        ),
        assessments=tuple(
            _assessment(a) for a in uow.assessments.of_patient(patient.id, _ASSESSMENTS)
        ),
        sessions=tuple(
            _session(s) for s in reversed(uow.sessions.of_patient(patient.id)[-_SESSIONS:])
        ),
        alerts=tuple(_alert(a) for a in uow.alerts.of_patient(patient.id)),
        program=() if programme is None else tuple(_lines(uow, programme)),
        appointments=tuple(patient_record.appointments(uow, patient.id)),
        messages=tuple(patient_record.messages(uow, patient.id)),
        notes=tuple(patient_record.notes(uow, patient.id)),
        consents=tuple(
            ConsentSummary(c.scope.value, c.granted_at, c.expires_at)
            for c in uow.consents.active(patient.id)
        ),
        as_of=uow.now,
    )


def _episode(episode: Episode, today: date) -> EpisodeSummary:
    return EpisodeSummary(
        diagnosis=episode.diagnosis,
        side=None if episode.side is None else episode.side.value,
        surgery_date=episode.surgery_date,
        weeks_post_op=episode.weeks_post_op(today),
        precautions=episode.precautions,
    )


def _motion_trends(
    facts: PatientFacts, programme: Programme | None, episode: Episode | None
) -> list[Trend]:
    """One trend per motion and side, with the method of each point."""
    goals = {(g.measure, g.side): g.target for g in facts.goals}
    prescribed = {
        line.exercise_slug: line.target_deg
        for line in (() if programme is None else programme.prescriptions)
    }
    series: dict[tuple[str, str], list[TrendPoint]] = {}
    extremes: dict[tuple[str, str], Extreme] = {}
    targets: dict[tuple[str, str], float] = {}
    for m in sorted(facts.measurements, key=lambda m: (m.at, m.id)):
        key = (m.motion, m.side)
        point = TrendPoint(m.at, m.value_deg, m.uncertainty_deg, m.method)
        series.setdefault(key, []).append(point)
        extremes[key] = m.extreme
        target = goals.get((m.motion, m.side), goals.get((m.motion, None)))
        target = prescribed.get(m.exercise or "") if target is None else target
        if target is not None:
            targets[key] = target
    return [
        Trend(
            measure=motion,
            side=side,
            unit="deg",
            points=tuple(points),
            target=targets.get((motion, side)),
            higher_is_better=extremes[motion, side] is Extreme.MAX,
            band=reference_band(episode, motion, side, extremes[motion, side], points),
        )
        for (motion, side), points in series.items()
    ]


def reference_band(
    episode: Episode | None, motion: str, side: str, extreme: Extreme, points: Sequence[TrendPoint]
) -> ReferenceBand | None:
    """Return what published cohorts reached in the days of a trend, for the operated side.

    Parameters
    ----------
    episode
        The active course of care.
    motion, side
        What was measured, and on which side.
    extreme
        Which end of the motion the trend follows.
    points
        The trend, oldest first.
    """
    if episode is None or episode.surgery_date is None or episode.condition is None:
        return None
    if len(points) < 2 or (episode.side is not None and episode.side.value not in (side, "both")):
        return None
    first, last = points[0].at, points[-1].at
    for curve in load_recovery_curves():
        fits = (curve.condition, curve.measure, curve.extreme)
        if fits != (episode.condition, motion, extreme):
            continue
        steps = (first + (last - first) * i / _BAND_STEPS for i in range(_BAND_STEPS + 1))
        days = ((at, (at.date() - episode.surgery_date).days) for at in steps)
        bands = [(at, found) for at, day in days if (found := recovery.band(curve, day))]
        if bands:
            sources = dict.fromkeys(name for _, found in bands for name in found.sources)
            limits = tuple((at, found.low, found.high) for at, found in bands)
            return ReferenceBand(limits, "; ".join(sources))
    return None


def _pain_trend(facts: PatientFacts) -> list[Trend]:
    """Return the ratings that the worklist shows: with sessions, and those of the daily journal."""
    told = ((facts.sessions, "with a session"), (facts.journal, "daily journal"))
    rated = [
        TrendPoint(event.at, event.pain, None, method)
        for events, method in told
        for event in events
        if event.pain is not None
    ]
    if not rated:
        return []
    rated.sort(key=lambda point: point.at)
    return [Trend("pain", None, "of 10", tuple(rated), None, higher_is_better=False)]


def _adherence_trend(
    facts: PatientFacts, now: datetime, rules: RuleTable, zone: ZoneInfo
) -> list[Trend]:
    found = adherence(facts, now, rules)
    points = tuple(
        TrendPoint(
            datetime.combine(week.starts_on, time(), zone), week.percent, None, "sessions done"
        )
        for week in found.weeks
        if week.percent is not None
    )
    if not points:
        return []
    return [Trend("adherence", None, "%", points, found.target_percent, higher_is_better=True)]


def _prom_trends(responses: Sequence[PromResponse]) -> list[Trend]:
    """One trend per scale and side; a new scoring rule is another method."""
    series: dict[tuple[str, str, str | None], list[tuple[PromResponse, PromScore]]] = {}
    for response in responses:
        side = None if response.side is None else response.side.value
        for score in response.scores:
            if score.score is not None:
                key = (response.instrument, score.scale, side)
                series.setdefault(key, []).append((response, score))
    return [_prom_trend(*key, found) for key, found in series.items()]


def _prom_trend(
    instrument: str, scale: str, side: str | None, found: Sequence[tuple[PromResponse, PromScore]]
) -> Trend:
    last = found[-1][1]
    change = _prom_change(found)
    name = instrument if scale == "total" else f"{instrument} {scale}"
    return Trend(
        measure=name,
        side=side,
        unit="points",
        points=tuple(
            TrendPoint(response.completed_at, score.score, None, score.rule_version)
            for response, score in found
            if score.score is not None
        ),
        target=None,
        higher_is_better=last.higher_is_better,
        note="" if change is None else change.text,
        important_at=None if change is None else _important_at(change),
    )


def _prom_change(found: Sequence[tuple[PromResponse, PromScore]]) -> ScoreChange | None:
    """Return the change since the first form that was scored by the same rule."""
    newest, last = found[-1]
    first = next(score for _, score in found if score.rule_version == last.rule_version)
    if first is last or first.score_unrounded is None or last.score_unrounded is None:
        return None
    return rate_change(
        newest.instrument,
        first.score_unrounded,
        last.score_unrounded,
        scale=last.scale,
        variant=str(newest.result["variant"]),
        on=newest.completed_at.date(),
    )


def _important_at(change: ScoreChange) -> float | None:
    row = change.mcid
    if row is None:
        return None
    size = float(row.value)
    if row.unit is ThresholdUnit.PERCENT_OF_BASELINE:
        size *= change.before / 100
    better = 1 if change.direction is Direction.HIGHER_BETTER else -1
    return change.before + better * size


def _assessment(stored: StoredAssessment) -> AssessmentSummary:
    driving = [m for m in stored.motions if m.driving and m.peak_deg is not None]
    best = driving[0] if driving else None
    result = stored.result
    return AssessmentSummary(
        id=str(stored.id),
        at=stored.measured_at,
        exercise=stored.exercise,
        status=stored.status,
        confidence=stored.confidence,
        full=stored.full_count,
        partial=stored.partial_count,
        side=None if best is None else best.side,
        best_peak_deg=None if best is None else best.peak_deg,
        interval_deg=None if best is None else best.interval_deg,
        compensations=tuple(
            f"{c['kind'].replace('_', ' ')} {c['magnitude']:.0f} {c['unit']} ({c['severity']})"
            for c in result.get("compensations", ())
        ),
        feedback=tuple(f["text"] for f in result.get("feedback", ())),
        reasons=tuple(r["text"] for r in result.get("quality", {}).get("reasons", ())),
    )


def _session(session: ExerciseSession) -> SessionSummary:
    return SessionSummary(
        at=session.started_at,
        completed=sum(entry.done for entry in session.entries),
        planned=len(session.entries),
        pain_before=session.pain_before,
        pain_after=session.pain_after,
        difficulty=session.difficulty,
        notes=session.notes,
    )


def _alert(alert: StoredAlert) -> AlertSummary:
    state = alert.state
    return AlertSummary(
        id=str(alert.id),
        severity=state.severity.value,
        reason=Reason(state.code, state.text, state.opened_at),
        rule_version=state.rule_version,
        state=state.status.value,
    )


def _lines(uow: UnitOfWork, programme: Programme) -> Sequence[ProgramLine]:
    return [
        ProgramLine(
            exercise=line.exercise_slug,
            name=line.exercise_name,
            sets=line.sets,
            reps=line.reps,
            hold_s=line.hold_s,
            per_week=line.per_week,
            target_deg=line.target_deg,
            approved=uow.library.exercise(line.exercise_id).content.get("status")
            == "clinically_approved",
        )
        for line in programme.prescriptions
        if line.ended_on is None
    ]
