"""Criteria for a harder or an easier level of an exercise: suggestions for a clinician's review."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rehabctl.clinic.local_days import iso
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.report_rules import recent_records
from rehabctl.clinic.verdict import Scalar, Verdict, met, unmet
from rehabctl.domain.facts import ExerciseRecord, SessionFact
from rehabctl.reference.rules import RuleRow


@dataclass(frozen=True, slots=True)
class ExerciseOutcome:
    """How one exercise went in one completed session."""

    repetitions: tuple[int, ...]
    """Repetitions of each set."""
    pain: float | None
    form_score: float | None = None
    next_day_rise: float | None = None
    """Pain at the start of the next day minus pain at the start of this session."""


def meets_criteria(outcomes: Sequence[ExerciseOutcome], row: RuleRow) -> bool:
    """Return whether the newest outcomes all meet the criteria of a `PROGRESSION_MET` row.

    Parameters
    ----------
    outcomes
        Oldest first. An unknown pain does not count as little pain; a form that no instrument
        measured, or a next day without a rating, does not stand in the way.
    row
        Numbers of sessions, sets and repetitions, and the limits of pain, form and next-day rise.
    """
    count = row.days("sessions")
    newest = outcomes[-count:]
    return len(newest) == count and all(_meets(outcome, row) for outcome in newest)


def _meets(outcome: ExerciseOutcome, row: RuleRow) -> bool:
    limits = row.limits
    sets = outcome.repetitions[: row.days("sets")]
    return (
        len(sets) == row.days("sets")
        and min(sets) >= limits["reps"]
        and outcome.pain is not None
        and outcome.pain < limits["pain_below"]
        and (outcome.form_score is None or outcome.form_score >= limits["form_at_least"])
        and (
            outcome.next_day_rise is None
            or outcome.next_day_rise <= limits["next_day_rise_at_most"]
        )
    )


def progression_met(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Look for exercises whose last completed sessions meet the criteria for a harder level."""
    count = row.days("sessions")
    for exercise, records in sorted(recent_records(view, row.days("within_days")).items()):
        newest = [r for r in records if r[0].completed][:count]
        if len(newest) < count:
            continue
        session, day, record = newest[0]
        inputs: dict[str, Scalar] = {
            "exercise": exercise,
            "day": iso(day),
            "latest_sets": " ".join(map(str, record.repetitions)) or "none noted",
        }
        if record.pain is not None:
            inputs["latest_pain"] = record.pain
        # the next day is looked up only for the few that meet everything else
        if not all(_meets(_outcome(s, r), row) for s, _, r in newest) or not meets_criteria(
            [_outcome(s, r, _next_day_rise(view, s, d)) for s, d, r in reversed(newest)], row
        ):
            yield unmet(row, exercise, inputs)
            continue
        known_at = max(s.recorded_at for s, _, _ in newest)
        yield met(row, exercise, inputs, since=session.at, known_at=known_at, level=1.0)


def _outcome(
    session: SessionFact, record: ExerciseRecord, next_day_rise: float | None = None
) -> ExerciseOutcome:
    pain = session.worst_pain if record.pain is None else record.pain
    return ExerciseOutcome(record.repetitions, pain, record.form_score, next_day_rise)


def _next_day_rise(view: PatientView, session: SessionFact, day: int) -> float | None:
    if session.pain_before is None:
        return None
    ratings = [
        (other.at, other.pain_before)
        for other, other_day in zip(view.sessions, view.session_days, strict=True)
        if other_day == day + 1 and other.pain_before is not None
    ]
    ratings += [
        (entry.at, entry.pain)
        for entry, entry_day in zip(view.journal, view.journal_days, strict=True)
        if entry_day == day + 1 and entry.pain is not None
    ]
    return min(ratings)[1] - session.pain_before if ratings else None


@dataclass(frozen=True, slots=True)
class LevelSuggestion:
    """A suggestion about one exercise, with the numbers behind it."""

    exercise: str
    direction: str
    """harder or easier."""
    text: str
    rule_version: str


def suggestions(view: PatientView) -> tuple[LevelSuggestion, ...]:
    """Return what the clinic's criteria suggest for the exercises of the last days.

    Harder by `PROGRESSION_MET`; easier by `REGRESSION_MET`, which goes first: an exercise that
    hurts is never suggested harder. Nothing is ever changed by itself.
    """
    easier = {
        verdict.key: LevelSuggestion(
            verdict.key, "easier", verdict.finding.text, verdict.finding.rule_version
        )
        for verdict in regression_met(view, view.rules["REGRESSION_MET"])
        if verdict.finding is not None
    }
    harder = [
        LevelSuggestion(verdict.key, "harder", verdict.finding.text, verdict.finding.rule_version)
        for verdict in progression_met(view, view.rules["PROGRESSION_MET"])
        if verdict.finding is not None and verdict.key not in easier
    ]
    return (*easier.values(), *harder)


def regression_met(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Look for exercises with much pain in most of the last sessions."""
    for exercise, records in sorted(recent_records(view, row.days("within_days")).items()):
        newest = records[: row.days("of_sessions")]
        painful = [
            (session, day, record)
            for session, day, record in newest
            if (_outcome(session, record).pain or 0.0) >= row.limits["pain_at_least"]
            or (_next_day_rise(view, session, day) or 0.0) >= row.limits["next_day_rise_at_least"]
        ]
        inputs: dict[str, Scalar] = {"exercise": exercise, "sessions": len(painful)}
        if len(painful) < row.limits["at_least"]:
            yield unmet(row, exercise, inputs)
            continue
        session = painful[0][0]
        known_at = max(s.recorded_at for s, _, _ in painful)
        level = float(len(painful))
        yield met(row, exercise, inputs, since=session.at, known_at=known_at, level=level)
