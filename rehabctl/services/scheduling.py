"""Appointments: booked, moved and cancelled; with the reminders that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.clinic import scheduling
from rehabctl.clinic.quiet_hours import QuietHours
from rehabctl.domain.errors import FindingsError, RehabctlError, UsageError
from rehabctl.domain.message import OutboxItem
from rehabctl.domain.patient import Patient
from rehabctl.domain.schedule import AppointmentType, Span, WaitStatus
from rehabctl.domain.visit import Visit, VisitStatus
from rehabctl.reference.appointments import Appointments, load_appointments
from rehabctl.reference.compact_states import CompactList
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.booking_gate import (
    cancel_reminders,
    licensed,
    reminder_key,
    require_free,
)
from rehabctl.services.identifiers import identifier
from rehabctl.services.licences import clinic_compact, user_id
from rehabctl.services.plan_limits import require_within_plan

if TYPE_CHECKING:
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

APPOINTMENTS_FILE = "appointments.toml"
REMINDER = "visit_reminder"


@dataclass(frozen=True, slots=True)
class BookingRules:
    """The dated tables that a booking is judged by."""

    appointments: Appointments
    compact: CompactList
    rules: RuleTable


def clinic_booking_rules(settings: Settings) -> BookingRules:
    """Return the packaged tables with the clinic's own over them.

    Parameters
    ----------
    settings
        `appointments.toml`, `compact_states.toml` and `rules.toml` in the home folder.
    """
    path = settings.paths.home / APPOINTMENTS_FILE
    try:
        appointments = load_appointments(path.read_text("utf-8"), APPOINTMENTS_FILE)
    except FileNotFoundError:
        appointments = load_appointments()
    except (OSError, UnicodeDecodeError):
        raise RehabctlError(
            f"cannot read {APPOINTMENTS_FILE}", "Correct or remove the file"
        ) from None
    return BookingRules(appointments, clinic_compact(settings), triage.clinic_rules(settings))


@dataclass(frozen=True, slots=True)
class Booking:
    """What is to be booked."""

    mrns: tuple[str, ...]
    type_key: str
    start_at: datetime
    """Aware."""
    minutes: int | None = None
    """Default: the type's usual length."""
    provider: str | None = None
    """Login; default: who books."""
    supervisor: str | None = None
    state: str | None = None
    """Where the patients will be; default: each one's home state."""
    zone: str | None = None
    """In which the time of the day is kept; default: the clinic's."""
    every_weeks: int = 0
    """0: once."""
    count: int = 1
    override: str | None = None
    """Why the acting user decides what is not verified."""
    outside_hours: bool = False
    waitlist_entry: str | None = None
    """The wish that this fulfils."""


def book(
    store: Store, tables: BookingRules, booking: Booking, *, dry_run: bool = False
) -> list[Visit]:
    """Book an appointment, for a group or a series too: all of it, or nothing.

    Parameters
    ----------
    store
        The open store.
    tables
        Dated tables.
    booking
        What is wanted.
    dry_run
        Check everything and undo it.

    Raises
    ------
    FindingsError
        A pairing is not compliant, somebody is not free, or a limit is reached.
    UsageError
        Something does not fit together.
    """
    with store.transaction(rehearsal=dry_run) as uow:
        require(uow, Action.WRITE_CLINICAL)
        zone = scheduling.zone_of(booking.zone or uow.clinic.time_zone)
        day = booking.start_at.astimezone(zone).date()
        kind = tables.appointments.get(booking.type_key, day)
        starts = _starts(booking, tables.appointments, zone, uow.now)
        minutes = minutes_of(booking, kind)
        patients = _patients(uow, booking, kind)
        provider = uow.user.id if booking.provider is None else user_id(uow, booking.provider)
        supervisor = None if booking.supervisor is None else user_id(uow, booking.supervisor)
        uow.schedule.lock([provider, *(patient.id for patient in patients)])
        made: list[Visit] = []
        series = uow.new_id() if len(starts) > 1 else None
        for start in starts:
            span = Span(start, start + timedelta(minutes=minutes))
            if not booking.outside_hours:
                _require_working(uow, provider, span)
            require_free(
                uow,
                provider,
                [patient.id for patient in patients],
                span,
                buffer_min=tables.appointments.policy.buffer_min,
            )
            appointment = uow.new_id()
            for patient in patients:
                visit = _visit(uow, patient, kind, span, provider, supervisor, booking, zone)
                visit = replace(
                    visit,
                    appointment_id=appointment,
                    series_id=series,
                    buffer_min=tables.appointments.policy.buffer_min,
                )
                require_within_plan(uow, visit, override=booking.override)
                visit = licensed(
                    uow,
                    tables.compact,
                    visit,
                    visit.expected_state,
                    start,
                    when="booking",
                    override=booking.override,
                )
                uow.visits.add(visit)
                _plan_reminders(uow, tables, patient, visit)
                made.append(visit)
        if booking.waitlist_entry is not None:
            _fulfil(uow, booking.waitlist_entry, patients)
        uow.audit.read("schedule.book", "visit", [visit.id for visit in made])
        return made


