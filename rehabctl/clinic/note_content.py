"""What a draft note says: measured facts in words. Judgement stays with the clinician.

Every statement repeats a recorded number with its instrument, its uncertainty and its day; nothing
here interprets one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from rehabctl.clinic.recovery import projection
from rehabctl.domain.counting import counted
from rehabctl.domain.episode import Goal, GoalStatus
from rehabctl.domain.facts import Extreme, Measurement, PatientFacts, ScoreFact
from rehabctl.domain.plan_of_care import AuthorisationUse, PlanOfCareRecord
from rehabctl.domain.visit import ParticipantRole, Visit
from rehabctl.reference.recovery_curves import load_recovery_curves

CLINICIAN = "[clinician: write here]"
"""Where a clinician's own words belong; a note that still holds it is not signed."""
_PROJECTED_WEEKS = 4
_SEED = 1


@dataclass(frozen=True, slots=True)
class NoteFacts:
    """Everything that a draft reads."""

    facts: PatientFacts
    day: date
    since: date
    """First day of the reported period."""
    visit: Visit | None
    visits_held: int
    treatment_days: int
    goals: Sequence[Goal]
    plan: PlanOfCareRecord | None
    authorisations: Sequence[AuthorisationUse]
    diagnosis: str | None
    home_exercises: Sequence[str]
    """Each with its dose."""
    done: int
    scheduled: int
    """Sessions of the home programme in the period."""
    prom_changes: Mapping[tuple[str, str], str]
    """Text of the rated change by instrument and scale."""
    units: Mapping[str, int]
    minutes: Mapping[str, int]
    """By procedure code."""
    timed_minutes: int


def fields_of(known: NoteFacts) -> dict[str, str]:
    """Return the text of every field of a template.

    Parameters
    ----------
    known
        The facts.
    """
    zone = ZoneInfo(known.facts.time_zone)
    return {
        "day": known.day.isoformat(),
        "period": f"{known.since.isoformat()} to {known.day.isoformat()}",
        "visit": _visit(known.visit, zone),
        "diagnosis": known.diagnosis or "",
        "pain": _pain(known, zone),
        "adherence": _adherence(known),
        "proms": _joined(_proms(known, zone)),
        "rom": _joined(_motions(known, zone)),
        "last_session": _last_session(known, zone),
        "interventions": _joined(f"{c} {m} min" for c, m in known.minutes.items()),
        "timed_minutes": str(known.timed_minutes),
        "total_minutes": str(_total_minutes(known.visit)),
        "units": _joined(f"{code} x {n}" for code, n in known.units.items()),
        "treatment_days": counted(known.treatment_days, "treatment day"),
        "visits_held": counted(known.visits_held, "visit"),
        "goals": _goals(known, zone),
        "plan": _plan(known.plan),
        "authorisations": _joined(_left(use) for use in known.authorisations) or "none on file",
        "home_programme": "\n".join(f"- {line}" for line in known.home_exercises),
        "projection": _projection(known.facts, zone),
        "clinician": CLINICIAN,
    }


def _joined(parts: Iterable[str]) -> str:
    return "; ".join(parts)


def _visit(visit: Visit | None, zone: ZoneInfo) -> str:
    if visit is None or visit.started_at is None:
        return ""
    began = visit.started_at.astimezone(zone)
    ended = "" if visit.ended_at is None else f" to {visit.ended_at.astimezone(zone):%H:%M}"
    channels = ", then ".join(span.channel.value.replace("_", " ") for span in visit.channels)
    others = [
        p.role.value
        for p in visit.participants
        if p.role not in (ParticipantRole.PATIENT, ParticipantRole.PROVIDER)
    ]
    parts = [
        f"{visit.kind.value.replace('_', ' ').capitalize()} {began:%H:%M}{ended}",
        f"by {channels}" if channels else "",
        f"patient in {visit.patient_state}" if visit.patient_state else "",
        f"also present: {', '.join(others)}" if others else "",
    ]
    return ", ".join(part for part in parts if part) + "."


