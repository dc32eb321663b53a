"""Missed sessions: a message, then a call by staff, then a therapist, until a session is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.clinic.escalation import (
    Escalation,
    LadderFacts,
    Level,
    escalation,
    first_missed_due_at,
)
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.quiet_hours import QuietHours
from rehabctl.domain.errors import UsageError
from rehabctl.domain.escalation import CallOutcome, StaffCall
from rehabctl.domain.facts import AlertSeverity, AlertStatus
from rehabctl.domain.message import MessageDirection
from rehabctl.domain.patient import Patient, PatientStatus
from rehabctl.reference.rules import RuleTable
from rehabctl.services.access import Action, require
from rehabctl.services.messages import queue
from rehabctl.services.patient_facts import facts_of

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

MISSED_SESSION = "missed_session"
_BATCH = 200


@dataclass(frozen=True, slots=True)
class LadderLine:
    """Where one patient stands."""

    mrn: str
    step: Escalation
    first_missed_due_at: datetime | None
    queued: bool = False
    cancelled: int = 0


def ladder(
    store: Store,
    rules: RuleTable,
    mrn: str | None = None,
    *,
    act: bool = False,
    rehearsal: bool = False,
) -> list[LadderLine]:
    """Return the patients who are on the ladder, and optionally carry out its first step.

    Parameters
    ----------
    store
        The open store.
    rules
        Hours of the steps and quiet hours.
    mrn
        Only this patient; default all under care.
    act
        Whether to queue the messages that are due, once a run of missed sessions, and to cancel
        those whose run is over. Doing it again changes nothing.
    rehearsal
        Do all of it and keep nothing.
    """
    lines: list[LadderLine] = []
    cursor: str | None = None
    while True:
        with store.transaction(rehearsal=rehearsal) as uow:
            require(uow, Action.WRITE_CLINICAL if act else Action.READ_CLINICAL)
            if mrn is not None:
                ids = [uow.patients.get(mrn).id]
            else:
                page = uow.patients.page(limit=_BATCH, cursor=cursor, status=PatientStatus.ACTIVE)
                ids, cursor = [item.ref.id for item in page.items], page.next_cursor
            uow.audit.read("escalation.act" if act else "escalation.read", "patient", ids)
            lines += _lines(uow, rules, ids, act)
        if cursor is None:
            return lines


def _lines(
    uow: UnitOfWork, rules: RuleTable, patient_ids: list[UUID], act: bool
) -> Iterator[LadderLine]:
    for patient_id, facts in facts_of(uow, patient_ids).items():
        view = PatientView.of(facts, uow.now, rules)
        patient = uow.patients.by_id(patient_id)
        first = None if view.held or view.ended else first_missed_due_at(view)
        step = _step(uow, patient, view, first)
        queued, cancelled = False, 0
        if act and step.level is Level.L1_PUSH and first is not None:
            queue(
                uow,
                rules,
                patient,
                MISSED_SESSION,
                f"missed:{patient_id}:{first.isoformat()}",
                not_before=step.act_at,
            )
            queued = True
        elif act and step.level is not Level.L1_PUSH:
            cancelled = uow.outbox.cancel(patient_id, MISSED_SESSION)
        if step.level is not Level.NONE or cancelled:
            yield LadderLine(patient.mrn, step, first, queued, cancelled)


def _step(
    uow: UnitOfWork, patient: Patient, view: PatientView, first: datetime | None
) -> Escalation:
    alerts = uow.alerts.of_patient(patient.id)
    red_flag = any(
        a.state.severity is AlertSeverity.RED_FLAG and a.state.status is AlertStatus.OPEN
        for a in alerts
    )
    replied = call = None
    if first is not None:
        replies = [
            m.sent_at
            for m in uow.messages.of_patient(patient.id)
            if m.direction is MessageDirection.FROM_PATIENT and m.sent_at >= first
        ]
        calls = [c.outcome for c in uow.outbox.calls(patient.id) if c.at >= first]
        replied = replies[-1] if replies else None
        call = calls[-1] if calls else None
    zone = ZoneInfo(patient.demographics.time_zone or uow.clinic.time_zone)
    return escalation(
        LadderFacts(first, replied_at=replied, call_outcome=call, red_flag=red_flag),
        uow.now,
        zone,
        view.rules["ESCALATION"],
        QuietHours.of(view.rules["QUIET_HOURS"]),
    )


def record_call(
    store: Store, mrn: str, outcome: CallOutcome, comment: str | None = None
) -> StaffCall:
    """Note what a call about missed sessions came to.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    outcome
        `concern` and `unreached_twice` bring the therapist in at once.
    comment
        What was said.
    """
    if comment is not None and len(comment) > 2000:
        raise UsageError("the comment is too long", "Keep it under 2000 characters")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        call = StaffCall(
            uow.new_id(), patient.ref, uow.now, outcome, uow.user.login, comment or None
        )
        uow.outbox.add_call(call)
        uow.audit.record("escalation.call", "staff_call", call.id, {"outcome": outcome.value})
        return call
