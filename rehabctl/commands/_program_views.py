"""How programmes and their progress are shown: objects with every key, and rows for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehabctl.domain.exercise import Dose
    from rehabctl.domain.programme import Prescription
    from rehabctl.services.phase_progress import Progress
    from rehabctl.services.programmes import ProgrammeView

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""ISO weekdays from 1 on, as they are written and read."""
LINE_COLUMNS = (
    "exercise", "sets", "reps", "hold_s", "per_week", "days", "side", "target_deg", "approved",
    "note",
)  # fmt: skip
LIST_COLUMNS = ("status", "protocol", "phase", "started_on", "ended_on", "revision")
CHANGE_COLUMNS = ("exercise", "change", "before", "after", "reason")
CONDITION_COLUMNS = ("number", "condition", "state", "value", "threshold", "source")
_UPCOMING_DAYS = 14


def programme_object(view: ProgrammeView) -> dict[str, Any]:
    """Return a programme as the JSON of `program show`."""
    programme = view.programme
    return {
        "id": programme.id,
        "mrn": view.mrn,
        "status": programme.status,
        "revision": programme.revision,
        "protocol": None if view.protocol is None else view.protocol.slug,
        "protocol_version": None if view.protocol is None else view.protocol.version,
        "phase": None if view.phase is None else view.phase.key,
        "phase_name": None if view.phase is None else view.phase.name,
        "started_on": programme.started_on,
        "ended_on": programme.ended_on,
        "held_reason": programme.held_reason,
        "notes": programme.notes,
        "exercises": [line_object(view, line) for line in view.lines],
        "week": {
            name: [line.exercise_slug for line in view.lines if number in line.weekdays]
            for number, name in enumerate(DAYS, start=1)
        },
        "due": [day for day in view.due_on if 0 <= (day - view.today).days < _UPCOMING_DAYS],
    }


def line_object(view: ProgrammeView, line: Prescription) -> dict[str, Any]:
    """Return one line of a programme."""
    return {
        "exercise": line.exercise_slug,
        "name": line.exercise_name,
        "version": line.exercise_version,
        "position": line.position,
        "sets": line.sets,
        "reps": line.reps,
        "hold_s": line.hold_s,
        "rest_s": line.rest_s,
        "per_week": line.per_week,
        "days": [DAYS[day - 1] for day in line.weekdays],
        "side": line.side,
        "target_deg": line.target_deg,
        "approved": view.exercises[line.exercise_slug].approved,
        "note": line.notes,
        "started_on": line.started_on,
    }


def progress_object(found: Progress) -> dict[str, Any]:
    """Return the JSON of `program progress`."""
    following = found.following
    return {
        "mrn": found.view.mrn,
        "revision": found.view.programme.revision,
        "protocol": found.protocol.slug,
        "protocol_version": found.protocol.version,
        "library_version": found.library_version,
        "phase": found.phase.key,
        "next_phase": None if following is None else following.key,
        "weeks": None if found.weeks is None else round(found.weeks, 1),
        "gate": found.phase.gate or None,
        "state": found.state,
        "conditions": conditions(found),
        "questions": [] if found.result is None else found.result.questions,
        "answers": answers(found),
        "changes": [
            {
                "exercise": change.slug,
                "change": change.change,
                "before": change.before,
                "after": change.after,
                "reason": change.reason or None,
            }
            for change in found.changes
        ],
    }


def conditions(found: Progress) -> list[dict[str, Any]]:
    """Return the conditions of a gate with what decides them."""
    rows = () if found.result is None else found.result.predicates
    return [
        {
            "number": number,
            "condition": row.text,
            "state": row.state,
            "value": row.evidence,
            "threshold": row.threshold or None,
            "source": row.source or None,
        }
        for number, row in enumerate(rows, start=1)
    ]


def answers(found: Progress) -> list[dict[str, Any]]:
    """Return what clinicians answered, with who and when."""
    return [
        {
            "condition": kept.answer.predicate,
            "met": kept.answer.met,
            "by": kept.by,
            "at": kept.answer.answered_at,
            "note": kept.answer.note,
        }
        for kept in found.answers
    ]


def change_rows(found: Progress) -> list[dict[str, Any]]:
    """Return the changes of the next phase as rows of text."""
    return [
        {
            "exercise": change.slug,
            "change": change.change,
            "before": _dose(change.before),
            "after": _dose(change.after),
            "reason": change.reason,
        }
        for change in found.changes
    ]


def _dose(dose: Dose | None) -> str:
    if dose is None:
        return ""
    hold = f", {dose.hold_s:g} s" if dose.hold_s else ""
    return f"{dose.sets} x {dose.reps}{hold}, {dose.per_week}/week"
