"""Who acts next when sessions are missed: a message, a call by staff, a therapist's review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from rehabctl.clinic.local_days import day_start
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.quiet_hours import QuietHours
from rehabctl.domain.escalation import CallOutcome
from rehabctl.reference.rules import RuleRow


class Level(StrEnum):
    """Steps of the ladder."""

    NONE = "NONE"
    """Nothing is missed."""
    L1_PUSH = "L1_PUSH"
    """A message to the patient."""
    L2_STAFF_CALL = "L2_STAFF_CALL"
    WAIT_REPLY = "WAIT_REPLY"
    """The patient has replied: the call waits."""
    L3_THERAPIST_REVIEW = "L3_THERAPIST_REVIEW"
    L3_THERAPIST_NOW = "L3_THERAPIST_NOW"
    """A red flag: at once, whatever the hour."""
    CLOSED = "CLOSED"
    """A completed session ended it."""


@dataclass(frozen=True, slots=True)
class LadderFacts:
    """What the ladder goes by."""

    first_missed_due_at: datetime | None
    """None: nothing is missed."""
    replied_at: datetime | None = None
    call_outcome: CallOutcome | None = None
    completed_at: datetime | None = None
    """A session completed since."""
    red_flag: bool = False


@dataclass(frozen=True, slots=True)
class Escalation:
    """The present step and what comes."""

    level: Level
    act_at: datetime | None
    """When this step may be carried out: messages and calls wait for the quiet hours' end."""
    next_level_at: datetime | None
    """When the next step is reached if nothing happens."""
    rule_version: str


def escalation(
    facts: LadderFacts, now: datetime, zone: ZoneInfo, row: RuleRow, quiet: QuietHours
) -> Escalation:
    """Return the step of the ladder at a moment.

    Parameters
    ----------
    facts
        What is known. A reply or a session from before the first missed due time does not count.
    now
        The moment.
    zone
        The patient's own zone.
    row
        `ESCALATION`: hours of the steps.
    quiet
        The clinic's quiet hours.
    """
    level, act_at, next_at = _step(facts, now, zone, row, quiet)
    return Escalation(level, act_at, next_at, row.version)


def _step(
    facts: LadderFacts, now: datetime, zone: ZoneInfo, row: RuleRow, quiet: QuietHours
) -> tuple[Level, datetime | None, datetime | None]:
    if facts.red_flag:
        return Level.L3_THERAPIST_NOW, now.astimezone(UTC), None
    due = facts.first_missed_due_at
    if due is None or now < due:
        return Level.NONE, None, due
    if facts.completed_at is not None and due <= facts.completed_at <= now:
        return Level.CLOSED, None, None
    review_at = due + timedelta(hours=row.limits["review_hours"])
    concern = facts.call_outcome in (CallOutcome.CONCERN, CallOutcome.UNREACHED_TWICE)
    if concern or now >= review_at:
        return Level.L3_THERAPIST_REVIEW, now.astimezone(UTC), None
    replied = facts.replied_at is not None and due <= facts.replied_at <= now
    call_at = due + timedelta(hours=row.limits["call_hours"])
    deferred_at = due + timedelta(hours=row.limits["replied_call_hours"])
    if now < call_at:
        return Level.L1_PUSH, quiet.next_push(due, zone), call_at
    if replied and now < deferred_at:
        return Level.WAIT_REPLY, None, deferred_at
    return (
        Level.L2_STAFF_CALL,
        quiet.next_allowed(deferred_at if replied else call_at, zone),
        review_at,
    )


def first_missed_due_at(view: PatientView) -> datetime | None:
    """Return when the first session of the present run of missed ones was due: its day's end."""
    return day_start(view.missed[0] + 1, view.zone) if view.missed else None