def _starts(booking: Booking, table: Appointments, zone: ZoneInfo, now: datetime) -> list[datetime]:
    if booking.start_at < now:
        raise UsageError("the start lies in the past", "Check --start")
    if booking.every_weeks == 0 and booking.count == 1:
        return [booking.start_at]
    limit = table.policy.max_occurrences
    if booking.every_weeks < 1 or not 1 <= booking.count <= limit:
        raise UsageError(
            f"a series needs --every-weeks and --count, at most {limit}", "Check both numbers"
        )
    return scheduling.occurrences(booking.start_at, zone, booking.every_weeks, booking.count)


def minutes_of(booking: Booking, kind: AppointmentType) -> int:
    """Return how long a booking lasts.

    Parameters
    ----------
    booking
        Its own length, or none.
    kind
        Names the lengths that can be had, the usual one first.

    Raises
    ------
    UsageError
        The type does not take that length.
    """
    minutes = kind.minutes[0] if booking.minutes is None else booking.minutes
    if minutes not in kind.minutes:
        known = ", ".join(str(m) for m in kind.minutes)
        raise UsageError(f"{kind.key} does not take {minutes} minutes", f"Use one of: {known}")
    return minutes


def _patients(uow: UnitOfWork, booking: Booking, kind: AppointmentType) -> list[Patient]:
    if len(set(booking.mrns)) != len(booking.mrns):
        raise UsageError("a record number stands twice", "Name each patient once")
    if not booking.mrns:
        raise UsageError("no patient is named", "Give a record number")
    if len(booking.mrns) > kind.group_max:
        raise FindingsError(
            f"GROUP_TOO_LARGE: {kind.key} takes {kind.group_max} at most, not {len(booking.mrns)}",
            "Book a second one",
        )
    return [uow.patients.get(mrn) for mrn in booking.mrns]


def _visit(
    uow: UnitOfWork,
    patient: Patient,
    kind: AppointmentType,
    span: Span,
    provider: UUID,
    supervisor: UUID | None,
    booking: Booking,
    zone: ZoneInfo,
) -> Visit:
    episode = uow.episodes.active(patient.id)
    return Visit(
        id=uow.new_id(),
        patient=patient.ref,
        kind=kind.kind,
        planned_start_at=span.from_at,
        planned_end_at=span.until_at,
        provider_id=provider,
        supervisor_id=supervisor,
        episode_id=None if episode is None else episode.id,
        appointment_type=kind.key,
        time_zone=zone.key,
        expected_state=(booking.state or patient.demographics.state).upper(),
    )


def _require_working(uow: UnitOfWork, provider: UUID, span: Span) -> None:
    hours = uow.schedule.hours(provider)
    away = uow.schedule.absences(provider, span.from_at, span.until_at)
    if any(span.meets(Span(a.from_at, a.until_at)) for a in away):
        raise FindingsError("ABSENT: the provider is away then", "Choose another time")
    if hours and not scheduling.is_inside(span, scheduling.working_spans(hours, away, span)):
        raise FindingsError(
            "OUTSIDE_HOURS: the provider does not work then",
            "Look at: rehabctl schedule availability, or add --outside-hours",
        )


def _plan_reminders(uow: UnitOfWork, tables: BookingRules, patient: Patient, visit: Visit) -> None:
    """Queue the reminders of a visit; they name nothing but the visit."""
    zone = ZoneInfo(patient.demographics.time_zone or uow.clinic.time_zone)
    row = tables.rules.in_force(uow.now.astimezone(zone).date())["QUIET_HOURS"]
    plan = scheduling.reminders(
        visit.planned_start_at, tables.appointments.policy, QuietHours.of(row), zone, uow.now
    )
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
                dedupe_key=f"{reminder_key(visit)}{visit.revision}:{hours}",
                not_before=moment,
                time_zone=zone.key,
            )
        )