def _total_minutes(visit: Visit | None) -> int:
    if visit is None or visit.started_at is None or visit.ended_at is None:
        return 0
    return int((visit.ended_at - visit.started_at).total_seconds() // 60)


def _pain(known: NoteFacts, zone: ZoneInfo) -> str:
    rated = [s for s in known.facts.sessions if s.pain is not None]
    inside = [s for s in rated if s.at.astimezone(zone).date() >= known.since]
    if not inside:
        return ""
    inside.sort(key=lambda s: s.at)
    last = inside[-1]
    parts = [
        f"{word} {value:g}"
        for word, value in (
            ("before", last.pain_before),
            ("during", last.pain_during),
            ("after", last.pain_after),
        )
        if value is not None
    ]
    worst = max(s.worst_pain or 0 for s in inside)
    return (
        f"{', '.join(parts)} of 10 in the session of {last.at.astimezone(zone).date()}; "
        f"worst of the period {worst:g}"
    )


def _adherence(known: NoteFacts) -> str:
    if known.scheduled == 0:
        return ""
    percent = round(100 * known.done / known.scheduled)
    return f"{known.done} of {counted(known.scheduled, 'planned session')} done ({percent} %)"


def _motions(known: NoteFacts, zone: ZoneInfo) -> list[str]:
    """Return the newest value of each motion, side and end, with what was first measured alike."""
    series: dict[tuple[str, str, str], list[Measurement]] = {}
    for m in sorted(known.facts.measurements, key=lambda m: (m.at, m.id)):
        series.setdefault((m.motion, m.side, m.extreme.value), []).append(m)
    found: list[str] = []
    for (motion, side, end), measured in sorted(series.items()):
        last = measured[-1]
        if last.at.astimezone(zone).date() < known.since:
            continue
        same = [m for m in measured if m.method == last.method]
        text = f"{motion.replace('_', ' ')} {side} {end} {_degrees(last)}"
        text += f" on {last.at.astimezone(zone).date()} by {last.method}"
        if same[0] is not last:
            text += f", first {_degrees(same[0])} on {same[0].at.astimezone(zone).date()}"
        found.append(text)
    return found


def _degrees(m: Measurement) -> str:
    half = "" if m.uncertainty_deg is None else f" ± {m.uncertainty_deg:.0f}"
    return f"{m.value_deg:.0f}{half}°"


def _proms(known: NoteFacts, zone: ZoneInfo) -> list[str]:
    newest: dict[tuple[str, str], ScoreFact] = {}
    for score in sorted(known.facts.scores, key=lambda s: (s.at, s.id)):
        newest[(score.instrument, score.scale)] = score
    found: list[str] = []
    for key, score in sorted(newest.items()):
        name = score.instrument if score.scale == "total" else f"{score.instrument} {score.scale}"
        text = f"{name} {score.score:g} on {score.at.astimezone(zone).date()}"
        if change := known.prom_changes.get(key):
            text += f" ({change})"
        found.append(text)
    return found


def _last_session(known: NoteFacts, zone: ZoneInfo) -> str:
    done = sorted((s for s in known.facts.sessions if s.completed), key=lambda s: s.at)
    if not done:
        return ""
    last = done[-1]
    parts: list[str] = []
    for entry in last.exercises:
        what = "skipped" if entry.skipped else "/".join(str(n) for n in entry.repetitions)
        form = "" if entry.form_score is None else f", form {entry.form_score:.0f}"
        parts.append(f"{entry.exercise} {what}{form}".strip())
    return f"{last.at.astimezone(zone).date()}: {', '.join(parts)}" if parts else ""


def _goals(known: NoteFacts, zone: ZoneInfo) -> str:
    return "\n".join(f"- {_goal(goal, known.facts, zone)}" for goal in known.goals)


def _goal(goal: Goal, facts: PatientFacts, zone: ZoneInfo) -> str:
    text = goal.description
    if goal.target is not None and goal.baseline is not None:
        unit = f" {goal.unit}" if goal.unit else ""
        text += f": from {goal.baseline:g} to {goal.target:g}{unit}"
        newest = _newest_value(goal, facts, zone)
        text += f", now {newest}" if newest else ", no value recorded"
    if goal.due_on is not None:
        text += f", by {goal.due_on.isoformat()}"
    return f"{text} ({goal.status.value})" if goal.status is not GoalStatus.OPEN else text


def _newest_value(goal: Goal, facts: PatientFacts, zone: ZoneInfo) -> str:
    side = None if goal.side is None else goal.side.value
    rising = goal.baseline is None or goal.target is None or goal.target > goal.baseline
    end = Extreme.MAX if rising else Extreme.MIN
    values = [
        (m.at, m.value_deg)
        for m in facts.measurements
        if m.motion == goal.measure and m.extreme is end and side in (None, m.side)
    ]
    values += [(s.at, s.score) for s in facts.scores if f"{s.instrument}:{s.scale}" == goal.measure]
    if goal.measure == "pain":
        values += [(s.at, s.pain) for s in facts.sessions if s.pain is not None]
    if not values:
        return ""
    at, value = max(values)
    return f"{value:.10g} on {at.astimezone(zone).date()}"


def _plan(plan: PlanOfCareRecord | None) -> str:
    if plan is None:
        return ""
    return (
        f"{plan.treatment_type}, {plan.amount}, {plan.frequency}, "
        f"for {counted(plan.duration_weeks, 'week')} "
        f"from {plan.starts_on.isoformat()} (plan of care until {plan.ends_on.isoformat()})."
    )


def _left(use: AuthorisationUse) -> str:
    parts = [
        f"{left} {word} left"
        for left, word in ((use.visits_left, "visits"), (use.units_left, "units"))
        if left is not None
    ]
    given = use.authorisation
    return f"authorisation {given.number}: {', '.join(parts)} until {given.expires_on.isoformat()}"


def _projection(facts: PatientFacts, zone: ZoneInfo) -> str:
    """Return the measured course carried on, beside what it rests on."""
    episode = facts.episode
    if episode is None or episode.surgery_on is None:
        return ""
    found: list[str] = []
    for curve in load_recovery_curves():
        if curve.condition != episode.condition or curve.display is None:
            continue
        alike = [
            m
            for m in facts.measurements
            if m.motion == curve.measure
            and m.extreme is curve.extreme
            and episode.side in (None, m.side)
        ]
        if not alike:
            continue
        method = max(alike, key=lambda m: m.at).method
        points = [
            (float(days), m.value_deg)
            for m in alike
            if m.method == method
            and (days := (m.at.astimezone(zone).date() - episode.surgery_on).days) >= 1
        ]
        if not points:
            continue
        target = max(day for day, _ in points) + 7 * _PROJECTED_WEEKS
        ahead = projection(points, target, curve, seed=_SEED)
        if ahead is not None:
            found.append(
                f"{curve.label}: {ahead.value:g} {curve.unit} (90 % interval {ahead.low:g} to "
                f"{ahead.high:g}) on day {ahead.day:g} after surgery, from {ahead.points} values"
            )
    return _joined(found)
