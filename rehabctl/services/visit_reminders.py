"""Reminders of booked visits: queued with the booking, taken back with it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.clinic import scheduling
from rehabctl.clinic.quiet_hours import QuietHours
from rehabctl.domain.message import OutboxItem
from rehabctl.domain.patient import Patient
from rehabctl.domain.schedule import BookingPolicy
from rehabctl.domain.visit import Visit
from rehabctl.reference.rules import RuleTable

if TYPE_CHECKING:
    from rehabctl.store.unit_of_work import UnitOfWork

REMINDER = "visit_reminder"


def plan_reminders(
    uow: UnitOfWork, policy: BookingPolicy, rules: RuleTable, patient: Patient, visit: Visit
) -> None:
    """Queue the reminders of a visit; they name nothing but the visit.

    Parameters
    ----------
    uow
        The transaction.
    policy
        How long before.
    rules
        The dated rules, for the patient's quiet hours.
    patient
        Who comes.
    visit
        As booked.
    """
    zone = ZoneInfo(patient.demographics.time_zone or uow.clinic.time_zone)
    row = rules.in_force(uow.now.astimezone(zone).date())["QUIET_HOURS"]
    plan = scheduling.reminders(visit.planned_start_at, policy, QuietHours.of(row), zone, uow.now)
    for hours, moment in plan:
        uow.outbox.queue(
            OutboxItem(
                id=uow.new_id(),
                patient=patient.ref,
                channel="portal",
                template=REMINDER,
                payload={
                    "to": "patient",
                    "by": f"user:{uow.user.login}",
                    "visit_id": str(visit.id),
                    "hours_before": hours,
                },
                dedupe_key=f"{_key(visit)}{visit.revision}:{hours}",
                not_before=moment,
                time_zone=zone.key,
            )
        )


def cancel_reminders(uow: UnitOfWork, visit: Visit) -> None:
    """Take back what is queued about a visit."""
    uow.outbox.cancel_keys(_key(visit))


def _key(visit: Visit) -> str:
    """Return what the dedupe keys of a visit's reminders begin with."""
    return f"visit:{visit.id}:"
