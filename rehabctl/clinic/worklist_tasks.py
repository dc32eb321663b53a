"""What waits to be done for a patient: tasks that end when they are done, and are no alerts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from rehabctl.clinic.local_days import iso
from rehabctl.clinic.movement_rules import recording_text
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.verdict import Scalar, Verdict, met, unmet
from rehabctl.domain.facts import ScoreDue
from rehabctl.domain.triage import Reason, Tier
from rehabctl.reference.rules import RuleRow


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason of the worklist with what it weighs."""

    reason: Reason
    tier: Tier
    severity: int
    """0 for a task, else the rank of the alert's severity."""
    group: str
    detail: float
    """Order among reasons of equal weight: a lower one goes first."""
    unreviewed_since: datetime
    """Time of the oldest fact behind it that nobody has acknowledged."""


def tasks(view: PatientView, told: Collection[str]) -> Iterator[Cause]:
    """Yield the open tasks.

    Parameters
    ----------
    view
        The patient.
    told
        Ids of recordings whose low quality an open alert tells already.
    """
    for verdict in task_verdicts(view, told):
        if (found := verdict.finding) is not None:
            reason = Reason(found.code, found.text, found.since)
            yield Cause(reason, Tier.DUE, 0, found.group, found.level, found.since)


def task_verdicts(view: PatientView, told: Collection[str]) -> Iterator[Verdict]:
    """Yield what each enabled rule of a task read, whether or not it asks for something.

    Parameters
    ----------
    view, told
        As for `tasks`.
    """
    yield from _reviews(view, told)
    if not view.ended:
        yield from _questionnaires(view)
        yield from _plan_of_care(view)


def _reviews(view: PatientView, told: Collection[str]) -> Iterator[Verdict]:
    row = view.rules["REVIEW_WAITING"]
    for review in view.facts.reviews if row.enabled else ():
        if review.reviewed_at is None and review.id not in told:
            inputs = {"recording": recording_text(review), "confidence": review.confidence}
            yield _task(row, review.id, inputs, review.recorded_at, review.confidence)


def _questionnaires(view: PatientView) -> Iterator[Verdict]:
    """Yield every questionnaire whose window has closed, and the next one that will close."""
    row = view.rules["PROM_OVERDUE"]
    for due in open_scores(view) if row.enabled else ():
        closes = closing_day(due, row)
        key = f"{due.instrument}:{due.due_on.isoformat()}"
        inputs = {
            "instrument": due.instrument,
            "due_on": due.due_on.isoformat(),
            "window_days": closes - due.due_on.toordinal(),
            "window_closes_on": iso(closes),
        }
        if view.today <= closes:
            yield unmet(row, key, inputs)
            return
        yield _task(row, key, inputs, view.start_of(closes + 1))


def open_scores(view: PatientView) -> list[ScoreDue]:
    """Return the planned questionnaires that are not answered, nor superseded, by due day.

    An answer counts from the opening of the window to the day before the next one opens.
    """
    answered: dict[str, list[int]] = {}
    for score, day in zip(view.scores, view.score_days, strict=True):
        answered.setdefault(score.instrument, []).append(day)
    found: list[ScoreDue] = []
    for due in view.facts.scores_due:
        ends = date.max if due.superseded_on is None else due.superseded_on
        if view.today >= ends.toordinal():
            continue
        days = answered.get(due.instrument, ())
        opens = due.opens_on
        if opens is None or not any(opens.toordinal() <= day for day in days):
            found.append(due)
    return sorted(found, key=lambda due: (due.due_on, due.instrument))


def closing_day(due: ScoreDue, row: RuleRow) -> int:
    """Return the last day of a questionnaire's window: its own, else that of `PROM_OVERDUE`."""
    if due.closes_on is not None:
        return due.closes_on.toordinal()
    return due.due_on.toordinal() + row.days("window_days")


def _plan_of_care(view: PatientView) -> Iterator[Verdict]:
    plan = view.facts.plan_of_care
    if plan is None:
        return
    row = view.rules["PLAN_OF_CARE_ENDING"]
    if row.enabled and plan.ends_on is not None:
        from_day = plan.ends_on.toordinal() - row.days("days_before")
        inputs = {"ends_on": plan.ends_on.isoformat(), "listed_from": iso(from_day)}
        if view.today >= from_day:
            yield _task(row, "", inputs, view.start_of(from_day))
        else:
            yield unmet(row, "", inputs)
    row = view.rules["PROGRESS_REPORT_DUE"]
    if not row.enabled:
        return
    days, reported = _report_days(view), plan.last_progress_report_on
    listed_from = row.days("every") - row.days("visits_before")
    inputs = {
        "treatment_days": len(days),
        "last_report_on": "none" if reported is None else reported.isoformat(),
        "listed_from_treatment_days": listed_from,
    }
    if len(days) >= listed_from:
        yield _task(row, "", inputs, view.start_of(days[listed_from - 1]))
    else:
        yield unmet(row, "", inputs)


def _task(
    row: RuleRow, key: str, inputs: Mapping[str, Scalar], since: datetime, level: float = 1.0
) -> Verdict:
    return met(row, key, inputs, since=since, known_at=since, level=level)


def _report_days(view: PatientView) -> list[int]:
    """Return the treatment days since the last progress report."""
    plan = view.facts.plan_of_care
    if plan is None:
        return []
    reported = plan.last_progress_report_on or date.min
    days = {day.toordinal() for day in plan.treatment_days if day > reported}
    return sorted(day for day in days if day <= view.today)


def next_due_day(view: PatientView) -> int | None:
    """Return the next day with an open session, questionnaire or the end of the plan of care."""
    first = next(
        (
            day
            for day, done in zip(view.due, view.matched, strict=True)
            if day >= view.today and not done
        ),
        None,
    )
    days = [] if first is None else [first]
    if not view.ended:
        days += [due.due_on.toordinal() for due in open_scores(view)]
        if view.facts.plan_of_care is not None and view.facts.plan_of_care.ends_on is not None:
            days.append(view.facts.plan_of_care.ends_on.toordinal())
    return min((day for day in days if day >= view.today), default=None)


def next_task_day(view: PatientView) -> int | None:
    """Return the next day on which a task begins by itself."""
    row = view.rules["PROM_OVERDUE"]
    turns = [closing_day(due, row) + 1 for due in view.facts.scores_due]
    turns += [d.superseded_on.toordinal() for d in view.facts.scores_due if d.superseded_on]
    candidates = [min((day for day in turns if day > view.today), default=None)]
    if (plan := view.facts.plan_of_care) is not None:
        treated = sorted(day.toordinal() for day in plan.treatment_days)
        candidates.append(view.next_crossing(treated, (0,)))
        if plan.ends_on is not None:
            before = view.rules["PLAN_OF_CARE_ENDING"].days("days_before")
            candidates.append(view.next_crossing([plan.ends_on.toordinal()], (-before,)))
    return min((day for day in candidates if day is not None), default=None)