def _fulfil(uow: UnitOfWork, entry_id: str, patients: Sequence[Patient]) -> None:
    entry = uow.schedule.wish(identifier(entry_id, "a wish", "rehabctl schedule waitlist"))
    if entry.patient.id not in [patient.id for patient in patients]:
        raise UsageError("the waitlist entry is another patient's", "Check the identifier")
    uow.schedule.settle_wish(entry.id, WaitStatus.BOOKED)


def move(
    store: Store,
    tables: BookingRules,
    visit_id: str,
    start_at: datetime,
    *,
    override: str | None = None,
    outside_hours: bool = False,
) -> list[Visit]:
    """Move an appointment, with everybody who takes part; licences are checked for the new day.

    Parameters
    ----------
    store
        The open store.
    tables
        Dated tables.
    visit_id
        Any visit of the appointment.
    start_at
        New start.
    override
        Why the acting user decides what is not verified.
    outside_hours
        Whether the provider's hours do not matter.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        if start_at < uow.now:
            raise UsageError("the start lies in the past", "Check --start")
        visits = _appointment(uow, visit_id)
        first = visits[0]
        patients = [visit.patient.id for visit in visits]
        span = Span(start_at, start_at + (first.planned_end_at - first.planned_start_at))
        uow.schedule.lock([first.provider_id, *patients])
        if not outside_hours:
            _require_working(uow, first.provider_id, span)
        require_free(
            uow,
            first.provider_id,
            patients,
            span,
            buffer_min=tables.appointments.policy.buffer_min,
            but=tuple(visits),
        )
        moved: list[Visit] = []
        for visit in visits:
            new = replace(visit, planned_start_at=span.from_at, planned_end_at=span.until_at)
            new = licensed(
                uow, tables.compact, new, new.expected_state, start_at,
                when="moving", override=override,
            )  # fmt: skip
            new = uow.visits.revise(new)
            cancel_reminders(uow, new)
            _plan_reminders(uow, tables, uow.patients.by_id(new.patient.id), new)
            moved.append(new)
        uow.audit.read("schedule.move", "visit", [visit.id for visit in moved])
        return moved


def _appointment(uow: UnitOfWork, visit_id: str) -> list[Visit]:
    """Return the planned visits of one appointment, the asked one first."""
    visit = uow.visits.get(identifier(visit_id, "an appointment", "rehabctl schedule list"))
    if visit.status is not VisitStatus.PLANNED:
        raise UsageError(
            f"the visit is {visit.status.value.replace('_', ' ')}", "Only a planned one is changed"
        )
    if visit.appointment_id is None:
        return [visit]
    others = [i for i in uow.schedule.of_appointment(visit.appointment_id) if i != visit.id]
    found = [visit, *(uow.visits.get(i) for i in others)]
    return [other for other in found if other.status is VisitStatus.PLANNED]


def cancel(
    store: Store,
    tables: BookingRules,
    visit_id: str,
    reason: str,
    *,
    whole_group: bool = False,
    following: bool = False,
) -> list[tuple[Visit, bool]]:
    """Cancel a visit, and on request its whole group or the rest of its series.

    Parameters
    ----------
    store
        The open store.
    tables
        Dated tables.
    visit_id
        Identifier.
    reason
        Why.
    whole_group
        Everybody of the appointment.
    following
        This patient's later visits of the series too.

    Returns
    -------
    list
        Each visit with whether it came with less notice than the clinic asks for.
    """
    if not reason.strip():
        raise UsageError("a cancelled visit needs a reason", "Give --reason")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        visits = _appointment(uow, visit_id)
        first = visits[0]
        if not whole_group:
            visits = [first]
        if following and first.series_id is not None:
            visits += [
                visit
                for visit in uow.visits.of_patient(first.patient.id)
                if visit.series_id == first.series_id
                and visit.planned_start_at > first.planned_start_at
                and visit.status is VisitStatus.PLANNED
            ]
        done: list[tuple[Visit, bool]] = []
        for visit in visits:
            late = scheduling.is_late(visit.planned_start_at, uow.now, tables.appointments.policy)
            new = replace(visit, status=VisitStatus.CANCELLED, cancel_reason=reason.strip())
            new = uow.visits.revise(new)
            cancel_reminders(uow, new)
            uow.audit.record("schedule.cancel", "visit", new.id, {"late": late})
            done.append((new, late))
        return done


def today_of(store: Store) -> tuple[date, ZoneInfo]:
    """Return the clinic's local date and zone.

    Parameters
    ----------
    store
        The open store.
    """
    zone = ZoneInfo(store.clinic.time_zone)
    return store.clock().astimezone(zone).date(), zone
